"""JSON as Salesforce must receive it (numbers with exactly our digits) and stamps as it sends them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from partnersync.clock import parse_instant


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
