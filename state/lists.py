"""Conditions over lists of any length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import orjson
from sqlalchemy import ARRAY, Connection, Text, bindparam, func, select
from sqlalchemy.sql.elements import ColumnElement

CHUNK = 5_000
_Item = TypeVar("_Item")


def chunks(items: Sequence[_Item], size: int = CHUNK) -> Iterator[Sequence[_Item]]:
    """Slices of a size that a statement takes well."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def among(connection: Connection, column: ColumnElement[Any], values: Sequence[int | str]) -> ColumnElement[bool]:
    """Whether ``column`` is one of ``values``, all of them one parameter: the statement is the same for any number.

    With a parameter for each, SQLite would compile every length anew and keep the last 128 of them, which came to 60 MB.
    """
    if connection.dialect.name == "sqlite":
        listed = func.json_each(bindparam(None, orjson.dumps(values).decode(), Text())).table_valued("value")
        return column.in_(select(listed.c.value))
    return column == func.any(bindparam(None, list(values), ARRAY(column.type)))
