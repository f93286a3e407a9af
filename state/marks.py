"""Marks of what must be looked at again: deals, pools, records to write; a mark that is there stays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Delete, Select, Table, bindparam, insert, literal, select
from sqlalchemy.dialects import postgresql, sqlite

from state.database import Database
from state.inserting import insert_rows
from state.lists import HERE, among, chunks
from state.schema import fact
from state.types import Whole, microseconds


def mark(database: Database, connection: Connection, table: Table, ids: Iterable[int], since: datetime) -> None:
    """Mark ``ids`` in one of the ``dirty…`` tables."""
    workspace, at = database.workspace, microseconds(since)
    insert_rows(connection, table, [(workspace, each, at) for each in sorted(set(ids))], leave=True)


def mark_new(database: Database, connection: Connection, table: Table, ids: Iterable[int], since: datetime) -> None:
    """Mark facts that were stored just now, and so bear no mark: the database itself lists those whose ids follow one another."""
    sought = set(ids)
    if not sought:
        return None
    first, last = min(sought), max(sought)
    if last - first + 1 != len(sought):
        return mark(database, connection, table, sought, since)
    at = literal(microseconds(since), Whole())
    listed = select(fact.c.workspace, fact.c.id, at).where(
        fact.c.workspace == database.workspace, fact.c.id.between(first, last)
    )
    connection.execute(insert(table).from_select(["workspace", "fact", "since"], listed))
    return None


def all_marked(database: Database, connection: Connection, table: Table, kinds: Sequence[str]) -> bool:
    """Whether every fact of these kinds bears a mark in one of the ``dirty…`` tables."""
    query, here = _unmarked(table), {"here": database.workspace}
    return all(connection.execute(query, {**here, "one": kind}).first() is None for kind in kinds)


def unmark(database: Database, connection: Connection, table: Table, ids: Iterable[int]) -> None:
    """Take the marks of ``ids`` away."""
    for some in chunks(sorted(set(ids))):
        connection.execute(_unmarking(table), {"here": database.workspace, "some": some})


def insert_new(database: Database, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An insert that leaves rows alone whose key is there."""
    return _inserting(database.dialect, table).on_conflict_do_nothing()


def upsert(database: Database, table: Table, keep: tuple[str, ...] = ()) -> sqlite.Insert | postgresql.Insert:
    """An insert that replaces every other column, but for those to ``keep``, of rows whose key is there; rows are given when it
    is executed.
    """
    return _upserting(database.dialect, table, keep)


@cache
def _unmarked(table: Table) -> Select[Any]:
    marked = select(table.c.fact).where(table.c.workspace == fact.c.workspace, table.c.fact == fact.c.id)
    some = select(fact.c.id).where(fact.c.workspace == HERE, fact.c.kind == bindparam("one"))
    return some.where(~marked.exists()).limit(1)


@cache
def _unmarking(table: Table) -> Delete:
    column = next(each for each in table.c if each.name not in ("workspace", "since"))
    return table.delete().where(table.c.workspace == HERE, among(column))


@cache
def _upserting(dialect: str, table: Table, keep: tuple[str, ...]) -> sqlite.Insert | postgresql.Insert:
    key = [column.name for column in table.primary_key]
    plain = _inserting(dialect, table)
    others = {column.name: plain.excluded[column.name] for column in table.c if column.name not in (*key, *keep)}
    return plain.on_conflict_do_update(index_elements=key, set_=others)


def _inserting(dialect: str, table: Table) -> sqlite.Insert | postgresql.Insert:
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
