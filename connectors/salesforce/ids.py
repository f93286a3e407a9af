"""Salesforce ids: 15 characters that tell upper from lower case, or 18 with a checksum that makes them case-safe."""

from __future__ import annotations

import re

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")


def is_id(text: str) -> bool:
    """Whether ``text`` has the form of an id."""
    return _ID.fullmatch(text) is not None


def long_id(text: str) -> str:
    """The 18-character form: each suffix letter is the bitmask of capitals in five characters.

    >>> long_id("00D000000000001")
    '00D000000000001EAA'
    """
    if len(text) != 15 or not is_id(text):
        return text
    chunks = (text[start : start + 5] for start in (0, 5, 10))
    return text + "".join(_ALPHABET[sum(1 << bit for bit, c in enumerate(chunk) if c.isupper())] for chunk in chunks)
