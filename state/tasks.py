"""The tasks that we made in the CRMs, as we last wrote them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select, update

from partnersync.ids import Ref
from state.database import Database, Fence
from state.lists import HERE, among, chunks
from state.schema import task


@dataclass(frozen=True, slots=True)
class StoredTask:
    """One task of ours. ``open`` is false once it was closed, by us or (as seen later) by a person."""

    key: str
    rule: str
    epoch: str
    record: Ref
    task: Ref | None
    subject: str
    body: str
    due_on: date
    owner: str | None
    open: bool


class Tasks:
    """The tasks of a workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, records: Iterable[Ref]) -> dict[Ref, list[StoredTask]]:
        """Our tasks on these records."""
        found: dict[Ref, list[StoredTask]] = {}
        with self._database.reading() as open_:
            for some in chunks(sorted({str(record) for record in records})):
                for row in open_.execute(_OF, {"here": self._database.workspace, "some": some}):
                    record = Ref.parse(row.record)
                    there = Ref.parse(row.task) if row.task else None
                    found.setdefault(record, []).append(
                        StoredTask(
                            row.key, row.rule, row.epoch, record, there, row.subject, row.body,
                            date.fromisoformat(row.due_on), row.owner, bool(row.open),
                        )
                    )  # fmt: skip
        return found

    def close(self, fence: Fence, keys: Iterable[str]) -> None:
        """Note that these are no longer open: a person completed or deleted them."""
        with self._database.writing(fence) as open_:
            for some in chunks(sorted(keys)):
                here = update(task).where(task.c.workspace == self._database.workspace, among(task.c.key, some))
                open_.execute(here.values(open=False))


_OF = select(task).where(task.c.workspace == HERE, among(task.c.record))
