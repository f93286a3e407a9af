"""Send the house's writes: updates by id, upserts by a unique property, creates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby

from connectors.hubspot.batches import Input, sent
from connectors.hubspot.calls import Calls
from partnersync.changes import Outcome, Write
from partnersync.errors import ConnectorError, QuotaError, UnauthorizedError


@dataclass(frozen=True, slots=True)
class Writing:
    """Groups writes into calls; their order is kept within an object."""

    calls: Calls

    def send(self, writes: Sequence[Write]) -> Iterator[Outcome]:
        """One outcome per write.

        Raises:
            UnauthorizedError, QuotaError: the first of them, after every write was told what became of it.
        """
        failed: ConnectorError | None = None
        for (object_, kind, unique), group in groupby(sorted(writes, key=_call), key=_call):
            try:
                match kind:
                    case "update":
                        yield from sent(map(_update, group), partial(self.calls.update, object_))
                    case "upsert":
                        yield from sent(map(_upsert, group), partial(self.calls.upsert, object_), unique)
                    case _:
                        yield from sent(map(_create, group), partial(self.calls.create, object_))
            except (UnauthorizedError, QuotaError) as error:
                failed = failed or error
        if failed is not None:
            raise failed


def _call(write: Write) -> tuple[str, str, str]:
    if write.ref.id:
        return write.ref.object, "update", ""
    if write.unique and write.fields.get(write.unique):
        return write.ref.object, "upsert", write.unique
    return write.ref.object, "create", ""


def _update(write: Write) -> Input:
    return Input(write.key, {"id": write.ref.id, "properties": _properties(write)}, write.ref.id)


def _upsert(write: Write) -> Input:
    unique = write.unique or ""
    value = write.fields[unique] or ""
    return Input(write.key, {"idProperty": unique, "id": value, "properties": _properties(write)}, value)


def _create(write: Write) -> Input:
    return Input(write.key, {"properties": _properties(write)})


def _properties(write: Write) -> dict[str, str]:
    """HubSpot clears a property that is set to an empty text."""
    return {name: value if value is not None else "" for name, value in write.fields.items()}
