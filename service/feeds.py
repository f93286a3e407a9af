"""What is pulled from where: every source of the config as an object of a connection, with the fields to bring.

The fields of an object are those that any source maps, plus those that we write back (so that what the CRM says now comes
with the record). Which fields were asked for is part of a cursor's identity: a field that is mapped anew is read from the
beginning, not only where something changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Literal

from connectors.files.reading import FileLayout
from mapping.config import RosterSource, SourceName
from partnersync.facts import Kind
from service.settings import Settings

FILES = "file"
"""The connection that CSV files come from."""
KINDS: tuple[Literal["account", "opportunity", "registration", "touchpoint", "override"], ...] = (
    "account",
    "opportunity",
    "registration",
    "touchpoint",
    "override",
)


@dataclass(frozen=True, slots=True)
class Feed:
    """One object of one connection: the kind of fact its records are, and the fields to bring."""

    connection: str
    object: str
    kind: Kind
    fields: tuple[str, ...]
    layout: FileLayout | None = None

    @property
    def name(self) -> str:
        """How people know it: ``salesforce.Account``, ``registrations.csv``."""
        return self.layout.file if self.layout else f"{self.connection}.{self.object}"


def feeds(settings: Settings) -> tuple[Feed, ...]:
    """Every object to pull, once; an object that is both accounts and roster is pulled as accounts."""
    found: dict[tuple[str, str], Feed] = {}
    for kind in KINDS:
        for source in getattr(settings.sources, kind):
            _add(found, source.name, kind, _fields(source), _written(settings, source.name, kind))
    roster = settings.partners.roster
    if isinstance(roster, RosterSource):
        _add(found, roster.from_, "partner", _fields(roster), ())
    if settings.partners.tiers is not None:
        _add(found, settings.partners.tiers.from_, "tier", _fields(settings.partners.tiers), ())
    return tuple(found.values())


def layouts(settings: Settings) -> Mapping[str, FileLayout]:
    """The CSV files by object name, for the connector that reads them."""
    return {feed.object: feed.layout for feed in feeds(settings) if feed.layout is not None}


def _add(
    found: dict[tuple[str, str], Feed], name: SourceName, kind: Kind, fields: Mapping[str, str], written: Iterable[str]
) -> None:
    layout = FileLayout(name.object, fields.get("id")) if name.connection == FILES else None
    object_ = PurePath(name.object).stem if layout else name.object
    known = found.get((name.connection, object_))
    wanted = {*fields.values(), *written, *(known.fields if known else ())}
    found[name.connection, object_] = Feed(
        name.connection, object_, known.kind if known else kind, tuple(sorted(wanted)), layout
    )


def _fields(source: Any) -> dict[str, str]:
    """Our word → the source's field, the config's own fields among them."""
    mapped = {ours: theirs for ours in type(source.fields).model_fields if (theirs := getattr(source.fields, ours))}
    return {**mapped, **{name: extra.field for name, extra in getattr(source, "extra", {}).items()}}


def _written(settings: Settings, name: SourceName, kind: str) -> tuple[str, ...]:
    section = settings.writeback.get(name.connection)
    return tuple(getattr(section, kind, {})) if section and kind in {"account", "opportunity"} else ()
