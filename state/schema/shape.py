"""How every table is made: one metadata with named constraints, STRICT on SQLite, the workspace first in every key.

Tables found by their whole key alone are stored in the key's order (``WITHOUT ROWID``), so that a merge join on integer
keys reads them in order; long payloads stay in ordinary tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    Column,
    ForeignKeyConstraint,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy import (
    text as words,
)

from state.types import Day, Document, Flag, Instant, Ratio, Whole

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def whole(name: str, *, optional: bool = False, default: int | None = None) -> Column[int]:
    return Column(
        name, Whole(), nullable=optional, autoincrement=False, server_default=None if default is None else str(default)
    )


def text(name: str, *, optional: bool = False) -> Column[str]:
    return Column(name, Text(), nullable=optional)


def instant(name: str, *, optional: bool = False) -> Column[Any]:
    return Column(name, Instant(), nullable=optional)


def day(name: str, *, optional: bool = False) -> Column[Any]:
    return Column(name, Day(), nullable=optional)


def ratio(name: str, *, optional: bool = False) -> Column[Any]:
    return Column(name, Ratio(), nullable=optional)


def document(name: str, *, optional: bool = False) -> Column[Any]:
    return Column(name, Document(), nullable=optional)


def flag(name: str) -> Column[Any]:
    return Column(name, Flag(), nullable=False, server_default="0")


def table(
    name: str,
    *columns: Column[Any],
    key: tuple[str, ...],
    unique: tuple[tuple[str, ...], ...] = (),
    indexes: tuple[tuple[str, ...], ...] = (),
    sparse: str | None = None,
    refers: Mapping[str, str] | None = None,
    clustered: bool = False,
) -> Table:
    """A table whose keys, uniques and indexes all begin with ``workspace``, which is added to the columns and to each.

    ``refers`` is column → table whose ``id`` it holds; ``sparse`` is an index of a column that hardly any row fills.
    """
    parts: list[Any] = [whole("workspace"), *columns, PrimaryKeyConstraint("workspace", *key)]
    parts += [UniqueConstraint("workspace", *names) for names in unique]
    parts += [Index(f"ix_{name}_{'_'.join(names)}", "workspace", *names) for names in indexes]
    if sparse is not None:
        filled = words(f"{sparse} IS NOT NULL")
        parts.append(Index(f"ix_{name}_{sparse}", "workspace", sparse, sqlite_where=filled, postgresql_where=filled))
    parts += [
        ForeignKeyConstraint(["workspace", column], [f"{other}.workspace", f"{other}.id"])
        for column, other in (refers or {}).items()
    ]
    return Table(name, metadata, *parts, sqlite_strict=True, sqlite_with_rowid=not clustered)
