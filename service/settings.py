"""The whole config file: the sections of every package composed, checked against one another, and its version by meaning."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

from connectors.config import Connections
from mapping.config import Attribution, MappingSections, Partners, Programs, Registrations, Sources
from partnersync.ids import digest
from partnersync.placing import place
from partnersync.source import Source, read_source
from partnersync.units import Slug
from reconcile.commission.config import Calendar, Commission, MoneyRules
from reconcile.writeback.config import ConnectionWriteback, Guards, People
from service.agreement import AGREEMENTS


def _database(value: str) -> str:
    if not value.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise ValueError(f"expected sqlite:///file.db or postgresql+psycopg://user@host/database, found {value!r}")
    return value


class State(BaseModel):
    """Where partnersync keeps what it knows."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Annotated[str, AfterValidator(_database)] = "sqlite:///partnersync.db"


class Settings(BaseModel):
    """One config file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Annotated[Literal["1"], WithJsonSchema({"enum": [1, "1"]})]
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

    @cached_property
    def meaning(self) -> str:
        """The version of the rules: a hash of what the file means. Schedules, addresses and credentials are no part of it."""
        told = self.model_dump(mode="json", exclude={"connections", "state", "people", "guards"})
        return digest(told)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A config file that was read: its settings, the text's places, and the folder that relative paths in it start from."""

    settings: Settings
    file: Path
    source: Source

    @property
    def home(self) -> Path:
        """The config file's folder."""
        return self.file.resolve().parent


def load(file: Path) -> Loaded:
    """Read and check a config file.

    Raises:
        ConfigError: with every mistake in it.
    """
    source = read_source(file)
    return Loaded(place(source, Settings, AGREEMENTS), file, source)
