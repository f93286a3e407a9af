"""Read CSV row by row so that one broken row costs one row.

The problem: a quote opened on line 5 and never closed makes a CSV reader take the rest of the file for one cell, so a
single slip of a spreadsheet would hide 99,995 good rows. Bytes that are not UTF-8 would end the whole read.

    4  7,"Acme, Inc.",won          a row
    5  8,"Globex,won               broken: the quote opened here is never closed
    6  9,"two                      a row, whose second cell
    7  lines",lost                 holds a line break

The choice: read physical lines. A line without a quote is a row by itself, which is nearly every line and fast. A line
with an open quote takes further lines until the quote closes; if it never does (or not within the longest cell we take,
or what follows the closing quote is no separator) the *first* line alone is broken and reading resumes on the next.
Left out: lone carriage returns as line ends, and encodings other than UTF-8; both are named in the message.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

DELIMITERS = (",", ";", "\t", "|")
LONGEST_CELL = 131_072
_OPEN_QUOTE = "unexpected end of data"


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one row as they stand; ``line`` is where it begins, counted from 1."""

    line: int
    cells: Sequence[str]


@dataclass(frozen=True, slots=True)
class Broken:
    """A row that cannot be read: why, its text, and the cells as far as they can be told."""

    line: int
    reason: str
    text: str
    cells: Sequence[str]


class _OpenQuote(Exception):
    """A quote is opened and not closed yet."""


def read_rows(lines: Iterable[bytes], delimiter: str, first_line: int = 1) -> Iterator[Row | Broken]:
    """Every row after the header; blank lines are passed over."""
    source = _Lines(lines, first_line)
    while (taken := source.take()) is not None:
        number, raw = taken
        text = _text(raw)
        if isinstance(text, str) and '"' not in text:
            if text and not text.isspace():
                yield Row(number, text.split(delimiter))
            continue
        yield _quoted(source, number, raw, delimiter)


def split_line(raw: bytes, delimiter: str) -> list[str]:
    """The cells of one physical line.

    Raises:
        ValueError: not UTF-8, a NUL, or bad quoting; the message says which.
    """
    text = _text(raw)
    if not isinstance(text, str):
        raise ValueError(text.reason)
    try:
        return _cells(text, delimiter)
    except _OpenQuote as error:
        raise ValueError("a quote is opened and never closed") from error


def likely_delimiter(header: str, expected: Sequence[str]) -> str:
    """The separator under which the header shows most of the expected columns, then most columns at all."""

    def score(delimiter: str) -> tuple[int, int]:
        names = {name.strip().strip('"').strip() for name in header.split(delimiter)}
        return sum(name in names for name in expected), len(names)

    return max(DELIMITERS, key=score)


@dataclass(frozen=True, slots=True)
class _Undecodable:
    reason: str


class _Lines:
    """Physical lines with their numbers; lines can be given back."""

    def __init__(self, lines: Iterable[bytes], first: int) -> None:
        self._numbered = enumerate(lines, first)
        self._back: deque[tuple[int, bytes]] = deque()

    def take(self) -> tuple[int, bytes] | None:
        return self._back.popleft() if self._back else next(self._numbered, None)

    def give_back(self, taken: Sequence[tuple[int, bytes]]) -> None:
        self._back.extendleft(reversed(taken))


def _quoted(source: _Lines, number: int, raw: bytes, delimiter: str) -> Row | Broken:
    text = _text(raw)
    if isinstance(text, _Undecodable):
        return _broken(number, raw, delimiter, text.reason)
    further: list[tuple[int, bytes]] = []
    reason = "a quote is opened here and never closed"
    while True:
        try:
            return Row(number, _cells(text, delimiter))
        except _OpenQuote:
            more = _until_quote(source, further, LONGEST_CELL - len(text))
        except ValueError as error:
            reason = str(error)
            break
        if isinstance(more, str):
            text += more
            continue
        if more is not None:
            reason = f"a quote is opened here, and before it closes: {more.reason}"
        break
    source.give_back(further)
    return _broken(number, raw, delimiter, reason)


def _until_quote(source: _Lines, further: list[tuple[int, bytes]], room: int) -> str | _Undecodable | None:
    """The text of the following lines up to one that holds a quote; None where there is none near enough."""
    gathered: list[str] = []
    while room > 0 and (taken := source.take()) is not None:
        further.append(taken)
        text = _text(taken[1])
        if isinstance(text, _Undecodable):
            return text
        gathered.append("\n" + text)
        room -= len(text) + 1
        if '"' in text:
            return "".join(gathered)
    return None


def _text(raw: bytes) -> str | _Undecodable:
    line = raw.rstrip(b"\r\n")
    if b"\x00" in line:
        return _Undecodable("the line holds a NUL character")
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        return _Undecodable(f"byte {error.start + 1} of the line is not UTF-8 (save the file as “CSV UTF-8”)")


def _cells(text: str, delimiter: str) -> list[str]:
    try:
        (cells,) = csv.reader([text], delimiter=delimiter, strict=True)
    except csv.Error as error:
        if str(error) == _OPEN_QUOTE:
            raise _OpenQuote from error
        raise ValueError(f"bad quoting: {error}") from error
    return cells


def _broken(number: int, raw: bytes, delimiter: str, reason: str) -> Broken:
    text = raw.rstrip(b"\r\n").decode("utf-8", "replace").replace("\x00", "␀")
    return Broken(number, reason, text, [cell.strip().strip('"').strip() for cell in text.split(delimiter)])
