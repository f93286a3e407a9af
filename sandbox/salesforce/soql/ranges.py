"""Date literals such as TODAY and LAST_N_DAYS:30 as half-open ranges of days in the user's timezone.

Example on Thursday 2026-03-05: LAST_N_DAYS:2 is [03-03, 03-06), LAST_WEEK (weeks begin on Sunday) is
[02-22, 03-01), THIS_QUARTER is [01-01, 04-01). The fiscal year is the calendar year.
"""

import re
from datetime import date, timedelta

_COUNTED = re.compile(r"(LAST_N|NEXT_N|N)_([A-Z]+?)(?:S)?(_AGO)?:(\d+)\Z")
_PLAIN = re.compile(r"(LAST|THIS|NEXT)_(FISCAL_)?(WEEK|MONTH|QUARTER|YEAR)\Z")
_DAYS = {"TODAY": 0, "YESTERDAY": -1, "TOMORROW": 1}
_STEP = {"LAST": -1, "THIS": 0, "NEXT": 1}
Range = tuple[date, date]


def day_range(text: str, today: date) -> Range | None:
    """The days a date literal covers, its end exclusive; None where it is no date literal."""
    word = text.upper()
    one = timedelta(days=1)
    if word in _DAYS:
        start = today + timedelta(days=_DAYS[word])
        return start, start + one
    if word == "LAST_90_DAYS":
        return today - timedelta(days=90), today + one
    if word == "NEXT_90_DAYS":
        return today + one, today + timedelta(days=91)
    if plain := _PLAIN.match(word):
        return _units(plain[3], today, _STEP[plain[1]], 1)
    counted = _COUNTED.match(word)
    if counted is None:
        return None
    head, unit, ago, number = counted[1], counted[2].removeprefix("FISCAL_"), counted[3], int(counted[4])
    if number > 10_000 or unit not in ("DAY", "WEEK", "MONTH", "QUARTER", "YEAR") or (head == "N") != bool(ago):
        return None
    if unit == "DAY":
        match head:
            case "LAST_N":
                return today - timedelta(days=number), today + one
            case "NEXT_N":
                return today + one, today + timedelta(days=number + 1)
            case _:
                return today - timedelta(days=number), today - timedelta(days=number - 1)
    match head:
        case "LAST_N":
            return _units(unit, today, -number, number)
        case "NEXT_N":
            return _units(unit, today, 1, number)
        case _:
            return _units(unit, today, -number, 1)


def _units(unit: str, today: date, first: int, count: int) -> Range:
    return _start(unit, today, first), _start(unit, today, first + count)


def _start(unit: str, today: date, step: int) -> date:
    if unit == "WEEK":
        sunday = today - timedelta(days=(today.weekday() + 1) % 7)
        return sunday + timedelta(weeks=step)
    months = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}[unit]
    index = (today.year * 12 + today.month - 1) // months * months + step * months
    index = min(max(index, 12), 9998 * 12)
    return date(index // 12, index % 12 + 1, 1)
