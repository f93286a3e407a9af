"""What records should say: whose credit is shown, what is unknown, and what is empty."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction

import pytest

from partnersync.credits import UNASSIGNED, Credit, Evidence
from partnersync.facts import Account, Opportunity, Partner
from partnersync.ids import Ref
from partnersync.money import Money
from reconcile.writeback.config import AccountFieldRule, OpportunityFieldRule
from reconcile.writeback.desired import UNKNOWN, Standing, account_value, opportunity_value

ZONE = "America/Los_Angeles"
ACCOUNT = Account(Ref("salesforce", "00D", "Account", "001"), "Customer")


class Partners:
    def partner(self, id_: str) -> Partner | None:
        return Partner(id_, id_.title(), "reseller", crm_ids={"salesforce": f"001-{id_}"}, manager="dana@acme.com")

    def tier(self, id_: str, on: object) -> str | None:
        return "gold"


def deal(n: int = 1, outcome: str = "won") -> Opportunity:
    return Opportunity(
        Ref("salesforce", "00D", "Opportunity", f"006{n}"), f"Deal {n}", outcome, "x",  # type: ignore[arg-type]
        created_at=datetime(2026, 1, n, tzinfo=UTC),
    )  # fmt: skip


def credit(partner: str, role: str = "sourced", share: Fraction = Fraction(1)) -> Credit:
    proof = Evidence("registration", deal().ref, "abc", datetime(2026, 3, 1, 3, tzinfo=UTC), note="registered R-1")
    late = Evidence("touchpoint", deal().ref, "def", datetime(2025, 1, 1, tzinfo=UTC), note="late one", late=True)
    return Credit(deal().ref, role, partner, share, None, "registered", "channel", (proof, late))  # type: ignore[arg-type]


def rule(value: str, **more: object) -> OpportunityFieldRule:
    return OpportunityFieldRule.model_validate({"value": value, **more})


def shown(value: str, standing: Standing, **more: object) -> object:
    return opportunity_value(rule(value, **more), standing, Partners(), ZONE, "salesforce").value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("partner.name", "Acme"),
        ("partner.id", "acme"),
        ("partner.type", "reseller"),
        ("partner.tier", "gold"),
        ("partner.manager", "dana@acme.com"),
        ("partner.crm_id", "001-acme"),
        ("credit.role", "sourced"),
        ("credit.share", "100"),
        ("credit.rule", "registered"),
        ("credit.since", "2026-02-28"),
        ("credit.evidence", "registered R-1"),
        ("commission.earned", "1234.50"),
        ("commission.currency", "USD"),
    ],
)
def test_each_value_of_the_language(value: str, expected: str) -> None:
    standing = Standing(deal(), (credit("acme"),), {"acme": Money(123450, "USD")})

    assert shown(value, standing) == expected


def test_our_words_become_the_crms_own_picklist_values() -> None:
    assert shown("credit.role", Standing(deal(), (credit("acme"),)), values={"sourced": "Sourced"}) == "Sourced"


def test_the_one_who_sourced_it_is_shown_before_those_who_influenced_it() -> None:
    both = (credit("beta", "influenced"), credit("acme"))

    assert shown("partner.id", Standing(deal(), both)) == "acme"
    assert shown("partner.id", Standing(deal(), both), role="influenced") == "beta"
    assert shown("partner.id", Standing(deal(), (credit("beta", "influenced"), credit(UNASSIGNED)))) == "beta"


def test_the_largest_share_is_shown_ties_by_id() -> None:
    thirds = tuple(credit(p, "influenced", Fraction(1, 3)) for p in ("c", "a", "b"))
    most = (credit("z", "influenced", Fraction(2, 3)), credit("a", "influenced", Fraction(1, 3)))

    assert shown("partner.id", Standing(deal(), thirds)) == "a"
    assert (shown("partner.id", Standing(deal(), most)), shown("credit.share", Standing(deal(), most))) == (
        "z",
        "66.67",
    )


def test_nobody_credited_is_empty_and_blocked_or_unreadable_is_unknown() -> None:
    assert shown("partner.name", Standing(deal(), (credit(UNASSIGNED),))) is None
    assert shown("commission.earned", Standing(deal(), (credit("acme"),), blocked="fx_missing")) is UNKNOWN
    assert shown("partner.name", Standing(deal(), (credit("acme"),), blocked="fx_missing")) == "Acme"
    assert shown("partner.name", Standing(deal(), (credit("acme"),), readable=False)) is UNKNOWN


def of_account(value: str, *standings: Standing) -> object:
    field = AccountFieldRule.model_validate({"value": value})
    return account_value(field, ACCOUNT, standings, Partners(), ZONE, "salesforce").value


def test_an_account_shows_the_partner_of_its_newest_credited_opportunity() -> None:
    standings = [Standing(deal(1), (credit("old"),)), Standing(deal(3), (credit("new"),)), Standing(deal(5))]

    assert of_account("partner.id", *standings) == "new"


def test_an_account_counts_only_deals_with_a_partner_and_is_left_alone_without_one() -> None:
    standings = [
        Standing(deal(1, "open"), (credit("a"),)),
        Standing(deal(2), (credit("a"),)),
        Standing(deal(3, "open")),
    ]

    assert of_account("account.open_deals", *standings) == "1"
    assert of_account("account.won_deals", *standings) == "1"
    assert of_account("account.last_credited_on", *standings) == date(2026, 2, 28).isoformat()
    assert of_account("account.open_deals", Standing(deal(3, "open"))) is None
