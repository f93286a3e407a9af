"""Writes as records to send: bodies in Salesforce's own values, their parents, and when each record was last read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from connectors.salesforce.config import SalesforceConnection
from connectors.salesforce.ids import long_id
from connectors.salesforce.sending import Item
from connectors.salesforce.values import to_send
from partnersync.changes import Outcome, Write
from partnersync.errors import RejectedError
from partnersync.records import FieldSchema, RawRecord

PARENT = "AccountId"
"""The lookup whose target Salesforce locks together with the record."""
_MOST_SEEN = 50_000


@dataclass(slots=True)
class Sight:
    """What was last read of records that may be written next: their stamps and their parents."""

    _seen: dict[str, tuple[datetime, str]] = field(default_factory=dict)

    def remember(self, records: Iterable[RawRecord]) -> None:
        """These were just read; the oldest of very many are forgotten."""
        for record in records:
            self._seen.pop(record.ref.id, None)
            self._seen[record.ref.id] = (record.stamp, str(record.values.get(PARENT) or ""))
        for id_ in list(self._seen)[: max(0, len(self._seen) - _MOST_SEEN)]:
            del self._seen[id_]

    def parent(self, id_: str) -> str:
        """The account that is locked with this record, as far as known."""
        return self._seen[id_][1] if id_ in self._seen else ""

    def stamp(self, id_: str) -> datetime:
        """When the record, as we read it, had last been modified.

        Raises:
            RejectedError: it was not read.
        """
        if id_ not in self._seen:
            raise RejectedError("a strict write goes only to a record that was read before", code="NOT_READ")
        return self._seen[id_][0]


def headers(settings: SalesforceConnection) -> Mapping[str, str]:
    """What goes with every write: whether what a duplicate rule objects to is saved all the same."""
    return {"Sforce-Duplicate-Rule-Header": "allowSave=true"} if settings.duplicates == "save" else {}


def items(
    writes: Sequence[Write], fields_of: Callable[[str], Mapping[str, FieldSchema]], sight: Sight
) -> tuple[list[Item], list[Outcome]]:
    """What can be sent, and the outcomes of what Salesforce would refuse in any case."""
    made, refused = [], []
    for write in writes:
        try:
            made.append(_item(write, fields_of(write.ref.object), sight))
        except RejectedError as error:
            refused.append(Outcome(write.key, "rejected", code=error.code, message=str(error)))
    return made, refused


def _item(write: Write, known: Mapping[str, FieldSchema], sight: Sight) -> Item:
    object_, id_ = write.ref.object, long_id(write.ref.id)
    body: dict[str, object] = {"attributes": {"type": object_}, "Id": write.ref.id}
    for name, value in write.fields.items():
        schema = known.get(name)
        if schema is None:
            raise RejectedError(f"{object_} has no field {name}, or our user may not see it", code="INVALID_FIELD")
        if not schema.updatable:
            raise RejectedError(f"{object_}.{name} may not be edited", code="INVALID_FIELD_FOR_INSERT_UPDATE")
        try:
            body[name] = to_send(schema, value)
        except ValueError as error:
            raise RejectedError(str(error), code="INVALID_VALUE") from error
    read_at = sight.stamp(id_) if write.strict else None
    return Item(write.key, id_, object_, body, sight.parent(id_), read_at)
