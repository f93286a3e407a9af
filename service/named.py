"""Every field of a source that the config names, with its place in the file and what it must hold to be of use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mapping.config import RosterInline, SourceName
from partnersync.records import FieldKind
from partnersync.source import Where
from reconcile.writeback.config import FieldRule
from service.settings import Settings

_DAYS: tuple[FieldKind, ...] = ("date", "datetime")
_NEEDS: dict[str, tuple[FieldKind, ...]] = {
    "amount": ("number",),
    "weight": ("number",),
    "number": ("number",),
    "boolean": ("boolean",),
    "closes_on": _DAYS,
    "committed_on": _DAYS,
    "joined_on": _DAYS,
    "merged_on": _DAYS,
    "created_at": _DAYS,
    "submitted_at": _DAYS,
    "approved_at": _DAYS,
    "effective_at": _DAYS,
    "occurred_at": _DAYS,
    "recorded_at": _DAYS,
    "date": _DAYS,
    "datetime": _DAYS,
}


@dataclass(frozen=True, slots=True)
class Origin:
    """One source: where it stands, what it is, and its model."""

    where: Where
    name: SourceName
    kind: str
    model: Any


@dataclass(frozen=True, slots=True)
class Read:
    """A field that is read, under our word for it; ``kinds`` are those that can be read as that word (empty: any)."""

    where: Where
    origin: Origin
    field: str
    ours: str
    kinds: tuple[FieldKind, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """A field that is written, on which object, by which rule."""

    where: Where
    connection: str
    object: str
    field: str
    rule: FieldRule

    @property
    def value(self) -> str:
        """What is written: ``partner.name``."""
        return str(getattr(self.rule, "value", ""))


def origins(settings: Settings) -> Iterator[Origin]:
    """Every source, the roster and the tiers among them."""
    for kind in ("account", "opportunity", "registration", "touchpoint", "override"):
        for at, source in enumerate(getattr(settings.sources, kind)):
            yield Origin(("sources", kind, at), source.name, kind, source)
    for name in ("roster", "tiers"):
        section = getattr(settings.partners, name)
        if section is not None and not isinstance(section, RosterInline):
            yield Origin(("partners", name), section.from_, name, section)


def read(settings: Settings) -> Iterator[Read]:
    """Every field that is read."""
    for origin in origins(settings):
        fields = origin.model.fields
        for name, about in type(fields).model_fields.items():
            theirs = getattr(fields, name)
            if theirs is not None:
                ours = about.alias or name
                yield Read((*origin.where, "fields", ours), origin, theirs, ours, _NEEDS.get(ours, ()))
        for name, extra in getattr(origin.model, "extra", {}).items():
            where = (*origin.where, "extra", name, "field")
            yield Read(where, origin, extra.field, name, _NEEDS.get(extra.type, ()))


def written(settings: Settings) -> Iterator[Written]:
    """Every field that is written, once per object that it is written to."""
    for name, section in settings.writeback.items():
        for kind in ("opportunity", "account"):
            objects = [s.name.object for s in getattr(settings.sources, kind) if s.name.connection == name]
            for field, rule in getattr(section, kind).items():
                for object_ in objects:
                    yield Written(("writeback", name, kind, field), name, object_, field, rule)
