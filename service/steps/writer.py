"""A connector as apply wants it: present values as text, tasks in the house's words, fields in their normal form."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from types import MappingProxyType

from connectors.base import Connector, TaskDraft
from partnersync.changes import Outcome, TaskChange, Write
from partnersync.records import FieldSchema, ObjectSchema, RawRecord, Value
from reconcile.writeback.parties import Said


def text_of(value: Value) -> str | None:
    """A received value as the text in which fields are compared; empty is None."""
    match value:
        case None | "":
            return None
        case bool():
            return "true" if value else "false"
        case Decimal():
            return f"{value:f}"
        case _:
            return str(value)


class Schemas:
    """What a CRM says of its fields, asked once per process for the objects we write to; ``known`` was asked already."""

    def __init__(self, connector: Connector, known: Mapping[str, ObjectSchema | None] = MappingProxyType({})) -> None:
        self._connector = connector
        self._known = dict(known)

    def field(self, object_: str, name: str) -> FieldSchema | None:
        """The schema of a field; None where the CRM does not show it to us."""
        if object_ not in self._known:
            self._known[object_] = self._connector.describe([object_]).get(object_)
        found = self._known[object_]
        return found.fields.get(name) if found else None

    def normal(self, object_: str, name: str, value: str | None) -> str | None:
        """``value`` in the form in which this field is compared."""
        schema = self.field(object_, name)
        return self._connector.normal(schema, value) if schema else value or None


class ConnectorWriter:
    """What ``reconcile.writeback.apply`` asks of a connector.

    ``strict`` are the (object, field) that are not written to a record that was modified since it was read.
    """

    def __init__(self, connector: Connector, strict: Collection[tuple[str, str]] = ()) -> None:
        self._connector = connector
        self._strict = strict

    @property
    def batch(self) -> int:
        """How many tasks go in one request."""
        return self._connector.capabilities.batch

    def sizes(self, count: int) -> tuple[int, int]:
        """How many of ``count`` field writes to one object are read back together, and how many go in one request."""
        able = self._connector.capabilities
        if able.bulk is not None and count >= able.bulk.least:
            return able.bulk.most, able.bulk.most
        return max(able.batch, able.read_back), able.batch

    def current(
        self, object_: str, ids: Sequence[str], fields: Sequence[str]
    ) -> Mapping[str, Mapping[str, str | None]]:
        """The present values by record id, as text; what is hidden or gone is left out."""
        return {id_: said.values for id_, said in self.read_back(object_, ids, fields).items()}

    def read_back(self, object_: str, ids: Sequence[str], fields: Sequence[str]) -> Mapping[str, Said]:
        """The same, and whether we were the last to change the record."""
        found, we = self._connector.fetch(object_, ids, fields), self._connector.identify().user
        return {
            id_: Said(
                {name: text_of(record.values[name]) for name in fields if name in record.values},
                bool(we) and record.author == we,
            )
            for id_, record in found.items()
        }

    def send(self, writes: Sequence[Write]) -> Iterator[Outcome]:
        """One outcome per write."""
        return self._connector.send(
            [replace(write, strict=True) if self._is_strict(write) else write for write in writes]
        )

    def prepare_tasks(self, tasks: Sequence[TaskChange]) -> None:
        """Ask what must be known before these are put."""
        self._connector.prepare_tasks([draft(task) for task in tasks])

    def put_tasks(self, tasks: Sequence[TaskChange]) -> Iterator[Outcome]:
        """One outcome per task."""
        return self._connector.put_tasks([draft(task) for task in tasks])

    def find_tasks(self, tasks: Sequence[TaskChange], *, deleted_too: bool = False) -> Mapping[str, str]:
        """The CRM's ids of those tasks that exist, by key."""
        found = self._connector.find_tasks([draft(task) for task in tasks], deleted_too=deleted_too)
        return {key: record.ref.id for key, record in found.items()}

    def changed_tasks(self, tasks: Sequence[TaskChange]) -> Mapping[str, str]:
        """The CRM's ids of those updated or closed tasks that say by now what was wanted of them, by their key."""
        drafts = [draft(task) for task in tasks]
        found = self._connector.find_tasks(drafts)
        return {
            each.key: found[each.key].ref.id for each in drafts if each.key in found and _shows(found[each.key], each)
        }

    def _is_strict(self, write: Write) -> bool:
        return any((write.ref.object, field) in self._strict for field in write.fields)

    def lands_within(self) -> timedelta:
        """How long a task's creation without an answer may still take effect."""
        return self._connector.lands_within()


def _shows(found: RawRecord, wanted: TaskDraft) -> bool:
    """Whether a task says what an update wrote into it, or is done where that was wanted."""
    said = {name: text_of(value) or "" for name, value in found.values.items()}
    if wanted.done:
        return said.get("done") == "true"
    texts = {"subject": wanted.subject, "body": wanted.body, "due_on": wanted.due_on, "owner": wanted.owner or ""}
    return all(name not in said or said[name].split() == text.split() for name, text in texts.items())


def draft(task: TaskChange) -> TaskDraft:
    """A decided task in the words of connectors."""
    return TaskDraft(
        key=task.key,
        about=task.record.id,
        about_object=task.record.object,
        subject=task.subject,
        body=task.body,
        due_on=task.due_on.isoformat(),
        owner=task.owner,
        priority=task.priority,
        id=task.task.id if task.task else None,
        done=task.action == "task_close",
    )
