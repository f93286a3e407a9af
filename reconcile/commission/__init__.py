"""What partners are owed: plans, the pools they are computed in, the rates they are converted at, and the statements."""
