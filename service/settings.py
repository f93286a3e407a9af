"""The whole config file: the sections of every package composed, checked against one another, and its version by meaning."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from reconcile.commission.config import Calendar, Commission, MoneyRules

from connectors.config import Connections
from mapping.conditions import Vocabulary
from mapping.config import Attribution, MappingSections, Partners, Programs, Registrations, Sources, vocabulary
from mapping.config import faults as mapping_faults
from partnersync.ids import digest
from partnersync.placing import Check, Fault, place
from partnersync.source import Tree, Where, read_source
from partnersync.units import Days, Slug
from reconcile.writeback.config import ConnectionWriteback, Guards, People


def _database(value: str) -> str:
    if not value.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise ValueError(f"expected sqlite:///file.db or postgresql+psycopg://user@host/database, found {value!r}")
    return value


class State(BaseModel):
    """Where partnersync keeps what it knows, and how long raw payloads with personal data are kept."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Annotated[str, AfterValidator(_database)] = "sqlite:///partnersync.db"
    keep_payloads: Days = 400


class Settings(BaseModel):
    """One config file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal["1"]
    workspace: Slug
    calendar: Calendar
    money: MoneyRules
    state: State = Field(default_factory=State)
    connections: Connections
    sources: Sources
    programs: Programs
    partners: Partners
    registrations: Registrations = Field(default_factory=Registrations)
    attribution: Attribution = Field(default_factory=Attribution)
    commission: Commission | None = None
    writeback: dict[str, ConnectionWriteback] = Field(default_factory=dict)
    people: People = Field(default_factory=People)
    guards: Guards = Field(default_factory=Guards)

    @property
    def mapping(self) -> MappingSections:
        """The sections that mapping reads."""
        return MappingSections(
            self.calendar.timezone, self.sources, self.programs, self.partners, self.attribution, self.registrations
        )

    @property
    def meaning(self) -> str:
        """The version of the rules: a hash of what the file means. Schedules, addresses and credentials are no part of it."""
        told = self.model_dump(mode="json", exclude={"connections", "state", "people", "guards"})
        return digest(told)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A config file that was read: its settings, and the folder that relative paths in it start from."""

    settings: Settings
    file: Path

    @property
    def home(self) -> Path:
        """The config file's folder."""
        return self.file.resolve().parent


def load(file: Path) -> Loaded:
    """Read and check a config file.

    Raises:
        ConfigError: with every mistake in it.
    """
    return Loaded(place(read_source(file), Settings, CHECKS), file)


STAND_INS: dict[str, Tree] = {
    "version": "1",
    "workspace": "unnamed",
    "calendar": {"timezone": "UTC"},
    "money": {"reporting_currency": "USD"},
    "sources": {
        "opportunity": [
            {
                "from": "file:none.csv",
                "fields": {"name": "n", "stage": "s", "amount": "a", "closes_on": "c"},
                "stages": {"won": ["w"]},
            }
        ]
    },
    "programs": {"none": {"title": "none", "currency": "USD"}},
    "partners": {"roster": {"inline": []}},
}
"""Right values for the required sections, so that one that is missing does not hide the mistakes of the others."""


def _check_mapping(settings: Settings) -> Iterator[Fault]:
    yield from mapping_faults(settings.mapping, settings.connections)


def _check_writeback(settings: Settings) -> Iterator[Fault]:
    words: Vocabulary = vocabulary(settings.mapping)
    for name, section in settings.writeback.items():
        here: Where = ("writeback", name)
        if name not in settings.connections:
            yield Fault(here, f"no connection is called {name!r}", "name one under `connections`", at_key=True)
            continue
        for kind in ("opportunity", "account"):
            sources = [source for source in getattr(settings.sources, kind) if source.name.connection == name]
            if getattr(section, kind) and not sources:
                yield Fault(
                    (*here, kind), f"no {kind} is read from {name}", f"add it under sources.{kind}", at_key=True
                )
        seen: set[str] = set()
        for index, task in enumerate(section.tasks):
            if task.id in seen:
                yield Fault((*here, "tasks", index, "id"), f"the task {task.id!r} is already in the list")
            seen.add(task.id)
            names = ("opportunity", "account", "partner", "attribution")
            yield from task.when.faults((*here, "tasks", index, "when"), words, names)


CHECKS: tuple[Check[Settings], ...] = (_check_mapping, _check_writeback)
