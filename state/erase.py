"""Erase a person or a record: payloads go; ids, hashes and figures stay, so that ledger and audit remain whole.

Of a record, every stored body is emptied. Of an e-mail address, each place that holds it says ``[erased]`` instead, and the
person's row goes. Versions keep their hash: it still proves what was decided from, and can no longer be turned back.
Ledger lines hold no personal payload, only ids and hashes of facts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, Connection, Table, Text, bindparam, delete, func, select, type_coerce, update

from partnersync.ids import Ref
from state.database import Database
from state.leases import acquire, release
from state.lists import among, chunks
from state.places import fact_ids
from state.schema import (
    base,
    body,
    credit,
    finding,
    hold,
    intent,
    noted,
    person,
    plan_change,
    quarantine,
    sent,
    task,
    version,
)

ERASED = "[erased]"
_BATCH = 500
_PLACES: tuple[tuple[Table, tuple[str, ...]], ...] = (
    (body, ("payload",)),
    (quarantine, ("payload", "reason")),
    (credit, ("evidence",)),
    (finding, ("message",)),
    (plan_change, ("change",)),
    (intent, ("desired", "before", "task", "read_back", "message")),
    (sent, ("value",)),
    (base, ("value", "read_back")),
    (noted, ("value", "desired")),
    (hold, ("value",)),
    (task, ("subject", "body", "owner")),
)
"""Every column that may hold what a CRM said of a person."""


def erase(database: Database, who: str, actor: str | None) -> int:
    """Erase ``who``, an e-mail address or a record's ref; gives how many stored payloads hold them.

    Without ``actor`` nothing is erased, only counted.

    Raises:
        ConflictError: a run is going on; it could write back what is being erased.
    """
    ref = Ref.parse(who) if who.count("/") >= 3 else None
    if actor is None:
        with database.reading() as connection:
            return (
                len(_bodies(database, connection, ref))
                if ref
                else sum(len(rows) for _, _, rows in _found(database, who))
            )
    fence = acquire(database, f"{actor} (erase)")
    try:
        if ref is not None:
            with database.writing(fence) as connection:
                ids = _bodies(database, connection, ref)
                for some in chunks(ids):
                    here = update(body).where(body.c.workspace == database.workspace, among(body.c.id, some))
                    connection.execute(here.values(payload="{}"))
            return len(ids)
        count = 0
        for table, column, rows in _found(database, who):
            for batch in chunks(rows, _BATCH):
                with database.writing(fence) as connection:
                    _replace(database, connection, table, column, batch, who)
            count += len(rows)
        with database.writing(fence) as connection:
            connection.execute(
                delete(person).where(
                    person.c.workspace == database.workspace, func.lower(person.c.email) == who.lower()
                )
            )
        return count
    finally:
        release(fence)


def _bodies(database: Database, connection: Connection, ref: Ref) -> list[int]:
    known = fact_ids(database, connection, [ref])
    query = select(version.c.body).where(
        version.c.workspace == database.workspace, version.c.fact == known.get(ref, 0), version.c.body.is_not(None)
    )
    return list(connection.execute(query.distinct()).scalars())


def _found(database: Database, who: str) -> Iterator[tuple[Table, str, list[tuple[Any, ...]]]]:
    """(table, column, rows of key and text) of every column that holds ``who``."""
    for table, names in _PLACES:
        keys = [column for column in table.primary_key if column.name != "workspace"]
        for name in names:
            told = _text(table.c[name])
            query = select(*keys, told).where(
                table.c.workspace == database.workspace, func.lower(told).contains(who.lower(), autoescape=True)
            )
            with database.reading() as connection:
                rows = [tuple(row) for row in connection.execute(query)]
            if rows:
                yield table, name, rows


def _replace(database: Database, connection: Connection, table: Table, name: str, rows: Any, who: str) -> None:
    keys = [column for column in table.primary_key if column.name != "workspace"]
    pattern = re.compile(re.escape(who), re.IGNORECASE)
    changed = [
        {**{f"k{n}": value for n, value in enumerate(row[:-1])}, "told": pattern.sub(ERASED, row[-1])} for row in rows
    ]
    here = update(table).where(table.c.workspace == database.workspace)
    for n, key in enumerate(keys):
        here = here.where(key == bindparam(f"k{n}"))
    connection.execute(here.values({name: type_coerce(bindparam("told"), Text())}), changed)


def _text(column: Column[Any]) -> Any:
    return type_coerce(column, Text())
