"""Touches: which count, to the day; how they collapse; and what each model makes of them (DOMAIN §3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

import pytest

from mapping.config import Lookback
from mapping.touchpoints import Touch, collapsed, eligible, good_until, shares, span_of
from partnersync.clock import local_day
from partnersync.money import allocate, to_minor

ZONE = "America/Los_Angeles"
CLOSED = Lookback(before="closed", days=180)


def touches(office: Any, *facts: Any, zone: str = ZONE) -> list[Touch]:
    return [Touch(office.version(fact), fact, fact.partner, local_day(fact.occurred_at, zone)) for fact in facts]


def in_order(office: Any, partners: str) -> list[Touch]:
    facts = [office.touch(name, f"2026-02-{day:02}T20:00") for day, name in enumerate(partners, 1)]
    return touches(office, *facts)


def split(held: dict[str, Fraction], amount: str, currency: str = "USD") -> dict[str, int]:
    return allocate(to_minor(Decimal(amount), currency), held)


@pytest.mark.parametrize(
    ("amount", "parts"),
    [
        ("100.00", [3334, 3333, 3333]),
        ("-100.00", [-3334, -3333, -3333]),
        ("50.00", [1667, 1667, 1666]),
        ("0", [0, 0, 0]),
    ],
)
def test_an_amount_in_three_loses_no_cent(office: Any, amount: str, parts: list[int]) -> None:
    held = shares(in_order(office, "abc"), "touch", "linear")

    assert split(held, amount) == dict(zip("abc", parts, strict=True))


def test_linear_by_touch_counts_every_touch_and_by_partner_every_partner(office: Any) -> None:
    order = in_order(office, "abcc")

    assert split(shares(order, "touch", "linear"), "100.01") == {"a": 2500, "b": 2500, "c": 5001}
    assert shares(order, "partner", "linear") == dict.fromkeys("abc", Fraction(1, 3))


@pytest.mark.parametrize(
    ("model", "unit", "winner"),
    [
        ("first_touch", "touch", "a"),
        ("last_touch", "touch", "c"),
        ("first_touch", "partner", "a"),
        ("last_touch", "partner", "c"),
    ],
)
def test_first_and_last_touch_take_all(
    office: Any, model: Literal["first_touch", "last_touch"], unit: Literal["touch", "partner"], winner: str
) -> None:
    assert shares(in_order(office, "abac"), unit, model) == {winner: Fraction(1)}


def test_a_partner_stands_at_its_earliest_touch_and_for_last_touch_at_its_latest(office: Any) -> None:
    order = in_order(office, "aba")

    assert shares(order, "partner", "last_touch") == {"a": Fraction(1)}
    assert shares(order, "partner", "first_touch") == {"a": Fraction(1)}


def test_touches_at_one_instant_stand_in_the_order_of_their_ids(office: Any) -> None:
    both = [office.touch("b", "2026-02-01T20:00", id="T-2"), office.touch("a", "2026-02-01T20:00", id="T-10")]

    assert shares(touches(office, *both), "touch", "first_touch") == {"a": Fraction(1)}, "T-10 before T-2 by code point"


def test_same_partner_type_and_day_collapse_to_the_earliest_with_the_highest_weight(office: Any) -> None:
    facts = [
        office.touch("a", "2026-02-01T20:00", weight=Decimal(1)), office.touch("a", "2026-02-01T18:00", weight=Decimal(2)),
        office.touch("a", "2026-02-02T07:59", weight=Decimal(5)), office.touch("a", "2026-02-02T08:00"),
        office.touch("a", "2026-02-01T19:00", type_="demo"), office.touch("b", "2026-02-01T19:30"),
    ]  # fmt: skip

    found = collapsed(touches(office, *facts))

    assert [(touch.fact.occurred_at.hour, touch.fact.weight, touch.partner) for touch in found] == [
        (18, Decimal(5), "a"), (19, Decimal(1), "a"), (19, Decimal(1), "b"), (8, Decimal(1), "a"),
    ]  # fmt: skip


def counted(
    office: Any, fact: Any, lookback: Lookback = CLOSED, as_of: str = "2026-05-01", zone: str = ZONE, **deal: Any
) -> str:
    dossier = office.dossier(office.deal(**deal))
    span = span_of(dossier, lookback, office.utc(as_of), zone)
    assert span is not None
    inside, late = eligible(touches(office, fact, zone=zone), dossier, span, office.utc(as_of))
    return "counts" if inside else "late" if late else "outside"


@pytest.mark.parametrize(
    ("occurred", "zone", "answer"),
    [
        ("2025-10-02T06:59:59", ZONE, "outside"),
        ("2025-10-02T07:00", ZONE, "counts"),
        ("2026-04-01T06:59:59", ZONE, "late"),
        ("2026-04-01T07:00", ZONE, "outside"),
        ("2025-10-01T14:59:59", "Asia/Tokyo", "outside"),
        ("2025-10-01T15:00", "Asia/Tokyo", "counts"),
        ("2026-03-31T15:00", "Asia/Tokyo", "outside"),
    ],
)
def test_180_days_before_the_close_day_are_counted_in_the_programmes_timezone(
    office: Any, occurred: str, zone: str, answer: str
) -> None:
    """The deal closed on 31 March 2026, so the first day that counts is 2 October 2025."""
    assert counted(office, office.touch("a", occurred), zone=zone) == answer


def test_the_anchor_may_be_the_creation_and_touches_may_count_until_then(office: Any) -> None:
    lookback = Lookback(before="created", days=10, until="created")
    deal = {"created_at": office.utc("2026-01-15T20:00")}

    answers = [
        counted(office, office.touch("a", f"{day}T20:00"), lookback, **deal)
        for day in ("2026-01-04", "2026-01-05", "2026-01-15", "2026-01-16")
    ]

    assert answers == ["outside", "counts", "counts", "outside"]


def test_an_open_deal_counts_touches_through_now(office: Any) -> None:
    touch = office.touch("a", "2026-04-20T12:00")

    assert counted(office, touch, as_of="2026-04-20T12:00", outcome="open") == "counts"
    assert counted(office, touch, as_of="2026-04-20T11:59", outcome="open") == "outside"


def test_what_was_recorded_strictly_after_the_win_is_late(office: Any) -> None:
    won = "2026-03-31T20:00:00"

    assert counted(office, office.touch("a", "2026-02-01", recorded=won)) == "counts"
    assert counted(office, office.touch("a", "2026-02-01", recorded="2026-03-31T20:00:01")) == "late"
    assert counted(office, office.touch("a", "2026-02-01", recorded="2026-04-20"), outcome="lost") == "counts"


def test_a_deal_that_is_won_again_starts_anew(office: Any) -> None:
    deal = office.deal()
    opened = replace(deal, outcome="open")
    states = [(opened, "2026-01-20"), (deal, "2026-02-10"), (opened, "2026-03-01"), (None, "2026-03-02"), (deal, "2026-03-31"),
              (replace(deal, name="edited"), "2026-04-20")]  # fmt: skip
    dossier = office.dossier(history=[office.version(fact, stamp) for fact, stamp in states])
    span = span_of(dossier, CLOSED, office.utc("2026-05-01"), ZONE)
    assert span is not None

    facts = [
        office.touch("a", "2026-02-01", recorded="2026-02-20"),
        office.touch("b", "2026-02-01", recorded="2026-04-01"),
    ]
    inside, late = eligible(touches(office, *facts), dossier, span, office.utc("2026-05-01"))

    assert [touch.partner for touch in inside] == ["a"]
    assert [touch.partner for touch in late] == ["b"]


def test_a_stage_that_knows_its_own_day_tells_the_win_from_our_first_sight_of_it(office: Any) -> None:
    touch = office.touch("a", "2026-02-01", recorded="2026-03-20")

    assert counted(office, touch) == "counts"
    assert counted(office, touch, stage_since=office.utc("2026-03-15")) == "late"


def test_an_open_deals_answer_is_good_until_a_touch_begins_or_falls_out(office: Any) -> None:
    lookback = Lookback(before="closed", days=10)
    facts = [office.touch("a", "2026-04-20T20:00"), office.touch("b", "2026-05-02T09:00")]

    until = good_until(touches(office, *facts), office.deal(outcome="open"), lookback, office.utc("2026-04-25"), ZONE)

    assert until == office.utc("2026-05-01T07:00"), (
        "10 days after 20 April is 30 April, over at midnight in Los Angeles"
    )
    assert good_until(touches(office, *facts), office.deal(), lookback, office.utc("2026-05-03"), ZONE) is None


def test_without_a_creation_date_a_lookback_from_it_has_no_days(office: Any) -> None:
    lookback = Lookback(before="created", days=10)

    assert span_of(office.dossier(office.deal(created_at=None)), lookback, office.utc("2026-05-01"), ZONE) is None


def test_a_closed_deal_without_a_date_closes_on_the_day_it_was_seen_closed(office: Any) -> None:
    span = span_of(office.dossier(office.deal(closes_on=None)), CLOSED, office.utc("2026-05-01"), ZONE)

    assert span is not None
    assert span.last == date(2026, 3, 31)
