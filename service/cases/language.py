"""The language of worked examples: what a RevOps person writes to try a plan before it pays anyone.

A file holds ``cases``; a case holds facts in our own words and, step by step, what should come of them. Each step adds facts,
edits those of the same id (what it does not name stays; ``deleted: true`` removes one, as the CRM would), runs one cycle at
``as_of`` and compares what is expected (``expectations``).

    cases:
      - name: the second deal crosses into the next bracket
        partners: [{id: acme, name: Acme, type: reseller}]
        steps:
          - as_of: 2026-05-01
            opportunities:
              - {id: d1, outcome: won, amount: 40000 USD, closes_on: 2026-03-01, partner_field: acme}
              - {id: d2, outcome: won, amount: 30000 USD, closes_on: 2026-03-02, partner_field: acme}
            expect:
              lines:
                - {opportunity: d1, amount: 4000.00 USD}
                - {opportunity: d2, amount: 3400.00 USD}
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema

from partnersync.clock import parse_instant
from partnersync.credits import Role
from partnersync.facts import Outcome, PartnerType, RegistrationStatus
from partnersync.money import MINOR_UNITS, parse_amount
from partnersync.units import Amount, CurrencyCode, Day, Days, Percent, Slug
from service.cases.expectations import Expected


def _moment(value: Any) -> datetime | date:
    if isinstance(value, date):
        return value
    text = value.strip() if isinstance(value, str) else ""
    try:
        return date.fromisoformat(text) if len(text) == len("2026-05-01") else parse_instant(text)
    except ValueError:
        message = f"expected a day such as 2026-05-01 or an instant such as 2026-05-01T09:00:00Z, found {value!r}"
        raise ValueError(message) from None


def _priced(value: Any) -> Decimal | tuple[Decimal, str]:
    if isinstance(value, tuple | Decimal):
        return value
    text = value.strip() if isinstance(value, str) else ""
    number, _, currency = text.rpartition(" ")
    if number and currency in MINOR_UNITS:
        return parse_amount(number), currency
    try:
        return parse_amount(text)
    except ValueError:
        raise ValueError(f"expected an amount such as 1,234.50 or 1234.50 USD, found {value!r}") from None


Moment = Annotated[
    datetime | date,
    PlainValidator(_moment),
    WithJsonSchema({"type": "string", "examples": ["2026-05-01", "2026-05-01T09:00:00Z"]}),
]
"""An instant with its zone; a bare day means noon of that day where deals are judged."""
Priced = Annotated[
    Decimal | tuple[Decimal, str],
    PlainValidator(_priced),
    WithJsonSchema({"type": ["string", "number"], "examples": ["40000", "40000 USD"]}),
]


class Section(BaseModel):
    """Unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Dated(Section):
    """A record of a source.

    ``crm`` is the connection it stands in (the first that opportunities come from, if left out), ``at`` when the source says
    that it was last changed (the step's ``as_of``). Elsewhere it is named by its id, or by ``crm:id`` where two have one.
    """

    id: str
    crm: str | None = None
    at: Moment | None = None
    deleted: bool = False


class AccountCase(Dated):
    """An account; without a name it is called by its id."""

    name: str | None = None
    domain: str | None = None
    parent: str | None = None
    owner: str | None = None
    created_at: Moment | None = None
    extra: dict[str, str] = Field(default_factory=dict)


class OpportunityCase(Dated):
    """An opportunity; without a name it is called by its id.

    ``partner_field_by`` is who typed the partner field; ``us`` means that it is our own value. ``stage_since`` is when the CRM
    says that it entered its stage, for a deal that was won before we first looked.
    """

    name: str | None = None
    account: str | None = None
    outcome: Outcome = "open"
    stage: str | None = None
    stage_since: Moment | None = None
    amount: Priced | None = None
    currency: CurrencyCode | None = None
    closes_on: Day | None = None
    committed_on: Day | None = None
    created_at: Moment | None = None
    type: str | None = None
    owner: str | None = None
    partner_field: str | None = None
    partner_field_by: str = "a rep"
    product_family: str | None = None
    region: str | None = None
    loss_reason: str | None = None
    twin: str | None = None
    extra: dict[str, str] = Field(default_factory=dict)


