"""Which slots are due: pure arithmetic over the config and the clock; the truth of what ran is slot rows in the database.

A hot or warm slot is the instant at which the running interval began, counted from the epoch, so that two schedulers, a
missed tick, a doubled tick or a restart all name the same slot. A cold slot is a local day, so that a doubled 01:30 in
autumn is one slot and a skipped 02:30 in spring is made up for as soon as the clock is past it. After a standstill only the
newest slot of each kind is due: catching up once brings what ten missed cycles would have.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Kind = Literal["hot", "warm", "cold"]


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often one connection is read; ``cold_at`` is (hour, minute) in ``timezone``, None for never."""

    connection: str
    every: timedelta
    warm_every: timedelta | None
    cold_at: tuple[int, int] | None
    timezone: str


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """One unit of work in time: a connection read in one freshness class at ``at``."""

    at: datetime
    connection: str
    kind: Kind

    @property
    def name(self) -> str:
        """What the slot row is filed under."""
        return f"{self.kind}:{self.connection}"


def current(now: datetime, rhythms: Iterable[Rhythm]) -> tuple[Slot, ...]:
    """The newest slot of every kind and connection that has begun."""
    slots = []
    for rhythm in rhythms:
        slots.append(Slot(_floor(now, rhythm.every), rhythm.connection, "hot"))
        if rhythm.warm_every:
            slots.append(Slot(_floor(now, rhythm.warm_every), rhythm.connection, "warm"))
        if rhythm.cold_at:
            slots.append(Slot(_last_local(now, rhythm.cold_at, rhythm.timezone), rhythm.connection, "cold"))
    return tuple(slots)


def due(now: datetime, rhythms: Iterable[Rhythm], done: Mapping[str, datetime]) -> tuple[Slot, ...]:
    """The slots to claim now; ``done`` is the newest slot already claimed, by slot name."""
    return tuple(sorted(slot for slot in current(now, rhythms) if slot.name not in done or done[slot.name] < slot.at))


def _floor(now: datetime, every: timedelta) -> datetime:
    seconds = int(every.total_seconds())
    return datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, UTC)


def _last_local(now: datetime, at: tuple[int, int], timezone: str) -> datetime:
    """The start of the newest local day whose time of day ``at`` has passed."""
    zone = ZoneInfo(timezone)
    today = now.astimezone(zone).date()
    if now < datetime.combine(today, time(*at), zone).astimezone(UTC):
        today -= timedelta(days=1)
    return datetime.combine(today, time(), UTC)
