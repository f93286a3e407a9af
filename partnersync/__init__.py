"""The words: values, errors and protocols that every room shares; no behaviour beyond them, and nothing of ours imported."""

__version__ = "0.1.0"
