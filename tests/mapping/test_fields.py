"""Raw records become canonical facts; what cannot be read names the setting or value to mend."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from partnersync.facts import Account, Dossier, Opportunity, RawDossier, RawTwin, RawVersion, Registration, Touchpoint
from partnersync.ids import Ref
from partnersync.records import Unreadable

DEAL = Ref("salesforce", "00D", "Opportunity", "006000000000001AAA")
HUBSPOT = Ref("hubspot", "77", "deals", "9001")
VALUES: dict[str, Any] = {
    "Name": "Big", "AccountId": "001000000000001AAA", "Amount": Decimal("12345.670"), "CurrencyIsoCode": "EUR",
    "CloseDate": "2026-10-30", "StageName": "Closed Won", "Type": "New Business", "Partner__c": " Acme ",
    "Segment__c": None, "Seats__c": Decimal(12),
}  # fmt: skip


def opportunity(office: Any, **changes: Any) -> Any:
    return office.reader().fact("opportunity", office.record(DEAL, **{**VALUES, **changes}))


def hubspot(office: Any, **changes: Any) -> Any:
    given = {
        "dealname": "Big", "company": "5", "amount": "12345.67", "currency": "USD",
        "closedate": "2026-10-01T03:30:00Z", "dealstage": "closedwon", **changes,
    }  # fmt: skip
    return office.reader().fact("opportunity", office.record(HUBSPOT, **given))


def test_a_salesforce_opportunity_is_read_exactly(office: Any) -> None:
    fact = opportunity(office)

    assert isinstance(fact, Opportunity)
    assert (fact.outcome, fact.stage, fact.type, fact.partner_field) == ("won", "Closed Won", "new", "Acme")
    assert str(fact.amount) == "12345.670", "digits as received"
    assert (fact.currency, fact.closes_on) == ("EUR", date(2026, 10, 30))
    assert fact.account == Ref("salesforce", "00D", "Account", "001000000000001AAA")
    assert fact.extra == {"segment": None, "seats": Decimal(12)}


@pytest.mark.parametrize(
    ("zone", "day"), [("America/Los_Angeles", date(2026, 9, 30)), ("Asia/Tokyo", date(2026, 10, 1))]
)
def test_a_close_instant_is_a_day_in_the_programmes_timezone(office: Any, zone: str, day: date) -> None:
    reader = office.reader(("timezone: America/Los_Angeles", f"timezone: {zone}"))
    values = {
        "dealname": "Big", "company": None, "amount": "", "currency": None, "closedate": "2026-10-01T03:30:00Z",
        "dealstage": "closedwon",
    }  # fmt: skip

    fact = reader.fact("opportunity", office.record(HUBSPOT, **values))

    assert fact.closes_on == day
    assert (fact.amount, fact.currency, fact.account) == (None, None, None)


def test_the_programmes_own_timezone_comes_before_the_calendars(office: Any) -> None:
    reader = office.reader(("currency: USD, system_of", "currency: USD, timezone: Asia/Tokyo, system_of"))

    assert reader.timezone == "Asia/Tokyo"


@pytest.mark.parametrize("given", ["1790825400000", "2026-10-01T03:30:00.000+0000", "2026-10-01T05:30:00+02:00"])
def test_an_instant_is_read_in_every_form_the_vendors_use(office: Any, given: str) -> None:
    assert hubspot(office, closedate=given).closes_on == date(2026, 9, 30)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"StageName": "Paused"}, "the stage 'Paused' is in no list of sources.opportunity[0].stages"),
        ({"StageName": None}, "no stage is in no list of sources.opportunity[0].stages"),
        ({"Type": "Upsell"}, "the value 'Upsell' is in no list of sources.opportunity[0].values.type"),
        ({"Amount": "lots"}, "sources.opportunity[0].fields.amount: Amount is 'lots', not a number"),
        ({"Amount": "NaN"}, "sources.opportunity[0].fields.amount: Amount is NaN, not a number"),
        ({"CloseDate": "2026-02-30"}, "is '2026-02-30', a day that does not exist"),
        ({"CloseDate": "2026-02-03T10:00:00"}, "which has no time zone"),
        ({"CloseDate": "soon"}, "which is no date or instant"),
        ({"CurrencyIsoCode": "XAU"}, "is 'XAU', not an ISO 4217 currency"),
        ({"Seats__c": "dozens"}, "sources.opportunity[0].extra.seats: Seats__c is 'dozens', not a number"),
    ],
)
def test_what_cannot_be_read_names_what_to_mend(office: Any, changes: dict[str, Any], reason: str) -> None:
    fact = opportunity(office, **changes)

    assert isinstance(fact, Unreadable)
    assert reason in fact.reason
    assert fact.payload["Name"] == "Big"


def test_a_hidden_field_is_not_an_empty_one(office: Any) -> None:
    values = {name: value for name, value in VALUES.items() if name != "Partner__c"}

    fact = office.reader().fact("opportunity", office.record(DEAL, **values))

    assert isinstance(fact, Unreadable)
    assert fact.reason == (
        "sources.opportunity[0].fields.partner_field: the source did not give 'Partner__c': it is hidden, renamed or gone"
    )


def test_a_sources_only_currency_counts_where_the_config_says_so_and_nowhere_else(office: Any) -> None:
    values = {name: value for name, value in VALUES.items() if name != "CurrencyIsoCode"}
    drop = ("        currency: CurrencyIsoCode\n", "")
    say = ("      stages: {open: [Prospecting]", "      currency: {default: GBP}\n      stages: {open: [Prospecting]")

    told = office.reader(drop, say).fact("opportunity", office.record(DEAL, **values))
    silent = office.reader(drop).fact("opportunity", office.record(DEAL, **values))

    assert (told.currency, silent.currency) == ("GBP", None)


def test_an_account_has_its_registrable_domain_and_its_parent(office: Any) -> None:
    ref = Ref("salesforce", "00D", "Account", "001000000000001AAA")
    values = {"Name": "Customer", "Website": "https://www.customer.co.uk/x", "ParentId": "001000000000002"}

    fact = office.reader().fact("account", office.record(ref, **values))

    assert isinstance(fact, Account)
    assert fact.domain == "customer.co.uk"
    assert fact.parent == Ref("salesforce", "00D", "Account", "001000000000002AAA")


ROW: dict[str, Any] = {
    "partner": "acme", "status": "Approved", "submitted_at": "2026-01-05T10:00:00Z", "approved_at": "2026-01-10", "crm": None,
    "opportunity": None, "account": None, "domain": "jo@customer.com",
}  # fmt: skip


def registration(office: Any, **changes: Any) -> Any:
    ref = Ref("file", "registrations.csv", "registrations", "R-1")
    return office.reader().fact("registration", office.record(ref, **{**ROW, **changes}))


def test_a_registration_row_is_read_and_a_bare_date_begins_its_day(office: Any) -> None:
    fact = registration(office)

    assert isinstance(fact, Registration)
    assert (fact.status, fact.domain, fact.partner) == ("approved", "customer.com", "acme")
    assert fact.approved_at == office.utc("2026-01-10T08:00"), "midnight in Los Angeles"


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"opportunity": "006000000000001AAA"}, DEAL),
        ({"opportunity": "006000000000001"}, DEAL),
        ({"opportunity": "9001"}, HUBSPOT),
        ({"opportunity": "salesforce:006000000000001"}, DEAL),
        ({"opportunity": "hubspot:9001"}, HUBSPOT),
        ({"opportunity": "9001", "crm": "HubSpot"}, HUBSPOT),
        ({"opportunity": "hubspot/77/deals/9001"}, HUBSPOT),
    ],
)
def test_a_row_names_an_opportunity_of_either_crm(office: Any, changes: dict[str, Any], found: Ref) -> None:
    assert registration(office, **changes).opportunity == found


def test_an_id_that_no_crm_has_is_not_guessed(office: Any) -> None:
    fact = registration(office, opportunity="OPP 17")

    assert isinstance(fact, Unreadable)
    assert "could not be placed in exactly one CRM (there is hubspot, salesforce)" in fact.reason


def test_an_unknown_status_names_where_to_map_it(office: Any) -> None:
    assert "sources.registration[0].values.status" in registration(office, status="Genehmigt").reason


def test_a_touch_without_its_partner_or_stamp_is_unreadable(office: Any) -> None:
    ref = Ref("file", "touchpoints.csv", "touchpoints", "T-1")
    row = {"partner": "acme", "type": "demo", "occurred_at": "2026-01-05T10:00:00Z",
           "recorded_at": "2026-01-06T10:00:00Z", "opportunity": "9001"}  # fmt: skip
    reader = office.reader()

    assert isinstance(reader.fact("touchpoint", office.record(ref, **row)), Touchpoint)
    for name in ("partner", "type", "occurred_at", "recorded_at"):
        fact = reader.fact("touchpoint", office.record(ref, **{**row, name: None}))
        assert fact.reason == f"sources.touchpoint[0].fields.{name}: is empty"


def override(office: Any, **changes: Any) -> Any:
    ref = Ref("file", "overrides.csv", "overrides", "O-1")
    row = {"opportunity": "9001", "role": "Sourced", "shares": "acme: 60%; globex: 40%", "author": "dana",
           "reason": "agreed", "decided_on": "2026-02-01", **changes}  # fmt: skip
    return office.reader().fact("override", office.record(ref, **row))


def test_a_decision_splits_by_percent(office: Any) -> None:
    assert override(office).shares == {"acme": Decimal("0.6"), "globex": Decimal("0.4")}
    assert override(office, shares="acme").shares == {"acme": Decimal(1)}
    assert override(office, shares=None).shares == {}


@pytest.mark.parametrize("shares", ["acme: 60%; globex: 50%", "acme: 60", "acme: 60%; acme: 10%", "acme: -5%", ": 5%"])
def test_a_decision_that_does_not_add_up_is_unreadable(office: Any, shares: str) -> None:
    assert "sources.override[0].fields.shares" in override(office, shares=shares).reason


def test_a_record_of_no_source_is_unreadable(office: Any) -> None:
    fact = office.reader().fact("opportunity", office.record(Ref("salesforce", "OTHER", "Opportunity", "1"), **VALUES))

    assert fact.reason == "no source of opportunity under `sources` brings Opportunity"


def raw(office: Any, stamp: str, life: str = "live", **changes: Any) -> RawVersion:
    record = office.record(DEAL, stamp, life, **({} if life == "deleted" else {**VALUES, **changes}))
    return RawVersion(record, f"h-{stamp}", office.utc(stamp))


def test_a_dossier_keeps_its_order_and_leaves_out_old_states_that_cannot_be_read(office: Any) -> None:
    history = (
        raw(office, "2026-01-01", StageName="Prospecting"), raw(office, "2026-01-02", StageName="Paused"),
        raw(office, "2026-01-03", "deleted"), raw(office, "2026-01-04"),
    )  # fmt: skip
    twin = RawTwin(raw(office, "2026-01-05", StageName="Paused"))

    dossier = office.reader().canonical(RawDossier(history, twins=(twin,)))

    assert isinstance(dossier, Dossier)
    assert [version.fact and version.fact.outcome for version in dossier.history] == ["open", None, "won"]
    assert [version.hash for version in dossier.history] == ["h-2026-01-01", "h-2026-01-03", "h-2026-01-04"]
    assert dossier.twins == ()


def test_a_dossier_whose_opportunity_cannot_be_read_now_is_unreadable(office: Any) -> None:
    history = (raw(office, "2026-01-01"), raw(office, "2026-01-02", StageName="Paused"))

    dossier = office.reader().canonical(RawDossier(history))

    assert isinstance(dossier, Unreadable)
    assert "Paused" in dossier.reason
