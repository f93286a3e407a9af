"""The ledger: the delta rule, periods, keys that end and begin, blocked deals, causes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reconcile.commission.calendar import FiscalCalendar, Periods
from reconcile.commission.settle import StaleEntryError, settle
from reconcile.commission.statements import statement
from tests.reconcile.commission.programme import BOUNTY, GRADUATED, PERCENT, TERMS, Programme, told

Q1_DEALS = (("d1", "40000", "2026-02-01"), ("d2", "30000", "2026-02-02"), ("d3", "45000", "2026-02-03"))


def test_a_line_is_a_difference_of_rounded_amounts_and_never_rounded_itself() -> None:
    programme = Programme(PERCENT)
    programme.deal("d1", "100.04")
    first = programme.cycle()
    programme.deal("d1", "200.09")

    second = programme.cycle()

    assert (told(first), told(second)) == ([("d1", 1000)], [("d1", 1001)])
    assert second[0].explanation["exact"] == "20009/10"


def test_a_second_run_posts_nothing() -> None:
    programme = Programme()
    for id_, amount, on in Q1_DEALS:
        programme.deal(id_, amount, on)
    programme.cycle()

    assert programme.cycle() == []


def test_the_first_line_of_a_key_is_earned_and_later_ones_adjust_it() -> None:
    programme = Programme(PERCENT)
    for amount in ("100", "150", "120"):
        programme.deal("d1", amount)
        programme.cycle()

    assert [(line.kind, line.sequence, line.minor) for line in programme.lines] == [
        ("earned", 1, 1000), ("adjustment", 2, 500), ("adjustment", 3, -300),
    ]  # fmt: skip


def test_a_lost_deal_in_a_locked_quarter_is_posted_in_the_next_open_one_with_its_siblings() -> None:
    programme = Programme(as_of=datetime(2026, 4, 15, 12, tzinfo=UTC))
    for id_, amount, on in Q1_DEALS:
        programme.deal(id_, amount, on)
    programme.cycle()
    assert programme.total() == 1325000
    programme.closed["2026-Q1"] = "locked"
    programme.deal("d1", "40000", "2026-02-01", outcome="lost")

    lines = programme.cycle()

    assert told(lines) == [("d1", -400000), ("d2", -40000), ("d3", -85000)]
    assert sum(line.minor for line in lines) == -525000
    assert {(line.key.period, line.posted_period) for line in lines} == {("2026-Q1", "2026-Q2")}


@pytest.mark.parametrize("state", ["soft_closed", "locked"])
def test_a_closed_period_takes_no_lines(state: str) -> None:
    programme = Programme(PERCENT, as_of=datetime(2026, 8, 1, tzinfo=UTC))
    programme.closed = {"2026-Q1": "locked", "2026-Q2": state}  # type: ignore[dict-item]
    programme.deal("d1", "100")

    (line,) = programme.cycle()

    assert line.posted_period == "2026-Q3"


def test_what_has_no_open_period_waits_and_is_reported() -> None:
    programme = Programme(PERCENT, as_of=datetime(2026, 3, 1, tzinfo=UTC))
    programme.closed = {"2026-Q1": "soft_closed"}
    programme.deal("d1", "100")

    assert programme.cycle() == []
    (settled,) = programme.settled.values()
    assert [minor for _, minor in settled.waiting] == [1000]
    programme.as_of = datetime(2026, 4, 1, 12, tzinfo=UTC)
    assert [line.posted_period for line in programme.cycle()] == ["2026-Q2"]


def test_a_close_date_moved_across_quarters_ends_one_key_and_begins_another() -> None:
    programme = Programme(PERCENT, as_of=datetime(2026, 5, 1, tzinfo=UTC))
    programme.deal("d1", "100", "2026-03-31")
    programme.cycle()
    programme.closed["2026-Q1"] = "locked"
    programme.deal("d1", "100", "2026-04-01")

    lines = programme.cycle()

    assert sorted((line.key.period, line.posted_period, line.minor, line.kind) for line in lines) == [
        ("2026-Q1", "2026-Q2", -1000, "adjustment"),
        ("2026-Q2", "2026-Q2", 1000, "earned"),
    ]
    assert {line.key.generation for line in lines} == {1}


def test_a_delete_and_a_restore_net_to_zero_in_one_generation() -> None:
    programme = Programme()
    for id_, amount, on in Q1_DEALS:
        programme.deal(id_, amount, on)
    programme.cycle()
    programme.delete("d1")
    gone = programme.cycle()
    programme.restore("d1")
    back = programme.cycle()

    assert told(gone) == [("d1", -400000), ("d2", -40000), ("d3", -85000)]
    assert told(back) == [("d1", 400000), ("d2", 40000), ("d3", 85000)]
    assert {line.key.generation for line in programme.lines} == {1}
    assert {line.kind for line in back} == {"adjustment"}
    assert programme.total() == 1325000


def test_a_deal_won_again_is_a_new_generation() -> None:
    programme = Programme(PERCENT)
    programme.deal("d1", "100")
    programme.cycle()
    programme.deal("d1", "100", outcome="open")
    programme.cycle()
    programme.deal("d1", "100")
    programme.cycle()

    assert [(line.key.generation, line.minor, line.kind) for line in programme.lines] == [
        (1, 1000, "earned"), (1, -1000, "adjustment"), (2, 1000, "earned"),
    ]  # fmt: skip


@pytest.mark.parametrize("on", [None, "2026-07-02"])
def test_a_won_deal_without_a_day_that_has_come_is_blocked_and_what_was_posted_is_taken_back(on: str | None) -> None:
    programme = Programme(as_of=datetime(2026, 7, 1, 12, tzinfo=UTC))
    for id_, amount, day in Q1_DEALS:
        programme.deal(id_, amount, day)
    programme.cycle()

    programme.deal("d1", "40000", on)
    lines = programme.cycle()

    assert told(lines) == [("d1", -400000), ("d2", -40000), ("d3", -85000)]
    (entry,) = programme.entered["d1"].entries
    assert (entry.blocked, entry.basis) == ("close_date", None)
    programme.deal("d1", "40000", "2026-02-01")
    assert told(programme.cycle()) == [("d1", 400000), ("d2", 40000), ("d3", 85000)]


def test_a_deal_dated_tomorrow_earns_when_its_day_begins_in_the_programmes_timezone() -> None:
    programme = Programme(PERCENT, as_of=datetime(2026, 7, 2, 3, 59, tzinfo=UTC))
    programme.deal("d1", "100", "2026-07-02")
    assert programme.cycle() == []
    assert programme.entered["d1"].good_until == datetime(2026, 7, 2, 4, tzinfo=UTC)

    programme.as_of = datetime(2026, 7, 2, 4, tzinfo=UTC)

    assert told(programme.cycle()) == [("d1", 1000)]


def test_a_missing_amount_earns_nothing_until_it_is_filled_in() -> None:
    programme = Programme(PERCENT)
    programme.deal("d1", None)
    assert programme.cycle() == []
    assert programme.owed[0].explanation["missing"] == ["amount"]

    programme.deal("d1", "100")

    assert told(programme.cycle()) == [("d1", 1000)]


def test_deals_before_the_start_and_outside_every_version_earn_nothing_and_are_not_blocked() -> None:
    programme = Programme(
        PERCENT.replace("effective: {from: 2026-01-01}", "effective: {from: 2025-01-01, to: 2026-03-01}")
    )
    programme.deal("early", "100", "2025-12-31")
    programme.deal("first", "100", "2026-01-01")
    programme.deal("last", "100", "2026-02-28")
    programme.deal("late", "100", "2026-03-01")

    assert told(programme.cycle()) == [("first", 1000), ("last", 1000)]
    assert programme.entered["early"].entries == programme.entered["late"].entries == ()


def test_an_amount_edited_after_the_payout_is_a_new_line() -> None:
    programme = Programme(PERCENT)
    programme.deal("d1", "1000")
    programme.cycle()
    programme.deal("d1", "400")

    assert told(programme.cycle()) == [("d1", -6000)]


def test_a_change_of_the_config_is_named_as_the_cause() -> None:
    programme = Programme(PERCENT)
    programme.deal("d1", "1000")
    programme.cycle()
    programme.commission = PERCENT.replace("10%", "11%")

    (line,) = programme.cycle(reason="config 4f2a")

    assert (line.minor, line.caused_by) == (1000, "config 4f2a")


def test_a_late_deal_is_named_as_the_cause_on_those_behind_it_alone() -> None:
    programme = Programme()
    programme.deal("d1", "40000", "2026-02-01")
    programme.deal("d3", "45000", "2026-02-03")
    programme.cycle()
    programme.deal("d2", "30000", "2026-02-02")

    lines = programme.cycle()

    assert told(lines) == [("d2", 340000), ("d3", 65000)]
    assert {line.caused_by for line in lines} == {"salesforce/00D/Opportunity/d2"}


def test_a_renamed_plan_and_rule_keep_their_keys() -> None:
    programme = Programme(PERCENT)
    programme.deal("d1", "1000")
    programme.cycle()
    programme.commission = PERCENT.replace("id: referral", "id: finders, was: referral").replace(
        "id: all", "id: each, was: all"
    )

    assert programme.cycle() == []


def test_plans_add_up_unless_they_share_an_exclusive_group() -> None:
    both = PERCENT + BOUNTY.split("plans:\n")[1]
    exclusive = both.replace("id: referral,", "id: referral, exclusive: fee,").replace(
        "id: intro,", "id: intro, exclusive: fee,"
    )
    added, first = Programme(both), Programme(exclusive)
    for programme in (added, first):
        programme.deal("d1", "1000")
        programme.cycle()

    assert added.total() == 10000 + 25000
    assert told(first.lines) == [("d1", 10000)]


def test_the_first_rule_whose_conditions_hold_pays() -> None:
    rules = (
        "rules: [{id: new, when: {opportunity.type: new}, rate: {percent: 15%}},"
        " {id: big, when: {opportunity.amount: {at_least: 500 USD}}, rate: {percent: 5%}}]"
    )
    programme = Programme(PERCENT.replace("rules: [{id: all, rate: {percent: 10%}}]", rules))
    programme.deal("d1", "1000", type="new")
    programme.deal("d2", "1000", type="renewal")
    programme.deal("d3", "100", type="renewal")

    lines = programme.cycle()

    assert sorted((line.key.rule, line.minor) for line in lines) == [("big", 5000), ("new", 15000)]
    assert lines[0].explanation["why"][0] == "no conditions"
    assert lines[0].explanation["why"][1].startswith("opportunity.type is new")


def test_conditions_on_names_leave_no_name_in_the_ledger() -> None:
    plan = PERCENT.replace("role: sourced", "role: sourced, when: {opportunity.name: {contains: d1}}")
    programme = Programme(plan)
    programme.deal("d1", "1000")

    (line,) = programme.cycle()

    assert line.explanation["why"][0] == "its conditions on opportunity.name hold"
    assert "Deal d1" not in str(line.explanation)


def test_another_fiscal_calendar_moves_what_was_posted_under_the_former_one() -> None:
    programme = Programme(PERCENT)
    programme.deal("d1", "1000")
    programme.cycle()
    (pool,) = programme.settled
    posted = programme.posted()[pool]
    programme.terms = TERMS.replace("New_York}", "New_York, fiscal_year_starts: 02-01}")
    (entry,) = programme.enter()["d1"].entries
    calendar = programme.plans.terms["channel"].calendar
    periods = Periods(calendar, calendar.day(programme.as_of))

    gone = settle(programme.plans, pool, [], posted, periods, programme.as_of, actor="x")
    come = settle(programme.plans, entry.pool, [entry], {}, periods, programme.as_of, actor="x")

    assert [(line.key.period, line.posted_period, line.minor) for line in (*gone.lines, *come.lines)] == [
        ("2026-Q1", "FY2028-Q2", -10000), ("FY2027-Q1", "FY2027-Q1", 10000),
    ]  # fmt: skip
    programme.lines += [*gone.lines, *come.lines]
    made = statement(programme.lines, calendar, partner="acme", program="channel", period="FY2028-Q2", currency="USD")
    assert (made.opening.minor, made.closing.minor) == (20000, 10000)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("id: revenue", "id: sales", "rule revenue, .* with `was: revenue`"),
        ("id: reseller", "id: partner", "plan reseller of 2026-01-01, .* with `was: reseller`"),
        ("effective: {from: 2026-01-01}", "effective: {from: 2026-01-02}", "effective from 2026-01-01"),
    ],
)
def test_settling_an_entry_of_an_older_config_is_refused(old: str, new: str, told: str) -> None:
    programme = Programme()
    programme.deal("d1", "1000")
    programme.cycle()
    (entry,) = programme.entered["d1"].entries
    newer = Programme(GRADUATED.replace(old, new))

    periods = Periods(FiscalCalendar("UTC"), newer.as_of.date())
    with pytest.raises(StaleEntryError, match=f"^salesforce:d1 was entered under .*{told}"):
        settle(newer.plans, entry.pool, [entry], {}, periods, newer.as_of, actor="x")
