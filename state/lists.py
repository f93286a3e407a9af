"""Conditions over lists of any length, and the words of statements that are put together once.

SQLAlchemy needs longer to put a statement together than SQLite to answer it, and a cycle asks a hundred. What is asked often
is therefore written once, at the top of its module, with ``HERE`` for the workspace and ``among(column)`` for a list, and
gets its values when it is executed: ``connection.execute(_HELD, {"here": workspace, "some": ids})``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeVar

import orjson
from sqlalchemy import ARRAY, BindParameter, Boolean, ColumnElement, Text, bindparam
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.visitors import InternalTraversal
from sqlalchemy.types import TypeDecorator, TypeEngine

from state.types import Whole

CHUNK = 5_000
HERE: Final[BindParameter[int]] = bindparam("here", type_=Whole())
"""The workspace."""
_Item = TypeVar("_Item")


def chunks(items: Sequence[_Item], size: int = CHUNK) -> Iterator[Sequence[_Item]]:
    """Slices of a size that a statement takes well."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def among(column: ColumnElement[Any], values: Sequence[int | str] | None = None) -> ColumnElement[bool]:
    """Whether ``column`` is one of ``values``, all of them one parameter: the statement is the same for any number.

    Without ``values`` they are given under the name ``some`` when the statement is executed. With a parameter for each,
    SQLite would compile every length anew and keep the last 128 of them, which came to 60 MB.
    """
    type_ = _TEXTS if isinstance(column.type, Text) else _WHOLES
    return _Among(column, bindparam("some", type_=type_) if values is None else bindparam(None, values, type_))


class _Listed(TypeDecorator[Sequence[Any]]):
    """A list as one parameter: JSON text on SQLite, an array on PostgreSQL."""

    impl = Text
    cache_ok = True

    def __init__(self, item: TypeEngine[Any]) -> None:
        super().__init__()
        self.item = item

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else ARRAY(self.item))

    def process_bind_param(self, value: Sequence[Any] | None, dialect: Dialect) -> Any:
        return orjson.dumps(value).decode() if dialect.name == "sqlite" else list(value or ())


_TEXTS, _WHOLES = _Listed(Text()), _Listed(Whole())


class _Among(ColumnElement[bool]):
    """``column IN (SELECT value FROM json_each(listed))``: built of SQLAlchemy's own parts it takes four times as long."""

    inherit_cache = True
    type = Boolean()
    _traverse_internals: list[tuple[str, InternalTraversal]] = [  # noqa: RUF012 - as SQLAlchemy's own elements have it
        ("column", InternalTraversal.dp_clauseelement),
        ("listed", InternalTraversal.dp_clauseelement),
    ]

    def __init__(self, column: ColumnElement[Any], listed: BindParameter[Any]) -> None:
        self.column = column
        self.listed = listed

    def self_group(self, against: Any = None) -> _Among:
        """A condition as it stands: SQLite need not compare it with 1."""
        return self


@compiles(_Among)
def _compiled(element: _Among, compiler: SQLCompiler, **how: Any) -> str:
    column, listed = compiler.process(element.column, **how), compiler.process(element.listed, **how)
    return " ".join((column, "= ANY (", listed, ")"))


@compiles(_Among, "sqlite")
def _on_sqlite(element: _Among, compiler: SQLCompiler, **how: Any) -> str:
    column, listed = compiler.process(element.column, **how), compiler.process(element.listed, **how)
    return " ".join((column, "IN (SELECT value FROM json_each(", listed, "))"))
