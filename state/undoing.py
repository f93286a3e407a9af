"""What a run wrote to the CRMs, as the journal has it, so that it can be put back; and the mark that it was."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from sqlalchemy import select, update

from partnersync.changes import TaskChange
from partnersync.ids import Ref
from state.changes import read_change
from state.database import Database, Fence
from state.lists import among, chunks
from state.places import place_ids
from state.schema import base, intent

LANDED = ("applied", "verified")
OPEN = ("inflight", "unknown", "pending")


@dataclass(frozen=True, slots=True)
class Wrote:
    """One request of the run: what it set, what stood there before, what the CRM said after, or what it did to a task.

    ``later`` are those of its fields to which something was written or adopted since.
    """

    id: int
    ref: Ref
    desired: Mapping[str, str | None]
    before: Mapping[str, str | None]
    read_back: Mapping[str, str | None]
    task: TaskChange | None
    later: frozenset[str] = frozenset()


class Undoing:
    """Looks at what runs did."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._here = intent.c.workspace == database.workspace

    def wrote(self, run: int) -> Sequence[Wrote]:
        """Everything of a run that landed and was not put back, in the order in which it was sent."""
        query = select(intent).where(self._here, intent.c.run == run, intent.c.status.in_(LANDED))
        with self._database.reading() as open_:
            rows = sorted(open_.execute(query).all(), key=lambda row: row.id)
        bases = self._bases({Ref(row.crm, row.org, row.object, row.external) for row in rows if not row.task})
        found = []
        for row in rows:
            ref = Ref(row.crm, row.org, row.object, row.external)
            task = cast("TaskChange", read_change(row.task)) if row.task else None
            later = frozenset(name for name in row.desired or () if bases.get((ref, name), 0) > row.id)
            read_back = row.read_back or row.desired or {}
            found.append(Wrote(row.id, ref, row.desired or {}, row.before or {}, read_back, task, later))
        return found

    def open(self, run: int) -> int:
        """How many requests of a run may have landed or not."""
        query = select(intent.c.id).where(self._here, intent.c.run == run, intent.c.status.in_(OPEN))
        with self._database.reading() as open_:
            return len(open_.execute(query).all())

    def reverted(self, fence: Fence, ids: Collection[int]) -> None:
        """Note that what these requests wrote was put back."""
        for some in chunks(sorted(ids)):
            with self._database.writing(fence) as open_:
                open_.execute(update(intent).where(self._here, among(intent.c.id, some)).values(status="reverted"))

    def _bases(self, refs: Collection[Ref]) -> dict[tuple[Ref, str], int]:
        """The request that made each field what we believe it to be."""
        found: dict[tuple[Ref, str], int] = {}
        with self._database.reading() as open_:
            ids = place_ids(self._database, open_, {(ref.crm, ref.org, ref.object) for ref in refs}, make=False)
            for (crm, org, object_), place in ids.items():
                externals = sorted(ref.id for ref in refs if (ref.crm, ref.org, ref.object) == (crm, org, object_))
                for some in chunks(externals):
                    query = select(base.c.external, base.c.field, base.c.intent).where(
                        base.c.workspace == self._database.workspace,
                        base.c.place == place,
                        among(base.c.external, some),
                    )
                    for external, name, id_ in open_.execute(query):
                        found[Ref(crm, org, object_, external), name] = id_
        return found
