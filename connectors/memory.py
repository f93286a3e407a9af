"""A CRM held in memory and its connector: the smallest one that keeps every promise, for tests, examples and as a pattern.

``MemoryCrm`` is the far side, changed by people and asked by connectors; ``MemoryConnector`` is our side. What a real CRM
adds to this is the wire: paging rules, error codes and limits of its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any, ClassVar, Literal, TypeVar

from connectors.base import Capabilities, Freshness, Surroundings, TaskDraft
from connectors.connection import Connection
from connectors.retry import RetryPolicy
from partnersync.changes import Outcome, Write
from partnersync.clock import Clock
from partnersync.errors import RejectedError, UnavailableError
from partnersync.ids import Ref
from partnersync.records import (
    FieldSchema,
    Gone,
    Identity,
    Merged,
    ObjectSchema,
    Page,
    Person,
    RawRecord,
    Value,
    Wanted,
)

CRM = "memory"
TASKS = "tasks"
T = TypeVar("T")


class MemoryConnection(Connection):
    """The settings of a connection to an empty CRM in memory."""

    host_pattern: ClassVar[str] = "localhost"
    host_example: ClassVar[str] = "http://localhost"

    crm: Literal["memory"]
    url: str = "http://localhost"


@dataclass(frozen=True, slots=True)
class Change:
    """The latest change of one record; ``number`` grows with each change of the CRM."""

    number: int
    record: RawRecord
    merged_into: str | None = None


@dataclass
class MemoryCrm:
    """The far side. Every method is one call; values are checked against ``schemas``."""

    clock: Clock
    org: str = "memory"
    schemas: dict[str, ObjectSchema] = field(default_factory=dict)
    people: list[Person] = field(default_factory=list)
    calls: int = 0
    _latest: dict[str, dict[str, Change]] = field(default_factory=dict)
    _numbers: int = 0

    def account(self) -> Identity:
        """Who answers."""
        self.calls += 1
        return Identity(CRM, self.org, self.org)

    def create(self, object_: str, values: Mapping[str, str | None], author: str | None = None) -> str:
        """A new record; returns its id."""
        self.calls += 1
        now = self.clock.now()
        ref = Ref(CRM, self.org, object_, f"{object_}-{self._numbers + 1:08d}")
        self._keep(RawRecord(ref, self._checked(object_, values), now, now, author))
        return ref.id

    def update(self, object_: str, id_: str, values: Mapping[str, str | None], author: str | None = None) -> None:
        """Set fields of a live record."""
        self.calls += 1
        before = self._live(object_, id_)
        values_ = {**before.values, **self._checked(object_, values)}
        self._keep(replace(before, values=values_, stamp=self.clock.now(), author=author))

    def delete(self, object_: str, id_: str) -> None:
        """Delete a live record."""
        self.calls += 1
        self._keep(replace(self._live(object_, id_), life="deleted", stamp=self.clock.now()))

    def restore(self, object_: str, id_: str) -> None:
        """Bring a deleted record back."""
        self.calls += 1
        self._keep(replace(self._latest[object_][id_].record, life="live", stamp=self.clock.now()))

    def merge(self, object_: str, survivor: str, loser: str) -> None:
        """Let one record live on as another."""
        self.calls += 1
        self._keep(replace(self._live(object_, loser), life="deleted", stamp=self.clock.now()), survivor)

    def changes(self, object_: str, after: int, limit: int) -> Sequence[Change]:
        """The latest change of each record changed after a number, in order."""
        self.calls += 1
        known = (change for change in self._latest.get(object_, {}).values() if change.number > after)
        return sorted(known, key=lambda change: change.number)[:limit]

    def list(self, object_: str, after: str, limit: int) -> Sequence[RawRecord]:
        """Live records in the order of their ids."""
        self.calls += 1
        found = (self._latest[object_][id_].record for id_ in sorted(self._latest.get(object_, {})) if id_ > after)
        return [record for record in found if record.life == "live"][:limit]

    def read(self, object_: str, ids: Sequence[str]) -> Sequence[RawRecord]:
        """Live records by id."""
        self.calls += 1
        known = self._latest.get(object_, {})
        return [known[id_].record for id_ in ids if id_ in known and known[id_].record.life == "live"]

    def newest(self) -> int:
        """The number of the last change."""
        return self._numbers

    def _live(self, object_: str, id_: str) -> RawRecord:
        change = self._latest.get(object_, {}).get(id_)
        if change is None or change.record.life != "live":
            raise RejectedError(f"no {object_} {id_}", status=404, code="NOT_FOUND")
        return change.record

    def _checked(self, object_: str, values: Mapping[str, str | None]) -> dict[str, Value]:
        fields = self.schemas[object_].fields
        unknown = [name for name in values if name not in fields]
        if unknown:
            raise RejectedError(f"{object_} has no field {unknown[0]}", status=400, code="NO_SUCH_FIELD")
        return {name: _typed(fields[name], value) for name, value in values.items()}

    def _keep(self, record: RawRecord, merged_into: str | None = None) -> None:
        self._numbers += 1
        own = self._latest.setdefault(record.ref.object, {})
        own[record.ref.id] = Change(self._numbers, record, merged_into)


def connect(
    name: str, settings: Connection, secrets: Callable[[str], str], surroundings: Surroundings
) -> MemoryConnector:
    """A connector to a new, empty CRM named like the connection."""
    return MemoryConnector(name, MemoryCrm(surroundings.clock, org=name), surroundings)


class MemoryConnector:
    """Our side of a ``MemoryCrm``; ``page`` records come at a time."""

    capabilities = Capabilities(writable=True, tasks=TASKS, batch=100, creates_fields=True)

    def __init__(
        self,
        name: str,
        crm: MemoryCrm,
        surroundings: Surroundings,
        page: int = 500,
        policy: RetryPolicy = RetryPolicy(),  # noqa: B008 (a frozen value)
    ) -> None:
        self.crm = crm
        self._name = name
        self._surroundings = surroundings
        self._page = page
        self._policy = policy
        self._identity: Identity | None = None

    def identify(self) -> Identity:
        """The CRM's own answer, asked for once."""
        if self._identity is None:
            self._identity = self._ask("token", "account", self.crm.account)
        return self._identity

    def hot(self, wanted: Sequence[Wanted]) -> Iterator[Page]:
        """Changes, deletions and merges after the cursor; the first time everything."""
        for one in wanted:
            known: dict[str, Any] = json.loads(one.cursor) if one.cursor else {"number": self.crm.newest(), "after": ""}
            yield from self._listed(one, known, "hot") if "after" in known else self._changed(one, known["number"])

    def warm(self, wanted: Sequence[Wanted]) -> Iterator[Page]:
        """Nothing: hot sees deletions and merges."""
        return (Page(one.object, done=True) for one in wanted)

    def cold(self, wanted: Sequence[Wanted]) -> Iterator[Page]:
        """Everything live."""
        for one in wanted:
            for page in self._listed(one, {"after": ""}, "cold"):
                yield replace(page, cursor=None)

    def fetch(self, object_: str, ids: Sequence[str], fields: Sequence[str]) -> Mapping[str, RawRecord]:
        """Live records by id."""
        found = self._ask("write", f"read.{object_}", lambda: self.crm.read(object_, ids))
        return {record.ref.id: self._shown(record, fields) for record in found}

    def people(self) -> tuple[Person, ...]:
        """Everyone."""
        return tuple(self.crm.people)

    def describe(self, objects: Sequence[str]) -> Mapping[str, ObjectSchema]:
        """The schemas of the objects that exist."""
        return {name: self.crm.schemas[name] for name in objects if name in self.crm.schemas}

    def send(self, writes: Sequence[Write]) -> Iterator[Outcome]:
        """One call per write; a create with a unique value updates the record that holds it already."""
        for write in writes:
            yield self._outcome(write.key, write.ref.object, self._target(write), write.fields)

    def prepare_tasks(self, tasks: Sequence[TaskDraft]) -> None:
        """Nothing needs to be known."""

    def put_tasks(self, tasks: Sequence[TaskDraft]) -> Iterator[Outcome]:
        """Create, update or close tasks; their key is unique."""
        for task in tasks:
            known = task.id or next((id_ for id_, record in self._tasks() if record.values["key"] == task.key), "")
            yield self._outcome(task.key, TASKS, known, _task_values(task))

    def find_tasks(self, tasks: Sequence[TaskDraft], *, deleted_too: bool = False) -> Mapping[str, RawRecord]:
        """Tasks by their key."""
        keys = {task.key for task in tasks}
        found = ((str(record.values["key"]), record) for _, record in self._tasks(deleted_too))
        return {
            key: replace(record, values={**record.values, "done": record.values["done"] is True})
            for key, record in found
            if key in keys
        }

    def lands_within(self) -> timedelta:
        """Nothing lands late: a task is known by its key."""
        return timedelta(0)

    def normal(self, schema: FieldSchema, value: str | None) -> str | None:
        """Numbers without trailing zeros, texts without blanks around them."""
        try:
            typed = _typed(schema, value)
        except RejectedError:
            return value
        match typed:
            case bool():
                return "true" if typed else "false"
            case Decimal():
                return f"{typed.normalize():f}"
            case _:
                return None if typed is None else str(typed)[: schema.length]

    def create_fields(self, object_: str, fields: Sequence[FieldSchema]) -> Iterable[Outcome]:
        """Add fields to an object."""
        schema = self.crm.schemas[object_]
        added = {each.name: each for each in fields if each.name not in schema.fields}
        self.crm.schemas[object_] = replace(schema, fields={**schema.fields, **added})
        return [Outcome(each.name, "applied") for each in fields]

    def close(self) -> None:
        """Nothing is held."""

    def _changed(self, wanted: Wanted, number: int) -> Iterator[Page]:
        while True:
            changes = self._ask(
                "hot", f"changes.{wanted.object}", partial(self.crm.changes, wanted.object, number, self._page)
            )
            live = tuple(self._shown(each.record, wanted.fields) for each in changes if each.record.life == "live")
            dead = [each for each in changes if each.record.life == "deleted"]
            gone = tuple(Gone(each.record.ref, each.record.stamp) for each in dead if each.merged_into is None)
            merged = tuple(
                Merged(each.record.ref, replace(each.record.ref, id=each.merged_into), each.record.stamp)
                for each in dead
                if each.merged_into is not None
            )
            done = len(changes) < self._page
            number = changes[-1].number if changes else number
            cursor = json.dumps({"number": number}) if changes else None
            yield Page(wanted.object, live, gone, merged, cursor=cursor, done=done)
            if done:
                return

    def _listed(self, wanted: Wanted, known: Mapping[str, Any], freshness: Freshness) -> Iterator[Page]:
        after, seen = known["after"], known.get("seen", 0)
        while True:
            found = self._ask(
                freshness, f"list.{wanted.object}", partial(self.crm.list, wanted.object, after, self._page)
            )
            done, seen = len(found) < self._page, seen + len(found)
            after = found[-1].ref.id if found else after
            kept = {"number": known.get("number")} if done else {**known, "after": after, "seen": seen}
            yield Page(
                wanted.object,
                tuple(self._shown(record, wanted.fields) for record in found),
                cursor=json.dumps(kept),
                done=done,
                full=True,
                total=seen if done else None,
            )
            if done:
                return

    def _shown(self, record: RawRecord, fields: Sequence[str]) -> RawRecord:
        """The fields asked for, as far as the CRM shows them; one that was never set is None."""
        visible = self.crm.schemas[record.ref.object].fields
        return replace(record, values={name: record.values.get(name) for name in fields if name in visible})

    def _tasks(self, deleted_too: bool = False) -> list[tuple[str, RawRecord]]:
        found = self._ask("write", f"list.{TASKS}", lambda: self.crm.changes(TASKS, 0, 1_000_000))
        told = [change.record for change in found if deleted_too or change.record.life == "live"]
        return [(record.ref.id, record) for record in sorted(told, key=lambda record: record.life == "live")]

    def _target(self, write: Write) -> str:
        """The id of the record to write to; empty for a new one."""
        unique = write.unique
        if write.ref.id or unique is None:
            return write.ref.id
        records = self._ask("write", "find", lambda: self.crm.list(write.ref.object, "", 1_000_000))
        wanted = write.fields.get(unique)
        return next((each.ref.id for each in records if each.values.get(unique) == wanted), "")

    def _outcome(self, key: str, object_: str, id_: str, values: Mapping[str, str | None]) -> Outcome:
        def write() -> str:
            if not id_:
                return self.crm.create(object_, values, "partnersync")
            self.crm.update(object_, id_, values, "partnersync")
            return id_

        try:
            written = self._ask("write", f"write.{object_}", write, idempotent=False)
        except RejectedError as error:
            return Outcome(key, "rejected", code=error.code, message=str(error))
        except UnavailableError as error:
            return Outcome(key, "unknown" if error.maybe_done else "retry", code=error.code, message=str(error))
        return Outcome(key, "applied", id=written)

    def _ask(self, freshness: Freshness, endpoint: str, call: Callable[[], T], *, idempotent: bool = True) -> T:
        def counted() -> T:
            self._surroundings.meter.count(self._name, freshness, endpoint, 200)
            return call()

        around = self._surroundings
        return self._policy.call(
            counted, stop=around.stop, idempotent=idempotent, before_again=None if idempotent else around.may_send
        )


def _task_values(task: TaskDraft) -> dict[str, str | None]:
    return {
        "key": task.key,
        "about": task.about,
        "subject": task.subject,
        "body": task.body,
        "due_on": task.due_on,
        "owner": task.owner,
        "priority": task.priority,
        "done": "true" if task.done else "false",
    }


def _typed(schema: FieldSchema, value: str | None) -> Value:
    """A text as the value it stands for.

    Raises:
        RejectedError: it stands for none of the field's kind.
    """
    text = (value or "").strip()
    if not text:
        return None
    match schema.kind:
        case "number":
            try:
                return Decimal(text)
            except InvalidOperation:
                raise RejectedError(f"{text!r} is no number", status=400, code="INVALID_NUMBER") from None
        case "boolean":
            return text.lower() == "true"
        case _:
            return text
