"""What one request works with: the connection, the instant, the switches, the definitions, the author."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import orjson

from sandbox.hubspot import refusals
from sandbox.hubspot.definitions import Property, property_of
from sandbox.hubspot.kinds import Kind, kind_named
from sandbox.settings import HubSpotSettings


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes: an integration by its token, or a person in the user interface."""

    source: str
    source_id: str
    label: str | None
    user_id: int | None


@dataclass(frozen=True, slots=True)
class Stage:
    """A pipeline stage, as far as records depend on it."""

    id: str
    closed: bool
    probability: Decimal | None


@dataclass(frozen=True, slots=True)
class Catalog:
    """Definitions, pipelines and owners at one version of them."""

    version: int
    properties: Mapping[str, Mapping[str, Property]]
    pipelines: Mapping[str, Mapping[str, Mapping[str, Stage]]]
    owners: frozenset[str]


@dataclass(frozen=True, slots=True)
class Desk:
    """The ground under one request; inside a write it is that transaction."""

    db: sqlite3.Connection
    now: int
    settings: HubSpotSettings
    catalog: Catalog
    author: Author
    strict: bool = False
    """Whether the rules of API versions from 2026-09 on apply."""

    def properties(self, kind: Kind) -> Mapping[str, Property]:
        return self.catalog.properties[kind.type_id]


def kind_of(name: str) -> Kind:
    """The object type in a path. Raises: `Refusal` 400."""
    kind = kind_named(name)
    if kind is None:
        raise refusals.unknown_type(name)
    return kind


@dataclass(slots=True)
class Catalogs:
    """The newest catalog read, kept until a transaction changes the version in the store."""

    _kept: Catalog | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def current(self, db: sqlite3.Connection, *, keep: bool) -> Catalog:
        """The catalog as this connection sees it. A writer must not keep it: it may yet roll back."""
        (version,) = db.execute("SELECT value FROM hs_counter WHERE name = 'catalog'").fetchone()
        kept = self._kept
        if kept is not None and kept.version == version:
            return kept
        read = _read(db, version)
        if keep:
            with self._lock:
                if self._kept is None or self._kept.version < version:
                    self._kept = read
        return read


def _read(db: sqlite3.Connection, version: int) -> Catalog:
    properties: dict[str, dict[str, Property]] = {}
    for kind, definition in db.execute("SELECT kind, definition FROM hs_property WHERE archived = 0"):
        prop = property_of(orjson.loads(definition))
        properties.setdefault(kind, {})[prop.name] = prop
    pipelines: dict[str, dict[str, dict[str, Stage]]] = {}
    for kind, pipeline in db.execute("SELECT kind, id FROM hs_pipeline WHERE archived = 0"):
        pipelines.setdefault(kind, {})[pipeline] = {}
    rows = db.execute("SELECT kind, pipeline, id, metadata FROM hs_stage WHERE archived = 0")
    for kind, pipeline, id_, metadata in rows:
        if pipeline in pipelines.get(kind, {}):
            pipelines[kind][pipeline][id_] = _stage(id_, orjson.loads(metadata))
    owners = frozenset(str(row[0]) for row in db.execute("SELECT id FROM hs_owner"))
    return Catalog(version, properties, pipelines, owners)


def _stage(id_: str, metadata: Mapping[str, str]) -> Stage:
    probability = metadata.get("probability")
    return Stage(id_, metadata.get("isClosed") == "true", Decimal(probability) if probability is not None else None)
