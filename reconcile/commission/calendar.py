"""Fiscal periods: which one a day lies in, what it is called, and where money may still be posted.

A fiscal year that is the calendar year is called by it: ``2026``, ``2026-Q1``, ``2026-M01``. Any other is called by the
calendar year in which it **ends**, as accountants do, and says so with ``FY``: with years from 1 February, the quarter of
February to April 2026 is ``FY2027-Q1``, because that year ends on 31 January 2027.

A period is ``future`` until its first day, then ``open``, unless the ledger says that it is ``soft_closed`` or ``locked``.
What is owed in a period is posted in it while it is open, else in the earliest open period after it; where none is open yet
it waits.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from partnersync.clock import local_day
from partnersync.lines import Period, PeriodState
from reconcile.commission.config import Calendar, Span

_LABEL = re.compile(r"(FY)?(\d{4})(?:-(?:Q([1-4])|M(0[1-9]|1[0-2])))?", re.ASCII)
_MONTHS: Mapping[Span, int] = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True, slots=True)
class FiscalCalendar:
    """A programme's timezone and fiscal year; ``span`` is the length of a commission period."""

    timezone: str
    starts: tuple[int, int] = (1, 1)
    span: Span = "quarter"

    @classmethod
    def of(cls, calendar: Calendar, timezone: str | None = None) -> FiscalCalendar:
        """The config's calendar, in a programme's own timezone where it has one."""
        return cls(timezone or calendar.timezone, calendar.fiscal_year_starts, calendar.periods)

    def day(self, instant: datetime) -> date:
        """The local day of an instant."""
        return local_day(instant, self.timezone)

    def begins(self, day: date) -> datetime:
        """The instant at which a local day begins, in UTC."""
        return datetime.combine(day, time(), ZoneInfo(self.timezone)).astimezone(UTC)

    def period_of(self, day: date, span: Span | None = None) -> Period:
        """The period that a day lies in."""
        months = day.year * 12 + day.month - 1 - (1 if day.day < self.starts[1] else 0)
        return self._period(months - (self.starts[0] - 1), span or self.span)

    def period(self, label: str) -> Period:
        """The period of this label.

        Raises:
            ValueError: this calendar has no period of that name.
        """
        match = _LABEL.fullmatch(label)
        if match is None or bool(match[1]) != self._named_by_end:
            first = self.period_of(date(2026, 6, 15)).label
            raise ValueError(f"{label!r} is not a period of this calendar; expected one such as {first}")
        year = int(match[2]) - (1 if self._named_by_end else 0)
        if match[3]:
            return self._period(year * 12 + (int(match[3]) - 1) * 3, "quarter")
        if match[4]:
            return self._period(year * 12 + int(match[4]) - 1, "month")
        return self._period(year * 12, "year")

    @property
    def _named_by_end(self) -> bool:
        return self.starts != (1, 1)

    def _period(self, fiscal_month: int, span: Span) -> Period:
        """The period of a fiscal month, counted from the start of fiscal year 0."""
        length = _MONTHS[span]
        first = fiscal_month - fiscal_month % length
        year, month = divmod(first, 12)
        label = f"FY{year + 1:04d}" if self._named_by_end else f"{year:04d}"
        if span == "quarter":
            label += f"-Q{month // 3 + 1}"
        elif span == "month":
            label += f"-M{month + 1:02d}"
        return Period(self._first_day(first), self._first_day(first + length), label)

    def _first_day(self, fiscal_month: int) -> date:
        year, month = divmod(fiscal_month + self.starts[0] - 1, 12)
        return date(year, month + 1, self.starts[1])


@dataclass(frozen=True, slots=True)
class Periods:
    """A programme's periods as of a day; ``closed`` are those that somebody soft-closed or locked, by label."""

    calendar: FiscalCalendar
    today: date
    closed: Mapping[str, PeriodState] = field(default_factory=dict)

    def state(self, period: Period) -> PeriodState:
        """Whether a period is future, open, soft-closed or locked."""
        known = self.closed.get(period.label)
        return known or ("open" if period.starts_on <= self.today else "future")

    def posting(self, period: Period) -> Period | None:
        """The period in which a line of this effective period is posted; None where it must wait for one to open."""
        while True:
            state = self.state(period)
            if state == "open":
                return period
            if state == "future":
                return None
            period = self.calendar.period_of(period.ends_on)
