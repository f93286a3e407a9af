"""Columns: a field of ours, the source's name for it, and how its value is read; what fails names the setting to mend."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from mapping import values
from mapping.conditions.vocabulary import ExtraKind
from partnersync.records import RawRecord, Value

Read = Callable[[Value], Any]


class UnreadableError(Exception):
    """One record cannot be read; the message names the setting or the value to mend."""


class Column(NamedTuple):
    """A field of ours, the source's name for it, and how its value is read."""

    ours: str
    theirs: str
    read: Read


class Columns:
    """The columns of one source; ``path`` is the setting that lists them. A first load reads them for each record."""

    def __init__(self, columns: Iterable[Column], path: str) -> None:
        self._all = tuple(columns)
        self._texts = tuple((ours, theirs) for ours, theirs, read in self._all if read is values.text)
        self._others = tuple(column for column in self._all if column.read is not values.text)
        self._path = path

    def read(self, record: RawRecord) -> dict[str, Any]:
        """Every column under our name.

        Raises:
            UnreadableError: a field is absent or holds what it cannot.
        """
        if not self._all:
            return {}
        held = record.values
        try:
            given = {  # most columns are texts: those are read in place
                ours: (value.strip() or None) if type(value := held[theirs]) is str else values.text(value)
                for ours, theirs in self._texts
            }
            for ours, theirs, read in self._others:
                given[ours] = read(held[theirs])
        except (KeyError, ValueError):
            return self._read_one_by_one(held)
        return given

    def _read_one_by_one(self, held: Mapping[str, Value]) -> dict[str, Any]:
        """The same, knowing which column fails."""
        given: dict[str, Any] = {}
        for column in self._all:
            try:
                given[column.ours] = column.read(held[column.theirs])
            except KeyError:
                raise UnreadableError(
                    f"{self._path}.{column.ours}: the source did not give {column.theirs!r}: it is hidden, renamed or gone"
                ) from None
            except ValueError as error:
                raise UnreadableError(f"{self._path}.{column.ours}: {column.theirs} {error}") from None
        return given


def mapped_words(ours: str, maps: Mapping[str, Mapping[str, Iterable[str]]], path: str) -> Read | None:
    """The reading of a field whose values the config maps; None where it maps none."""
    if ours not in maps:
        return None
    words = {value: word for word, held in maps[ours].items() for value in held}

    def read(value: Value) -> str | None:
        if type(value) is str and value in words:
            return words[value]
        given = values.text(value)
        if given is None:
            return None
        try:
            return words[given]
        except KeyError:
            raise UnreadableError(f"the value {given!r} is in no list of {path}.values.{ours}") from None

    return read


def extra_reading(kind: ExtraKind, timezone: str) -> Read:
    """How a field of the config's own is read; days and instants become ISO text."""
    match kind:
        case "text":
            return values.text
        case "number":
            return values.number
        case "boolean":
            return values.boolean
        case "date":
            return lambda value: _iso(values.day(value, timezone))
        case "datetime":
            return lambda value: _iso(values.instant(value, timezone))


def _iso(moment: date | datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
