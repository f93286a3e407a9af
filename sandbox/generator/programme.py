"""The values a generated partner programme consists of; nothing here knows how they were invented or where they go."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from sandbox.generator.sizes import Size

Crm = Literal["salesforce", "hubspot"]
Outcome = Literal["open", "won", "lost"]
CRMS: tuple[Crm, Crm] = ("salesforce", "hubspot")


@dataclass(frozen=True, slots=True)
class User:
    """A sales person with a seat in one CRM. `manager` is another user's id in the same CRM."""

    crm: Crm
    id: str
    first: str
    last: str
    email: str
    title: str
    active: bool
    manager: str | None
    created_at: datetime

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}"


@dataclass(frozen=True, slots=True)
class Account:
    """A company record in one CRM. `twin` is the same company's id in the other CRM, which neither CRM knows."""

    crm: Crm
    id: str
    name: str
    website: str
    domain: str
    kind: Literal["customer", "partner"]
    partner: str | None
    parent: str | None
    owner: str
    region: str
    country: str
    currency: str
    industry: str
    employees: int
    phone: str
    created_at: datetime
    modified_at: datetime
    twin: str | None = None
    partner_typed: str | None = None
    partner_since: date | None = None


@dataclass(frozen=True, slots=True)
class StageEntry:
    """The instant at which an opportunity entered a stage."""

    stage: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Opportunity:
    """A deal in one CRM. `partner` is the truth behind it; `partner_typed` is what a rep wrote, right or wrong."""

    crm: Crm
    id: str
    account: str | None
    name: str
    type: Literal["New", "Expansion", "Renewal"]
    outcome: Outcome
    stage: str
    probability: int
    amount: Decimal | None
    currency: str | None
    closes_on: date | None
    owner: str
    lead_source: str
    history: tuple[StageEntry, ...]
    created_at: datetime
    modified_at: datetime
    partner: str | None = None
    partner_typed: str | None = None
    partner_role: str | None = None
    twin: str | None = None


@dataclass(frozen=True, slots=True)
class Tier:
    """A partner's grade over the half-open dates `[from_on, to_on)`."""

    partner: str
    tier: str
    from_on: date
    to_on: date | None
    reason: str


@dataclass(frozen=True, slots=True)
class Partner:
    """A commercial counterparty. `aliases` are the spellings people are known to use for it."""

    id: str
    name: str
    type: str
    status: Literal["active", "terminated", "merged"]
    domains: tuple[str, ...]
    currency: str
    manager: str
    salesforce_id: str | None
    hubspot_id: str | None
    region: str
    joined_on: date
    ended_on: date | None
    aliases: tuple[str, ...]
    merged_into: str | None
    tiers: tuple[Tier, ...]


@dataclass(frozen=True, slots=True)
class Registration:
    """A partner's claim on a deal, as the partner portal exports it."""

    id: str
    partner: str
    status: str
    crm: Crm
    account: str
    account_name: str
    account_domain: str
    opportunity: str | None
    submitted_at: datetime | None
    approved_at: datetime | None
    product: str
    region: str
    reason: str


@dataclass(frozen=True, slots=True)
class Touchpoint:
    """Something a partner did with a customer; `recorded_at` is when the source learned of it."""

    id: str
    partner: str
    crm: Crm
    account: str
    opportunity: str | None
    type: str
    occurred_at: datetime
    recorded_at: datetime
    source: str
    weight: Decimal


@dataclass(frozen=True, slots=True)
class Target:
    """What a partner is to reach in the half-open dates `[from_on, to_on)`."""

    partner: str
    metric: str
    from_on: date
    to_on: date
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Rate:
    """One unit of `base` costs `rate` units of `quote`, published on `on`."""

    on: date
    base: str
    quote: str
    rate: Decimal


@dataclass(frozen=True, slots=True)
class Task:
    """A to-do that a rep wrote for themselves; it is nobody's business but theirs."""

    crm: Crm
    id: str
    subject: str
    body: str
    owner: str
    account: str | None
    opportunity: str | None
    due_on: date
    done: bool
    created_at: datetime
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class Mess:
    """A label on one record: what is wrong with it (`kind`), and a word on how."""

    kind: str
    crm: Crm | None
    object: str
    id: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Programme:
    """A whole invented world: equal for equal (seed, size, today)."""

    seed: int
    size: Size
    today: date
    users: tuple[User, ...]
    accounts: tuple[Account, ...]
    opportunities: tuple[Opportunity, ...]
    tasks: tuple[Task, ...]
    partners: tuple[Partner, ...]
    registrations: tuple[Registration, ...]
    touchpoints: tuple[Touchpoint, ...]
    targets: tuple[Target, ...]
    rates: tuple[Rate, ...]
    mess: Mapping[str, tuple[Mess, ...]] = field(default_factory=dict)
