"""A partner's statement for one period: what was carried in, what was posted, what is carried out.

    opening                        1,000.00
    earned                         4,000.00      deals of this period, posted for the first time
    adjustments                     −400.00      each with the period that it corrects
    clawbacks, reserves, payouts, other
    closing                        4,600.00      opening + everything above, to the cent

Made from ledger lines alone, in an order of their own keys, so the same lines give the same statement byte for byte. A line
belongs to the period it was posted in; a locked period's statement can therefore never change. Marginal amounts are rounded
deal by deal and the lines are what counts, so next to them stands what a plan's exact sum differs from them by.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any, Literal

from partnersync.lines import Key, Line, LineKind, Owed, Period
from partnersync.money import Money
from reconcile.commission.calendar import FiscalCalendar

SectionName = Literal["earned", "adjustments", "clawbacks", "reserves", "payouts", "other"]
SECTIONS: tuple[SectionName, ...] = ("earned", "adjustments", "clawbacks", "reserves", "payouts", "other")
_OF_KIND: Mapping[LineKind, SectionName] = {
    "earned": "earned",
    "adjustment": "adjustments",
    "clawback": "clawbacks",
    "reserve": "reserves",
    "reserve_release": "reserves",
    "payout": "payouts",
    "payout_return": "payouts",
    "bonus": "other",
    "cap": "other",
    "fx_diff": "other",
    "write_off": "other",
    "transfer": "other",
    "opening": "other",
}


@dataclass(frozen=True, slots=True)
class Item:
    """A line on a statement; ``corrects`` is the period that it belongs to where that is not the statement's own."""

    line: Line
    amount: Money
    corrects: str | None


@dataclass(frozen=True, slots=True)
class Section:
    """Lines of one sort and their sum."""

    name: SectionName
    items: tuple[Item, ...]
    total: Money


@dataclass(frozen=True, slots=True)
class Statement:
    """The statement. ``rounding`` is, by plan, exact sum minus posted sum in minor units, for deals of this period."""

    partner: str
    program: str
    period: Period
    currency: str
    opening: Money
    sections: tuple[Section, ...]
    closing: Money
    rounding: Mapping[str, Fraction]

    def section(self, name: SectionName) -> Section:
        """One section; an empty one is there too."""
        return next(section for section in self.sections if section.name == name)


def statement(
    lines: Iterable[Line],
    calendar: FiscalCalendar,
    *,
    partner: str,
    program: str,
    period: str,
    currency: str,
    owed: Iterable[Owed] = (),
) -> Statement:
    """The statement of a partner, from all its ledger lines (others are left out) and what its pools owe now.

    Raises:
        ValueError: the calendar has no period of this label.
    """
    of = calendar.period(period)
    starts = {period: of.starts_on}
    opening = 0
    posted: dict[SectionName, list[Line]] = {name: [] for name in SECTIONS}
    for line in lines:
        if (line.key.partner, line.key.program, line.key.currency) != (partner, program, currency):
            continue
        label = line.posted_period
        if label not in starts:
            starts[label] = _starts_on(calendar, label)
        if starts[label] < of.starts_on:
            opening += line.minor
        elif label == period:
            posted[_OF_KIND[line.kind]].append(line)
    sections = tuple(_section(name, posted[name], period, currency) for name in SECTIONS)
    closing = opening + sum(section.total.minor for section in sections)
    rounding: dict[str, Fraction] = {}
    for each in owed:
        whose = (each.key.partner, each.key.program, each.key.currency)
        if whose == (partner, program, currency) and _effective(each.key, each.explanation) == period:
            rounding[each.key.plan] = rounding.get(each.key.plan, Fraction(0)) + each.exact - each.minor
    differences = {plan: rounding[plan] for plan in sorted(rounding) if rounding[plan]}
    return Statement(
        partner, program, of, currency, Money(opening, currency), sections, Money(closing, currency), differences
    )


def _starts_on(calendar: FiscalCalendar, label: str) -> date:
    """When a period begins; what was posted under a former fiscal calendar counts as carried in."""
    try:
        return calendar.period(label).starts_on
    except ValueError:
        return date.min


def _effective(key: Key, explanation: Mapping[str, Any]) -> str:
    """The commission period that an amount belongs to; a key's own may be longer (brackets over a year)."""
    return str(explanation.get("period", key.period))


def _section(name: SectionName, lines: list[Line], period: str, currency: str) -> Section:
    ordered = sorted(lines, key=lambda line: (line.key.period, line.key, line.sequence))
    items = tuple(
        Item(
            line,
            Money(line.minor, currency),
            was if (was := _effective(line.key, line.explanation)) != period else None,
        )
        for line in ordered
    )
    return Section(name, items, Money(sum(line.minor for line in lines), currency))
