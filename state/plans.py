"""Plans that were made, change by change, so that the very one that a person read can be applied."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert, select, update

from partnersync.changes import Change, Plan
from state.changes import read_change, stored_change
from state.database import Database, Fence
from state.marks import insert_new
from state.schema import plan, plan_change, workspace

_AT_ONCE = 2000


class Plans:
    """The plans of a workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, fence: Fence, made: Plan, reasons: Sequence[str], approved_by: str | None = None) -> None:
        """Keep a plan and why it waits; the same plan made again is kept once."""
        named = made.digest
        row: dict[str, Any] = {
            "workspace": self._database.workspace,
            "digest": named,
            "config": made.config,
            "made_at": made.made_at,
            "totals": dict(made.totals),
            "reasons": list(reasons),
        }
        if approved_by:
            row |= {"approved_by": approved_by, "approved_at": self._database.clock.now()}
        here = (plan.c.workspace == self._database.workspace, plan.c.digest == named)
        with self._database.reading() as open_:
            fresh = open_.execute(select(plan.c.digest).where(*here)).one_or_none() is None
        if fresh:
            self._put_changes(fence, named, made.changes)
        with self._database.writing(fence) as open_:
            if fresh:
                open_.execute(insert(plan).values(**row))
            else:
                newer = {name: row[name] for name in ("made_at", "totals", "reasons")}
                if approved_by:
                    newer |= {name: row[name] for name in ("approved_by", "approved_at")}
                open_.execute(update(plan).where(*here).values(**newer))

    def _put_changes(self, fence: Fence, named: str, changes: Sequence[Change]) -> None:
        """The changes before their plan, a short transaction at a time: what a killed run leaves half is never found."""
        for start in range(0, len(changes), _AT_ONCE):
            rows = [
                {
                    "workspace": self._database.workspace,
                    "plan": named,
                    "ordinal": ordinal,
                    "digest": change.digest,
                    "change": stored_change(change),
                }
                for ordinal, change in enumerate(changes[start : start + _AT_ONCE], start)
            ]
            with self._database.writing(fence) as open_:
                open_.execute(insert_new(self._database, plan_change), rows)

    def find(self, beginning: str | None = None) -> Plan | None:
        """The plan whose digest begins so, the newest of them; None where there is none."""
        query = select(plan).where(plan.c.workspace == self._database.workspace)
        if beginning:
            query = query.where(plan.c.digest.startswith(beginning, autoescape=True))
        with self._database.reading() as open_:
            row = open_.execute(query.order_by(plan.c.made_at.desc()).limit(1)).one_or_none()
            if row is None:
                return None
            slug = select(workspace.c.slug).where(workspace.c.id == self._database.workspace)
            named = open_.execute(slug).scalar_one()
            listed = select(plan_change.c.change).where(
                plan_change.c.workspace == self._database.workspace, plan_change.c.plan == row.digest
            )
            changes = tuple(
                read_change(each) for each in open_.execute(listed.order_by(plan_change.c.ordinal)).scalars()
            )
        return Plan(named, row.config, row.made_at, changes, row.totals)

    def waiting(self) -> tuple[str, Sequence[str]] | None:
        """The newest plan's digest and why it waits, None where the newest waits for nobody."""
        query = (
            select(plan.c.digest, plan.c.reasons, plan.c.approved_at)
            .where(plan.c.workspace == self._database.workspace)
            .order_by(plan.c.made_at.desc())
            .limit(1)
        )
        with self._database.reading() as open_:
            row = open_.execute(query).one_or_none()
        return (row.digest, row.reasons) if row and row.reasons and row.approved_at is None else None
