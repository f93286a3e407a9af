"""The roster and the book: tiers by day, mergers by day, and nothing guessed where rows contradict one another."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from mapping.roster import RosterReader
from partnersync.facts import Partner, Tier
from partnersync.ids import Ref

ROSTER = """\
  roster:
    from: file:partners.csv
    fields:
      {id: id, name: name, type: type, status: status, domains: domains, merged_into: into, merged_on: merged, programs: programs,
       salesforce_id: sf}
  tiers: {from: file:tiers.csv, fields: {partner: partner, tier: tier, from: from, to: to}}
"""
PARTNERS: dict[str, Any] = {
    "id": "acme", "name": "Acme", "type": "Reseller", "status": None, "domains": "acme.com; acme.de", "into": None,
    "merged": None, "programs": None, "sf": None,
}  # fmt: skip


def roster(office: Any, partners: list[dict[str, Any]], tiers: list[tuple[str, str, str, str | None]] = ()) -> Any:  # type: ignore[assignment]
    start, end = office.config.index("  roster:"), office.config.index("attribution:")
    reader = RosterReader(office.sections(office.config[:start] + ROSTER + office.config[end:]))
    rows = [
        office.record(Ref("file", "partners.csv", "partners", str(at)), **{**PARTNERS, **row})
        for at, row in enumerate(partners)
    ]
    graded = [
        office.record(Ref("file", "tiers.csv", "tiers", str(at)), partner=partner, tier=tier, to=to, **{"from": begins})
        for at, (partner, tier, begins, to) in enumerate(tiers)
    ]
    return reader.roster(rows, graded)


def test_a_row_becomes_a_partner_with_its_tiers_in_order(office: Any) -> None:
    partners, findings = roster(
        office, [{"sf": "001X"}], [("acme", "gold", "2026-07-01", None), ("acme", "silver", "2026-01-01", "2026-07-01")]
    )

    assert findings == ()
    assert partners == (
        Partner(
            "acme", "Acme", "reseller", domains=("acme.com", "acme.de"), crm_ids={"salesforce": "001X"},
            tiers=(Tier("silver", date(2026, 1, 1), date(2026, 7, 1)), Tier("gold", date(2026, 7, 1))),
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "tiers", "code", "message"),
    [
        ([{"id": "Acme Inc"}], [], "partner_unreadable", "no id of lower-case letters"),
        ([{"type": "friend"}], [], "partner_unreadable", "map it under partners.roster.values.type"),
        ([{"name": None}], [], "partner_unreadable", "acme has no name"),
        ([{}, {}], [], "partner_twice", "stands twice"),
        ([{}], [("nobody", "gold", "2026-01-01", None)], "tier_partner_unknown", "not in the roster"),
        ([{}], [("acme", "gold", "2026-01-01", "2026-01-01")], "tier_unreadable", "ends before it begins"),
        ([{}], [("acme", "gold", "", None)], "tier_unreadable", "partners.tiers.fields.from: is empty"),
        (
            [{}],
            [("acme", "gold", "2026-01-01", None), ("acme", "silver", "2026-03-01", None)],
            "tiers_overlap",
            "overlap from 2026-03-01",
        ),
        ([{"into": "globex"}], [], "merged_into_unknown", "not in the roster"),
        ([{"into": "globex"}, {"id": "globex"}], [], "merged_without_day", "keeps its deals"),
    ],
)
def test_what_is_wrong_with_a_roster_is_a_finding(office: Any, rows: Any, tiers: Any, code: str, message: str) -> None:
    _, findings = roster(office, rows, tiers)

    assert [finding.code for finding in findings] == [code]
    assert message in findings[0].message


def test_a_row_that_was_taken_out_of_the_roster_is_no_partner(office: Any) -> None:
    start, end = office.config.index("  roster:"), office.config.index("attribution:")
    reader = RosterReader(office.sections(office.config[:start] + ROSTER + office.config[end:]))

    assert reader.roster([office.record(Ref("file", "partners.csv", "partners", "1"), life="deleted", **PARTNERS)]) == (
        (),
        (),
    )


def test_an_account_of_a_crm_without_the_partner_id_is_no_partner(office: Any) -> None:
    start, end = office.config.index("  roster:"), office.config.index("attribution:")
    own = "  roster: {from: salesforce.Account, fields: {id: Slug__c, name: Name, type: Type}}\n"
    reader = RosterReader(office.sections(office.config[:start] + own + office.config[end:]))
    ref = Ref("salesforce", "00D", "Account", "001")

    assert reader.partner(office.record(ref, Slug__c=None, Name="A customer", Type=None)) is None
    assert reader.partner(office.record(ref, Slug__c="acme", Name="Acme", Type="msp")) == Partner("acme", "Acme", "msp")


def test_a_tier_holds_from_its_first_day_until_before_its_last(office: Any) -> None:
    book = office.book()

    assert [book.tier("initech", day) for day in ("2025-12-31", "2026-01-01", "2026-06-30", date(2026, 7, 1))] == [
        None, "gold", "gold", None,
    ]  # fmt: skip
    assert book.next_tier_change("initech", date(2026, 1, 1)) == date(2026, 7, 1)


def test_on_a_day_that_two_tiers_claim_there_is_none(office: Any) -> None:
    twice = Partner("a", "A", "msp", tiers=(Tier("gold", date(2026, 1, 1)), Tier("silver", date(2026, 3, 1))))
    book = office.book(roster=[twice])

    assert (book.tier("a", date(2026, 2, 1)), book.tier("a", date(2026, 3, 1))) == ("gold", None)


def test_a_merged_partner_keeps_its_deals_until_the_day_and_points_at_the_survivor_after(office: Any) -> None:
    book = office.book(
        roster=[
            Partner("a", "A", "msp", merged_into="b", merged_on=date(2026, 3, 1)),
            Partner("b", "B", "msp", merged_into="c", merged_on=date(2026, 5, 1)),
            Partner("c", "C", "msp"),
            Partner("x", "X", "msp", merged_into="y", merged_on=date(2026, 1, 1)),
            Partner("y", "Y", "msp", merged_into="x", merged_on=date(2026, 1, 1)),
        ]
    )

    days = (date(2026, 2, 28), date(2026, 3, 1), date(2026, 5, 1))
    assert [book.survivor("a", day) for day in days] == ["a", "b", "c"]
    assert book.survivor("x", date(2026, 2, 1)) == "y", "a circle ends"
    survivor = book.partner("a")
    assert survivor is not None
    assert survivor.id == "c"
    assert book.partners["a"].name == "A"


def test_a_partner_earns_in_the_first_programme_of_the_config_that_it_is_in(office: Any) -> None:
    two = ("  channel: {title", "  alliance: {title: Alliance, currency: EUR, timezone: Asia/Tokyo}\n  channel: {title")
    book = office.book(
        two, roster=[Partner("a", "A", "msp", programs=("channel",)), Partner("b", "B", "msp", programs=("nowhere",))]
    )

    assert [book.program_of(name).id for name in ("a", "b", None)] == ["channel", "alliance", "alliance"]
    assert book.terms["channel"].timezone == "America/Los_Angeles"
    assert book.terms["channel"].system_of_record == ("salesforce", "00D")
    assert [finding.code for finding in book.findings] == ["program_unknown"]
    assert book.timezone == "Asia/Tokyo"


def test_one_domain_of_two_partners_is_a_finding(office: Any) -> None:
    book = office.book(roster=[Partner(name, name, "msp", domains=("one.com",)) for name in ("a", "b")])

    assert [finding.code for finding in book.findings] == ["partner_domain_shared"]
