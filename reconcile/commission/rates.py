"""Rates of exchange: found once for a deal, frozen, and never guessed.

**Looking up.** The rate for a day is the last one published on or before it, if it is not older than ``max_age`` days (7):
with EUR→USD 1.08 published on Monday 2 March, a deal closed on 9 March converts at 1.08, one closed on 10 March is blocked.
A pair is looked for as published (EUR→USD), then the other way round (the exact reciprocal of USD→EUR: 1/0.8 is 5/4), then as
two such steps over the reporting currency, and over no other. The path is kept with the rate, so that a statement can show it.

**Freezing.** The rate belongs to (source, generation, pair, rate date). Once used it is used again in every later D, so
that EUR 8,000 at 10 % and 1.08 is 864.00 when it is earned and −864.00 when it is taken back, whatever the table says by
then. Another date, currency or generation is looked up anew.

A missing rate is never 1.0: the deal is blocked until one is published.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from partnersync.ids import Ref
from partnersync.lines import FrozenRate, Rate, RateRow


@dataclass(frozen=True, slots=True)
class _Series:
    days: tuple[date, ...]
    values: tuple[Fraction, ...]


@dataclass(frozen=True, slots=True)
class RateTable:
    """Published rates by pair. ``max_age`` is in days."""

    series: Mapping[tuple[str, str], _Series]
    reporting: str
    max_age: int = 7

    @classmethod
    def of(cls, rows: Iterable[RateRow], reporting: str, max_age: int = 7) -> RateTable:
        """A table of rows in any order; of two for one pair and day the later row counts, one that is not positive never."""
        pairs: dict[tuple[str, str], dict[date, Fraction]] = {}
        for row in rows:
            if row.value > 0:
                pairs.setdefault((row.base, row.quote), {})[row.on] = Fraction(row.value)
        series: dict[tuple[str, str], _Series] = {}
        for pair, published in pairs.items():
            days = tuple(sorted(published))
            series[pair] = _Series(days, tuple(published[day] for day in days))
        return cls(series, reporting, max_age)

    def rate(self, base: str, quote: str, on: date) -> Rate | None:
        """The rate for a day, None where none is published or the last one is too old."""
        found = self._pair(base, quote, on)
        if found is None and self.reporting not in (base, quote):
            first, second = self._pair(base, self.reporting, on), self._pair(self.reporting, quote, on)
            if first is not None and second is not None:
                path = f"{first.path} × {second.path}"
                return Rate(base, quote, min(first.on, second.on), first.value * second.value, path)
        return found

    def _pair(self, base: str, quote: str, on: date) -> Rate | None:
        direct = self._published(base, quote, on)
        if direct is not None:
            return Rate(base, quote, direct[0], direct[1], f"{base}→{quote} of {direct[0]}")
        inverse = self._published(quote, base, on)
        if inverse is not None:
            return Rate(base, quote, inverse[0], 1 / inverse[1], f"1 ÷ {quote}→{base} of {inverse[0]}")
        return None

    def _published(self, base: str, quote: str, on: date) -> tuple[date, Fraction] | None:
        series = self.series.get((base, quote))
        if series is None:
            return None
        at = bisect_right(series.days, on) - 1
        if at < 0 or (on - series.days[at]).days > self.max_age:
            return None
        return series.days[at], series.values[at]


class Conversions:
    """The rates of one deal's generation: frozen ones first, then the table's, which are frozen from here on (``new``)."""

    def __init__(self, table: RateTable, opportunity: Ref, generation: int, frozen: Iterable[FrozenRate]) -> None:
        self._table = table
        self._of = (opportunity, generation)
        self._known = {
            (each.rate.base, each.rate.quote, each.asked_on): each.rate
            for each in frozen
            if (each.opportunity, each.generation) == self._of
        }
        self.new: list[FrozenRate] = []

    def rate(self, base: str, quote: str, on: date) -> Rate | None:
        """The rate of a pair for a rate date, None where it is missing."""
        known = self._known.get((base, quote, on))
        if known is None:
            known = self._table.rate(base, quote, on)
            if known is not None:
                self._known[base, quote, on] = known
                self.new.append(FrozenRate(*self._of, on, known))
        return known
