"""When things happen: two years up to `today`, busier in spring and autumn, with closings crowding quarter ends.

All instants are whole seconds before today's midnight UTC, so that no world holds a record from its own future.
"""

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Final

DAYS: Final = 730
# How busy each month is, out of 10: August and December are quiet for new business.
_BUSY: Final = (8, 9, 10, 8, 9, 9, 6, 4, 10, 10, 9, 4)


@dataclass(frozen=True, slots=True)
class Season:
    """The two years before `today`."""

    today: date

    @property
    def start(self) -> date:
        return self.today - timedelta(days=DAYS)

    @property
    def midnight(self) -> datetime:
        """The first instant that lies outside the world."""
        return datetime.combine(self.today, time(), UTC)

    def day(self, rng: Random, first: date) -> date:
        """A working day in [first, today), by how busy its month is."""
        span = max(1, (self.today - first).days)
        for _ in range(12):
            day = first + timedelta(days=int(rng.random() * span))
            if day.weekday() < 5 and rng.random() * 10 < _BUSY[day.month - 1]:
                return day
        return first

    def instant(self, rng: Random, day: date, not_before: datetime | None = None) -> datetime:
        """An instant in office hours of `day`, not before the given one and never past the world's end."""
        at = datetime.combine(day, time(), UTC) + timedelta(seconds=25_200 + int(rng.random() * 43_200))
        if not_before is not None and at <= not_before:
            at = not_before + timedelta(seconds=60 + int(rng.random() * 7_200))
        return min(at, self.midnight - timedelta(seconds=1 + int(rng.random() * 3_600)))

    def closing(self, rng: Random, day: date) -> date:
        """The day on which a deal meant for `day` is really signed: many are hurried to a period's last days."""
        luck = rng.random()
        if luck < 0.40:
            month = day.month + (-day.month) % 3
        elif luck < 0.65:
            month = day.month
        else:
            return _working(day)
        end = date(day.year, month, calendar.monthrange(day.year, month)[1])
        if (end - day).days > 45:
            return _working(day)
        return _working(end - timedelta(days=int(rng.random() * 4)))


def _working(day: date) -> date:
    return day - timedelta(days=max(0, day.weekday() - 4))


def quarter_starts(first: date, last: date) -> list[date]:
    """The first days of the calendar quarters from the one holding `first` to the one after `last`."""
    year, month = first.year, first.month - (first.month - 1) % 3
    starts = [date(year, month, 1)]
    while starts[-1] <= last:
        year, month = (year + 1, 1) if month == 10 else (year, month + 3)
        starts.append(date(year, month, 1))
    return starts
