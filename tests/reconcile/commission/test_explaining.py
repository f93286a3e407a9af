"""A line explains itself, in the order of the specification."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from partnersync.facts import Partner, Tier
from partnersync.lines import Line, Owed
from reconcile.explain import explain
from tests.reconcile.commission.programme import GRADUATED, PERCENT, Programme, rate


def steps(subject: Line | Owed) -> dict[str, tuple[str, ...]]:
    return {step.title: step.sentences for step in explain(subject)}


def test_a_bracket_line_tells_plan_inputs_credit_brackets_rounding_and_delta() -> None:
    programme = Programme()
    programme.deal("d1", "40000", "2026-02-01")
    programme.deal("d2", "30000.05", "2026-02-02")

    told = steps(programme.cycle()[1])

    assert list(told) == [
        "Plan", "Effective", "Inputs", "Credit", "Computation", "Rounding", "Posted before", "Difference", "Posted in",
    ]  # fmt: skip
    assert told["Plan"][0] == "reseller, the version effective from 2026-01-01, pays graduated by rule revenue"
    assert told["Effective"] == ("effective on 2026-02-02, in 2026-Q1; generation 1 of the deal",)
    assert told["Inputs"][0].startswith("salesforce/00D/Opportunity/d2: 30,000.05 USD, as of 2026-07-01")
    assert told["Credit"][0] == "acme holds 100 % of the sourced credit by rule rep-field"
    assert told["Credit"][1] == "evidence: field salesforce/00D/Opportunity/d2 of 2026-01-05 00:00 UTC"
    assert told["Computation"] == (
        "basis 30,000.05 USD; cumulative revenue 40,000.00 USD before, 70,000.05 USD after",
        "10,000.00 USD × 10 % (bracket from the start to 50,000.00 USD) = 1,000.00 USD",
        "20,000.05 USD × 12 % (bracket from 50,000.00 USD to 100,000.00 USD) = 2,400.006 USD",
    )
    assert told["Rounding"] == ("3,400.006 USD rounded half up: 3,400.01 USD",)
    assert told["Posted before"] == ("nothing yet",)
    assert told["Difference"][0] == "3,400.01 USD owed − 0.00 USD posted = 3,400.01 USD"
    assert told["Difference"][1] == "caused by this deal itself"


def test_a_line_caused_by_another_deal_names_it() -> None:
    programme = Programme()
    programme.deal("d1", "40000", "2026-02-01")
    programme.deal("d2", "30000", "2026-02-02")
    programme.cycle()
    programme.deal("d1", "40000", "2026-02-01", outcome="lost")

    gone, behind = sorted(programme.cycle(), key=lambda line: line.key.opportunity)

    assert steps(behind)["Difference"] == (
        "3,000.00 USD owed − 3,400.00 USD posted = -400.00 USD", "caused by salesforce/00D/Opportunity/d1",
    )  # fmt: skip
    assert steps(behind)["Posted before"] == ("3,400.00 USD in 1 line",)
    assert "no longer earns under this key" in steps(gone)["Plan"][0]


def test_the_rate_of_exchange_is_shown_with_its_path() -> None:
    programme = Programme(PERCENT, rates=[rate("2026-02-01", "USD", "EUR", "0.9")])
    programme.deal("d1", "100", currency="EUR")

    (line,) = programme.cycle()

    assert steps(line)["Exchange"] == ("1 EUR = 1.11111111… USD, by 1 ÷ USD→EUR of 2026-02-01, frozen for this deal",)
    assert steps(line)["Rounding"] == ("11.11111111… USD rounded half up: 11.11 USD",)


def test_what_is_missing_is_told() -> None:
    programme = Programme(PERCENT, as_of=datetime(2026, 2, 15, tzinfo=UTC))
    programme.deal("d1", "100")
    programme.cycle()
    programme.deal("d1", "100", on="2026-03-20")
    (line,) = programme.cycle()
    programme.deal("d1", None)
    programme.cycle()

    assert steps(line)["Missing"] == ("a close date that has come",)
    assert steps(programme.owed[0])["Missing"] == ("the deal has no amount",)


def test_the_tier_that_was_used_is_told() -> None:
    gold = Partner("acme", "Acme", "reseller", tiers=(Tier("gold", date(2026, 2, 1)),))
    programme = Programme(
        PERCENT.replace("role: sourced", "role: sourced, when: {partner.tier: gold}"), partners={"acme": gold}
    )
    programme.deal("d1", "100", "2026-02-01")
    programme.deal("d2", "100", "2026-01-31")

    (line,) = programme.cycle()

    assert line.key.opportunity.id == "d1"
    assert "tier gold on 2026-02-01" in steps(line)["Plan"]


def test_an_explanation_survives_its_storage_as_json() -> None:
    programme = Programme(GRADUATED, rates=[rate("2026-02-01", "EUR", "USD", "1.08")])
    programme.deal("d1", "60000", currency="EUR")
    (line,) = programme.cycle()
    stored = json.loads(json.dumps(line.explanation))

    assert stored == line.explanation
    assert explain(replace(line, explanation=stored)) == explain(line)


def test_names_are_put_in_when_somebody_asks() -> None:
    programme = Programme(PERCENT)
    programme.deal("d1", "100")
    (line,) = programme.cycle()
    names = {"acme": "Acme Ltd", "referral": "Referral 2026", "salesforce/00D/Opportunity/d1": "Big deal"}

    told = " ".join(s for step in explain(line, lambda id_: names.get(id_, id_)) for s in step.sentences)

    assert "Acme Ltd holds" in told
    assert "Referral 2026, the version" in told
    assert "Big deal: 100.00 USD" in told


def test_an_explanation_of_a_newer_schema_is_refused() -> None:
    programme = Programme(PERCENT)
    programme.deal("d1", "100")
    (line,) = programme.cycle()

    with pytest.raises(ValueError, match="upgrade partnersync"):
        explain(replace(line, explanation={**line.explanation, "schema": 2}))
