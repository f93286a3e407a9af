"""What a person takes back of a key by rolling a run back: a line of its own that stands while D stays what it was."""

from __future__ import annotations

from dataclasses import replace

import pytest

from partnersync.lines import Line, TakenBack
from reconcile.commission.statements import statement
from reconcile.explain import explain
from tests.reconcile.commission.programme import PERCENT, Programme, told


def taken(line: Line, minor: int | None = None) -> TakenBack:
    return TakenBack(line.key, line.minor, line.minor if minor is None else minor, 3, "dana")


@pytest.fixture
def programme() -> Programme:
    """A deal of 400 has earned 40, and a person took all of it back."""
    made = Programme(PERCENT)
    made.deal("d1", "400")
    (line,) = made.cycle()
    made.taken_back = [taken(line)]
    return made


def test_a_line_taken_back_is_reversed_once_and_not_posted_again(programme: Programme) -> None:
    (reversal,) = programme.cycle()

    assert (reversal.minor, reversal.kind, reversal.actor, reversal.sequence) == (-4000, "adjustment", "dana", 1)
    assert reversal.key == replace(programme.lines[0].key, component="manual")
    assert reversal.caused_by == "run 3 was rolled back"
    assert programme.cycle() == []
    assert programme.total() == 0


def test_once_another_amount_is_owed_all_of_that_is_paid(programme: Programme) -> None:
    programme.cycle()
    programme.deal("d1", "420")

    assert told(programme.cycle()) == [("d1", 200), ("d1", 4000)]
    assert programme.total() == 4200
    (ended,) = (each.ended for each in programme.settled.values())
    assert [key.opportunity.id for key in ended] == ["d1"]


def test_a_released_amount_is_posted_again(programme: Programme) -> None:
    programme.cycle()
    programme.taken_back = [replace(programme.taken_back[0], ended=True)]

    assert told(programme.cycle()) == [("d1", 4000)]
    assert programme.total() == 4000


def test_a_deal_that_no_longer_earns_leaves_nothing_taken_back(programme: Programme) -> None:
    programme.cycle()
    programme.deal("d1", "400", outcome="lost")

    assert told(programme.cycle()) == [("d1", -4000), ("d1", 4000)]
    assert programme.total() == 0


def test_a_deal_that_is_blocked_for_a_while_is_taken_back_again_when_it_earns_the_same(programme: Programme) -> None:
    programme.cycle()
    programme.deal("d1", "400", currency=None)
    assert told(programme.cycle()) == [("d1", -4000), ("d1", 4000)]
    assert [each.ended for each in programme.settled.values()] == [()]
    programme.deal("d1", "400")

    assert told(programme.cycle()) == [("d1", -4000), ("d1", 4000)]
    assert programme.total() == 0


def test_of_a_key_with_earlier_lines_only_the_runs_own_part_is_taken_back() -> None:
    programme = Programme(PERCENT)
    programme.deal("d1", "300")
    programme.cycle()
    programme.deal("d1", "400")
    (line,) = programme.cycle()
    programme.taken_back = [TakenBack(line.key, 4000, line.minor, "run 3 was rolled back", "dana")]

    assert told(programme.cycle()) == [("d1", -1000)]
    assert programme.total() == 3000


def test_a_reversal_explains_itself_and_stands_on_the_statement(programme: Programme) -> None:
    (reversal,) = programme.cycle()

    steps = {step.title: step.sentences for step in explain(reversal)}
    assert steps["Plan"] == ("referral, rule all: run 3 was rolled back, while 40.00 USD is owed",)
    calendar = programme.plans.terms["channel"].calendar
    period = reversal.posted_period
    made = statement(programme.lines, calendar, partner="acme", program="channel", period=period, currency="USD")
    assert (made.section("adjustments").total.minor, made.closing.minor) == (-4000, 0)
