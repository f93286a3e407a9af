"""JSON as Salesforce must receive it (numbers with exactly our digits), and numbers and stamps as it sends them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from partnersync.clock import parse_instant

_FAR = 400
"""Salesforce's numbers have at most 308 digits; one that claims a billion stays as it was written."""


def encode(value: Any) -> str:
    """JSON text in which a ``Decimal`` is a plain number with its own digits, which no float could promise."""
    match value:
        case Decimal():
            return f"{value:f}"
        case Mapping():
            return "{" + ",".join(f"{json.dumps(str(key))}:{encode(inner)}" for key, inner in value.items()) + "}"
        case list() | tuple():
            return "[" + ",".join(encode(inner) for inner in value) + "]"
        case _:
            return json.dumps(value)


def number(text: str) -> int | Decimal:
    """A number of JSON or of CSV, exact, and the same however it was written: ``100.0``, ``1E+2`` and ``100`` are 100.

    One record must make one and the same fact whichever API it came by.

    Raises:
        ValueError: not a number.
    """
    whole, _, fraction = text.partition(".")
    if fraction == "0" and whole.isdecimal():
        return int(whole)
    if fraction.isdecimal() and fraction[-1] != "0":
        return _decimal(text)
    if "e" in text or "E" in text:
        value = _decimal(text)
        if abs(value.adjusted()) > _FAR:
            return value
        whole, _, fraction = f"{value:f}".partition(".")
    fraction = fraction.rstrip("0")
    try:
        return _decimal(f"{whole}.{fraction}") if fraction else int(whole)
    except ValueError:
        raise ValueError(f"expected a number, found {text!r:.40}") from None


def _decimal(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"expected a number, found {text!r:.40}") from None
    if not value.is_finite():
        raise ValueError(f"expected a number, found {text!r:.40}")
    return value


def instant(text: object) -> datetime:
    """``2026-07-07T00:37:00.000+0000`` as aware UTC.

    Raises:
        ValueError: not a stamp.
    """
    if not isinstance(text, str):
        raise ValueError(f"expected a stamp, found {text!r:.40}")
    return parse_instant(text)


def literal(at: datetime) -> str:
    """An instant as an unquoted SOQL literal, milliseconds kept."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
