"""Reach: every fact has its keys, and what may decide a deal shares one with it or with its account."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from mapping.reach import keys
from partnersync.facts import Partner, Signal, Target
from partnersync.ids import Ref


def test_an_account_carries_its_domain_name_and_parent(office: Any) -> None:
    parent = Ref("salesforce", "00D", "Account", "001Parent")

    reach = keys(office.account(parent=parent))

    assert reach.carries
    assert reach.keys == (
        f"account:{office.ACCOUNT}", "domain:customer.com", "name:customer", f"account:{parent}",
    )  # fmt: skip


def test_an_account_that_many_share_a_host_with_has_no_domain_key(office: Any) -> None:
    assert keys(office.account(domain=None, name="...")).keys == (f"account:{office.ACCOUNT}",)


def test_an_opportunity_reaches_through_its_account(office: Any) -> None:
    reach = keys(office.deal())

    assert not reach.carries
    assert reach.keys == (f"opportunity:{office.DEAL}", f"account:{office.ACCOUNT}")


def test_what_is_about_a_deal_shares_a_key_with_it_or_its_account(office: Any) -> None:
    own = set(keys(office.deal()).keys) | set(keys(office.account()).keys)
    about = [
        office.registration(), office.registration(domain=None, opportunity=office.DEAL),
        office.registration(domain=None, account=office.ACCOUNT), office.registration(domain=None, customer="CUSTOMER GmbH"),
        office.touch("acme", "2026-02-01"), office.touch("acme", "2026-02-01", opportunity=None, account=office.ACCOUNT),
        office.touch("acme", "2026-02-01", opportunity=None, domain="customer.com"), office.override({"acme": "1"}),
    ]  # fmt: skip

    assert all(own & set(keys(fact).keys) for fact in about)


def test_what_belongs_to_the_book_reaches_its_partner_only() -> None:
    ref = Ref("file", "x.csv", "x", "1")
    at = datetime(2026, 1, 1, tzinfo=UTC)

    assert keys(Partner("acme", "Acme", "msp")).keys == ("partner:acme",)
    assert keys(Signal(ref, "acme", "login", Decimal(1), at)).keys == ("partner:acme",)
    assert keys(Target(ref, "closed_won", "2026-Q1", Decimal(1), "USD", segment="EMEA")).keys == ()
