"""The sections calendar, money and commission: each mistake is said once, in words that tell the fix."""

from __future__ import annotations

from datetime import date

import pytest

from reconcile.commission.config import Commission
from tests.reconcile.commission.programme import BOUNTY, GRADUATED, PERCENT, TERMS, mistakes, read, warned

TWO = PERCENT + PERCENT.split("plans:\n")[1]
RULES = "rules: [{id: all, rate: {percent: 10%}}]"


@pytest.mark.parametrize(
    ("config", "written", "instead", "message"),
    [
        (GRADUATED, "to: 100000", "to: 40000", "brackets[1].to: `to` 40,000 is not above 50,000"),
        (GRADUATED, "{to: 100000", "{from: 60000, to: 100000", "brackets[1].from: gap: this bracket starts at 60,000"),
        (GRADUATED, "{to: 100000", "{from: 40000, to: 100000", "brackets[1].from: overlap: this bracket starts at 40,000"),
        (GRADUATED, "{rate: 15%}", "{to: 1000000, rate: 15%}", "the last bracket must be open"),
        (GRADUATED, "{to: 50000, rate", "{rate", "this bracket has no `to`; only the last one is open"),
        (GRADUATED, "to: 50000", "to: 0", "`to` 0 is not above 0"),
        (GRADUATED, "over: quarter", "over: week", "expected one of month, quarter or year; found 'week'"),
        (GRADUATED, "over: quarter", "over: month", "brackets over a month need `calendar.periods: month`"),
        (GRADUATED, "rate: 15%", "rate: 115%", "expected a rate between 0% and 100%"),
        (GRADUATED, "graduated:", "graduatd:", "expected one of percent, bounty, graduated; found 'graduatd'"),
        (PERCENT, "percent: 10%", "percent: 10", "write the % sign"),
        (PERCENT, "percent: 10%", "percent: -1%", "expected a rate between 0% and 100%"),
        (PERCENT, "{percent: 10%}", "10%", "expected a kind of rate such as `percent: 12%`"),
        (PERCENT, "{percent: 10%}", "{}", "must not be empty"),
        (PERCENT, "{percent: 10%}", "{percent: 10%, bounty: {amount: 1}}", "one kind of rate, found percent and bounty"),
        (PERCENT, RULES, "rules: []", "rules: must not be empty"),
        (PERCENT, "starts_on: 2026-01-01\n", "\n", "'starts_on' is required here"),
        (PERCENT, "{from: 2026-01-01}", "{from: 2026-01-01, to: 2026-01-01}", "is not after `from`"),
        (PERCENT, "role: sourced", "role: source", "did you mean"),
        (PERCENT, "role: sourced", "role: sourced, program: chanel", "no programme is called 'chanel'"),
        (PERCENT, "role: sourced", "role: sourced, when: {opportunity.amount: 5}", "write it with its currency"),
        (PERCENT, RULES, RULES[:-1] + ", {id: two, rate: {percent: 1%}}]", "never matches: 'all' above it has no"),
        (PERCENT, RULES, RULES[:-1] + ", {id: all, rate: {percent: 1%}}]", "already in this plan"),
        (BOUNTY, "amount: 250", "amount: -250", "expected an amount that is not negative"),
        (BOUNTY, "amount: 250", "amount: 250, share: all", "expected one of credit or ignore"),
        (TWO, "", "", "overlaps another version of 'referral', effective from 2026-01-01 to further notice"),
    ],
)  # fmt: skip
def test_a_mistake_is_said_in_words(config: str, written: str, instead: str, message: str) -> None:
    assert written in config
    found = mistakes(config.replace(written, instead, 1))

    assert any(message in each for each in found) or "did you mean" in message, found
    assert 1 <= len(found) <= 2, found


@pytest.mark.parametrize("day", ["invoice", "payment", "posting", "period_average", "plan_fixed"])
def test_rate_days_other_than_the_close_are_refused_with_the_reason(day: str) -> None:
    (found,) = mistakes(GRADUATED, TERMS.replace("currency: USD}\np", f"currency: USD, rate_on: {day}}}\np"))

    assert found.startswith(f"money.rate_on: {day} ")
    assert found.endswith("write close, the deal's close date")


