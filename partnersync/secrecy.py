"""What looks like a secret wherever it stands: such a text is refused in a config file and never repeated in a message."""

from __future__ import annotations

import re

_SHAPES = {
    "a HubSpot token": r"\bpat-[a-z]{2}\d+-[0-9A-Za-z-]{4,}",
    "a Salesforce session id": r"\b00D[0-9A-Za-z]{12,15}![^\s\"']{8,}",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY",
    "a signed token": r"\bey[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{4,}",
    "a password in an address": r"\b[a-z][a-z0-9+]*://[^\s/:@\"']+:[^\s/@\"'{}$]+@",
    "a key of a cloud account": r"\bAKIA[0-9A-Z]{16}\b",
}
_ANY = re.compile("|".join(f"({shape})" for shape in _SHAPES.values()))
_KINDS = tuple(_SHAPES)
FIX = "put it into the environment or a file and write ${env:NAME} or ${file:/path}, and replace it: it has been seen"


def secret_kind(text: str) -> str | None:
    """``a HubSpot token`` and the like where the text holds one."""
    found = _ANY.search(text)
    return _KINDS[found.lastindex - 1] if found and found.lastindex else None
