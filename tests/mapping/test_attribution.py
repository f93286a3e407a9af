"""The waterfall: who is credited, by how much, on what evidence, and until when that stands."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from mapping.attribution import credited
from partnersync.facts import Partner, Sent, Tier
from partnersync.ids import Ref


def codes(attribution: Any) -> list[str]:
    return [finding.code for finding in attribution.findings]


def test_an_approved_registration_sources_the_deal(office: Any) -> None:
    dossier = office.dossier(registrations=[office.registration()])
    found = office.attribute(dossier)

    assert office.told(found) == {"acme": "100.00"}
    credit = found.credits[0]
    assert (credit.rule, credit.program, credit.share, credit.good_until) == (
        "registered",
        "channel",
        Fraction(1),
        None,
    )
    (proof,) = credit.evidence
    assert (proof.kind, proof.fact, proof.late) == ("registration", dossier.registrations[0].hash, False)
    assert proof.note == (
        "registration R-001 names the domain; protected 2026-01-04 through 2026-04-10, closed 2026-03-31"
    )


def test_the_first_rule_that_finds_a_partner_decides(office: Any) -> None:
    dossier = office.dossier(office.deal(partner_field="Globex"), registrations=[office.registration()])

    assert office.told(office.attribute(dossier)) == {"acme": "100.00"}
    assert "partner_field_differs" in codes(office.attribute(dossier))


def test_what_no_partner_holds_is_unassigned(office: Any) -> None:
    found = office.attribute(office.dossier())

    assert office.told(found) == {"unassigned": "100.00"}
    assert office.told(found, "influenced") == {"unassigned": "100.00"}
    assert office.told(found, "resale") == {}, "a role without rules has no credits"
    assert {credit.rule for credit in found.credits} == {"unassigned"}
    assert credited(found.credits) == {}


def test_a_deleted_deal_has_no_credits(office: Any) -> None:
    history = [office.version(office.deal(), "2026-03-31"), office.version(None, "2026-04-02")]

    found = office.attribute(office.dossier(history=history, registrations=[office.registration()]))

    assert (found.credits, found.good_until) == ((), None)


def test_a_registration_that_ended_before_the_close_proves_nothing_and_says_so(office: Any) -> None:
    found = office.attribute(
        office.dossier(office.deal(closes_on=date(2026, 4, 11)), registrations=[office.registration()])
    )

    assert office.told(found) == {"unassigned": "100.00"}
    (told,) = [finding for finding in found.findings if finding.code == "registration_not_covering"]
    assert "2026-04-10, but the deal is closed 2026-04-11" in told.message


def test_an_old_claim_on_the_customer_that_was_over_before_this_deal_began_is_no_finding(office: Any) -> None:
    deal = office.deal(created_at=office.utc("2026-06-01"), closes_on=date(2026, 6, 30))
    named = office.registration(opportunity=office.DEAL)

    assert (
        codes(office.attribute(office.dossier(deal, registrations=[office.registration()]), as_of="2026-07-01")) == []
    )
    assert codes(office.attribute(office.dossier(deal, registrations=[named]), as_of="2026-07-01")) == [
        "registration_not_covering"
    ]


def test_the_one_who_registered_second_is_kept_with_the_reason(office: Any) -> None:
    rivals = [office.registration(), office.registration("globex", submitted_at=office.utc("2026-01-06"))]

    found = office.attribute(office.dossier(registrations=rivals))

    assert office.told(found) == {"acme": "100.00"}
    (told,) = [finding for finding in found.findings if finding.code == "registration_outranked"]
    assert told.ref == rivals[1].ref


def test_a_registration_by_somebody_unknown_is_a_finding_with_a_suggestion(office: Any) -> None:
    found = office.attribute(office.dossier(registrations=[office.registration("Acme Compting")]))

    assert office.told(found) == {"unassigned": "100.00"}
    assert [finding.message for finding in found.findings if finding.code == "registration_partner_unknown"] == [
        "no partner is called 'Acme Compting'; did they mean acme?"
    ]


@pytest.mark.parametrize(
    ("text", "partner"),
    [
        ("Acme Computing", "acme"),
        ("001A0000006Vm9rIAC", "acme"),
        ("the globe", "globex"),
        ("acme-computing.com", "acme"),
    ],
)
def test_a_field_that_a_person_filled_names_the_partner(office: Any, text: str, partner: str) -> None:
    history = [
        office.version(office.deal(outcome="open"), "2026-01-20", author="dana"),
        office.version(office.deal(outcome="open", partner_field=text), "2026-02-01", author="sam"),
        office.version(office.deal(partner_field=text), "2026-03-31", author="dana"),
    ]

    found = office.attribute(office.dossier(history=history))

    assert office.told(found) == {partner: "100.00"}
    (proof,) = found.credits[0].evidence
    assert (proof.kind, proof.author, proof.at, proof.fact) == (
        "field",
        "sam",
        office.utc("2026-02-01"),
        history[1].hash,
    )
    assert proof.note == f"Partner__c says {text!r}, set by sam since 2026-01-31"
    assert "sourced_unregistered" in codes(found)


@pytest.mark.parametrize("text", ["partner??", "Globx"])
def test_a_field_that_names_nobody_is_a_finding(office: Any, text: str) -> None:
    found = office.attribute(office.dossier(office.deal(partner_field=text)))

    assert office.told(found) == {"unassigned": "100.00"}
    assert codes(found).count("partner_field_unknown") == 1


def sent(office: Any, value: str | None, at: str) -> Sent:
    return Sent(office.DEAL, "Partner__c", value, office.utc(at))


def by_field(office: Any, text: str, *sends: Sent, history: Any = ()) -> dict[str, str]:
    deal = office.deal(partner_field=text)
    told: dict[str, str] = office.told(office.attribute(office.dossier(deal, history=history, sent=sends)))
    return told


def test_a_value_that_we_wrote_is_never_evidence(office: Any) -> None:
    assert by_field(office, "Acme Computing Inc", sent(office, "Acme Computing Inc", "2026-02-01")) == {
        "unassigned": "100.00"
    }
    assert by_field(office, "ACME computing inc ", sent(office, "Acme Computing Inc", "2026-02-01")) == {
        "unassigned": "100.00"
    }
    assert by_field(office, "Globex", sent(office, "Acme Computing Inc", "2026-02-01")) == {"globex": "100.00"}


def test_an_older_value_of_ours_may_be_a_late_landing_until_the_newer_one_was_seen(office: Any) -> None:
    ours = (sent(office, "Globex", "2026-02-01"), sent(office, "Initech", "2026-02-10"))
    deal = office.deal(partner_field="Globex")
    seen = [
        office.version(replace(deal, partner_field="Initech", outcome="open"), "2026-02-10", seen="2026-02-11"),
        office.version(deal, "2026-03-31", author="sam"),
    ]

    assert by_field(office, "Globex", *ours) == {"unassigned": "100.00"}
    assert by_field(office, "Globex", *ours, history=seen) == {"globex": "100.00"}


def test_a_value_sent_to_another_field_or_record_is_not_ours_here(office: Any) -> None:
    elsewhere = Sent(
        Ref("salesforce", "00D", "Opportunity", "006Else"), "Partner__c", "Globex", office.utc("2026-02-01")
    )
    other = Sent(office.DEAL, "Other__c", "Globex", office.utc("2026-02-01"))

    assert by_field(office, "Globex", elsewhere, other) == {"globex": "100.00"}


def test_a_field_that_was_set_after_the_win_is_late_and_not_counted(office: Any) -> None:
    deal = office.deal()
    history = [office.version(deal, "2026-03-31"), office.version(replace(deal, partner_field="Globex"), "2026-04-05")]

    found = office.attribute(office.dossier(history=history))

    assert office.told(found) == {"unassigned": "100.00"}
    assert "late_evidence" in codes(found)
    assert [(proof.kind, proof.late) for proof in found.credits[0].evidence] == [("field", True)]


def test_a_field_that_held_its_value_when_we_first_looked_is_not_called_late(office: Any) -> None:
    deal = office.deal(partner_field="Globex", stage_since=office.utc("2026-03-01"))

    assert office.told(office.attribute(office.dossier(deal))) == {"globex": "100.00"}


def test_touches_share_the_influence_to_the_cent(office: Any) -> None:
    deal = office.deal(amount=Decimal("100.01"))
    touches = [office.touch(name, f"2026-02-{day:02}T20:00")
               for day, name in enumerate(("acme", "globex", "initech", "initech"), 1)]  # fmt: skip

    found = office.attribute(office.dossier(deal, touches=touches))

    assert office.told(found, "influenced") == {"acme": "25.00", "globex": "25.00", "initech": "50.01"}
    assert [credit.share for credit in found.credits if credit.role == "influenced"] == [
        Fraction(1, 4), Fraction(1, 4), Fraction(1, 2),
    ]  # fmt: skip


def test_a_refund_allocates_the_net_amount_anew(office: Any) -> None:
    touches = [office.touch(name, "2026-02-01T20:00", type_=name) for name in ("acme", "globex", "initech")]

    def told(amount: str) -> list[str]:
        dossier = office.dossier(office.deal(amount=Decimal(amount)), touches=touches)
        return list(office.told(office.attribute(dossier), "influenced").values())

    assert told("100.00") == ["33.34", "33.33", "33.33"]
    assert told("50.00") == ["16.67", "16.67", "16.66"]
    assert told("-100.00") == ["-33.34", "-33.33", "-33.33"]


def test_a_currency_without_decimals_is_split_in_whole_units(office: Any) -> None:
    touches = [office.touch(name, "2026-02-01T20:00", type_=name) for name in ("acme", "globex", "initech")]
    found = office.attribute(office.dossier(office.deal(amount=Decimal(1000), currency="JPY"), touches=touches))

    assert list(office.told(found, "influenced").values()) == ["334", "333", "333"]


def test_late_voided_and_foreign_touches_are_set_aside_before_anything_else(office: Any) -> None:
    other = Ref("salesforce", "00D", "Opportunity", "006Other")
    touches = [
        office.touch("acme", "2026-02-01", recorded="2026-04-10"),
        office.touch("globex", "2026-02-01", voided_by="dana"),
        office.touch("globex", "2026-02-01", opportunity=other),
        office.touch("initech", "2026-02-03"),
        office.touch("whoever", "2026-02-04"),
    ]

    found = office.attribute(office.dossier(touches=touches))

    assert office.told(found, "influenced") == {"initech": "100.00"}
    credit = next(credit for credit in found.credits if credit.role == "influenced")
    assert [proof.late for proof in credit.evidence] == [False, True]
    assert {"late_evidence", "touchpoint_partner_unknown"} <= set(codes(found))


def test_a_touch_on_the_account_counts_for_its_deals_and_one_on_the_parent_does_not(office: Any) -> None:
    parent = Ref("salesforce", "00D", "Account", "001Parent")
    touches = [
        office.touch("acme", "2026-02-01", opportunity=None, account=office.ACCOUNT),
        office.touch("globex", "2026-02-01", opportunity=None, account=parent),
        office.touch("initech", "2026-02-01", opportunity=None, domain="customer.com"),
    ]
    accounts = [office.account(parent=parent), office.account(ref=parent, domain="parent.com")]

    found = office.attribute(office.dossier(accounts=accounts, touches=touches))

    assert set(office.told(found, "influenced")) == {"acme", "initech"}


def test_account_overlap_alone_never_creates_influence(office: Any) -> None:
    found = office.attribute(office.dossier(accounts=[office.account(domain="acme-computing.com")]))

    assert office.told(found, "influenced") == {"unassigned": "100.00"}


def test_a_condition_decides_which_partners_a_rule_is_for(office: Any) -> None:
    only = (
        "      credit_unit: touch\n",
        "      credit_unit: touch\n      when: {partner.type: [referral, technology]}\n",
    )
    touches = [office.touch(name, "2026-02-01T20:00", type_=name) for name in ("acme", "globex", "initech")]

    found = office.attribute(office.dossier(touches=touches), office.book(only))

    assert office.told(found, "influenced") == {"globex": "50.00", "initech": "50.00"}


def test_a_rule_whose_condition_is_unknown_does_not_match(office: Any) -> None:
    large = ("use: registration}", "use: registration, when: {opportunity.amount: {at_least: 1 EUR}}}")

    found = office.attribute(office.dossier(registrations=[office.registration()]), office.book(large))

    assert office.told(found) == {"unassigned": "100.00"}


def test_a_condition_on_the_tier_uses_the_tier_of_the_close_day(office: Any) -> None:
    gold = ("use: registration}", "use: registration, when: {partner.tier: gold}}")
    book = office.book(gold)

    def sourced(**deal: Any) -> dict[str, str]:
        dossier = office.dossier(office.deal(**deal), registrations=[office.registration("initech", extended_days=200)])
        told: dict[str, str] = office.told(office.attribute(dossier, book, "2026-06-01"))
        return told

    assert sourced(closes_on=date(2026, 6, 30)) == {"initech": "100.00"}
    assert sourced(closes_on=date(2026, 7, 1)) == {"unassigned": "100.00"}


def test_an_open_deal_is_good_until_its_partners_tier_changes(office: Any) -> None:
    gold = ("use: registration}", "use: registration, when: {partner.tier: gold}}")
    dossier = office.dossier(
        office.deal(outcome="open"), registrations=[office.registration("initech", extended_days=200)]
    )

    found = office.attribute(dossier, office.book(gold), "2026-06-01")

    assert found.good_until == office.utc("2026-07-01T07:00")
    assert office.told(office.attribute(dossier, office.book(gold), "2026-07-01T07:00")) == {"unassigned": "100.00"}


def test_an_open_deal_is_credited_while_the_window_runs_and_says_until_when(office: Any) -> None:
    dossier = office.dossier(office.deal(outcome="open"), registrations=[office.registration()])

    found = office.attribute(dossier, as_of="2026-04-01")

    assert office.told(found) == {"acme": "100.00"}
    assert found.good_until == found.credits[0].good_until == office.utc("2026-04-11T07:00")
    assert office.told(office.attribute(dossier, as_of="2026-04-11T07:00")) == {"unassigned": "100.00"}


def test_deals_from_the_merger_on_belong_to_the_survivor(office: Any) -> None:
    roster = [
        Partner("acme", "Acme", "msp", merged_into="globex", merged_on=date(2026, 3, 31)),
        Partner("globex", "Globex", "msp"),
    ]
    book = office.book(roster=roster)

    def sourced(day: int) -> dict[str, str]:
        dossier = office.dossier(office.deal(closes_on=date(2026, 3, day)), registrations=[office.registration()])
        told: dict[str, str] = office.told(office.attribute(dossier, book))
        return told

    assert (sourced(30), sourced(31)) == ({"acme": "100.00"}, {"globex": "100.00"})


def test_an_open_deal_is_good_until_the_merger(office: Any) -> None:
    roster = [
        Partner("acme", "Acme", "msp", merged_into="globex", merged_on=date(2026, 3, 31)),
        Partner("globex", "Globex", "msp"),
    ]
    dossier = office.dossier(office.deal(outcome="open"), registrations=[office.registration()])

    assert office.attribute(dossier, office.book(roster=roster), "2026-03-01").good_until == office.utc(
        "2026-03-31T07:00"
    )


def test_a_partner_with_two_programmes_is_credited_in_one(office: Any) -> None:
    two = ("  channel: {title", "  alliance: {title: Alliance, currency: EUR}\n  channel: {title")
    roster = [Partner("acme", "Acme", "msp", programs=("channel", "alliance"), tiers=(Tier("gold", date(2026, 1, 1)),))]

    found = office.attribute(office.dossier(registrations=[office.registration()]), office.book(two, roster=roster))

    assert found.credits[0].program == "alliance"