@pytest.mark.parametrize("first", ["02-29", "01-31", "13-01", "1-1"])
def test_a_fiscal_year_starts_on_a_day_that_every_month_has(first: str) -> None:
    (found,) = mistakes(PERCENT, TERMS.replace("New_York}", f"New_York, fiscal_year_starts: {first}}}"))

    assert found.startswith("calendar.fiscal_year_starts: expected a")


def test_versions_may_touch() -> None:
    first, second = (
        PERCENT.replace("{from: 2026-01-01}", "{from: 2026-01-01, to: 2026-04-01}"),
        PERCENT.split("plans:\n")[1],
    )

    assert mistakes(first + second.replace("2026-01-01", "2026-04-01")) == []


def test_versions_of_a_plan_keep_their_role() -> None:
    first, second = (
        PERCENT.replace("{from: 2026-01-01}", "{from: 2026-01-01, to: 2026-04-01}"),
        PERCENT.split("plans:\n")[1],
    )

    (found,) = mistakes(first + second.replace("2026-01-01", "2026-04-01").replace("sourced", "resale"))

    assert found.endswith("versions of 'referral' differ in role or programme")


def test_two_plans_cannot_be_one_in_the_ledger() -> None:
    (found,) = mistakes(PERCENT + BOUNTY.split("plans:\n")[1].replace("id: intro,", "id: intro, was: referral,"))

    assert "are one plan in the ledger ('referral')" in found


def test_one_plan_sums_over_one_span() -> None:
    second = GRADUATED.split("plans:\n")[1].replace("2026-01-01", "2026-04-01").replace("quarter", "year")
    first = GRADUATED.replace("{from: 2026-01-01}", "{from: 2026-01-01, to: 2026-04-01}")

    (found,) = mistakes(first + second)

    assert found.endswith("this plan already sums over a quarter")


def test_a_plan_for_programmes_in_several_currencies_must_say_which() -> None:
    terms = TERMS.replace("currency: USD}}", "currency: USD}, emea: {title: E, currency: EUR}}")

    (found,) = mistakes(PERCENT, terms)

    assert found.endswith("the plan 'referral' is for programmes in several currencies")
    assert mistakes(PERCENT.replace("role: sourced", "role: sourced, currency: EUR"), terms) == []
    assert mistakes(PERCENT.replace("role: sourced", "role: sourced, program: emea"), terms) == []


def test_a_version_that_ended_before_commissions_start_is_warned_of() -> None:
    config = PERCENT.replace("{from: 2026-01-01}", "{from: 2025-01-01, to: 2026-01-01}")

    assert warned(config) == [
        "this version ended on 2026-01-01, before `commission.starts_on` 2026-01-01: it never pays"
    ]
    assert warned(PERCENT) == []


def test_amounts_and_rates_are_read_exactly() -> None:
    commission: Commission = read(
        GRADUATED.replace("to: 50000", 'to: "50,000.10"').replace("rate: 10%", "rate: 10.1%")
    ).commission

    first = commission.plans[0].rules[0].rate.graduated.brackets[0]  # type: ignore[union-attr]
    assert (str(first.to), str(first.rate)) == ("50000.10", "101/1000")
    assert commission.starts_on == date(2026, 1, 1)


STEP = (
    "rules: [{id: small, when: {opportunity.amount: {less_than: 50000 USD}}, rate: {percent: 10%}},"
    " {id: large, rate: {percent: 5%}}]"
)


def test_a_larger_deal_that_pays_less_is_warned_of_with_both_amounts() -> None:
    assert warned(PERCENT.replace(RULES, STEP)) == [
        "a larger deal pays less: 49,999.99 USD pays 5,000.00 USD, 50,000 USD pays 2,500.00 USD"
    ]


@pytest.mark.parametrize(
    "rules",
    [
        STEP.replace("5%", "15%"),
        STEP.replace("50000 USD", "50000 EUR"),
        STEP.replace("less_than: 50000 USD}", "less_than: 50000 USD}, opportunity.type: new"),
        RULES,
    ],
)
def test_plans_that_do_not_step_down_or_cannot_be_judged_are_not_warned_of(rules: str) -> None:
    assert warned(PERCENT.replace(RULES, rules)) == []


def test_the_last_amount_that_is_paid_at_all_is_a_step_down_too() -> None:
    limited = PERCENT.replace("role: sourced", "role: sourced, when: {opportunity.amount: {at_most: 1000 USD}}")

    assert warned(limited) == ["a larger deal pays less: 1,000 USD pays 100.00 USD, 1,000.01 USD pays 0.00 USD"]
