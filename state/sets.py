"""SQL that is spelled differently on the two databases: a list as one parameter, and the database's own clock."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, ColumnElement, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from state.types import Many


class _Within(FunctionElement[bool]):
    """``column`` is one of the values of a list parameter."""

    type = Boolean()
    inherit_cache = True
    name = "within"


@compiles(_Within, "sqlite")
def _within_sqlite(element: _Within, compiler: SQLCompiler, **kw: Any) -> str:
    column, values = (compiler.process(part, **kw) for part in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"


@compiles(_Within, "postgresql")
def _within_postgresql(element: _Within, compiler: SQLCompiler, **kw: Any) -> str:
    column, values = (compiler.process(part, **kw) for part in element.clauses)
    return f"{column} = ANY({values})"


def within(column: ColumnElement[Any], parameter: str, *, words: bool = False) -> ColumnElement[bool]:
    """Whether ``column`` holds one of the values of the list bound to ``parameter``: one statement for any length."""
    return _Within(column, bindparam(parameter, type_=Many(words)))


class _NowUs(FunctionElement[int]):
    """Microseconds since 1970 by the database's clock, moving within a transaction."""

    type = BigInteger()
    inherit_cache = True
    name = "now_us"


@compiles(_NowUs, "sqlite")
def _now_sqlite(element: _NowUs, compiler: SQLCompiler, **kw: Any) -> str:
    return "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)"


@compiles(_NowUs, "postgresql")
def _now_postgresql(element: _NowUs, compiler: SQLCompiler, **kw: Any) -> str:
    return "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)"


def now_us() -> ColumnElement[int]:
    """The database's own time, so that no two machines need to agree on theirs."""
    return _NowUs()
