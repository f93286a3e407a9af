"""Time, memory and calls against stated limits: ``make bench`` prints the figures and fails where one is over."""
