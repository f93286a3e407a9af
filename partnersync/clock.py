"""Where time comes from: instants are aware UTC and handed in, never looked up below ``service/``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo


class Clock(Protocol):
    """Tells the present instant."""

    def now(self) -> datetime:
        """An aware UTC instant."""
        ...


@dataclass(frozen=True, slots=True)
class FixedClock:
    """A clock that stands still: worked examples and recomputation from stored facts."""

    at: datetime

    def now(self) -> datetime:
        return self.at


def utc(instant: datetime) -> datetime:
    """The same instant in UTC.

    Raises:
        ValueError: the instant has no zone; guessing one would move money between periods.
    """
    if instant.tzinfo is UTC:
        return instant
    if instant.tzinfo is None:
        raise ValueError(f"{instant.isoformat()} has no time zone")
    return instant.astimezone(UTC)


def parse_instant(text: str) -> datetime:
    """Read ISO 8601 as the vendors write it (``Z``, ``+0000``, ``+02:00``, with or without milliseconds) into UTC.

    Raises:
        ValueError: not an instant, or one without a zone.
    """
    instant = datetime.fromisoformat(text.strip())
    return instant if instant.tzinfo is UTC else utc(instant)


def local_day(instant: datetime, timezone: str) -> date:
    """The calendar day of ``instant`` in the programme's timezone.

    >>> local_day(datetime(2026, 10, 1, 3, 30, tzinfo=UTC), "America/Los_Angeles")
    datetime.date(2026, 9, 30)
    """
    return instant.astimezone(ZoneInfo(timezone)).date()
