"""Many rows in one statement, given as they are stored, so that nothing is compiled or converted per row.

A first load stores nine rows per record. Through SQLAlchemy's per-row parameters each costs about as much as storing it; here
a page is a few statements of 200 rows on SQLite, and one ``unnest`` of columns on PostgreSQL. Row by row SQLite would take a
third longer, and give Python's lock away at each, which a thread that reads the next page then keeps for milliseconds.
Values are those of ``state/types.py``: an instant is an integer (``microseconds``).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import chain

from sqlalchemy import Connection, Table
from sqlalchemy.sql.sqltypes import Integer

from state.types import Flag, Instant

Stored = int | str | None
TOGETHER = 200
"""Rows of one statement; more are no faster."""


def insert_rows(
    connection: Connection, table: Table, rows: Sequence[tuple[Stored, ...]], *, leave: bool = False
) -> None:
    """Insert rows that hold every column of ``table`` in order; with ``leave``, rows whose key is there stay as they are."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        most = len(rows) - len(rows) % TOGETHER
        if most:
            some = (rows[at : at + TOGETHER] for at in range(0, most, TOGETHER))
            connection.exec_driver_sql(_each(table, leave, TOGETHER), [tuple(chain.from_iterable(one)) for one in some])
        if most < len(rows):
            connection.exec_driver_sql(_each(table, leave, 1), list(rows[most:]))
    else:
        connection.exec_driver_sql(_columns(table, leave), tuple(map(list, zip(*rows, strict=True))))


@cache
def _each(table: Table, leave: bool, rows: int) -> str:
    one = f"({', '.join('?' for _ in table.c)})"
    return f"INSERT INTO {_into(table)} VALUES {', '.join([one] * rows)}{_END[leave]}"  # noqa: S608


@cache
def _columns(table: Table, leave: bool) -> str:
    whole = (isinstance(column.type, Integer | Instant | Flag) for column in table.c)
    given = ", ".join(f"%s::{'bigint' if each else 'text'}[]" for each in whole)
    return f"INSERT INTO {_into(table)} SELECT * FROM unnest({given}){_END[leave]}"  # noqa: S608


_END = {True: " ON CONFLICT DO NOTHING", False: ""}


def _into(table: Table) -> str:
    names = ", ".join(f'"{column.name}"' for column in table.c)
    return f'"{table.name}" ({names})'
