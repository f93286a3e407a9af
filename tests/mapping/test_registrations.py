"""Registrations: the window to the day, what it covers, and who wins (DOMAIN §2)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from mapping.config import Registrations
from mapping.deals import account_chain
from mapping.registrations import claims, window

ZONE = "America/Los_Angeles"


def span(office: Any, zone: str = ZONE, terms: Registrations | None = None, **changes: Any) -> Any:
    return window(office.registration(**changes), terms or Registrations(), zone)


def test_approved_on_10_january_with_90_days_protects_through_10_april(office: Any) -> None:
    found = span(office)

    assert found.last_day == date(2026, 4, 10)
    assert found.covers_day(date(2026, 4, 10))
    assert not found.covers_day(date(2026, 4, 11))
    assert found.covers_instant(office.utc("2026-04-11T06:59:59")), "the last second in Los Angeles (PDT)"
    assert not found.covers_instant(office.utc("2026-04-11T07:00"))


@pytest.mark.parametrize(("zone", "last"), [(ZONE, date(2026, 4, 9)), ("Asia/Tokyo", date(2026, 4, 10))])
def test_the_window_is_counted_from_the_local_day_of_the_approval(office: Any, zone: str, last: date) -> None:
    assert span(office, zone, approved_at=office.utc("2026-01-10T03:30")).last_day == last


def test_approval_protects_back_to_submission_and_review_does_not_use_up_the_window(office: Any) -> None:
    found = span(office, submitted_at=office.utc("2025-11-01T12:00"))

    assert found.starts_at == office.utc("2025-11-01T12:00")
    assert found.last_day == date(2026, 4, 10)


def test_the_anchor_may_be_the_submission(office: Any) -> None:
    assert span(office, terms=Registrations(anchor="submitted")).last_day == date(2026, 1, 4) + timedelta(days=90)


def test_grace_adds_whole_days_after_an_extension_that_moves_the_end(office: Any) -> None:
    found = span(office, terms=Registrations(grace=5), extended_days=30)

    assert found.last_day == date(2026, 5, 10)
    assert found.covers_day(date(2026, 5, 15))
    assert not found.covers_day(date(2026, 5, 16))


def test_an_effective_day_moves_the_window(office: Any) -> None:
    found = span(office, effective_at=office.utc("2026-02-01T18:00"))

    assert (found.starts_at, found.last_day) == (office.utc("2026-02-01T18:00"), date(2026, 5, 2))


@pytest.mark.parametrize(
    ("status", "protects"),
    [
        ("draft", False), ("submitted", False), ("under_review", False), ("needs_info", False), ("approved", True),
        ("rejected", False), ("won", True), ("lost", True), ("expired", True), ("revoked", False), ("withdrawn", False),
    ],
)  # fmt: skip
def test_only_what_was_approved_and_not_taken_back_protects(office: Any, status: str, protects: bool) -> None:
    assert (span(office, status=status) is not None) is protects


def test_an_approval_without_its_stamp_has_no_window(office: Any) -> None:
    assert span(office, approved_at=None) is None


def covers(office: Any, what: Any, registration: Any, as_of: str = "2026-05-01", **deal: Any) -> bool:
    dossier = office.dossier(office.deal(**deal), registrations=[registration])
    found = claims(dossier, Registrations(), what, office.utc(as_of), ZONE, account_chain(dossier))
    return [claim.covers for claim in found] == [True]


def test_the_day_that_must_be_covered_is_created_committed_or_closed(office: Any) -> None:
    deal = {
        "created_at": office.utc("2026-01-05T00:00"), "committed_on": date(2026, 4, 10), "closes_on": date(2026, 4, 11),
    }  # fmt: skip
    claim = office.registration()

    assert covers(office, "created", claim, **deal)
    assert covers(office, "committed", claim, **deal)
    assert not covers(office, "closed", claim, **deal)
    assert not covers(office, "created", claim, **{**deal, "created_at": office.utc("2026-01-04T23:59:59")})
    assert not covers(office, "committed", claim, **{**deal, "committed_on": None})


def test_an_open_deal_is_covered_while_the_window_runs(office: Any) -> None:
    claim = office.registration()

    assert covers(office, "closed", claim, "2026-04-11T06:59:59", outcome="open")
    assert not covers(office, "closed", claim, "2026-04-11T07:00", outcome="open")


def told(office: Any, *registrations: Any, **deal: Any) -> list[str]:
    dossier = office.dossier(office.deal(**deal), registrations=registrations)
    return [
        claim.registration.partner
        for claim in claims(dossier, Registrations(), "closed", office.utc("2026-05-01"), ZONE, account_chain(dossier))
    ]


def test_the_first_submitted_wins_in_utc(office: Any) -> None:
    late = office.registration("acme", submitted_at=office.utc("2026-01-05T00:00:01"))
    early = office.registration(
        "globex", submitted_at=office.utc("2026-01-05T00:00:00"), approved_at=office.utc("2026-01-20")
    )

    assert told(office, late, early) == ["globex", "acme"]


def test_an_exact_scope_comes_before_seniority_and_another_scope_is_no_claim(office: Any) -> None:
    senior = office.registration("acme", submitted_at=office.utc("2025-12-01"))
    exact = office.registration("globex", product_family="Core", region="EMEA")
    other = office.registration("initech", product_family="Analytics")

    assert told(office, senior, exact, other, product_family="core", region="emea") == ["globex", "acme"]
    assert told(office, senior, exact, other) == ["acme", "globex", "initech"], "a deal without a scope is in every one"


def test_an_effective_day_never_changes_seniority(office: Any) -> None:
    moved = office.registration("acme", submitted_at=office.utc("2026-01-04"), effective_at=office.utc("2026-03-01"))
    plain = office.registration("globex", submitted_at=office.utc("2026-01-05"))

    assert told(office, plain, moved) == ["acme", "globex"]


def test_equal_claims_are_told_apart_by_id(office: Any) -> None:
    first, second = office.registration("globex"), office.registration("acme")

    assert told(office, second, first) == ["globex", "acme"]


@pytest.mark.parametrize(
    ("naming", "named_by"),
    [
        ({"opportunity": "DEAL"}, "opportunity"),
        ({"opportunity": "OTHER"}, None),
        ({"account": "ACCOUNT"}, "account"),
        ({"account": "PARENT"}, "parent account"),
        ({"account": "SIBLING", "domain": "customer.com"}, None),
        ({"account": "HUBSPOT", "domain": "customer.com"}, "domain"),
        ({"domain": "customer.com"}, "domain"),
        ({"domain": "else.com", "customer": "Customer Ltd"}, None),
        ({"customer": "CUSTOMER, Limited"}, "name"),
        ({"customer": "Customers"}, None),
        ({}, None),
    ],
)
def test_a_registration_is_about_the_deal_that_it_names(
    office: Any, naming: dict[str, Any], named_by: str | None
) -> None:
    parent = office.ACCOUNT.__class__("salesforce", "00D", "Account", "001Parent")
    refs = {
        "DEAL": office.DEAL, "OTHER": parent.__class__("salesforce", "00D", "Opportunity", "006Other"),
        "ACCOUNT": office.ACCOUNT, "PARENT": parent, "SIBLING": parent.__class__("salesforce", "00D", "Account", "001Sib"),
        "HUBSPOT": parent.__class__("hubspot", "77", "companies", "5"),
    }  # fmt: skip
    given = {key: refs.get(value, value) for key, value in naming.items()}
    dossier = office.dossier(
        accounts=[office.account(parent=parent), office.account(ref=parent, domain="parent.com")],
        registrations=[office.registration(**{"domain": None, **given})],
    )

    found = claims(dossier, Registrations(), "closed", office.utc("2026-05-01"), ZONE, account_chain(dossier))

    assert [claim.named_by for claim in found] == ([named_by] if named_by else [])
