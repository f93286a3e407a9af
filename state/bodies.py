"""A record's values as stored: JSON whose decimals keep their digits, and the hash that tells one body from another.

``{"Amount": Decimal("1.10")}`` is stored as ``{"Amount":{"$":"1.10"}}``; a float never appears. Whole numbers beyond
64 bits travel the same way. Keys are sorted, so equal values are equal text and equal hashes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from hashlib import blake2b
from typing import Any

import orjson

from partnersync.records import Value

_LARGE = 1 << 63


def packed(values: Mapping[str, Value]) -> tuple[str, str]:
    """The text to store, and its hash."""
    try:
        body = orjson.dumps(values, default=_tagged, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        body = _spelled_out(values)
    return body.decode(), blake2b(body, digest_size=16).hexdigest()


def unpacked(body: str) -> dict[str, Value]:
    """The inverse of ``packed``."""
    values: dict[str, Any] = orjson.loads(body)
    for name, value in values.items():
        if type(value) is dict:
            values[name] = _untagged(value)
    return values


def hash_of_deletion(previous: str | None) -> str:
    """The hash of "what was there is gone": differs from every body's, and is the same each time that body goes."""
    return blake2b(f"deleted {previous or ''}".encode(), digest_size=16).hexdigest()


def _tagged(value: object) -> dict[str, str]:
    if isinstance(value, Decimal):
        return {"$": str(value)}
    raise TypeError(f"a record holds no {type(value).__name__}")


def _untagged(value: Mapping[str, str]) -> Decimal | int:
    return int(value["$int"]) if "$int" in value else Decimal(value["$"])


def _spelled_out(values: Mapping[str, Value]) -> bytes:
    """For what the fast writer refuses: integers beyond 64 bits and half surrogates in text."""

    def told(value: Value) -> object:
        if isinstance(value, Decimal):
            return _tagged(value)
        if isinstance(value, int) and not -_LARGE <= value < _LARGE:
            return {"$int": str(value)}
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if isinstance(value, str) else value

    plain = {name: told(value) for name, value in values.items()}
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
