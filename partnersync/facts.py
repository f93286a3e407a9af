"""What we know, in the field's words: canonical facts, their versions, and the dossier that decides one opportunity.

A fact is never overwritten: each change is a new ``Version`` with the hash of what was received, so that every credit
and line can name what it was computed from and be recomputed offline.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Generic, Literal, TypeVar

from partnersync.credits import Credit
from partnersync.frozen import frozen
from partnersync.ids import Ref
from partnersync.lines import FrozenRate
from partnersync.records import RawRecord, Value

Kind = Literal[
    "account", "opportunity", "registration", "touchpoint", "partner", "tier", "signal", "target", "override"
]
Outcome = Literal["open", "won", "lost"]
PartnerType = Literal[
    "referral",
    "affiliate",
    "reseller",
    "distributor",
    "technology",
    "agency",
    "integrator",
    "msp",
    "marketplace",
]
RegistrationStatus = Literal[
    "draft",
    "submitted",
    "under_review",
    "needs_info",
    "approved",
    "rejected",
    "won",
    "lost",
    "expired",
    "revoked",
    "withdrawn",
]

Fact = TypeVar("Fact")


@dataclass(frozen=True, slots=True)
class Version(Generic[Fact]):
    """One state of a fact. ``fact`` is None when the source deleted it; ``hash`` is the received body's digest.

    ``stamp`` is the source's own instant, ``seen_at`` ours, ``author`` the source's name for who made it.
    """

    fact: Fact | None
    hash: str
    stamp: datetime
    seen_at: datetime
    author: str | None = None


@frozen()
class Account:
    """A company in a CRM. ``domain`` is registrable (public-suffix aware); None for free-mail and shared hosts."""

    ref: Ref
    name: str
    domain: str | None = None
    parent: Ref | None = None
    owner: str | None = None
    created_at: datetime | None = None
    extra: Mapping[str, Value] = field(default_factory=dict)


@frozen()
class Opportunity:
    """A deal in a CRM. ``amount`` in major units of ``currency``, exact as received; dates are calendar dates."""

    ref: Ref
    name: str
    outcome: Outcome
    stage: str
    account: Ref | None = None
    amount: Decimal | None = None
    currency: str | None = None
    closes_on: date | None = None
    committed_on: date | None = None
    created_at: datetime | None = None
    type: str | None = None
    owner: str | None = None
    partner_field: str | None = None
    product_family: str | None = None
    region: str | None = None
    loss_reason: str | None = None
    extra: Mapping[str, Value] = field(default_factory=dict)
    twin: Ref | None = None
    """The same deal in another CRM, where a mapped field names it."""
    stage_since: datetime | None = None
    """When it entered its stage, where the source keeps that; else the first version seen in it says so."""


@dataclass(frozen=True, slots=True)
class Tier:
    """A dated grade of a partner in a programme, half-open ``[valid_from, valid_to)``."""

    tier: str
    valid_from: date
    valid_to: date | None = None
    program: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Partner:
    """The commercial counterparty; ``id`` is a slug that is never reused. ``crm_ids`` is crm → id of its account there."""

    id: str
    name: str
    type: PartnerType
    status: str = "active"
    programs: tuple[str, ...] = ()
    currency: str | None = None
    manager: str | None = None
    domains: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    crm_ids: Mapping[str, str] = field(default_factory=dict)
    region: str | None = None
    joined_on: date | None = None
    merged_into: str | None = None
    merged_on: date | None = None
    tiers: tuple[Tier, ...] = ()
    extra: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Registration:
    """A partner's claim to a deal. Names its customer by opportunity, account, domain or name, whichever are known."""

    ref: Ref
    partner: str
    status: RegistrationStatus
    submitted_at: datetime | None = None
    approved_at: datetime | None = None
    effective_at: datetime | None = None
    opportunity: Ref | None = None
    account: Ref | None = None
    domain: str | None = None
    customer: str | None = None
    product_family: str | None = None
    region: str | None = None
    extended_days: int = 0
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Touchpoint:
    """Something a partner did for a customer. ``recorded_at`` is the source's stamp, never our pull."""

    ref: Ref
    partner: str
    type: str
    occurred_at: datetime
    recorded_at: datetime
    opportunity: Ref | None = None
    account: Ref | None = None
    domain: str | None = None
    source: str | None = None
    weight: Decimal = Decimal(1)
    voided_by: str | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    """A dated measurement of a partner: logins, certifications, MDF, surveys."""

    ref: Ref
    partner: str
    kind: str
    value: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class Target:
    """What a partner or segment should reach in a period."""

    ref: Ref
    metric: str
    period: str
    amount: Decimal
    currency: str | None
    partner: str | None = None
    segment: str | None = None
    program: str | None = None


