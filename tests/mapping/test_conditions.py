"""Conditions: three answers, judged by kind, with the reason in English; every mistake on its line."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from mapping.conditions import Facts, Vocabulary, compile_when
from mapping.conditions.language import read_condition
from partnersync.facts import Account, Opportunity, Partner
from partnersync.ids import Ref

DEAL = Opportunity(
    Ref("salesforce", "00D", "Opportunity", "006"), "Big Deal", "won", "Closed Won", amount=Decimal("1500.00"),
    currency="USD", closes_on=date(2026, 9, 30), created_at=datetime(2026, 10, 1, 3, 30, tzinfo=UTC), type="new",
    extra={"seats": Decimal(12), "segment": "Mid-Market", "signed": "2026-02-01", "vip": True},
)  # fmt: skip
FACTS = Facts(
    DEAL,
    Account(Ref("salesforce", "00D", "Account", "001"), "Customer", "customer.com"),
    Partner("acme", "Acme", "reseller", programs=("channel", "msp"), region="EMEA"),
    "gold",
    credited={"influenced": frozenset({"acme", "globex"})},
)
WORDS = Vocabulary.of(
    {"opportunity": {"seats": "number", "segment": "text", "signed": "date", "vip": "boolean"}},
    {"opportunity.type": ["new", "renewal"]},
)


def holds(tree: Any, facts: Facts = FACTS, zone: str = "America/Los_Angeles") -> bool | None:
    return compile_when(read_condition(tree), WORDS, zone).holds(facts)


@pytest.mark.parametrize(
    ("tree", "answer"),
    [
        ({}, True),
        ({"opportunity.type": "new"}, True),
        ({"opportunity.type": "NEW"}, True),
        ({"opportunity.type": ["renewal"]}, False),
        ({"opportunity.type": {"is_not": "new"}}, False),
        ({"opportunity.type": {"none_of": ["renewal"]}}, True),
        ({"opportunity.name": {"starts_with": "big"}}, True),
        ({"opportunity.name": {"contains": "EAL"}}, True),
        ({"opportunity.amount": {"at_least": "1500 USD"}}, True),
        ({"opportunity.amount": {"more_than": "1500 USD"}}, False),
        ({"opportunity.amount": {"at_least": "1,000 USD", "less_than": "2000 USD"}}, True),
        ({"opportunity.amount": {"at_least": "1 EUR"}}, None),
        ({"opportunity.amount": {"is_not": "1500 EUR"}}, None),
        ({"opportunity.amount": "1500 USD"}, True),
        ({"opportunity.closes_on": {"before": "2026-10-01"}}, True),
        ({"opportunity.closes_on": {"on_or_after": "2026-09-30", "on_or_before": "2026-09-30"}}, True),
        ({"opportunity.closes_on": {"after": "2026-09-30"}}, False),
        ({"opportunity.created_at": "2026-09-30"}, True),
        ({"opportunity.region": "missing"}, True),
        ({"opportunity.region": "present"}, False),
        ({"opportunity.region": "EMEA"}, None),
        ({"opportunity.region": {"is_not": "EMEA"}}, None),
        ({"not": {"opportunity.region": "EMEA"}}, None),
        ({"not": {"opportunity.type": "renewal"}}, True),
        ({"any": [{"opportunity.region": "EMEA"}, {"opportunity.type": "new"}]}, True),
        ({"any": [{"opportunity.region": "EMEA"}, {"opportunity.type": "renewal"}]}, None),
        ({"all": [{"opportunity.region": "EMEA"}, {"opportunity.type": "renewal"}]}, False),
        ({"opportunity.region": "EMEA", "opportunity.type": "new"}, None),
        ({"opportunity.outcome": "won", "partner.type": ["reseller", "msp"], "partner.tier": "Gold"}, True),
        ({"partner.programs": "MSP"}, True),
        ({"partner.programs": {"none_of": ["msp"]}}, False),
        ({"partner.domains": "missing"}, True),
        ({"attribution.sourced": "missing"}, True),
        ({"attribution.influenced": "globex"}, True),
        ({"attribution.influenced": {"is_not": "globex"}}, False),
        ({"opportunity.seats": {"at_least": "12"}}, True),
        ({"opportunity.segment": "mid-market"}, True),
        ({"opportunity.signed": {"before": "2026-02-02"}}, True),
        ({"opportunity.vip": True}, True),
        ({"opportunity.crm": "salesforce", "account.domain": "customer.com"}, True),
    ],
)
def test_a_condition_is_yes_no_or_unknown(tree: Any, answer: bool | None) -> None:
    assert holds(tree) is answer


def test_an_instant_is_judged_by_its_day_in_the_programmes_timezone() -> None:
    assert holds({"opportunity.created_at": "2026-09-30"}, zone="America/Los_Angeles") is True
    assert holds({"opportunity.created_at": "2026-10-01"}, zone="Asia/Tokyo") is True


def test_unknown_is_never_a_match() -> None:
    decider = compile_when(read_condition({"not": {"opportunity.region": "EMEA"}}), WORDS, "UTC")

    assert not decider.matches(FACTS)
    assert not decider.matches(Facts())


@pytest.mark.parametrize(
    ("tree", "reason"),
    [
        ({"opportunity.type": ["new", "renewal"]}, "opportunity.type is new, one of new, renewal"),
        ({"opportunity.type": "renewal"}, "opportunity.type is new, not renewal"),
        ({"opportunity.type": {"is_not": "new"}}, "opportunity.type is new, which is excluded"),
        (
            {"opportunity.amount": {"at_least": "2000 USD"}},
            "opportunity.amount is 1,500.00 USD, not at least 2,000 USD",
        ),
        (
            {"opportunity.amount": {"at_least": "1 EUR"}},
            "opportunity.amount is 1,500.00 USD, not comparable with 1 EUR",
        ),
        ({"opportunity.region": "EMEA"}, "opportunity.region is missing"),
        ({"attribution.sourced": "missing"}, "attribution.sourced is missing"),
        ({"opportunity.name": {"contains": "small"}}, "opportunity.name 'Big Deal' lacks 'small'"),
        ({"opportunity.type": {"none_of": ["renewal"]}}, "opportunity.type is new, not one of renewal"),
        ({"opportunity.type": "new", "opportunity.vip": False}, "opportunity.vip is true, not false"),
        ({}, "no conditions"),
    ],
)
def test_the_reason_names_the_value_and_what_was_asked(tree: Any, reason: str) -> None:
    assert compile_when(read_condition(tree), WORDS, "UTC").why(FACTS) == reason


@pytest.mark.parametrize(
    ("tree", "where", "message"),
    [
        ({"oportunity.type": "new"}, ("oportunity.type", "[key]"), "did you mean 'opportunity.type'?"),
        (
            {"opportunity.amount": {"at_least": "1000"}},
            ("opportunity.amount", "at_least"),
            "such as 1000 USD; found '1000'",
        ),
        ({"opportunity.amount": "1000"}, ("opportunity.amount",), "write it with its currency"),
        ({"opportunity.outcome": "wonn"}, ("opportunity.outcome",), "did you mean 'won'?"),
        ({"opportunity.type": {"at_least": "3"}}, ("opportunity.type", "at_least"), "does not fit opportunity.type"),
        ({"opportunity.closes_on": {"before": "soon"}}, ("opportunity.closes_on", "before"), "write it as 2026-02-01"),
        ({"opportunity.type": {"one_of": "new"}}, ("opportunity.type", "one_of"), "expected a list under one_of"),
        ({"opportunity.amount": {"at_least": ["1 USD"]}}, ("opportunity.amount", "at_least"), "expected one value"),
        ({"opportunity.type": None}, ("opportunity.type",), "found nothing"),
        ({"opportunity.type": True}, ("opportunity.type",), "put it in quotes"),
        ({"opportunity.type": []}, ("opportunity.type",), "must not be empty"),
        ({"opportunity.type": {}}, ("opportunity.type",), "must not be empty"),
        (
            {"opportunity.amount": {"at_least": "5 USD", "less_than": "5 USD"}},
            ("opportunity.amount",),
            "at_least and less_than exclude one another",
        ),
        (
            {"opportunity.amount": {"at_least": "5 USD", "less_than": "9 EUR"}},
            ("opportunity.amount",),
            "different currencies",
        ),
        (
            {"opportunity.closes_on": {"after": "2026-02-01", "before": "2026-01-01"}},
            ("opportunity.closes_on",),
            "after and before exclude one another",
        ),
        ({"opportunity.type": {"is": "new", "none_of": ["new"]}}, ("opportunity.type",), "also excluded"),
        ({"any": []}, ("any",), "expected a list of conditions under `any`"),
        ({"not": "new"}, ("not",), "expected conditions such as"),
        ({"any": [{"opportunity.outcome": "x"}]}, ("any", 0, "opportunity.outcome"), "is never 'x'"),
        ("opportunity.type == new", (), "expected conditions such as"),
    ],
)
def test_each_mistake_says_where_it_is_and_what_was_expected(tree: Any, where: tuple[Any, ...], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        read_condition(tree)

    (mistake,) = caught.value.errors()
    assert mistake["loc"] == where
    assert message in mistake["msg"]


def test_an_unknown_comparison_lists_the_known_ones() -> None:
    with pytest.raises(ValidationError) as caught:
        read_condition({"opportunity.amount": {"at_lest": "1000 USD"}})

    (mistake,) = caught.value.errors()
    assert mistake["type"] == "union_tag_invalid"
    assert "at_least" in mistake["ctx"]["expected_tags"]


def test_every_mistake_of_a_condition_is_told_at_once() -> None:
    with pytest.raises(ValidationError) as caught:
        read_condition({"opportunity.outcome": "x", "opportunity.amount": "5", "any": [{"partner.typ": "reseller"}, 3]})

    assert caught.value.error_count() == 3, "partner.typ may be a field of the config's own until the whole is known"


def test_a_clause_costs_about_a_microsecond() -> None:
    decider = compile_when(
        read_condition(
            {"opportunity.type": ["new"], "opportunity.amount": {"at_least": "1000 USD"}, "partner.tier": "gold"}
        ),
        WORDS,
        "UTC",
    )
    best = min(_seconds(decider.holds) for _ in range(5))

    assert best / 3 < 3e-6, f"{best / 3 * 1e6:.2f} µs per clause"


def _seconds(holds: Any) -> float:
    began = time.perf_counter()
    for _ in range(2000):
        holds(FACTS)
    return (time.perf_counter() - began) / 2000
