"""From the real book and real attribution to lines: registrations, touches, fields and tiers pay under the example's plans."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from mapping.attribution import attribute
from mapping.book import Book, build_book
from partnersync.credits import Credit
from partnersync.facts import Dossier, Opportunity, Partner, Registration, Tier, Touchpoint, Version
from partnersync.ids import Ref
from partnersync.records import Identity
from reconcile.commission.config import CommissionSections
from reconcile.commission.entries import Entered, entries
from reconcile.commission.plans import Plans
from reconcile.commission.rates import RateTable
from service.settings import Settings, load
from tests.reconcile.commission.programme import PERCENT, Programme, ref

SITES = {"salesforce": Identity("salesforce", "00D"), "hubspot": Identity("hubspot", "77")}
NOW = datetime(2026, 8, 1, 12, tzinfo=UTC)
EXAMPLE = Path(__file__).parents[3] / "config.example.yaml"
PARTNERS = (
    Partner("acme", "Acme", "reseller", programs=("channel",)),
    Partner("tech", "Tech", "technology", programs=("channel",)),
    Partner("zeta", "Zeta", "integrator", programs=("channel",)),
)


def enter(dossier: Dossier, settings: Settings) -> Entered:
    book: Book = build_book(settings.mapping, SITES, PARTNERS)
    assert settings.commission is not None
    plans = Plans.of(
        CommissionSections(settings.calendar, settings.money, settings.commission, settings.programs), book.vocabulary
    )
    found = attribute(book, dossier, NOW)

    def credited(earlier: Dossier, at: datetime) -> tuple[Credit, ...]:
        return attribute(book, earlier, at).credits

    return entries(plans, book, RateTable.of((), "USD"), dossier, found.credits, (), NOW, credited)


def won(**changed: Any) -> Version[Opportunity]:
    held: dict[str, Any] = {
        "amount": Decimal(60000),
        "currency": "USD",
        "closes_on": date(2026, 6, 1),
        "outcome": "won",
    }
    fact = Opportunity(
        ref("d1"), "Deal", stage="Closed Won", created_at=datetime(2026, 5, 1, tzinfo=UTC), **{**held, **changed}
    )
    stamp = datetime(2026, 6, 2, tzinfo=UTC)
    return Version(fact, "f1", stamp, stamp)


def file_ref(kind: str, id_: str) -> Ref:
    return Ref("file", f"{kind}s.csv", kind, id_)


def registered(partner: str) -> Version[Registration]:
    at = datetime(2026, 5, 2, tzinfo=UTC)
    fact = Registration(file_ref("registration", "r1"), partner, "approved", at, at, opportunity=ref("d1"))
    return Version(fact, "r1", at, at)


def touched(id_: str, partner: str) -> Version[Touchpoint]:
    at = datetime(2026, 5, 10, tzinfo=UTC)
    return Version(
        Touchpoint(file_ref("touchpoint", id_), partner, "webinar", at, at, opportunity=ref("d1")), id_, at, at
    )


def test_the_example_pays_the_registered_reseller_by_brackets_and_the_influencers_a_share_of_the_bounty() -> None:
    settings = load(EXAMPLE).settings
    dossier = Dossier(
        (won(),), registrations=(registered("acme"),), touchpoints=(touched("t1", "tech"), touched("t2", "zeta"))
    )

    entered = enter(dossier, settings)

    assert [(e.pool.plan, e.pool.partner, e.role, e.pool.period, str(e.share)) for e in entered.entries] == [
        ("reseller", "acme", "sourced", "FY2027-Q2", "1"),
        ("introduction", "tech", "influenced", "FY2027-Q2", "1/2"),
        ("introduction", "zeta", "influenced", "FY2027-Q2", "1/2"),
    ]
    assert entered.entries[0].facts == ("f1", "r1")
    assert entered.entries[0].cites["evidence"][0]["ref"] == "file/registrations.csv/registration/r1"
    assert entered.findings == ()


def test_a_win_before_any_partner_was_credited_begins_no_generation() -> None:
    settings = load(EXAMPLE).settings
    early = won(closes_on=date(2026, 4, 1))
    lost = Version(won(outcome="lost").fact, "f2", datetime(2026, 6, 3, tzinfo=UTC), NOW)
    again = Version(won().fact, "f3", datetime(2026, 6, 4, tzinfo=UTC), NOW)

    always = enter(Dossier((won(), lost, again), registrations=(registered("acme"),)), settings)
    uncovered = enter(Dossier((early, lost, again), registrations=(registered("acme"),)), settings)

    assert [entry.generation for entry in always.entries] == [2]
    assert [entry.generation for entry in uncovered.entries] == [1]


TIERED = PERCENT.replace("role: sourced", "role: sourced, when: {partner.tier: gold}")
UPGRADED = Partner(
    "acme",
    "Acme",
    "reseller",
    tiers=(Tier("silver", date(2026, 1, 1), date(2026, 6, 1)), Tier("gold", date(2026, 6, 1))),
)


def tiered(tier_on: str) -> Programme:
    programme = Programme(
        TIERED.replace("starts_on:", f"tier_on: {tier_on}\n  starts_on:"), partners={"acme": UPGRADED}
    )
    at = datetime(2026, 5, 2, tzinfo=UTC)
    proof = Registration(ref("r1"), "acme", "approved", at, datetime(2026, 6, 15, tzinfo=UTC))
    programme.registrations = (Version(proof, "r1", at, at),)
    programme.deal("before", "100", "2026-05-31")
    programme.deal("after", "100", "2026-06-01")
    programme.deal("registered", "100", "2026-07-01")
    (credit,) = programme.credits["registered"]
    evidence = credit.evidence[0]
    programme.credits["registered"] = (
        replace(credit, evidence=(replace(evidence, kind="registration", ref=ref("r1")),)),
    )
    programme.cycle()
    return programme


def test_the_tier_is_that_of_the_close_date() -> None:
    programme = tiered("at_close")

    assert sorted(line.key.opportunity.id for line in programme.lines) == ["after", "registered"]


def test_the_tier_may_be_that_of_the_day_on_which_the_proving_registration_was_submitted() -> None:
    programme = tiered("at_registration")

    assert sorted(line.key.opportunity.id for line in programme.lines) == ["after"]
    assert programme.lines[0].explanation["tier_on"] == "2026-06-01"
