"""Runs that die at a named point, by the thousand: each is run again and must end where an undisturbed run ends."""
