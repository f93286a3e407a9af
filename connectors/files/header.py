"""Find out how a CSV file is laid out: its delimiter and where each column that is asked for stands."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from connectors.files.rows import DELIMITERS, likely_delimiter, split_line
from partnersync.errors import RejectedError

_BOM = b"\xef\xbb\xbf"
_WIDE = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Header:
    """The columns by name and position; ``line`` is the header's own, rows start on the next."""

    columns: Mapping[str, int]
    delimiter: str
    line: int

    def position(self, name: str, file: str) -> int:
        """Where a column stands.

        Raises:
            RejectedError: the file has no such column; names what it has and the likely one.
        """
        found = self.columns.get(name)
        if found is not None:
            return found
        near = difflib.get_close_matches(name.casefold(), {known.casefold(): known for known in self.columns}, 1)
        meant = next((known for known in self.columns if near and known.casefold() == near[0]), None)
        hint = f" (did you mean {meant!r}?)" if meant else ""
        raise RejectedError(
            f"{file}:{self.line}: no column {name!r}{hint}; the header has: {', '.join(self.columns)}",
            code="NO_SUCH_COLUMN",
        )


def read_header(lines: Iterator[bytes], file: str, expected: Sequence[str]) -> Header:
    """Take the header off the front of a file.

    Raises:
        RejectedError: no header, another encoding, a column without a name or named twice.
    """
    for number, raw in enumerate(lines, 1):
        if number == 1 and raw.startswith(_WIDE):
            raise RejectedError(f"{file}:1: the file is UTF-16; save it as “CSV UTF-8”", code="NOT_UTF8")
        line = raw.removeprefix(_BOM) if number == 1 else raw
        if not line.strip():
            continue
        given = line.strip().lower()
        if number == 1 and given.startswith(b"sep=") and given[4:].decode("utf-8", "replace") in DELIMITERS:
            continue
        delimiter = likely_delimiter(line.decode("utf-8", "replace").strip("\r\n"), expected)
        try:
            names = [name.strip() for name in split_line(line, delimiter)]
        except ValueError as error:
            raise RejectedError(f"{file}:{number}: the header cannot be read: {error}", code="BAD_HEADER") from error
        return Header(_columns(names, file, number), delimiter, number)
    raise RejectedError(f"{file}:1: the file is empty: a header with column names is expected", code="NO_HEADER")


def _columns(names: list[str], file: str, line: int) -> dict[str, int]:
    while names and not names[-1]:
        names.pop()
    columns: dict[str, int] = {}
    for position, name in enumerate(names):
        if not name:
            raise RejectedError(f"{file}:{line}: column {position + 1} has no name", code="BAD_HEADER")
        if name in columns:
            raise RejectedError(
                f"{file}:{line}: column {name!r} is there twice (columns {columns[name] + 1} and {position + 1})",
                code="BAD_HEADER",
            )
        columns[name] = position
    return columns
