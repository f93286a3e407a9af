"""A small programme in which every rule of attribution can be told as a story."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from pydantic import BaseModel, Field

from mapping.attribution import Attribution, attribute
from mapping.book import Book, build_book
from mapping.config import Attribution as Rules
from mapping.config import MappingSections, Partners, Programs, Registrations, Sources, faults
from mapping.fields import Reader
from partnersync.credits import Credit
from partnersync.errors import ConfigError
from partnersync.facts import Account, Dossier, Opportunity, Override, Partner, Registration, Touchpoint, Version
from partnersync.ids import Ref
from partnersync.placing import place
from partnersync.records import Identity, RawRecord, Value
from partnersync.source import parse_source
from partnersync.units import Timezone

SITES = {"salesforce": Identity("salesforce", "00D"), "hubspot": Identity("hubspot", "77")}
CONFIG = """\
timezone: America/Los_Angeles
sources:
  account:
    - from: salesforce.Account
      fields: {name: Name, domain: Website, parent: ParentId}
    - from: hubspot.companies
      fields: {name: name, domain: domain}
  opportunity:
    - from: salesforce.Opportunity
      fields:
        name: Name
        account: AccountId
        amount: Amount
        currency: CurrencyIsoCode
        closes_on: CloseDate
        stage: StageName
        type: Type
        partner_field: Partner__c
      stages: {open: [Prospecting], won: [Closed Won], lost: [Closed Lost]}
      values:
        type: {new: [New Business], renewal: [Renewal]}
      extra:
        segment: {field: Segment__c}
        seats: {field: Seats__c, type: number}
    - from: hubspot.deals
      fields: {name: dealname, account: company, amount: amount, currency: currency, closes_on: closedate, stage: dealstage}
      stages: {open: [appointmentscheduled], won: [closedwon], lost: [closedlost]}
  registration:
    - from: file:registrations.csv
      fields:
        partner: partner
        status: status
        submitted_at: submitted_at
        approved_at: approved_at
        crm: crm
        opportunity: opportunity
        account: account
        domain: domain
  touchpoint:
    - from: file:touchpoints.csv
      fields: {partner: partner, type: type, occurred_at: occurred_at, recorded_at: recorded_at, opportunity: opportunity}
  override:
    - from: file:overrides.csv
      fields:
        {opportunity: opportunity, role: role, shares: shares, author: author, reason: reason, decided_on: decided_on}
programs:
  channel: {title: Channel, currency: USD, system_of_record: salesforce}
partners:
  roster:
    inline:
      - {id: acme, name: Acme Computing Inc, type: reseller, domains: [acme-computing.com], salesforce_id: 001A0000006Vm9r}
      - {id: globex, name: Globex GmbH, type: referral, aliases: [The Globe], region: EMEA}
      - {id: initech, name: Initech, type: technology, tiers: [{tier: gold, from: 2026-01-01, to: 2026-07-01}]}
attribution:
  sourced:
    - {id: registered, rule: approved registration, use: registration}
    - {id: rep-field, rule: partner field set by the rep, use: field, field: partner_field}
  influenced:
    - id: touches
      rule: touches
      use: touchpoints
      model: linear
      lookback: {before: closed, days: 180}
      credit_unit: touch
