"""One pass over one CSV file: rows become records, broken rows stay behind with their line, ids are gathered."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from connectors.files.header import Header, read_header
from connectors.files.rows import Broken, Row, read_rows
from partnersync.clock import parse_instant
from partnersync.errors import RejectedError, UnavailableError
from partnersync.ids import Ref, digest
from partnersync.records import RawRecord, Unreadable, Value


@dataclass(frozen=True, slots=True)
class FileLayout:
    """``file`` is a path in the folder. ``id`` and ``stamp`` name columns; without them the row's hash is its id, the
    file's modification time its stamp.
    """

    file: str
    id: str | None = None
    stamp: str | None = None


class Reading:
    """Opens a file and knows, after ``rows`` ran out, how many records it held and under which ids.

    Raises:
        RejectedError: no such file, no permission, or (from ``rows``) a header that does not fit.
        UnavailableError: (from ``rows``) the file changed while it was read.
    """

    def __init__(self, folder: Path, object_: str, layout: FileLayout, fields: tuple[str, ...]) -> None:
        self.file = layout.file
        self.ids: set[str] = set()
        self.total = 0
        self.unidentified = 0
        self._object = object_
        self._org = quote(layout.file, safe="")
        self._path = folder / layout.file
        self._layout = layout
        self._fields = fields
        self._hash, modified = self._look()
        self.changed_at = datetime.fromtimestamp(modified / 1_000_000_000, UTC)
        self.seen = digest([self._hash, layout.id, layout.stamp, sorted(fields)])

    def ref(self, id_: str) -> Ref:
        """The identity of a row."""
        return Ref("file", self._org, self._object, id_)

    def rows(self) -> Iterator[RawRecord | Unreadable]:
        """Every row in the file's order."""
        layout = self._layout
        expected = [*self._fields, *(name for name in (layout.id, layout.stamp) if name)]
        with opened(self._path) as lines:
            header = read_header(lines, self.file, expected)
            for name in expected:
                header.position(name, self.file)
            for row in read_rows(lines, header.delimiter, header.line + 1):
                yield self._told(row, header)
        if self._look()[0] != self._hash:
            raise UnavailableError(f"{self.file} was changed while it was read", code="FILE_CHANGED")

    def _told(self, row: Row | Broken, header: Header) -> RawRecord | Unreadable:
        if isinstance(row, Broken):
            return self._unreadable(row, header)
        cells = list(row.cells)
        width = len(header.columns)
        while len(cells) > width and not cells[-1].strip():
            cells.pop()
        if len(cells) != width:
            reason = f"{len(cells)} columns where the header has {width}"
            return self._unreadable(Broken(row.line, reason, header.delimiter.join(cells), cells), header)
        record = self._record(row.line, cells, header)
        if isinstance(record, Broken):
            return self._unreadable(record, header)
        self.ids.add(record.ref.id)
        self.total += 1
        return record

    def _record(self, line: int, cells: list[str], header: Header) -> RawRecord | Broken:
        text = header.delimiter.join(cells)
        id_ = self._id(cells, header)
        if not id_:
            return Broken(line, f"the row has no {self._layout.id}", text, cells)
        if id_ in self.ids:
            return Broken(line, f"{self._layout.id} {id_!r} is already on an earlier line", text, cells)
        stamp: datetime = self.changed_at
        if self._layout.stamp:
            given = cells[header.columns[self._layout.stamp]].strip()
            try:
                stamp = parse_instant(given) if given else self.changed_at
            except ValueError:
                return Broken(line, f"{self._layout.stamp} {given!r} is not an instant with a zone", text, cells)
        values: dict[str, Value] = {name: _value(cells[header.columns[name]]) for name in self._fields}
        return RawRecord(self.ref(id_), values, stamp)

    def _id(self, cells: list[str], header: Header) -> str:
        """The id column's cell; else the row's hash, and for the n-th row of the same text a hash with that number."""
        if self._layout.id:
            return cells[header.columns[self._layout.id]].strip()
        copy, id_ = 1, digest(cells, 10)
        while id_ in self.ids:
            copy += 1
            id_ = digest([*cells, copy], 10)
        return id_

    def _unreadable(self, row: Broken, header: Header) -> Unreadable:
        """A broken row under its own id where that can be told, so that the record it stands for is not taken as gone."""
        column = header.columns[self._layout.id] if self._layout.id else len(row.cells)
        id_ = row.cells[column].strip() if column < len(row.cells) else ""
        self.unidentified += not id_
        if not id_ or id_ in self.ids:
            id_ = f"broken-{digest([row.line, row.text], 8)}"
        self.ids.add(id_)
        reason = f"{self.file}:{row.line}: {row.reason}"
        payload: dict[str, Value] = {"line": row.line, "text": row.text[:2_000]}
        return Unreadable(self.ref(id_), reason, payload, self.changed_at)

    def _look(self) -> tuple[str, int]:
        """The content's hash and the file's modification time in nanoseconds."""
        hashed = hashlib.blake2b(digest_size=16)
        with opened(self._path) as file:
            for chunk in iter(partial(file.read, 1 << 20), b""):
                hashed.update(chunk)
        return hashed.hexdigest(), self._path.stat().st_mtime_ns


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The file's bytes.

    Raises:
        RejectedError: it is not there, or we may not read it.
        UnavailableError: the disk failed while it was read.
    """
    try:
        file = path.open("rb")
    except FileNotFoundError as error:
        raise RejectedError(f"no file {path}", code="NO_FILE") from error
    except OSError as error:
        raise RejectedError(f"{path} cannot be read: {error.strerror}", code="NOT_READABLE") from error
    with file:
        try:
            yield file
        except OSError as error:
            raise UnavailableError(f"{path} cannot be read: {error.strerror}", code="NOT_READABLE") from error


def _value(cell: str) -> Value:
    return cell if cell and not cell.isspace() else None
