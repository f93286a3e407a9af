"""Reach: every fact has its keys, and what may decide a deal shares one with it or with its account."""

from __future__ import annotations

from typing import Any

from mapping.reach import keys
from partnersync.ids import Ref


def test_an_account_carries_its_domain_name_and_parent(office: Any) -> None:
    parent = Ref("salesforce", "00D", "Account", "001Parent")

    reach = keys(office.account(parent=parent))

    assert reach.carries
    assert reach.names == (("account", parent),)
    assert reach.shares == ("domain:customer.com", "name:customer")


def test_an_account_that_many_share_a_host_with_has_no_domain_key(office: Any) -> None:
    assert keys(office.account(domain=None, name="...")).shares == ()


def test_an_opportunity_reaches_through_its_account(office: Any) -> None:
    reach = keys(office.deal())

    assert not reach.carries
    assert reach.names == (("account", office.ACCOUNT),)
    assert reach.shares == ()


def test_what_is_about_a_deal_shares_a_key_with_it_or_its_account(office: Any) -> None:
    own = {("opportunity", office.DEAL), ("account", office.ACCOUNT), *keys(office.account()).shares}
    about = [
        office.registration(), office.registration(domain=None, opportunity=office.DEAL),
        office.registration(domain=None, account=office.ACCOUNT), office.registration(domain=None, customer="CUSTOMER GmbH"),
        office.touch("acme", "2026-02-01"), office.touch("acme", "2026-02-01", opportunity=None, account=office.ACCOUNT),
        office.touch("acme", "2026-02-01", opportunity=None, domain="customer.com"), office.override({"acme": "1"}),
    ]  # fmt: skip

    assert all(own.intersection((*keys(fact).names, *keys(fact).shares)) for fact in about)
