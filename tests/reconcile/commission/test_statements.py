"""Statements: every line in one section, and opening plus everything is closing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from typing import get_args

import pytest

from partnersync.lines import Line, LineKind
from partnersync.money import Money
from reconcile.commission.calendar import FiscalCalendar
from reconcile.commission.statements import SECTIONS, Statement, statement
from tests.reconcile.commission.programme import GRADUATED, PERCENT, Programme

CALENDAR = FiscalCalendar("America/New_York")


def of(programme: Programme, period: str, partner: str = "acme", currency: str = "USD") -> Statement:
    return statement(
        programme.lines,
        CALENDAR,
        partner=partner,
        program="channel",
        period=period,
        currency=currency,
        owed=programme.owed,
    )


def two_quarters() -> Programme:
    """Three deals of the first quarter, which is then locked; one of them cancelled and another won in the second."""
    programme = Programme(as_of=datetime(2026, 5, 15, 12, tzinfo=UTC))
    for id_, amount, on in (
        ("d1", "40000", "2026-02-01"),
        ("d2", "30000", "2026-02-02"),
        ("d3", "45000", "2026-02-03"),
    ):
        programme.deal(id_, amount, on)
    programme.cycle()
    programme.closed["2026-Q1"] = "locked"
    programme.deal("d1", "40000", "2026-02-01", outcome="lost")
    programme.deal("d4", "1000", "2026-05-01")
    programme.cycle()
    return programme


def test_what_was_earned_and_what_was_corrected_stand_apart() -> None:
    programme = two_quarters()

    first, second = of(programme, "2026-Q1"), of(programme, "2026-Q2")

    assert (first.opening, first.section("earned").total, first.closing) == (
        Money(0, "USD"), Money(1325000, "USD"), Money(1325000, "USD"),
    )  # fmt: skip
    assert second.opening == Money(1325000, "USD")
    assert second.section("earned").total == Money(10000, "USD")
    assert [(item.amount.minor, item.corrects) for item in second.section("adjustments").items] == [
        (-400000, "2026-Q1"), (-40000, "2026-Q1"), (-85000, "2026-Q1"),
    ]  # fmt: skip
    assert second.closing == Money(810000, "USD")


def test_a_locked_periods_statement_never_changes() -> None:
    programme = two_quarters()
    before = of(programme, "2026-Q1")

    programme.deal("d2", "1", "2026-02-02")
    programme.cycle()

    assert replace(of(programme, "2026-Q1"), rounding={}) == replace(before, rounding={})


def test_the_order_of_the_lines_does_not_matter() -> None:
    programme = two_quarters()
    straight = of(programme, "2026-Q2")
    programme.lines.reverse()

    assert of(programme, "2026-Q2") == straight


@pytest.mark.parametrize("kind", get_args(LineKind))
def test_every_kind_of_line_is_in_one_section(kind: LineKind) -> None:
    programme = Programme(PERCENT)
    programme.deal("d1", "100")
    (line,) = programme.cycle()
    programme.lines = [replace(line, kind=kind)]

    made = of(programme, "2026-Q1")

    assert [name for name in SECTIONS if made.section(name).items] == [
        next(name for name in SECTIONS if made.section(name).total.minor)
    ]
    assert made.closing == Money(1000, "USD")


def test_other_partners_and_currencies_stay_out() -> None:
    programme = two_quarters()

    assert of(programme, "2026-Q2", partner="bolt").closing == Money(0, "USD")
    assert of(programme, "2026-Q2", currency="EUR").closing == Money(0, "EUR")


def test_the_difference_of_the_exact_sum_from_the_posted_one_is_told() -> None:
    programme = Programme(PERCENT)
    for id_ in ("d1", "d2", "d3"):
        programme.deal(id_, "0.05")
    programme.cycle()

    made = of(programme, "2026-Q1")

    assert made.closing == Money(3, "USD")
    assert made.rounding == {"referral": Fraction(-3, 2)}


def test_a_statement_adds_up_over_its_sections() -> None:
    made = of(two_quarters(), "2026-Q2")
    lines: list[Line] = [item.line for section in made.sections for item in section.items]

    assert made.opening.minor + sum(line.minor for line in lines) == made.closing.minor


def test_a_quarter_of_yearly_brackets_tells_its_own_lines_from_corrections() -> None:
    programme = Programme(GRADUATED.replace("over: quarter", "over: year"), as_of=datetime(2026, 5, 15, 12, tzinfo=UTC))
    programme.deal("d1", "60000.04", "2026-02-01")
    programme.deal("d2", "1000", "2026-05-01")
    programme.cycle()
    programme.closed["2026-Q1"] = "locked"
    programme.deal("d1", "61000.04", "2026-02-01")
    programme.cycle()

    made = of(programme, "2026-Q2")

    assert [(item.amount.minor, item.corrects) for item in made.section("earned").items] == [(12000, None)]
    assert [(item.amount.minor, item.corrects) for item in made.section("adjustments").items] == [(12000, "2026-Q1")]
    assert made.rounding == {}
    assert of(programme, "2026-Q1").rounding == {"reseller": Fraction(12, 25)}
