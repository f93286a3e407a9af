"""Whom apply works with: the journal, the CRM's writer, the fence; protocols that state, connectors and service fulfil."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from partnersync.changes import Done, Intent, Outcome, TaskChange, Write


class Journal(Protocol):
    """Where intents are kept; every method commits, and refuses when the lease is lost."""

    def begin(self, intents: Sequence[Intent]) -> None:
        """Store as in flight, with the old values, before anything is sent."""
        ...

    def finish(self, results: Sequence[Done]) -> None:
        """Store outcomes; what is applied or verified becomes B."""
        ...

    def park(self, intents: Sequence[Intent]) -> Mapping[str, str]:
        """Park those of these that the CRM refused and would refuse again: key → what it said."""
        ...

    def unresolved(self, crm: str, org: str) -> Sequence[Intent]:
        """What an earlier run left in flight or unknown on this org."""
        ...


@dataclass(frozen=True, slots=True)
class Said:
    """What a record says now. ``by_us``: the source tells that nobody changed it after us."""

    values: Mapping[str, str | None]
    by_us: bool


class Writer(Protocol):
    """The part of a connector that apply needs, in its own words."""

    @property
    def batch(self) -> int:
        """How many tasks go in one request."""
        ...

    def sizes(self, count: int) -> tuple[int, int]:
        """How ``count`` field writes to one object go: so many are journaled and read back together, so many in one request."""
        ...

    def current(
        self, object_: str, ids: Sequence[str], fields: Sequence[str]
    ) -> Mapping[str, Mapping[str, str | None]]:
        """The present values by record id; a field that is hidden is left out, a record that is gone too."""
        ...

    def read_back(self, object_: str, ids: Sequence[str], fields: Sequence[str]) -> Mapping[str, Said]:
        """The same, after a write."""
        ...

    def send(self, writes: Sequence[Write]) -> Iterator[Outcome]:
        """One outcome per write."""
        ...

    def prepare_tasks(self, tasks: Sequence[TaskChange]) -> None:
        """Ask what must be known before these are put."""
        ...

    def put_tasks(self, tasks: Sequence[TaskChange]) -> Iterator[Outcome]:
        """One outcome per task, keyed by the task's key."""
        ...

    def find_tasks(self, tasks: Sequence[TaskChange], *, deleted_too: bool = False) -> Mapping[str, str]:
        """The CRM's ids of those tasks that exist, by their key; with ``deleted_too`` also of those that it remembers."""
        ...

    def changed_tasks(self, tasks: Sequence[TaskChange]) -> Mapping[str, str]:
        """The CRM's ids of those updated or closed tasks that say by now what was wanted of them, by their key."""
        ...

    def lands_within(self) -> timedelta:
        """How long a task's creation without an answer may still run; zero where a second one ends in the first."""
        ...


class Fence(Protocol):
    """Proof that this process is still the one that may write."""

    def check(self) -> None:
        """Raises:
        ConflictError: the lease is lost. HaltedError: a person pulled the switch.
        """
        ...
