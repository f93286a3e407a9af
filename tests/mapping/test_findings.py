"""What is wrong with a deal is told, each finding once, with what to do about it (DOMAIN §9, §10)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from partnersync.facts import Partner


@pytest.mark.parametrize(
    ("deal", "code"),
    [
        ({"amount": None}, "amount_missing"),
        ({"amount": Decimal(0)}, "amount_zero"),
        ({"currency": None}, "currency_missing"),
        ({"closes_on": None}, "close_date_missing"),
        ({"closes_on": date(2026, 5, 2)}, "close_date_future"),
        ({"partner_field": "partner??"}, "partner_field_unknown"),
    ],
)
def test_a_won_deal_that_is_not_whole_says_so(office: Any, deal: dict[str, Any], code: str) -> None:
    whole = office.attribute(office.dossier())

    found = office.attribute(office.dossier(office.deal(**deal)))

    assert [finding.code for finding in found.findings] == [code]
    assert whole.findings == ()


@pytest.mark.parametrize("deal", [{"amount": None}, {"currency": None}])
def test_a_credit_without_money_keeps_its_share(office: Any, deal: dict[str, Any]) -> None:
    found = office.attribute(office.dossier(office.deal(**deal), registrations=[office.registration()]))

    assert (found.credits[0].amount, found.credits[0].share) == (None, 1)


def test_an_open_deal_may_lack_what_a_won_one_needs(office: Any) -> None:
    assert office.attribute(office.dossier(office.deal(outcome="open", amount=None, closes_on=None))).findings == ()


def test_a_future_close_date_is_looked_at_again_on_its_day(office: Any) -> None:
    found = office.attribute(office.dossier(office.deal(closes_on=date(2026, 5, 2))))

    assert found.good_until == office.utc("2026-05-02T07:00")


def test_a_partner_is_not_credited_with_its_own_purchase_without_a_word(office: Any) -> None:
    registration = office.registration(domain="acme-computing.com")
    found = office.attribute(
        office.dossier(accounts=[office.account(domain="acme-computing.com")], registrations=[registration])
    )

    assert [finding.code for finding in found.findings] == ["partner_is_customer"]


def test_a_field_that_names_a_merged_partner_says_who_it_is_now(office: Any) -> None:
    roster = [
        Partner("acme", "Acme", "msp", merged_into="globex", merged_on=date(2026, 1, 1)),
        Partner("globex", "Globex", "msp"),
    ]

    found = office.attribute(office.dossier(office.deal(partner_field="Acme")), office.book(roster=roster))

    assert office.told(found) == {"globex": "100.00"}
    assert "partner_field_merged" in [finding.code for finding in found.findings]


def test_two_partners_of_one_name_are_ambiguous(office: Any) -> None:
    roster = [Partner("a", "Globex Ltd", "msp"), Partner("b", "Globex GmbH", "msp")]

    found = office.attribute(office.dossier(office.deal(partner_field="globex")), office.book(roster=roster))

    assert office.told(found) == {"unassigned": "100.00"}
    assert [(finding.code, finding.message) for finding in found.findings] == [
        ("partner_field_ambiguous", "'globex' fits a, b equally well (by name)")
    ]
