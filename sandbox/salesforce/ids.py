"""Record ids: 15 case-sensitive characters, and three more that make them safe where case is lost."""

import re
import sqlite3

_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SHAPE = re.compile(r"[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?\Z")
_POD = "Sb0"


def with_suffix(fifteen: str) -> str:
    """The 18-character form. The suffix says which characters of each group of five are capitals."""
    suffix = ""
    for start in (0, 5, 10):
        chunk = fifteen[start : start + 5]
        mask = sum(1 << place for place, char in enumerate(chunk) if "A" <= char <= "Z")
        suffix += _SUFFIX[mask]
    return fifteen + suffix


def full_id(text: str) -> str | None:
    """The 18-character form of a 15- or 18-character id; None where it is not an id.

    The case of an 18-character id is restored from its suffix, as Salesforce does.
    """
    if _SHAPE.match(text) is None:
        return None
    if len(text) == 15:
        return with_suffix(text)
    return _recased(text)


def _recased(text: str) -> str | None:
    head, suffix = text[:15], text[15:].upper()
    chars: list[str] = []
    for group, sign in enumerate(suffix):
        mask = _SUFFIX.find(sign)
        if mask < 0:
            return None
        for place, char in enumerate(head[group * 5 : group * 5 + 5]):
            capital = bool(mask >> place & 1)
            if capital and not char.isalpha():
                return None
            chars.append(char.upper() if capital else char.lower())
    return "".join(chars) + suffix


def create_sequences(db: sqlite3.Connection) -> None:
    """The table behind `mint`."""
    db.execute("CREATE TABLE IF NOT EXISTS sf_sequence (prefix TEXT PRIMARY KEY, last INTEGER NOT NULL)")


def mint(db: sqlite3.Connection, prefix: str, count: int = 1) -> list[str]:
    """The next ids of a key prefix, inside the caller's transaction."""
    (last,) = db.execute(
        "INSERT INTO sf_sequence VALUES (?, ?) ON CONFLICT (prefix) DO UPDATE SET last = last + ? RETURNING last",
        (prefix, 31 + count, count),
    ).fetchone()
    return [with_suffix(prefix + _POD + _base62(number)) for number in range(last - count + 1, last + 1)]


def _base62(number: int) -> str:
    digits = ""
    for _ in range(9):
        number, digit = divmod(number, 62)
        digits = _BASE62[digit] + digits
    return digits