class TierCase(Section):
    """A dated tier; ``to`` is the first day that it no longer holds."""

    tier: str
    from_: Annotated[Day, Field(alias="from")]
    to: Day | None = None
    program: Slug | None = None


class PartnerCase(Section):
    """A partner; without a name it is called by its id. ``crm_ids`` are its accounts by CRM."""

    id: Slug
    name: str | None = None
    type: PartnerType = "reseller"
    status: str = "active"
    programs: tuple[Slug, ...] = ()
    currency: CurrencyCode | None = None
    manager: str | None = None
    domains: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    crm_ids: dict[str, str] = Field(default_factory=dict)
    region: str | None = None
    joined_on: Day | None = None
    merged_into: Slug | None = None
    merged_on: Day | None = None
    tiers: tuple[TierCase, ...] = ()


class RegistrationCase(Dated):
    """A deal registration; it names its customer by opportunity, account, domain or name."""

    partner: str | None = None
    status: RegistrationStatus = "approved"
    submitted_at: Moment | None = None
    approved_at: Moment | None = None
    effective_at: Moment | None = None
    opportunity: str | None = None
    account: str | None = None
    domain: str | None = None
    customer: str | None = None
    product_family: str | None = None
    region: str | None = None
    extended: Days = 0


class TouchpointCase(Dated):
    """A touchpoint; recorded when it occurred, unless said otherwise."""

    partner: str | None = None
    type: str = "touch"
    occurred_at: Moment | None = None
    recorded_at: Moment | None = None
    opportunity: str | None = None
    account: str | None = None
    domain: str | None = None
    source: str | None = None
    weight: Amount | None = None
    voided_by: str | None = None


class OverrideCase(Dated):
    """A person's decision about a role's shares."""

    opportunity: str | None = None
    role: Role = "sourced"
    shares: dict[str, Percent] = Field(default_factory=dict)
    author: str = "a reviewer"
    reason: str = "not said"
    decided_on: Day | None = None


class RateCase(Section):
    """A published rate: one ``base`` is ``rate`` units of ``quote`` from this day on."""

    on: Day
    base: CurrencyCode
    quote: CurrencyCode
    rate: Amount


class Facts(Section):
    """Facts as a case or one of its steps brings them; ``locked`` and ``soft_closed`` are labels of periods."""

    accounts: tuple[AccountCase, ...] = ()
    opportunities: tuple[OpportunityCase, ...] = ()
    partners: tuple[PartnerCase, ...] = ()
    registrations: tuple[RegistrationCase, ...] = ()
    touchpoints: tuple[TouchpointCase, ...] = ()
    overrides: tuple[OverrideCase, ...] = ()
    rates: tuple[RateCase, ...] = ()
    locked: tuple[str, ...] = ()
    soft_closed: tuple[str, ...] = ()


class Step(Facts):
    """One cycle: facts that arrive before it, when it runs, and what should come of it."""

    as_of: Moment
    expect: Expected | None = None


Settings = dict[str, Any]
"""Sections of the config, with the words of the config file; inside a section, what is not named stays as it is."""


class Case(Facts):
    """One worked example. Its own facts are there from the first step on; a case without ``steps`` is one step."""

    name: str
    why: str | None = None
    settings: Settings | None = None
    as_of: Moment | None = None
    expect: Expected | None = None
    steps: tuple[Step, ...] = ()

    @property
    def cycles(self) -> tuple[Step, ...]:
        """The steps."""
        return self.steps or ((Step(as_of=self.as_of, expect=self.expect),) if self.as_of else ())


class CaseFile(Section):
    """A file of cases.

    They run with the config that ``config`` names (a path beside this file), changed by ``settings``. With ``settings`` alone
    the file stands for itself: what no section says is as small as it can be (``stand_ins``).
    """

    config: str | None = None
    settings: Settings | None = None
    cases: tuple[Case, ...]
