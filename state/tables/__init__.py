"""The tables, a module for each thing that is remembered; ``state.schema`` gathers them."""
