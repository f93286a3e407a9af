"""What `status` shows that no other room keeps a view of: when each connection was last read, calls, allowances, and writes
that did not end well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import cast

from sqlalchemy import func, select

from partnersync.ids import Ref
from state.database import Database
from state.schema import budget, calls, cursor, dirty, full_read, intent, run, snapshot, workspace

OPEN = ("inflight", "unknown", "pending")
BAD = ("conflict", "rejected", "parked")
ACTING = ("run", "scheduled", "apply")
"""Kinds of runs that do not stop after the plan."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a CRM said of an allowance of calls, and when."""

    connection: str
    name: str
    used: int
    limit: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Troubled:
    """A write that is not known to have landed; ``fields`` are those that it was to set."""

    status: str
    ref: Ref
    fields: tuple[str, ...]
    code: str | None
    message: str
    at: datetime


class Overview:
    """A workspace at a glance."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._workspace = database.workspace

    def read_at(self) -> Mapping[str, datetime]:
        """Connection → when a page of it was last stored."""
        query = select(cursor.c.connection, func.max(cursor.c.at)).where(cursor.c.workspace == self._workspace)
        with self._database.reading() as open_:
            return {row[0]: row[1] for row in open_.execute(query.group_by(cursor.c.connection))}

    def read_whole_at(self) -> Mapping[str, datetime]:
        """Connection → when everything of it was last read, object by object the oldest."""
        query = select(full_read.c.connection, func.min(full_read.c.at)).where(full_read.c.workspace == self._workspace)
        with self._database.reading() as open_:
            return {row[0]: row[1] for row in open_.execute(query.group_by(full_read.c.connection))}

    def calls_on(self, day: date) -> Mapping[tuple[str, str], int]:
        """(connection, freshness) → calls counted on a UTC day."""
        query = select(calls.c.connection, calls.c.freshness, func.sum(calls.c.count)).where(
            calls.c.workspace == self._workspace, calls.c.day == day.isoformat()
        )
        with self._database.reading() as open_:
            rows = open_.execute(query.group_by(calls.c.connection, calls.c.freshness)).all()
        return {(row[0], row[1]): int(row[2]) for row in rows}

    def allowances(self) -> Sequence[Allowance]:
        """What each CRM last said of its allowances."""
        query = select(budget).where(budget.c.workspace == self._workspace).order_by(budget.c.connection, budget.c.name)
        with self._database.reading() as open_:
            rows = open_.execute(query).all()
        return [Allowance(row.connection, row.name, row.used, row.allowance, row.at) for row in rows]

    def troubled(self) -> Sequence[Troubled]:
        """The writes that are not known to have landed, newest first.

        Those whose fate is open count until it is known. A refused or overtaken one counts while no later run acted: a run
        sends again whatever is still wanted.
        """
        here = (intent.c.workspace == self._workspace,)
        newest = select(func.max(intent.c.id)).where(*here).group_by(intent.c.key)
        acted = select(func.max(run.c.id)).where(
            run.c.workspace == self._workspace, run.c.kind.in_(ACTING), run.c.status == "done"
        )
        open_ended = intent.c.status.in_(OPEN)
        ended_badly = intent.c.status.in_(BAD) & (intent.c.run >= acted.scalar_subquery())
        query = select(intent).where(*here, open_ended | ended_badly, intent.c.id.in_(newest))
        with self._database.reading() as open_:
            rows = open_.execute(query.order_by(intent.c.id.desc())).all()
        return [
            Troubled(
                row.status,
                Ref(row.crm, row.org, row.object, row.external),
                tuple(sorted(row.desired or {})),
                row.code,
                row.message,
                row.finished_at or row.begun_at,
            )
            for row in rows
        ]

    def undecided(self) -> int:
        """How many opportunities changed since they were last decided."""
        query = select(func.count()).select_from(dirty).where(dirty.c.workspace == self._workspace)
        with self._database.reading() as open_:
            return int(open_.execute(query).scalar_one())

    def halted_by(self) -> str | None:
        """Who halted the workspace; None where nobody did."""
        query = select(workspace.c.halted_by).where(workspace.c.id == self._workspace)
        with self._database.reading() as open_:
            return cast("str | None", open_.execute(query).scalar_one())

    def approval(self, config: str) -> tuple[str, datetime] | None:
        """Who approved a version of the config, and when."""
        query = select(snapshot.c.approved_by, snapshot.c.approved_at).where(
            snapshot.c.workspace == self._workspace, snapshot.c.hash == config
        )
        with self._database.reading() as open_:
            row = open_.execute(query).one_or_none()
        return (row[0], row[1]) if row is not None and row[1] is not None else None
