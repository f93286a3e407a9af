"""The program, and the only place that wires: commands, steps, settings, scheduler and everything printed."""
