"""Which generation of a deal earns, judged between successive versions of its facts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from partnersync.facts import Opportunity, Version
from reconcile.commission.generations import generation
from tests.reconcile.commission.programme import PERCENT, Programme, ref

CASES = [
    ("won", 1),
    ("open won", 1),
    ("won lost", 1),
    ("won lost won", 2),
    ("won open won lost won", 3),
    ("won won", 1),
    ("won gone won", 1),
    ("won gone gone won", 1),
    ("won gone open won", 2),
    ("won lost gone won", 2),
    ("won won:EUR", 2),
    ("won won:EUR won", 3),
    ("won lost won:EUR", 2),
    ("won lost lost:EUR won:EUR", 3),
    ("won won: won", 1),
    ("won won: won:EUR", 2),
    ("open open:EUR won:EUR", 1),
    ("won:EUR lost:EUR lost won", 3),
]


def history(text: str) -> tuple[Version[Opportunity], ...]:
    """``won lost won:EUR gone``: successive versions; ``:`` alone is no currency."""
    made = []
    for at, word in enumerate(text.split()):
        outcome, colon, currency = word.partition(":")
        stamp = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=at)
        known = (currency or None) if colon else "USD"
        fact = None if outcome == "gone" else Opportunity(ref("d1"), "d1", outcome, "s", currency=known)  # type: ignore[arg-type]
        made.append(Version(fact, str(at), stamp, stamp))
    return tuple(made)


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_the_generation_of_a_history_that_always_earned(text: str, expected: int) -> None:
    assert generation(history(text), lambda at: True) == expected


@pytest.mark.parametrize("text", [text for text, _ in CASES])
def test_a_deal_that_never_earned_stays_in_its_first_generation(text: str) -> None:
    assert generation(history(text), lambda at: False) == 1


def test_only_what_was_earned_before_the_turn_counts() -> None:
    assert generation(history("won lost won lost won"), lambda at: at == 2) == 2


def test_nothing_is_asked_about_a_history_that_never_turned() -> None:
    def asked(at: int) -> bool:
        raise AssertionError(f"version {at} was asked about")

    assert generation(history("open won won lost"), asked) == 1


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, 2),
        ({"amount": "0"}, 1),
        ({"amount": None}, 1),
        ({"on": None}, 1),
        ({"on": "2026-07-03"}, 1),
        ({"on": "2025-12-31"}, 1),
        ({"currency": "EUR"}, 1),
    ],
)
def test_a_first_win_that_earned_nothing_begins_no_generation(changed: dict[str, str | None], expected: int) -> None:
    programme = Programme(PERCENT)
    first: dict[str, str | None] = {"amount": "100", "on": "2026-02-01", "currency": "USD", **changed}
    programme.deal("d1", **first)
    programme.deal("d1", "100", outcome="lost", currency=first["currency"])
    programme.deal("d1", "100", currency=first["currency"])
    if first["currency"] == "EUR":
        programme.deal("d1", "100")

    (line,) = programme.cycle()

    assert line.key.generation == expected


def test_every_turn_counts_though_no_cycle_saw_it() -> None:
    slept, awake = Programme(PERCENT), Programme(PERCENT)
    for outcome in ("won", "lost", "won", "open", "won"):
        for programme in (slept, awake):
            programme.deal("d1", "100", outcome=outcome)
        awake.cycle()
    slept.cycle()

    assert [line.key.generation for line in slept.lines] == [3]
    assert awake.total() == slept.total() == 1000
    assert awake.lines[-1].key == slept.lines[-1].key
