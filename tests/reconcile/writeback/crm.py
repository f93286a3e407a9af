"""A small CRM in memory that loses answers, refuses records and is edited by people in between, and who works with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from threading import Event

from partnersync.changes import FieldChange, Outcome, TaskChange, Write
from partnersync.clock import FixedClock
from partnersync.errors import ConflictError
from partnersync.ids import Ref
from reconcile.writeback.apply import Doer, Done, Fence, Intent
from reconcile.writeback.parties import Said

Record = dict[str, str | None]
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


@dataclass
class Crm:
    """Keeps records and tasks; ``lose`` is what happens to the next send: 'before' or 'after' it lands.

    ``capitals``: how it keeps what is sent; ``touched``: records that somebody changes right after us.
    """

    records: dict[str, Record]
    lose: str = ""
    refuse: set[str] = field(default_factory=set)
    modified: set[str] = field(default_factory=set)
    capitals: bool = False
    touched: set[str] = field(default_factory=set)
    tasks: list[str] = field(default_factory=list)
    sends: int = 0
    batch: int = 2
    together: int = 2
    reads: list[int] = field(default_factory=list)
    late: timedelta = timedelta(0)
    landing: list[str] = field(default_factory=list)

    def sizes(self, count: int) -> tuple[int, int]:
        return self.together, self.batch

    def current(self, object_: str, ids: Sequence[str], fields: Sequence[str]) -> Mapping[str, Record]:
        self.reads.append(len(ids))
        return {i: {f: self.records[i][f] for f in fields if f in self.records[i]} for i in ids if i in self.records}

    def read_back(self, object_: str, ids: Sequence[str], fields: Sequence[str]) -> Mapping[str, Said]:
        now = self.current(object_, ids, fields)
        return {id_: Said(values, id_ not in self.touched) for id_, values in now.items()}

    def send(self, writes: Sequence[Write]) -> Iterator[Outcome]:
        self.sends += 1
        for write in writes:
            if write.ref.id in self.refuse:
                yield Outcome(write.key, "rejected", code="FIELD_CUSTOM_VALIDATION_EXCEPTION", message="no")
                continue
            if write.ref.id in self.modified:
                yield Outcome(write.key, "conflict", message="modified")
                continue
            if self.lose != "before":
                kept = {
                    name: value.upper() if value and self.capitals else value for name, value in write.fields.items()
                }
                self.records[write.ref.id].update(kept)
            yield Outcome(write.key, "unknown" if self.lose else "applied")

    def prepare_tasks(self, tasks: Sequence[TaskChange]) -> None: ...

    def put_tasks(self, tasks: Sequence[TaskChange]) -> Iterator[Outcome]:
        for task in tasks:
            if self.lose != "before":
                self.tasks.append(task.key)
            made = None if self.lose else f"00T{len(self.tasks)}"
            yield Outcome(task.key, "unknown" if self.lose else "applied", id=made)

    def find_tasks(self, tasks: Sequence[TaskChange], *, deleted_too: bool = False) -> Mapping[str, str]:
        return {task.key: "00T1" for task in tasks if task.key in self.tasks}

    def changed_tasks(self, tasks: Sequence[TaskChange]) -> Mapping[str, str]:
        return {task.key: "00T1" for task in tasks if task.key in self.tasks}

    def lands_within(self) -> timedelta:
        return self.late


@dataclass
class Book:
    """A journal in memory: what was begun, and the last word on it."""

    open: dict[str, Intent] = field(default_factory=dict)
    done: list[Done] = field(default_factory=list)

    def park(self, intents: Sequence[Intent]) -> Mapping[str, str]:
        said = {each.intent.key: each for each in self.done}
        return {
            each.key: said[each.key].message
            for each in intents
            if each.key in said and said[each.key].status == "rejected"
        }

    def begin(self, intents: Sequence[Intent]) -> None:
        self.open |= {intent.key: intent for intent in intents}

    def finish(self, results: Sequence[Done]) -> None:
        self.done += results
        for each in results:
            if each.status not in {"unknown", "pending"}:
                self.open.pop(each.intent.key, None)

    def unresolved(self, crm: str, org: str) -> Sequence[Intent]:
        return list(self.open.values())


class Patient(Event):
    """A stop signal; while somebody waits for it, what was under way in the CRM lands."""

    def __init__(self, crm: Crm) -> None:
        super().__init__()
        self.crm = crm
        self.waited = 0.0

    def wait(self, timeout: float | None = None) -> bool:
        self.waited += timeout or 0.0
        self.crm.tasks += self.crm.landing
        self.crm.landing.clear()
        return self.is_set()


@dataclass
class Held:
    asked: int = 0

    def check(self) -> None:
        self.asked += 1


class Lost:
    def check(self) -> None:
        raise ConflictError("another run holds the workspace")


def change(id_: str, desired: str | None, current: str | None = None) -> FieldChange:
    action, ref = "clear" if desired is None else "write", Ref("memory", "1", "deal", id_)
    return FieldChange(action, ref, "partner", current, current, desired, "crm_wins", "because")


def task() -> TaskChange:
    ref = Ref("memory", "1", "deal", "a")
    return TaskChange("task_create", "ps-1", "confirm", "once", ref, "Confirm", "", date(2026, 5, 7), "005")


def doer(crm: Crm, book: Book, fence: Fence | None = None, stop: Event | None = None) -> Doer:
    return Doer(
        "acme", book, crm, fence or Held(), lambda _o, _f, value: value or None, stop or Event(), FixedClock(NOW)
    )
