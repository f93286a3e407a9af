"""Writes that a CRM refused and would refuse again: the same values on a record that has not changed since.

Sent with every cycle they would cost calls forever and bury what is new. They are tried again when their input changes: what we
want, or the record (somebody may have filled in what a validation rule missed). A permission that an admin grants, or a rule
that one mends, changes neither: for that a person applies.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from partnersync.changes import Intent
from state.changes import stored_change
from state.database import Database
from state.lists import HERE, among, chunks
from state.schema import fact, intent, place, version

_SAID = ("action", "subject", "body", "owner")
"""What of a task a CRM may refuse; the day it is due moves with the day it is planned."""


def refused(database: Database, connection: Connection, intents: Sequence[Intent]) -> dict[str, tuple[int, str]]:
    """What was refused and need not be sent now: key → its number in the journal, and what the CRM said."""
    asked = {each.key: each for each in intents}
    found: dict[str, tuple[int, str]] = {}
    for some in chunks(sorted(asked)):
        for row in connection.execute(_REFUSED, {"here": database.workspace, "some": some}):
            moved = row.changed_at is not None and row.changed_at > row.finished_at
            if not moved and _same(asked[row.key], row):
                found[row.key] = (row.id, row.message)
    return found


_LAST = select(func.max(intent.c.id)).where(intent.c.workspace == HERE, among(intent.c.key)).group_by(intent.c.key)
_CHANGED = (
    select(func.max(version.c.seen_at))
    .join_from(fact, place, (place.c.workspace == fact.c.workspace) & (place.c.id == fact.c.place))
    .join(version, (version.c.workspace == fact.c.workspace) & (version.c.fact == fact.c.id))
    .where(fact.c.workspace == intent.c.workspace, fact.c.external == intent.c.external)
    .where(place.c.crm == intent.c.crm, place.c.org == intent.c.org, place.c.object == intent.c.object)
    .scalar_subquery()
)
_REFUSED = select(intent, _CHANGED.label("changed_at")).where(
    intent.c.workspace == HERE, intent.c.id.in_(_LAST), intent.c.status.in_(("rejected", "parked"))
)


def _same(wanted: Intent, row: object) -> bool:
    desired, before, task = (getattr(row, name) for name in ("desired", "before", "task"))
    if wanted.task is None:
        return bool(dict(wanted.desired) == desired and dict(wanted.before) == before)
    now = stored_change(wanted.task)
    return bool(task) and all(now[name] == task[name] for name in _SAID)
