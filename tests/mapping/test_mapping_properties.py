"""For any deal and evidence: shares and amounts add up, order and strangers change nothing, and time only when it said so."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

import pytest

from mapping.attribution import attribute
from mapping.reach import keys
from partnersync.facts import Dossier
from partnersync.ids import Ref
from partnersync.money import to_minor

PARTNERS = ("acme", "globex", "initech", "The Globe", "nobody")
CURRENCIES = ("USD", "JPY", "BHD", "CLF")
SEEDS = range(300)
"""Each seed is a test of its own, named by it."""
START = datetime(2025, 10, 1, tzinfo=UTC)


def stamp(rng: Random) -> str:
    return (START + timedelta(seconds=rng.randrange(260 * 86_400))).replace(tzinfo=None).isoformat()


def dossier(office: Any, rng: Random) -> Dossier:
    outcome = rng.choice(("open", "won", "lost"))
    deal = office.deal(
        outcome=outcome, amount=Decimal(rng.randrange(-10_000, 1_000_000)).scaleb(-3), currency=rng.choice(CURRENCIES),
        closes_on=rng.choice((None, office.utc(stamp(rng)).date())), partner_field=rng.choice((None, *PARTNERS)),
    )  # fmt: skip
    history = sorted(
        (
            office.version(replace(deal, outcome=rng.choice(("open", "won"))), stamp(rng))
            for _ in range(rng.randrange(3))
        ),
        key=lambda version: version.stamp,
    )
    registrations = [
        office.registration(
            rng.choice(PARTNERS), submitted_at=office.utc(stamp(rng)), approved_at=office.utc(stamp(rng)),
            status=rng.choice(("approved", "won", "rejected")), opportunity=rng.choice((None, office.DEAL)),
        )
        for _ in range(rng.randrange(4))
    ]  # fmt: skip
    touches = [
        office.touch(rng.choice(PARTNERS), stamp(rng), recorded=stamp(rng), type_=rng.choice(("demo", "mail")))
        for _ in range(rng.randrange(9))
    ]
    overrides = [office.override({rng.choice(PARTNERS): "0.35"}, decided=stamp(rng)[:10])] if rng.random() < 0.2 else []
    newest = office.version(deal, "2026-07-01")
    found: Dossier = office.dossier(
        history=[*history, newest], registrations=registrations, touches=touches, overrides=overrides
    )
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_credits_add_up_and_rest_only_on_what_is_within_reach(office: Any, books: list[Any], seed: int) -> None:
    rng = Random(seed)
    facts, book = dossier(office, rng), rng.choice(books)
    as_of = office.utc(stamp(rng)) + timedelta(days=120)

    found = attribute(book, facts, as_of)

    deal = facts.now.fact
    assert deal is not None
    for role in {credit.role for credit in found.credits}:
        held = [credit for credit in found.credits if credit.role == role]
        assert sum((credit.share for credit in held), Fraction(0)) == 1
        assert all(credit.share > 0 for credit in held)
        minors = [credit.amount.minor for credit in held if credit.amount]
        assert len(minors) == len(held)
        assert sum(minors) == to_minor(deal.amount or Decimal(0), deal.currency or "USD")
        assert all(credit.evidence for credit in held if credit.partner != "unassigned"), "a credit without evidence"

    shuffled = replace(
        facts,
        registrations=tuple(rng.sample(facts.registrations, len(facts.registrations))),
        touchpoints=tuple(rng.sample(facts.touchpoints, len(facts.touchpoints))),
    )
    assert attribute(book, shuffled, as_of).credits == found.credits, "the order of arrival does not matter"

    strangers = replace(
        facts,
        registrations=(*facts.registrations, office.version(_elsewhere(office, rng))),
        touchpoints=(*facts.touchpoints, office.version(_foreign_touch(office, rng))),
    )
    assert attribute(book, strangers, as_of) == found, "facts beyond reach change nothing"


def _elsewhere(office: Any, rng: Random) -> Any:
    other = Ref("salesforce", "00D", "Opportunity", "006Other")
    fact = office.registration(rng.choice(PARTNERS), **rng.choice(({"opportunity": other}, {"domain": "else.com"})))
    own = {("opportunity", office.DEAL), ("account", office.ACCOUNT), *keys(office.account()).shares}
    assert fact.opportunity == other or own.isdisjoint((*keys(fact).names, *keys(fact).shares))
    return fact


def _foreign_touch(office: Any, rng: Random) -> Any:
    return office.touch(
        rng.choice(PARTNERS), stamp(rng), opportunity=Ref("salesforce", "00D", "Opportunity", "006Other")
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_time_alone_changes_no_answer_before_its_good_until(office: Any, books: list[Any], seed: int) -> None:
    rng = Random(seed)
    facts, book = dossier(office, rng), rng.choice(books)
    now = office.utc(stamp(rng))

    for _ in range(6):
        found = attribute(book, facts, now)
        until = found.good_until
        later = (until or now + timedelta(days=900)) - timedelta(microseconds=1)
        between = now + (later - now) * rng.random()
        for moment in (between, later):
            again = attribute(book, facts, moment)
            assert [_plain(credit) for credit in again.credits] == [_plain(credit) for credit in found.credits]
        if until is None:
            break
        assert until > now
        now = until


def _plain(credit: Any) -> Any:
    return credit.role, credit.partner, credit.share, credit.amount, credit.rule
