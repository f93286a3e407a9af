"""One deal in two CRMs earns once, in the programme's system of record (DOMAIN §7)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from mapping.reach import keys
from partnersync.facts import Opportunity, Twin
from partnersync.ids import Ref

MIRROR = Ref("hubspot", "77", "deals", "9001")
COMPANY = Ref("hubspot", "77", "companies", "5")


def mirrored(
    office: Any, *, other: dict[str, Any] | None = None, domain: str | None = "customer.com", **mirror: Any
) -> Any:
    """A HubSpot deal with the Salesforce one that may be the same, and a registration that both could claim."""
    deal = office.deal(ref=MIRROR, account=COMPANY, **mirror)
    original = office.deal(**(other or {}))
    twin = Twin(office.version(original), office.version(office.account(domain)))
    return office.dossier(
        deal, accounts=[office.account(ref=COMPANY)], registrations=[office.registration()], twins=(twin,)
    )


def test_the_mirror_earns_nothing_and_names_the_original(office: Any) -> None:
    found = office.attribute(mirrored(office))

    assert office.told(found) == {"unassigned": "100.00"}
    (proof,) = found.credits[0].evidence
    assert (proof.kind, proof.ref) == ("duplicate_of", office.DEAL)
    assert proof.note == "the same deal as 006Deal in salesforce, where acme is credited"


def test_the_original_earns_and_names_its_mirror(office: Any) -> None:
    mirror = office.deal(ref=MIRROR, account=COMPANY)
    twin = Twin(office.version(mirror), office.version(office.account(ref=COMPANY)))

    found = office.attribute(office.dossier(registrations=[office.registration(opportunity=MIRROR)], twins=(twin,)))

    assert office.told(found) == {"acme": "100.00"}, "a registration that names the mirror is about this deal"
    assert "duplicate_across_crms" in [finding.code for finding in found.findings]


@pytest.mark.parametrize(
    ("mirror", "other", "domain", "same"),
    [
        ({"closes_on": date(2026, 4, 7)}, {}, "customer.com", True),
        ({"closes_on": date(2026, 4, 8)}, {}, "customer.com", False),
        ({"amount": Decimal("100.0")}, {}, "customer.com", True),
        ({"amount": Decimal("100.01")}, {}, "customer.com", False),
        ({"currency": "EUR"}, {}, "customer.com", False),
        ({"amount": None}, {"amount": None}, "customer.com", False),
        ({}, {}, "else.com", False),
        ({}, {}, None, True),
        ({}, {"ref": Ref("hubspot", "77", "deals", "1")}, "customer.com", False),
        ({"amount": Decimal(7), "twin": "DEAL"}, {}, "else.com", True),
        ({"amount": Decimal(7)}, {"twin": MIRROR}, "else.com", True),
        ({}, {"twin": Ref("hubspot", "77", "deals", "2")}, "customer.com", False),
    ],
)
def test_two_records_are_one_deal_by_name_or_by_customer_amount_and_week(
    office: Any, mirror: dict[str, Any], other: dict[str, Any], domain: str | None, same: bool
) -> None:
    named = {key: office.DEAL if value == "DEAL" else value for key, value in mirror.items()}
    found = office.attribute(mirrored(office, other=other, domain=domain, **named))

    (proof,) = found.credits[0].evidence
    assert (proof.kind == "duplicate_of") is same


def test_without_a_system_of_record_both_earn_and_both_are_told(office: Any) -> None:
    book = office.book((", system_of_record: salesforce", ""))

    found = office.attribute(mirrored(office), book)

    assert office.told(found) == {"acme": "100.00"}
    assert "duplicate_across_crms" in [finding.code for finding in found.findings]


def apart(one: Opportunity, other: Opportunity) -> int | None:
    """How many places apart they meet; None where they never do."""
    here, there = keys(one).meets, keys(other).meets
    return abs(here[1] - there[1]) if here and there and here[0] == there[0] else None


def test_deals_that_may_be_one_meet_near_each_other_and_others_do_not(office: Any) -> None:
    deal = office.deal()
    for days in range(-7, 8):
        near = replace(deal, ref=MIRROR, closes_on=deal.closes_on + timedelta(days=days), amount=Decimal("100"))
        assert apart(deal, near) in (0, 1), days
    for changes in ({"amount": Decimal(101)}, {"currency": "EUR"}, {"closes_on": deal.closes_on + timedelta(days=14)}):
        assert apart(deal, replace(deal, ref=MIRROR, **changes)) not in (0, 1)
    named = keys(replace(deal, ref=MIRROR, amount=None, twin=deal.ref))
    assert named.meets is None
    assert ("opportunity", deal.ref) in named.names
