"""The journal of writes: what is about to be sent, what became of it, and what of it counts as ours from then on.

An intent is stored with the old values before it is sent, and every value sent is ours from that moment: it may land late.
An outcome that says that a value surely never landed (rejected, to be sent again) takes it back.

    begin     in flight; each field's value joins ``sent``; other pending values for the same record are superseded
    finish    applied, verified → the value and its read-back become B; an edit noted for the field is forgotten
              rejected, pending → its values never carried; ``sent`` forgets them, but for those that may land late
              unknown, conflict, superseded → its values may have carried; ``sent`` keeps them
    park      rejected, and nothing changed since → parked: not sent until its input changes or a person insists
    supersede pending, and no plan wants it any more → superseded
    (undoing) applied, verified, and a rollback put it back → reverted
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from partnersync.changes import Done, FieldChange, Intent
from partnersync.ids import Ref
from state.changes import read_change, stored_change
from state.database import Database, Fence
from state.lists import HERE, among, chunks
from state.marks import upsert
from state.places import place_ids
from state.refusals import refused
from state.schema import base, dirty_record, fact, hold, intent, noted, place, sent, task

OPEN = ("inflight", "unknown")
LANDED = ("applied", "verified")
NEVER_LANDED = ("rejected", "pending")
_AT_ONCE = 1000


class Journal:
    """The journal of one run; ``task_object`` is what the CRM calls the object of tasks."""

    def __init__(self, database: Database, fence: Fence, run: int | None = None, task_object: str = "Task") -> None:
        self._database = database
        self._fence = fence
        self._run = run
        self._task_object = task_object
        self._workspace = database.workspace
        self._here = {"here": database.workspace}

    def begin(self, intents: Sequence[Intent]) -> None:
        """Store as in flight, with the old values, before anything is sent.

        Raises:
            ConflictError: the lease is lost; nothing may be sent.
        """
        now = self._database.stamp()
        with self._database.writing(self._fence) as open_:
            keys = [each.key for each in intents]
            open_ones = self._newest(open_, keys, OPEN)  # settled for the run that decided them
            replanned = self._newest(open_, keys, ("pending",))
            again = open_ones | replanned
            new = [each for each in intents if each.key not in again]
            ids = again | dict(
                zip((each.key for each in new), self._database.take(open_, intent, len(new)), strict=True)
            )
            if new:
                open_.execute(insert(intent), [self._row(ids[each.key], each, now) for each in new])
            for some in chunks(sorted(open_ones.values())):
                open_.execute(_AGAIN, {**self._here, "some": some, "now": now})
            renewed = [
                {
                    "i": replanned[each.key],
                    "b": dict(each.before),
                    "t": stored_change(each.task) if each.task else None,
                    "r": self._run,
                    "n": now,
                }
                for each in intents
                if each.key in replanned
            ]
            if renewed:
                open_.execute(_RENEW, [{**self._here, **each} for each in renewed])
            self._replace(open_, [each for each in intents if each.task is None], ids)
            rows = [
                {**cell, "intent": ids[each.key], "value": value, "at": now}
                for each, cell, value in self._cells(open_, intents)
            ]
            if rows:
                open_.execute(upsert(self._database, sent, keep=("late",)), rows)

    def finish(self, results: Sequence[Done]) -> None:
        """Store outcomes; what is applied or verified becomes B."""
        if not results:
            return
        now = self._database.stamp()
        with self._database.writing(self._fence) as open_:
            ids = self._newest(open_, [each.intent.key for each in results])
            outcomes = [
                {
                    "i": ids[each.intent.key],
                    "s": each.status,
                    "r": dict(each.read_back) if each.read_back is not None else None,
                    "c": each.code,
                    "m": each.message,
                    "e": None if each.status in OPEN else now,
                }
                for each in results
            ]
            open_.execute(_FINISH, [{**self._here, **each} for each in outcomes])
            self._become_base(open_, [each for each in results if each.status in LANDED], ids, now)
            never = [ids[each.intent.key] for each in results if each.status in NEVER_LANDED]
            for some in chunks(never):
                open_.execute(_NEVER, {**self._here, "some": some})
            self._keep_tasks(open_, [each for each in results if each.status in LANDED], now)

    def unresolved(self, crm: str, org: str) -> Sequence[Intent]:
        """What an earlier run left in flight or unknown on this org, in the order in which it was sent."""
        asked = {**self._here, "the_crm": crm, "the_org": org}
        with self._database.reading() as open_:
            # Sorted here: asked to order by id, SQLite reads every intent there ever was.
            rows = sorted(open_.execute(_UNRESOLVED, asked), key=lambda row: (row.begun_at, row.id))
        return [_intent(row) for row in rows]

    def park(self, intents: Sequence[Intent]) -> Mapping[str, str]:
        """Park those of these that the CRM refused and would refuse again: key → what it said."""
        with self._database.reading() as open_:
            found = refused(self._database, open_, intents)
        for some in chunks(sorted(id_ for id_, _ in found.values())):
            with self._database.writing(self._fence) as open_:
                open_.execute(_PARK, {**self._here, "some": some, "by": self._run})
        return {key: said for key, (_, said) in found.items()}

    def supersede(self) -> int:
        """Let go of what earlier runs left to be sent again and no plan wants any more: its record needs nothing now."""
        with self._database.reading() as open_:
            ids = sorted(open_.execute(_UNWANTED, self._here).scalars())
        for some in chunks(ids):
            with self._database.writing(self._fence) as open_:
                self._supersede(open_, some)
        return len(ids)

    def remember(self, changes: Iterable[FieldChange]) -> None:
        """Keep what is decided without sending: ``adopt`` makes the CRM's value B, ``hold`` keeps ours from being written,
        the others note a person's edit.
        """
        for some in chunks(list(changes), _AT_ONCE):
            self._remember(some)

    def _remember(self, changes: Sequence[FieldChange]) -> None:
        now = self._database.stamp()
        with self._database.writing(self._fence) as open_:
            places = place_ids(
                self._database, open_, {(c.ref.crm, c.ref.org, c.ref.object) for c in changes}, make=True
            )
            last = self._database.last_id(open_, intent)
            adopted, edits, held = [], [], []
            for each in changes:
                place = places[each.ref.crm, each.ref.org, each.ref.object]
                cell = {"workspace": self._workspace, "place": place, "external": each.ref.id, "field": each.field}
                if each.action == "adopt":
                    values = {"value": each.desired, "read_back": each.current}
                    adopted.append({**cell, **values, "intent": last, "at": now})
                elif each.action == "hold":
                    told = {"value": each.desired, "reason": each.why, "actor": "partnersync", "run": self._run}
                    held.append({**cell, **told, "at": now, "released_at": None})
                else:
                    edits.append({**cell, "value": each.current, "desired": each.desired, "at": now})
            if adopted:
                open_.execute(upsert(self._database, base), adopted)
                self._forget_notes(open_, adopted)
            if edits:
                open_.execute(upsert(self._database, noted), edits)
            if held:
                open_.execute(upsert(self._database, hold), held)

    def _replace(self, open_: Connection, intents: Sequence[Intent], ids: Mapping[str, int]) -> None:
        """Newer values for a record replace whatever of another wish was left to be sent to it."""
        sent_now = {each.ref: ids[each.key] for each in intents}
        old = [
            row.id
            for row in open_.execute(_PENDING, self._here)
            if sent_now.get(Ref(row.crm, row.org, row.object, row.external), row.id) != row.id
        ]
        self._supersede(open_, old)

    def _supersede(self, open_: Connection, ids: Sequence[int]) -> None:
        now = self._database.stamp()
        for some in chunks(ids):
            open_.execute(_SUPERSEDE, {**self._here, "some": some, "now": now})

    def _become_base(self, open_: Connection, landed: Sequence[Done], ids: Mapping[str, int], now: datetime) -> None:
        back = {each.intent.key: each.read_back or each.intent.desired for each in landed}
        rows = [
            {
                **cell,
                "intent": ids[each.key],
                "value": value,
                "read_back": back[each.key].get(cell["field"], value),
                "at": now,
            }
            for each, cell, value in self._cells(open_, [done.intent for done in landed])
        ]
        if rows:
            open_.execute(upsert(self._database, base), rows)
            self._forget_notes(open_, rows)

    def _forget_notes(self, open_: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        keys = [{**self._here, "p": row["place"], "x": row["external"], "n": row["field"]} for row in rows]
        open_.execute(_FORGET, keys)

    def _keep_tasks(self, open_: Connection, landed: Sequence[Done], now: datetime) -> None:
        rows = []
        for each in landed:
            change = each.intent.task
            if change is None:
                continue
            there = change.task
            if there is None and each.id is not None:
                there = Ref(change.record.crm, change.record.org, self._task_object, each.id)
            rows.append(
                {
                    "workspace": self._workspace,
                    "key": change.key,
                    "rule": change.rule,
                    "epoch": change.epoch,
                    "record": str(change.record),
                    "task": str(there) if there else None,
                    "subject": change.subject,
                    "body": change.body,
                    "due_on": change.due_on.isoformat(),
                    "owner": change.owner,
                    "priority": change.priority,
                    "open": change.action != "task_close",
                    "at": now,
                }
            )
        if rows:
            open_.execute(upsert(self._database, task), rows)

    def _newest(self, open_: Connection, keys: Sequence[str], statuses: Sequence[str] = ()) -> dict[str, int]:
        """The newest row of each key, if it is in one of ``statuses`` (none given: whatever it is in)."""
        found: dict[str, int] = {}
        for some in chunks(sorted(set(keys))):
            rows = open_.execute(_NEWEST, {**self._here, "some": some})
            found.update((row[0], row[1]) for row in rows if not statuses or row[2] in statuses)
        return found

    def _cells(self, open_: Connection, intents: Sequence[Intent]) -> list[tuple[Intent, dict[str, Any], str | None]]:
        fields = [each for each in intents if each.task is None]
        places = place_ids(self._database, open_, {(e.ref.crm, e.ref.org, e.ref.object) for e in fields}, make=True)
        return [
            (
                each,
                {
                    "workspace": self._workspace,
                    "place": places[each.ref.crm, each.ref.org, each.ref.object],
                    "external": each.ref.id,
                    "field": name,
                },
                value,
            )
            for each in fields
            for name, value in sorted(each.desired.items())
        ]

    def _row(self, id_: int, each: Intent, now: datetime) -> dict[str, Any]:
        return {
            "workspace": self._workspace,
            "id": id_,
            "key": each.key,
            "crm": each.ref.crm,
            "org": each.ref.org,
            "object": each.ref.object,
            "external": each.ref.id,
            "desired": dict(each.desired),
            "before": dict(each.before),
            "task": stored_change(each.task) if each.task else None,
            "status": "inflight",
            "message": "",
            "run": self._run,
            "begun_at": now,
        }


_LAST = select(func.max(intent.c.id).label("id")).where(intent.c.workspace == HERE, among(intent.c.key))
_LAST_ID = _LAST.group_by(intent.c.key).subquery()
_NEWEST = (
    select(intent.c.key, intent.c.id, intent.c.status)
    .join(_LAST_ID, _LAST_ID.c.id == intent.c.id)
    .where(intent.c.workspace == HERE)
)
_PENDING = select(intent.c.id, intent.c.crm, intent.c.org, intent.c.object, intent.c.external).where(
    intent.c.workspace == HERE, intent.c.status == "pending", intent.c.task.is_(None)
)
_UNRESOLVED = select(intent).where(
    intent.c.workspace == HERE,
    intent.c.crm == bindparam("the_crm"),
    intent.c.org == bindparam("the_org"),
    intent.c.status.in_(OPEN),
)
_WANTED = select(dirty_record.c.fact).where(
    dirty_record.c.workspace == intent.c.workspace, dirty_record.c.fact == fact.c.id
)
_UNWANTED = (
    select(intent.c.id)
    .join(
        place,
        (place.c.workspace == intent.c.workspace)
        & (place.c.crm == intent.c.crm)
        & (place.c.org == intent.c.org)
        & (place.c.object == intent.c.object),
    )
    .join(
        fact,
        (fact.c.workspace == intent.c.workspace)
        & (fact.c.place == place.c.id)
        & (fact.c.external == intent.c.external),
    )
    .where(intent.c.workspace == HERE, intent.c.status == "pending")
    .where((fact.c.life != "live") | ~_WANTED.exists())
)
_SOME = update(intent).where(intent.c.workspace == HERE, among(intent.c.id))
_AGAIN = _SOME.values(status="inflight", begun_at=bindparam("now"), finished_at=None)
_PARK = _SOME.values(status="parked", run=bindparam("by"))
_SUPERSEDE = _SOME.values(status="superseded", finished_at=bindparam("now"))
_NEVER = delete(sent).where(sent.c.workspace == HERE, among(sent.c.intent), sent.c.late == 0)
_FINISH = (
    update(intent)
    .where(intent.c.workspace == HERE, intent.c.id == bindparam("i"))
    .values(
        status=bindparam("s"),
        read_back=bindparam("r"),
        code=bindparam("c"),
        message=bindparam("m"),
        finished_at=bindparam("e"),
    )
)
_RENEW = (
    update(intent)
    .where(intent.c.workspace == HERE, intent.c.id == bindparam("i"))
    .values(
        status="inflight",
        before=bindparam("b"),
        task=bindparam("t"),
        run=bindparam("r"),
        begun_at=bindparam("n"),
        finished_at=None,
    )
)
_FORGET = delete(noted).where(
    noted.c.workspace == HERE,
    noted.c.place == bindparam("p"),
    noted.c.external == bindparam("x"),
    noted.c.field == bindparam("n"),
)


def _intent(row: Any) -> Intent:
    change = read_change(row.task) if row.task else None
    assert not isinstance(change, FieldChange)
    ref = Ref(row.crm, row.org, row.object, row.external)
    return Intent(row.key, ref, row.desired, row.before, change, row.begun_at)
