"""Percent, bounty and graduated: every number of the specification, through config, entries and settlement."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction

import pytest

from tests.reconcile.commission.programme import BOUNTY, GRADUATED, PERCENT, TERMS, Programme, told

BRACKET_DEALS = (("d1", "40000", "2026-02-01"), ("d2", "30000", "2026-02-02"), ("d3", "45000", "2026-02-03"))


def three_deals() -> Programme:
    programme = Programme()
    for id_, amount, on in BRACKET_DEALS:
        programme.deal(id_, amount, on)
    programme.cycle()
    return programme


@pytest.mark.parametrize(
    ("amount", "minor"),
    [
        ("12345.67", 123457),
        ("-12345.67", -123457),
        ("0.05", 1),
        ("-0.05", -1),
        ("0.04", 0),
        ("0", 0),
        ("99999999999.99", 1000000000000),
    ],
)
def test_percent_pays_its_share_rounded_half_away_from_zero(amount: str, minor: int) -> None:
    programme = Programme(PERCENT)
    programme.deal("d1", amount)

    programme.cycle()

    assert programme.total() == minor


@pytest.mark.parametrize(("amount", "minor"), [("0.05", 0), ("0.15", 2), ("0.25", 2), ("-0.25", -2)])
def test_half_even_goes_to_the_even_cent(amount: str, minor: int) -> None:
    programme = Programme(
        PERCENT, TERMS.replace("reporting_currency: USD", "reporting_currency: USD, rounding: half_even")
    )
    programme.deal("d1", amount)

    programme.cycle()

    assert programme.total() == minor


def test_a_bounty_pays_each_deal_the_same() -> None:
    programme = Programme(BOUNTY)
    for id_ in ("d1", "d2", "d3"):
        programme.deal(id_, "1000")

    lines = programme.cycle()

    assert told(lines) == [("d1", 25000), ("d2", 25000), ("d3", 25000)]
    assert programme.total() == 75000


@pytest.mark.parametrize(("amount", "minor"), [(None, 25000), ("0", 25000), ("-1", 0), ("-5000", 0), ("0.01", 25000)])
def test_a_bounty_pays_for_the_event_but_nothing_on_a_negative_deal(amount: str | None, minor: int) -> None:
    programme = Programme(BOUNTY)
    programme.deal("d1", amount)

    programme.cycle()

    assert programme.total() == minor


@pytest.mark.parametrize(("share", "minor"), [("credit", 8333), ("ignore", 25000)])
def test_a_shared_bounty_is_rounded_for_each_partner_alone(share: str, minor: int) -> None:
    programme = Programme(BOUNTY.replace("{amount: 250}", f"{{amount: 250, share: {share}}}"))
    third = Fraction(1, 3)
    programme.deal("d1", "900", roles={"sourced": {"acme": third, "bolt": third, "cord": third}})

    lines = programme.cycle()

    assert [line.minor for line in lines] == [minor, minor, minor]


def test_brackets_pay_each_part_of_the_revenue_at_its_own_rate() -> None:
    programme = three_deals()

    assert told(programme.lines) == [("d1", 400000), ("d2", 340000), ("d3", 585000)]
    assert programme.total() == 1325000


@pytest.mark.parametrize(
    ("amount", "minor"),
    [
        ("50000", 500000),
        ("50000.01", 500000),
        ("50000.05", 500001),
        ("99999.99", 1100000),
        ("100000", 1100000),
        ("100000.10", 1100002),
        ("-20000", -200000),
    ],
)
def test_one_deal_across_the_brackets(amount: str, minor: int) -> None:
    programme = Programme()
    programme.deal("d1", amount)

    programme.cycle()

    assert programme.total() == minor


def test_a_refund_rebrackets_the_deals_behind_it() -> None:
    programme = three_deals()
    programme.deal("d1", "20000", "2026-02-01")

    lines = programme.cycle()

    assert told(lines) == [("d1", -200000), ("d2", -40000), ("d3", -45000)]
    assert sum(line.minor for line in lines) == -285000
    assert {line.caused_by for line in lines} == {"salesforce/00D/Opportunity/d1"}
    assert {line.kind for line in lines} == {"adjustment"}


def test_a_cancelled_deal_is_taken_back_and_rebrackets_the_rest() -> None:
    programme = three_deals()
    programme.deal("d1", "40000", "2026-02-01", outcome="lost")

    lines = programme.cycle()

    assert told(lines) == [("d1", -400000), ("d2", -40000), ("d3", -85000)]
    assert sum(line.minor for line in lines) == -525000
    assert {line.caused_by for line in lines} == {"salesforce/00D/Opportunity/d1"}


def test_a_negative_deal_takes_its_place_in_the_order() -> None:
    programme = three_deals()
    programme.deal("d2a", "-30000", "2026-02-02", created_at=programme.histories["d1"][0].stamp)

    lines = programme.cycle()

    assert told(lines) == [("d2a", -340000), ("d3", -65000)]
    assert programme.total() == 920000


def test_a_pool_below_zero_owes_at_the_first_rate() -> None:
    programme = Programme()
    programme.deal("d1", "-30000", "2026-02-01")
    programme.deal("d2", "90000", "2026-02-02")

    lines = programme.cycle()

    assert told(lines) == [("d1", -300000), ("d2", 920000)]


TWO_VERSIONS = """
commission:
  starts_on: 2026-01-01
  plans:
    - id: reseller
      effective: {from: 2026-01-01, to: 2026-02-15}
      role: sourced
      rules:
        - id: revenue
          rate: {graduated: {over: quarter, brackets: [{to: 50000, rate: 10%}, {to: 100000, rate: 12%}, {rate: 15%}]}}
    - id: reseller
      effective: {from: 2026-02-15}
      role: sourced
      rules:
        - id: revenue
          rate: {graduated: {over: quarter, brackets: [{to: 50000, rate: 20%}, {rate: 25%}]}}
