"""The language of worked examples: what a RevOps person writes to try a plan before it pays anyone.

A file holds ``cases``; a case holds facts in our own words and, step by step, what should come of them. Each step adds facts
or replaces those of the same id (``deleted: true`` removes one, as the CRM would), runs one cycle at ``as_of`` and compares
what is expected; what is not mentioned is not compared, except that ``lines`` lists every ledger line the step posts.

    cases:
      - name: the second deal crosses into the next bracket
        partners: [{id: acme, name: Acme, type: reseller}]
        steps:
          - as_of: 2026-05-01
            opportunities:
              - {id: d1, outcome: won, amount: 40000, currency: USD, closes_on: 2026-03-01, partner_field: acme}
              - {id: d2, outcome: won, amount: 30000, currency: USD, closes_on: 2026-03-02, partner_field: acme}
            expect:
              lines:
                - {opportunity: d1, amount: 4000.00 USD}
                - {opportunity: d2, amount: 3400.00 USD}
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from partnersync.clock import parse_instant
from partnersync.credits import Role
from partnersync.facts import PartnerType, RegistrationStatus
from partnersync.units import Amount, CurrencyCode, Day, Days, MoneyText, Percent, Slug


def _instant(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    try:
        text = str(value)
        return parse_instant(text) if "T" in text else datetime.combine(date.fromisoformat(text), time(12), UTC)
    except ValueError:
        raise ValueError(f"expected a day or an instant such as 2026-05-01T09:00:00Z, found {value!r}") from None


Instant = Annotated[datetime, BeforeValidator(_instant)]
"""An instant with its zone; a bare day means noon UTC of that day."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AccountCase(_Section):
    """An account. ``crm`` is the CRM it stands in."""

    id: str
    crm: str = "salesforce"
    name: str = ""
    domain: str | None = None
    parent: str | None = None
    deleted: bool = False


class OpportunityCase(_Section):
    """An opportunity. ``partner_field_by`` is who typed the partner field; ``us`` means that it is our own value."""

    id: str
    crm: str = "salesforce"
    name: str = ""
    account: str | None = None
    outcome: Literal["open", "won", "lost"] = "open"
    stage: str | None = None
    amount: Amount | None = None
    currency: CurrencyCode | None = None
    closes_on: Day | None = None
    committed_on: Day | None = None
    created_at: Instant | None = None
    type: str | None = None
    owner: str | None = None
    partner_field: str | None = None
    partner_field_by: str = "a rep"
    product_family: str | None = None
    region: str | None = None
    loss_reason: str | None = None
    extra: dict[str, str] = Field(default_factory=dict)
    at: Instant | None = None
    deleted: bool = False


class TierCase(_Section):
    """A dated tier."""

    tier: str
    from_: Annotated[Day, Field(alias="from")]
    to: Day | None = None


class PartnerCase(_Section):
    """A partner."""

    id: Slug
    name: str = ""
    type: PartnerType = "reseller"
    status: str = "active"
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


class RegistrationCase(_Section):
    """A deal registration."""

    id: str
    partner: Slug
    status: RegistrationStatus = "approved"
    submitted_at: Instant | None = None
    approved_at: Instant | None = None
    effective_at: Instant | None = None
    opportunity: str | None = None
    account: str | None = None
    domain: str | None = None
    customer: str | None = None
    product_family: str | None = None
    region: str | None = None
    extended: Days = 0
    deleted: bool = False


class TouchpointCase(_Section):
    """A touchpoint."""

    id: str
    partner: Slug
    type: str = "touch"
    occurred_at: Instant
    recorded_at: Instant | None = None
    opportunity: str | None = None
    account: str | None = None
    domain: str | None = None
    source: str | None = None
    weight: Amount | None = None
    voided_by: str | None = None
    deleted: bool = False


class OverrideCase(_Section):
    """A person's decision about a role's shares."""

    id: str
    opportunity: str
    role: Role
    shares: dict[Slug, Percent]
    author: str
    reason: str
    decided_on: Day
    deleted: bool = False


class RateCase(_Section):
    """A published rate: one ``base`` is ``rate`` units of ``quote`` on a day."""

    on: Day
    base: CurrencyCode
    quote: CurrencyCode
    rate: Amount


class ExpectedCredit(_Section):
    """A credit that must be there; what is not named is not compared."""

    opportunity: str
    role: Role
    partner: str
    share: Percent | None = None
    amount: MoneyText | None = None
    rule: str | None = None


class ExpectedLine(_Section):
    """A ledger line that this step must post; what is not named is not compared."""

    opportunity: str
    partner: str | None = None
    plan: str | None = None
    rule: str | None = None
    kind: str | None = None
    period: str | None = None
    posted: str | None = None
    caused_by: str | None = None
    amount: MoneyText


class ExpectedField(_Section):
    """What a CRM field should say; ``value`` left out or empty means empty."""

    opportunity: str | None = None
    account: str | None = None
    field: str
    value: str | None = None


class ExpectedTask(_Section):
    """A task that should be there."""

    opportunity: str
    task: Slug
    subject: str | None = None


class Expected(_Section):
    """What a step should come to. A part that is left out is not compared; an empty one must be empty."""

    credits: tuple[ExpectedCredit, ...] | None = None
    lines: tuple[ExpectedLine, ...] | None = None
    fields: tuple[ExpectedField, ...] | None = None
    tasks: tuple[ExpectedTask, ...] | None = None
    findings: tuple[str, ...] | None = None


class Facts(_Section):
    """Facts as one step brings them."""

    accounts: tuple[AccountCase, ...] = ()
    opportunities: tuple[OpportunityCase, ...] = ()
    partners: tuple[PartnerCase, ...] = ()
    registrations: tuple[RegistrationCase, ...] = ()
    touchpoints: tuple[TouchpointCase, ...] = ()
    overrides: tuple[OverrideCase, ...] = ()
    rates: tuple[RateCase, ...] = ()
    locked: tuple[str, ...] = ()


class Step(Facts):
    """One cycle: facts that arrive before it, when it runs, and what should come of it."""

    as_of: Instant
    expect: Expected | None = None


class Case(Facts):
    """One worked example. Facts of the case itself are there from the first step on; a case without ``steps`` is one step."""

    name: str
    why: str | None = None
    as_of: Instant | None = None
    expect: Expected | None = None
    steps: tuple[Step, ...] = ()


class CaseFile(_Section):
    """A file of cases; ``config`` names the config they run with, beside this file."""

    config: str | None = None
    cases: tuple[Case, ...]