@dataclass(frozen=True, slots=True)
class Override:
    """A person's decision about a credit: itself a fact, with who, why and when."""

    ref: Ref
    opportunity: Ref
    role: str
    shares: Mapping[str, Decimal]
    author: str
    reason: str
    decided_on: date


@dataclass(frozen=True, slots=True)
class Sent:
    """A value of ours that a CRM field carries or carried: never evidence of anything (DOMAIN §1)."""

    ref: Ref
    field: str
    value: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Twin:
    """A deal that may be the same one in another CRM: its newest version and that of its account."""

    opportunity: Version[Opportunity]
    account: Version[Account] | None = None


@dataclass(frozen=True, slots=True)
class Dossier:
    """One opportunity and everything that may decide it.

    ``history`` is the opportunity's versions, oldest first, never empty; ``accounts`` its account, then the parents
    upwards; ``sent`` every value the journal sent to a field of this opportunity; ``credits`` what is stored now;
    ``twins`` are the opportunities that ``Reach`` tells of.
    """

    history: tuple[Version[Opportunity], ...]
    accounts: tuple[Version[Account], ...] = ()
    registrations: tuple[Version[Registration], ...] = ()
    touchpoints: tuple[Version[Touchpoint], ...] = ()
    overrides: tuple[Version[Override], ...] = ()
    sent: tuple[Sent, ...] = ()
    credits: tuple[Credit, ...] = ()
    twins: tuple[Twin, ...] = ()

    @property
    def now(self) -> Version[Opportunity]:
        """The newest version of the opportunity."""
        return self.history[-1]


@dataclass(frozen=True, slots=True)
class RawVersion:
    """One stored state of a record as received (``record.life`` says whether the source deleted it) and its body's hash."""

    record: RawRecord
    hash: str
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class RawTwin:
    """The stored form of a ``Twin``."""

    opportunity: RawVersion
    account: RawVersion | None = None


@dataclass(frozen=True, slots=True)
class RawDossier:
    """A dossier as stored, before any mapping; the parts are those of ``Dossier``, in the same order.

    ``rates`` are the rates that this deal was converted at before, which every later D uses again.
    """

    history: tuple[RawVersion, ...]
    accounts: tuple[RawVersion, ...] = ()
    registrations: tuple[RawVersion, ...] = ()
    touchpoints: tuple[RawVersion, ...] = ()
    overrides: tuple[RawVersion, ...] = ()
    sent: tuple[Sent, ...] = ()
    credits: tuple[Credit, ...] = ()
    twins: tuple[RawTwin, ...] = ()
    rates: tuple[FrozenRate, ...] = ()


@frozen()
class Reach:
    """Under which keys a fact is found, beside its own name. State stores hashes of the keys and knows no meaning of them.

    ``names`` are other facts, each with its kind; ``shares`` are keys that many may have (``domain:acme.com``). A fact belongs
    in one dossier with those it names and those that share a key with it. A carrier (an account) passes its own keys on to
    them. ``meets`` is where opportunities of different CRMs meet as possible twins, (terms, place): two with the same terms,
    at most one place apart, dirty each other, and stand in each other's ``twins`` if their accounts share a key. So do two
    of which one names the other.
    """

    names: tuple[tuple[Kind, Ref], ...] = ()
    shares: tuple[str, ...] = ()
    carries: bool = False
    meets: tuple[str, int] | None = None
