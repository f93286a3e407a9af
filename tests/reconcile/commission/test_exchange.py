"""Conversion: which rate, found how, frozen for whom, and what is blocked without one."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest

from reconcile.commission.rates import RateTable
from tests.reconcile.commission.programme import BOUNTY, PERCENT, TERMS, Programme, rate, ref, told


def eur(commission: str = PERCENT) -> Programme:
    return Programme(commission, rates=[rate("2026-02-01", "EUR", "USD", "1.08")])


@pytest.mark.parametrize(("amount", "minor"), [("12345.67", 133333), ("8000", 86400), ("-8000", -86400)])
def test_the_product_is_rounded_once(amount: str, minor: int) -> None:
    programme = eur()
    programme.deal("d1", amount, currency="EUR")

    programme.cycle()

    assert programme.total() == minor


def test_brackets_are_in_the_plans_currency() -> None:
    programme = Programme(rates=[rate("2026-02-01", "EUR", "USD", "1.08")])
    programme.deal("d1", "60000", currency="EUR")

    programme.cycle()

    assert programme.total() == 677600


def test_a_reversal_uses_the_frozen_rate_whatever_the_table_says_by_then() -> None:
    programme = eur()
    programme.deal("d1", "8000", currency="EUR")
    programme.cycle()
    programme.rates = [rate("2026-02-01", "EUR", "USD", "1.50")]
    assert programme.cycle() == []

    programme.deal("d1", "8000", currency="EUR", outcome="lost")
    lines = programme.cycle()

    assert told(lines) == [("d1", -86400)]


def test_an_edit_is_converted_at_the_frozen_rate() -> None:
    programme = eur()
    programme.deal("d1", "8000", currency="EUR")
    programme.cycle()
    programme.rates = []

    programme.deal("d1", "9000", currency="EUR")

    assert told(programme.cycle()) == [("d1", 10800)]


def test_another_close_date_is_looked_up_anew() -> None:
    programme = eur()
    programme.rates.append(rate("2026-03-02", "EUR", "USD", "1.10"))
    programme.deal("d1", "8000", currency="EUR")
    programme.cycle()

    programme.deal("d1", "8000", "2026-03-03", currency="EUR")

    assert told(programme.cycle()) == [("d1", 88000 - 86400)]
    assert [each.asked_on for each in programme.frozen] == [date(2026, 2, 1), date(2026, 3, 3)]
    assert programme.frozen[1].rate.on == date(2026, 3, 2)


def test_another_generation_is_looked_up_anew() -> None:
    programme = eur()
    programme.deal("d1", "8000", currency="EUR")
    programme.cycle()
    programme.rates = [rate("2026-02-01", "EUR", "USD", "1.50")]
    programme.deal("d1", "8000", currency="EUR", outcome="lost")
    programme.deal("d1", "8000", currency="EUR")

    lines = programme.cycle()

    assert sorted((line.key.generation, line.minor) for line in lines) == [(1, -86400), (2, 120000)]


def test_a_currency_changed_after_the_close_begins_a_generation() -> None:
    programme = eur()
    programme.deal("d1", "8000", currency="EUR")
    programme.cycle()

    programme.deal("d1", "8000", currency="USD")
    lines = programme.cycle()

    assert sorted((line.key.generation, line.minor) for line in lines) == [(1, -86400), (2, 80000)]


def test_a_missing_rate_blocks_the_deal_in_every_plan_and_takes_it_out_of_the_revenue() -> None:
    programme = Programme(PERCENT + BOUNTY.split("plans:\n")[1])
    programme.deal("d1", "8000")
    programme.cycle()
    assert programme.total() == 105000

    programme.deal("d1", "8000", currency="EUR")
    lines = programme.cycle()

    assert sorted(line.minor for line in lines) == [-80000, -25000]
    assert {entry.blocked for entry in programme.entered["d1"].entries} == {"fx_missing"}
    assert all(settled.revenue == 0 for settled in programme.settled.values())
    assert [finding.code for finding in programme.findings] == ["fx_missing"]
    assert programme.frozen == []
    assert lines[0].explanation["gone"] == "fx_missing"


def test_a_blocked_deal_earns_as_soon_as_its_rate_is_published() -> None:
    programme = Programme(PERCENT)
    programme.deal("d1", "8000", currency="EUR")
    assert programme.cycle() == []

    programme.rates = [rate("2026-02-01", "EUR", "USD", "1.08")]

    assert told(programme.cycle()) == [("d1", 86400)]


def test_an_amount_without_a_currency_blocks() -> None:
    programme = Programme(PERCENT)
    programme.deal("d1", "8000", currency=None)

    assert programme.cycle() == []
    assert programme.entered["d1"].entries[0].blocked == "currency_missing"


@pytest.mark.parametrize(
    ("currency", "amount", "minor"), [("JPY", "100005", 10001), ("KWD", "1.2345", 123), ("USD", "1.005", 10)]
)
def test_currencies_round_at_their_own_decimals(currency: str, amount: str, minor: int) -> None:
    programme = Programme(PERCENT, TERMS.replace("currency: USD}}", f"currency: {currency}}}}}"))
    programme.deal("d1", amount, currency=currency)

    programme.cycle()

    assert programme.total() == minor


def test_a_bounty_without_an_amount_needs_no_rate() -> None:
    programme = Programme(BOUNTY)
    programme.deal("d1", None, currency="EUR")

    assert told(programme.cycle()) == [("d1", 25000)]


TABLE = RateTable.of(
    [
        rate("2026-03-02", "EUR", "USD", "1.08"),
        rate("2026-03-09", "EUR", "USD", "1.09"),
        rate("2026-03-02", "USD", "GBP", "0.8"),
        rate("2026-03-05", "USD", "JPY", "150"),
        rate("2026-03-02", "EUR", "CHF", "0.95"),
        rate("2026-03-02", "CAD", "USD", "0"),
    ],
    "USD",
)


@pytest.mark.parametrize(
    ("day", "value"),
    [
        ("2026-03-01", None),
        ("2026-03-02", "1.08"),
        ("2026-03-08", "1.08"),
        ("2026-03-09", "1.09"),
        ("2026-03-16", "1.09"),
        ("2026-03-17", None),
    ],
)
def test_the_last_published_rate_counts_up_to_seven_days_old(day: str, value: str | None) -> None:
    found = TABLE.rate("EUR", "USD", date.fromisoformat(day))

    assert (found.value if found else None) == (Fraction(value) if value else None)


@pytest.mark.parametrize(
    ("base", "quote", "value", "path"),
    [
        ("EUR", "USD", Fraction(27, 25), "EUR→USD of 2026-03-02"),
        ("GBP", "USD", Fraction(5, 4), "1 ÷ USD→GBP of 2026-03-02"),
        ("USD", "EUR", Fraction(25, 27), "1 ÷ EUR→USD of 2026-03-02"),
        ("EUR", "GBP", Fraction(27, 25) * Fraction(4, 5), "EUR→USD of 2026-03-02 × USD→GBP of 2026-03-02"),
        ("GBP", "JPY", Fraction(5, 4) * 150, "1 ÷ USD→GBP of 2026-03-02 × USD→JPY of 2026-03-05"),
        ("EUR", "CHF", Fraction(19, 20), "EUR→CHF of 2026-03-02"),
    ],
)
def test_the_path_is_direct_then_inverse_then_over_the_reporting_currency(
    base: str, quote: str, value: Fraction, path: str
) -> None:
    found = TABLE.rate(base, quote, date(2026, 3, 6))

    assert found is not None
    assert (found.value, found.path) == (value, path)


@pytest.mark.parametrize(("base", "quote"), [("CHF", "USD"), ("CHF", "GBP"), ("CAD", "USD"), ("SEK", "USD")])
def test_no_other_currency_is_crossed_over_and_nothing_is_guessed(base: str, quote: str) -> None:
    assert TABLE.rate(base, quote, date(2026, 3, 6)) is None


def test_a_cross_rate_is_as_old_as_its_older_half() -> None:
    found = TABLE.rate("GBP", "JPY", date(2026, 3, 6))

    assert found is not None
    assert found.on == date(2026, 3, 2)


def test_the_setting_decides_how_old_a_rate_may_be() -> None:
    short = RateTable.of([rate("2026-03-02", "EUR", "USD", "1.08")], "USD", max_age=1)

    assert short.rate("EUR", "USD", date(2026, 3, 3)) is not None
    assert short.rate("EUR", "USD", date(2026, 3, 4)) is None


def test_the_rate_and_its_path_are_kept_with_the_entry() -> None:
    programme = eur()
    programme.deal("d1", "8000", currency="EUR")

    (line,) = programme.cycle()

    assert line.explanation["fx"] == {
        "base": "EUR", "quote": "USD", "on": "2026-02-01", "value": "27/25", "path": "EUR→USD of 2026-02-01",
    }  # fmt: skip
    assert programme.frozen[0].opportunity == ref("d1")