"""


class Settings(BaseModel):
    timezone: Timezone
    sources: Sources
    programs: Programs
    partners: Partners
    registrations: Registrations = Field(default_factory=Registrations)
    attribution: Rules


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class Office:
    """Makes facts, books and dossiers with as few words as a test needs."""

    ACCOUNT = Ref("salesforce", "00D", "Account", "001Customer")
    DEAL = Ref("salesforce", "00D", "Opportunity", "006Deal")
    config = CONFIG
    sites = SITES

    def __init__(self) -> None:
        self.ids = count(1)

    utc = staticmethod(utc)

    def sections(self, text: str = CONFIG) -> MappingSections:
        """The sections of a config, which must be free of mistakes."""

        def whole(settings: Settings) -> Any:
            return faults(self.parts(settings), tuple(SITES))

        return self.parts(place(parse_source(text, "config.yaml"), Settings, [whole]))

    def parts(self, settings: Settings) -> MappingSections:
        return MappingSections(
            settings.timezone, settings.sources, settings.programs, settings.partners, settings.attribution,
            settings.registrations,
        )  # fmt: skip

    def problems(self, text: str) -> list[str]:
        """What is said of a config, without the file's name."""
        try:
            self.sections(text)
        except ConfigError as error:
            return [str(problem).removeprefix("config.yaml:") for problem in error.problems]
        return []

    def edited(self, *edits: tuple[str, str]) -> str:
        """The config with passages replaced; each must be there."""
        text = CONFIG
        for old, new in edits:
            assert old in text, old
            text = text.replace(old, new, 1)
        return text

    def reader(self, *edits: tuple[str, str]) -> Reader:
        return Reader(self.sections(self.edited(*edits)), SITES)

    def book(self, *edits: tuple[str, str], roster: Iterable[Partner] | None = None) -> Book:
        from mapping.roster import RosterReader

        sections = self.sections(self.edited(*edits))
        partners, findings = RosterReader(sections).roster()
        return build_book(sections, SITES, partners if roster is None else roster, findings)

    def record(self, ref: Ref, stamp: str = "2026-03-01", life: str = "live", **values: Value) -> RawRecord:
        return RawRecord(ref, values, utc(stamp), life=life)  # type: ignore[arg-type]

    def version(
        self, fact: Any, stamp: str = "2026-01-05", seen: str | None = None, author: str | None = None
    ) -> Version[Any]:
        return Version(fact, f"hash-{next(self.ids)}", utc(stamp), utc(seen or stamp), author)

    def account(self, domain: str | None = "customer.com", name: str = "Customer Ltd", **more: Any) -> Account:
        return Account(more.pop("ref", self.ACCOUNT), name, domain, **more)

    def deal(self, **more: Any) -> Opportunity:
        given: dict[str, Any] = {
            "ref": self.DEAL, "name": "Big deal", "outcome": "won", "stage": "Closed Won", "account": self.ACCOUNT,
            "amount": Decimal("100.00"), "currency": "USD", "closes_on": date(2026, 3, 31),
            "created_at": utc("2026-01-15"), "type": "new",
        }  # fmt: skip
        return Opportunity(**{**given, **more})

    def registration(self, partner: str = "acme", **more: Any) -> Registration:
        number = next(self.ids)
        given: dict[str, Any] = {
            "ref": Ref("file", "registrations.csv", "registrations", f"R-{number:03}"), "status": "approved",
            "submitted_at": utc("2026-01-05"), "approved_at": utc("2026-01-10T18:00"), "domain": "customer.com",
        }  # fmt: skip
        return Registration(partner=partner, **{**given, **more})

    def touch(
        self, partner: str, occurred: str, recorded: str | None = None, type_: str = "webinar", **more: Any
    ) -> Touchpoint:
        ref = Ref("file", "touchpoints.csv", "touchpoints", more.pop("id", f"T-{next(self.ids):03}"))
        more.setdefault("opportunity", self.DEAL)
        return Touchpoint(ref, partner, type_, utc(occurred), utc(recorded or occurred), **more)

    def override(
        self, shares: Mapping[str, str], role: str = "sourced", decided: str = "2026-04-02", **more: Any
    ) -> Override:
        ref = Ref("file", "overrides.csv", "overrides", f"O-{next(self.ids)}")
        exact = {name: Decimal(share) for name, share in shares.items()}
        return Override(ref, more.get("deal", self.DEAL), role, exact, "dana", "agreed", date.fromisoformat(decided))

    def dossier(
        self, deal: Any = None, *, history: Iterable[Version[Opportunity]] = (), accounts: Iterable[Account] | None = None,
        registrations: Iterable[Registration] = (), touches: Iterable[Touchpoint] = (), overrides: Iterable[Override] = (),
        **more: Any,
    ) -> Dossier:  # fmt: skip
        versions = tuple(history) or (self.version(deal or self.deal(), "2026-03-31T20:00"),)
        held = (self.account(),) if accounts is None else accounts
        return Dossier(
            versions,
            tuple(self.version(each) for each in held),
            tuple(self.version(each) for each in registrations),
            tuple(self.version(each) for each in touches),
            tuple(self.version(each) for each in overrides),
            **more,
        )

    def attribute(self, dossier: Dossier, book: Book | None = None, as_of: str = "2026-05-01") -> Attribution:
        return attribute(book or self.book(), dossier, utc(as_of))

    def told(self, attribution: Attribution, role: str = "sourced") -> dict[str, str]:
        """Amount by party of a role, as text."""
        return {credit.partner: _amount(credit) for credit in attribution.credits if credit.role == role}


def _amount(credit: Credit) -> str:
    return f"{credit.amount.amount:f}" if credit.amount else f"{credit.share}"


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture(scope="session")
def books() -> list[Book]:
    """A book for each way of weighing touches."""
    ways = (("linear", "touch"), ("linear", "partner"), ("first_touch", "touch"), ("last_touch", "partner"))
    return [Office().book(("model: linear", f"model: {m}"), ("unit: touch", f"unit: {u}")) for m, u in ways]
