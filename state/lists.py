"""Conditions over lists of any length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import orjson
from sqlalchemy import ARRAY, BindParameter, Boolean, ColumnElement, Connection, Text, bindparam, func
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.visitors import InternalTraversal

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
        return _Among(column, bindparam(None, orjson.dumps(values).decode(), Text()))
    return column == func.any(bindparam(None, list(values), ARRAY(column.type)))


class _Among(ColumnElement[bool]):
    """``column IN (SELECT value FROM json_each(listed))``: built of SQLAlchemy's own parts it takes four times as long."""

    inherit_cache = True
    type = Boolean()
    _traverse_internals: list[tuple[str, InternalTraversal]] = [  # noqa: RUF012 - as SQLAlchemy's own elements have it
        ("column", InternalTraversal.dp_clauseelement),
        ("listed", InternalTraversal.dp_clauseelement),
    ]

    def __init__(self, column: ColumnElement[Any], listed: BindParameter[str]) -> None:
        self.column = column
        self.listed = listed

    def self_group(self, against: Any = None) -> _Among:
        """A condition as it stands: SQLite need not compare it with 1."""
        return self


@compiles(_Among)
def _compiled(element: _Among, compiler: SQLCompiler, **how: Any) -> str:
    column, listed = compiler.process(element.column, **how), compiler.process(element.listed, **how)
    return " ".join((column, "IN (SELECT value FROM json_each(", listed, "))"))