"""


def test_each_deal_uses_its_own_versions_brackets_over_one_cumulative_revenue() -> None:
    programme = Programme(TWO_VERSIONS)
    programme.deal("d1", "40000", "2026-02-14")
    programme.deal("d2", "30000", "2026-02-15")

    lines = programme.cycle()

    assert told(lines) == [("d1", 400000), ("d2", 700000)]
    assert lines[1].explanation["before"] == "4000000"
    assert lines[1].explanation["version"] == "2026-02-15"


def test_a_new_quarter_begins_at_the_first_bracket() -> None:
    programme = Programme()
    programme.deal("d1", "60000", "2026-03-31")
    programme.deal("d2", "60000", "2026-04-01")

    lines = programme.cycle()

    assert told(lines) == [("d1", 620000), ("d2", 620000)]
    assert [line.key.period for line in lines] == ["2026-Q1", "2026-Q2"]


def test_brackets_over_a_year_are_settled_together_and_posted_by_quarter() -> None:
    programme = Programme(GRADUATED.replace("over: quarter", "over: year"))
    programme.deal("d1", "60000", "2026-03-31")
    programme.deal("d2", "60000", "2026-04-01")

    lines = programme.cycle()

    assert told(lines) == [("d1", 620000), ("d2", 780000)]
    assert [line.posted_period for line in lines] == ["2026-Q1", "2026-Q2"]
    assert {line.key.period for line in lines} == {"2026"}
    assert programme.cycle() == []


def test_brackets_over_a_year_are_taken_back_in_the_quarter_of_the_day() -> None:
    programme = Programme(GRADUATED.replace("over: quarter", "over: year"), as_of=datetime(2026, 8, 1, tzinfo=UTC))
    programme.deal("d1", "60000", "2026-03-31")
    programme.deal("d2", "60000", "2026-05-01")
    programme.cycle()
    programme.closed = {"2026-Q1": "locked"}
    programme.deal("d1", "60000", "2026-03-31", outcome="lost")

    lines = programme.cycle()

    assert [(line.key.opportunity.id, line.minor, line.posted_period) for line in lines] == [
        ("d2", -160000, "2026-Q2"), ("d1", -620000, "2026-Q3"),
    ]  # fmt: skip


def test_the_credit_share_is_taken_before_the_rate() -> None:
    programme = Programme()
    programme.deal("d1", "200000", roles={"sourced": {"acme": Fraction(1, 4), "bolt": Fraction(3, 4)}})

    lines = programme.cycle()

    assert sorted((line.key.partner, line.minor) for line in lines) == [("acme", 500000), ("bolt", 1850000)]


def test_deals_of_one_day_are_ordered_by_their_creation_then_their_key() -> None:
    programme = Programme()
    programme.deal("z", "50000")
    programme.deal("b", "10000")
    programme.deal("a", "10000", created_at=programme.histories["z"][0].stamp)

    lines = programme.cycle()

    assert told(lines) == [("a", 120000), ("b", 100000), ("z", 520000)]
