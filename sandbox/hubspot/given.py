"""Reading what a client sent where it may be anything: ids, whole numbers, objects, lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.hubspot import refusals

_LARGEST = (1 << 63) - 1


def identifier(value: Any) -> int | None:
    """A record id; None for anything that cannot be one."""
    text = str(value)
    if not (text.isascii() and text.isdecimal() and len(text) < 20) or int(text) > _LARGEST:
        return None
    return int(text)


def whole(value: Any, name: str) -> int:
    """A whole number. Raises: `Refusal` 400."""
    text = str(value)
    digits = text.removeprefix("-")
    if isinstance(value, bool) or not (digits.isascii() and digits.isdecimal() and len(digits) < 19):
        raise refusals.malformed(f"line 1, column 1: Cannot deserialize value of `{name}`: not a valid Integer")
    return int(text)


def mapping(value: Any, name: str) -> Mapping[str, Any]:
    """A JSON object. Raises: `Refusal` 400."""
    if not isinstance(value, Mapping):
        raise refusals.malformed(f"line 1, column 1: Cannot deserialize value of `{name}`: not an object")
    return value


def sequence(value: Any, name: str) -> list[Any]:
    """A JSON array; an absent one is empty. Raises: `Refusal` 400."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise refusals.malformed(f"line 1, column 1: Cannot deserialize value of `{name}`: not an array")
    return value
