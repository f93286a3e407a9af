"""Our tasks: put once per key, found by key, in the house's words.

Where Activity has our key field (text, external id, unique), a task is upserted by it, so that a send whose answer was lost
may be repeated. Without the field the key stands as a line of its own in the description, a create is sent once, and a
lost answer is resolved by reading the tasks of the record. An org may get the field when some of our tasks are there already:
these are looked for by their line, and the next update gives them their key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from connectors.base import TaskDraft
from connectors.salesforce import soql
from connectors.salesforce.api import Api
from connectors.salesforce.ids import long_id
from connectors.salesforce.reading import IDS_IN_WHERE, chunks, queries, query
from connectors.salesforce.rows import read_rows
from connectors.salesforce.sending import Item, Sender
from connectors.salesforce.shapes import Selection, Shape
from connectors.salesforce.values import normal
from partnersync.changes import Outcome
from partnersync.records import RawRecord, Value

TASK = "Task"
_FIELDS = ("Subject", "Description", "ActivityDate", "OwnerId", "Status", "IsClosed", "WhatId", "WhoId")
_KEYS_IN_WHERE = 50
_LONGEST_BODY = 32_000
_TAKEN = ("DUPLICATE_VALUE", "DUPLICATE_EXTERNAL_ID")
_LOOKS = (0.5, 1.0, 2.0, 4.0)
"""Seconds before each look for a task whose key is taken."""
_PEOPLE = frozenset({"Contact", "Lead"})
_PRIORITIES = {"low": "Low", "normal": "Normal", "high": "High"}


@dataclass(slots=True)
class Closing:
    """The status that counts as done: Completed, or what this org calls it. Asked for once per description of Task."""

    _known: tuple[Shape, str] | None = None

    def status(self, api: Api, shape: Shape) -> str:
        """What closes a task here."""
        if self._known is None or self._known[0] is not shape:
            self._known = (shape, self._asked(api, shape))
        return self._known[1]

    def _asked(self, api: Api, shape: Shape) -> str:
        field = shape.schema.fields.get("Status")
        if field is not None and any(choice.value == "Completed" for choice in field.choices):
            return "Completed"
        closed = query(api, ("Id", "ApiName", "SortOrder"), "TaskStatus", "IsClosed = true")
        names = [str(row["ApiName"]) for row in sorted(closed, key=lambda row: row["SortOrder"])]
        return names[0] if names else "Completed"


@dataclass(frozen=True, slots=True)
class Desk:
    """Where tasks are put: the described Task, the name of our key field, and what closes a task."""

    api: Api
    sender: Sender
    shape: Shape
    key_field: str
    closing: Closing

    @property
    def keyed(self) -> bool:
        """Whether the key field is there and makes a second upsert harmless."""
        field = self.shape.schema.fields.get(self.key_field)
        return field is not None and field.external_id and field.unique and field.creatable

    def prepare(self, drafts: Sequence[TaskDraft]) -> None:
        """Ask now what ``put`` must know of these."""
        if any(draft.done for draft in drafts):
            self._closed()

    def put(self, drafts: Sequence[TaskDraft]) -> Iterator[Outcome]:
        """One outcome per draft: creates (upserts by key where that is possible), then updates."""
        self.prepare(drafts)
        new = [draft for draft in drafts if draft.id is None]
        old = [draft for draft in drafts if draft.id is not None]
        if self.keyed:
            yield from self._upserted(new)
        else:
            yield from self.sender.send([self._new(d) for d in new], method="POST")
        yield from self._updated(old)

    def _updated(self, drafts: Sequence[TaskDraft]) -> Iterator[Outcome]:
        by_key = {draft.key: draft for draft in drafts}
        twins = []
        for outcome in self.sender.send([self._old(d) for d in drafts], method="PATCH", idempotent=True):
            if outcome.code in _TAKEN:
                twins.append(by_key[outcome.key])  # another task holds the key: this one is changed without it
            else:
                yield outcome
        yield from self.sender.send([self._old(d, keyed=False) for d in twins], method="PATCH", idempotent=True)

    def _upserted(self, drafts: Sequence[TaskDraft]) -> Iterator[Outcome]:
        suffix = f"/{TASK}/{soql.name(self.key_field)}"
        by_key = {draft.key: draft for draft in drafts}
        taken: dict[str, Outcome] = {}
        for outcome in self.sender.send([self._new(d) for d in drafts], method="PATCH", suffix=suffix, idempotent=True):
            if outcome.code in _TAKEN:
                taken[outcome.key] = outcome
            else:
                yield outcome
        # The first send may still be running when the second comes: the key is taken, so the task is there, or soon will be.
        for seconds in _LOOKS:
            if not taken or self.sender.stop.wait(seconds):
                break
            found = self.find([by_key[key] for key in taken])
            same = [key for key in found if self._says(found[key], by_key[key])]
            yield from (Outcome(key, "applied", id=found[key].ref.id) for key in same)
            other = [replace(by_key[key], id=found[key].ref.id) for key in found if key not in same]
            yield from self._updated(other)
            taken = {key: outcome for key, outcome in taken.items() if key not in found}
        yield from (replace(outcome, status="unknown") for outcome in taken.values())

    def _says(self, record: RawRecord, draft: TaskDraft) -> bool:
        """Whether the task in the CRM is what we wanted to put there."""
        content = self._new(draft).body
        told = {"subject": "Subject", "body": "Description", "due_on": "ActivityDate", "owner": "OwnerId"}
        wanted = {word: content[name] for word, name in told.items() if name in content}
        return not draft.done and all((record.values[word] or None) == (wanted[word] or None) for word in wanted)

    def find(self, drafts: Sequence[TaskDraft], *, deleted_too: bool = False) -> dict[str, RawRecord]:
        """The tasks that carry these keys; of twins, the elder, but a live one before one in the recycle bin.

        Where there is a key field, the line in the description is asked too where a task is surely known, and where none may be
        missed (``deleted_too``): one that was made before there was a field has nothing else.
        """
        if not self.keyed:
            return self._carrying(drafts, _about(drafts), deleted_too=deleted_too)
        found = self._carrying(drafts, self._by_key(drafts), deleted_too=deleted_too)
        left = [draft for draft in drafts if draft.key not in found and (deleted_too or draft.id is not None)]
        return found | self._carrying(left, _about(left), deleted_too=deleted_too)

    def _carrying(
        self, drafts: Sequence[TaskDraft], wheres: Iterable[str], *, deleted_too: bool
    ) -> dict[str, RawRecord]:
        selection = Selection.of(self.shape, (*_FIELDS, self.key_field))
        keys = {draft.key for draft in drafts}
        rows = queries(self.api, selection.fields, TASK, wheres, deleted_too=deleted_too)
        read, _ = read_rows(rows, selection, self.api.org, self.api.asked_at())
        found: dict[str, RawRecord] = {}
        for record in sorted(read, key=_age):
            values = self._house_words(record.values)
            key = values["key"]
            if isinstance(key, str) and key in keys and key not in found:
                found[key] = replace(record, values=values)
        return found

    def _by_key(self, drafts: Sequence[TaskDraft]) -> Iterator[str]:
        for group in chunks(dict.fromkeys(draft.key for draft in drafts), _KEYS_IN_WHERE):
            yield soql.among(self.key_field, group)

    def _new(self, draft: TaskDraft) -> Item:
        body: dict[str, Any] = {"attributes": {"type": TASK}, **self._content(draft)}
        body[_about_field(draft)] = draft.about
        if self.keyed:
            body[self.key_field] = draft.key
        if draft.done:
            body["Status"] = self._closed()
        return Item(draft.key, draft.key, TASK, body)

    def _old(self, draft: TaskDraft, *, keyed: bool = True) -> Item:
        # Closing touches nothing else: whatever a person wrote into the task stays.
        content = {"Status": self._closed()} if draft.done else self._content(draft)
        body = {"attributes": {"type": TASK}, "Id": draft.id, **content}
        if keyed and self.keyed and not draft.done and self.shape.schema.fields[self.key_field].updatable:
            body[self.key_field] = draft.key
        return Item(draft.key, long_id(draft.id or ""), TASK, body)

    def _content(self, draft: TaskDraft) -> dict[str, Any]:
        content: dict[str, Any] = {
            "Subject": self._normal("Subject", draft.subject),
            "Description": self._description(draft),
            "ActivityDate": draft.due_on,
        }
        priority = self._normal("Priority", _PRIORITIES[draft.priority])
        if priority in {choice.value for choice in self._choices("Priority")}:
            content["Priority"] = priority
        if draft.owner is not None:
            content["OwnerId"] = draft.owner
        return content

    def _description(self, draft: TaskDraft) -> str | None:
        if self.keyed:
            return self._normal("Description", draft.body)
        schema, marker = self.shape.schema.fields.get("Description"), _marker(draft.key)
        room = (schema.length or _LONGEST_BODY if schema else _LONGEST_BODY) - len(marker) - 1
        return f"{draft.body.strip()[:room]}\n{marker}".lstrip("\n")

    def _closed(self) -> str:
        return self.closing.status(self.api, self.shape)

    def _choices(self, field: str) -> Sequence[Any]:
        schema = self.shape.schema.fields.get(field)
        return schema.choices if schema else ()

    def _normal(self, field: str, text: str) -> str | None:
        schema = self.shape.schema.fields.get(field)
        return normal(schema, text) if schema else text

    def _house_words(self, values: Mapping[str, Value]) -> dict[str, Value]:
        text = str(values.get("Description") or "").replace("\r\n", "\n")
        body, key = _unmarked(text)
        held = str(values.get(self.key_field) or "") if self.keyed else ""
        if held and held != key:
            body, key = text, held
        return {
            "subject": values.get("Subject"),
            "body": body,
            "due_on": values.get("ActivityDate"),
            "owner": values.get("OwnerId"),
            "done": bool(values.get("IsClosed")),
            "key": key or None,
        }


def _about(drafts: Sequence[TaskDraft]) -> Iterator[str]:
    """The conditions under which all tasks of the records are found that ``drafts`` are about."""
    for field in ("WhatId", "WhoId"):
        about = dict.fromkeys(draft.about for draft in drafts if _about_field(draft) == field)
        for group in chunks(about, IDS_IN_WHERE):
            yield soql.among(field, group)


def _about_field(draft: TaskDraft) -> str:
    return "WhoId" if draft.about_object in _PEOPLE else "WhatId"


def _marker(key: str) -> str:
    return f"[partnersync:{key}]"


def _unmarked(text: str) -> tuple[str, str]:
    """The text before our marker line, and the key in it."""
    lines = text.split("\n")
    for number, line in enumerate(lines):
        mark = line.strip()
        if mark.startswith("[partnersync:") and mark.endswith("]"):
            return "\n".join(lines[:number] + lines[number + 1 :]), mark[len("[partnersync:") : -1]
    return text, ""


def _age(task: RawRecord) -> tuple[bool, datetime, str]:
    return task.life == "deleted", task.created_at or task.stamp, task.ref.id
