"""What is owed, how each partner is doing and what must change: pure, but for ``writeback.apply``."""
