"""A folder of CSV files as a connector: each file one object, read whole whenever its content changed.

A file is a full list, so a row that was there and is there no more is gone. Absence is believed only of a file that was
read whole: while a row is broken and its id cannot be told, or the file suddenly has no rows, nothing is gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from connectors.base import Capabilities, TaskDraft
from connectors.files.cursor import FileCursor, chunks
from connectors.files.header import read_header
from connectors.files.reading import FileLayout, Reading, opened
from partnersync.changes import Outcome, Write
from partnersync.errors import RejectedError
from partnersync.records import FieldSchema, Gone, Identity, ObjectSchema, Page, Person, RawRecord, Unreadable, Wanted

_READ_ONLY = "a file is only read; partnersync never writes to it"


class Files:
    """Reads CSV files of one folder; an object is a file's stem (``registrations``), its layout names the file.

    Refs: crm ``file``, org the file's name (slashes as %2F), object its stem, id the layout's id column, else a hash.
    """

    capabilities = Capabilities(writable=False, tasks=None, batch=1, creates_fields=False)

    def __init__(self, folder: Path, layouts: Mapping[str, FileLayout], page_rows: int = 2_000) -> None:
        self.folder = folder
        self.layouts = layouts
        self.page_rows = page_rows

    def identify(self) -> Identity:
        """Files have no org of their own: each record names its file."""
        if not self.folder.is_dir():
            raise RejectedError(f"no folder {self.folder}", code="NO_FOLDER")
        return Identity(crm="file", org="file", name=self.folder.name)

    def hot(self, wanted: Sequence[Wanted]) -> Iterator[Page]:
        """Every row of each file whose content changed since its cursor, then what is gone from it."""
        for one in wanted:
            known = FileCursor.read(one.cursor)
            reading = self._open(one.object, one.fields)
            if reading.seen == known.seen:
                yield Page(one.object, done=True)
                continue
            yield from self._pages(one.object, reading)
            yield from _ending(one.object, reading, known)

    def warm(self, wanted: Sequence[Wanted]) -> Iterator[Page]:
        """Nothing: hot sees all there is to see of a file."""
        for one in wanted:
            yield Page(one.object, done=True)

    def cold(self, wanted: Sequence[Wanted]) -> Iterator[Page]:
        """Every row of each file, changed or not; leaves hot's cursor alone."""
        for one in wanted:
            reading = self._open(one.object, one.fields)
            yield from self._pages(one.object, reading)
            yield Page(one.object, done=True, full=True, total=reading.total)

    def fetch(self, object_: str, ids: Sequence[str], fields: Sequence[str]) -> Mapping[str, RawRecord]:
        """The rows with these ids; a file is read from front to back for them."""
        asked = frozenset(ids)
        reading = self._open(object_, fields)
        return {row.ref.id: row for row in reading.rows() if isinstance(row, RawRecord) and row.ref.id in asked}

    def people(self) -> tuple[Person, ...]:
        """Nobody: files have no users."""
        return ()

    def describe(self, objects: Sequence[str]) -> Mapping[str, ObjectSchema]:
        """The columns of each file that is there; all are text."""
        return {name: self._schema(name) for name in objects if (self.folder / self._layout(name).file).is_file()}

    def send(self, writes: Sequence[Write]) -> Iterator[Outcome]:
        """Refuses every write."""
        return (Outcome(write.key, "rejected", code="READ_ONLY", message=_READ_ONLY) for write in writes)

    def prepare_tasks(self, tasks: Sequence[TaskDraft]) -> None:
        """Nothing is ever sent."""

    def put_tasks(self, tasks: Sequence[TaskDraft]) -> Iterator[Outcome]:
        """Refuses every task."""
        return (Outcome(task.key, "rejected", code="READ_ONLY", message=_READ_ONLY) for task in tasks)

    def find_tasks(self, tasks: Sequence[TaskDraft], *, deleted_too: bool = False) -> Mapping[str, RawRecord]:
        """None: there are no tasks in files."""
        return {}

    def lands_within(self) -> timedelta:
        """Nothing is ever sent."""
        return timedelta(0)

    def normal(self, schema: FieldSchema, value: str | None) -> str | None:
        """Text without blanks around it; empty is None."""
        return (value or "").strip() or None

    def create_fields(self, object_: str, fields: Sequence[FieldSchema]) -> Iterable[Outcome]:
        """Refuses: a column is added by whoever writes the file."""
        return [Outcome(field.name, "rejected", code="READ_ONLY", message=_READ_ONLY) for field in fields]

    def close(self) -> None:
        """Nothing is held open between calls."""

    def _open(self, name: str, fields: Sequence[str]) -> Reading:
        return Reading(self.folder, name, self._layout(name), tuple(fields))

    def _layout(self, name: str) -> FileLayout:
        return self.layouts.get(name) or FileLayout(f"{name}.csv")

    def _pages(self, name: str, reading: Reading) -> Iterator[Page]:
        records: list[RawRecord] = []
        unreadable: list[Unreadable] = []
        for row in reading.rows():
            if isinstance(row, RawRecord):
                records.append(row)
            else:
                unreadable.append(row)
            if len(records) + len(unreadable) == self.page_rows:
                yield Page(name, tuple(records), unreadable=tuple(unreadable), full=True)
                records, unreadable = [], []
        if records or unreadable:
            yield Page(name, tuple(records), unreadable=tuple(unreadable), full=True)

    def _schema(self, name: str) -> ObjectSchema:
        file = self._layout(name).file
        with opened(self.folder / file) as lines:
            columns = read_header(lines, file, ()).columns
        fields = {column: FieldSchema(column, column, "text", creatable=False, updatable=False) for column in columns}
        return ObjectSchema(name, file, fields, creatable=False, updatable=False)


def _ending(name: str, reading: Reading, known: FileCursor) -> Iterator[Page]:
    """What is gone, and the cursor on the last page.

    Raises:
        RejectedError: the file held rows and now holds none.
    """
    present = reading.ids
    if known.ids and not present:
        raise RejectedError(
            f"{reading.file} has no rows any more; it had {len(known.ids)}. Nothing is taken as deleted. If it is meant, leave"
            " one row in it, or take the file out of the config",
            code="SUDDENLY_EMPTY",
        )
    missing = known.ids - present
    gone: list[tuple[str, ...]] = [()] if reading.unidentified else (chunks(missing, 2_000) or [()])
    kept = present | missing if reading.unidentified else present
    for ids in gone[:-1]:
        yield Page(name, gone=_gone(reading, ids), full=True)
    cursor = FileCursor(reading.seen, frozenset(kept)).written()
    yield Page(name, gone=_gone(reading, gone[-1]), cursor=cursor, done=True, full=True, total=reading.total)


def _gone(reading: Reading, ids: Iterable[str]) -> tuple[Gone, ...]:
    return tuple(Gone(reading.ref(id_), reading.changed_at) for id_ in ids)
