"""The section ``sources``: for each kind of fact, the objects and files it comes from and what their fields mean."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from mapping.conditions.vocabulary import ExtraKind
from mapping.config.section import FieldName, Section, SourceName, SourceRef, Texts
from partnersync.units import CurrencyCode

_WORD = re.compile(r"[a-z][a-z0-9_]*")


def _word(value: str) -> str:
    if not _WORD.fullmatch(value):
        raise ValueError(f"expected a name of lower-case letters, digits and _, found {value!r}")
    return value


def _some(value: object) -> object:
    if isinstance(value, list | tuple) and not value:
        raise ValueError("expected at least one source, found an empty list")
    return value


Word = Annotated[str, AfterValidator(_word)]


class ExtraField(Section):
    """A field of the source's own that conditions may name."""

    field: FieldName
    type: ExtraKind = "text"


class CurrencyDefault(Section):
    """The currency of a source that holds only one and has no field for it."""

    default: CurrencyCode


class Stages(Section):
    """What each stage of the source means; one that is in no list quarantines its record."""

    open: Texts = ()
    won: Annotated[Texts, Field(min_length=1)]
    lost: Texts = ()


class Source(Section):
    """One object or file that facts of a kind come from.

    ``values`` maps the source's own values to our words, field by field; a value in no list quarantines its record.
    """

    from_: SourceRef = Field(alias="from")
    values: dict[str, dict[str, Texts]] = Field(default_factory=dict)

    @property
    def name(self) -> SourceName:
        """What ``from`` says."""
        return self.from_


class AccountFields(Section):
    """Fields of an account."""

    name: FieldName
    domain: FieldName | None = None
    parent: FieldName | None = None
    owner: FieldName | None = None
    created_at: FieldName | None = None


class AccountSource(Source):
    """Where accounts come from."""

    fields: AccountFields
    extra: dict[Word, ExtraField] = Field(default_factory=dict)


class OpportunityFields(Section):
    """Fields of an opportunity.

    ``twin`` holds the id of the same deal in another CRM; ``stage_since`` when it entered its stage, so that evidence
    recorded after a win is told from evidence before it even on a deal that was won before we first looked.
    """

    name: FieldName
    stage: FieldName
    amount: FieldName
    closes_on: FieldName
    account: FieldName | None = None
    currency: FieldName | None = None
    committed_on: FieldName | None = None
    created_at: FieldName | None = None
    type: FieldName | None = None
    owner: FieldName | None = None
    partner_field: FieldName | None = None
    product_family: FieldName | None = None
    region: FieldName | None = None
    loss_reason: FieldName | None = None
    twin: FieldName | None = None
    stage_since: FieldName | None = None


class OpportunitySource(Source):
    """Where opportunities come from."""

    fields: OpportunityFields
    stages: Stages
    currency: CurrencyDefault | None = None
    extra: dict[Word, ExtraField] = Field(default_factory=dict)


class RegistrationFields(Section):
    """Fields of a deal registration. ``crm`` names the connection that the account and opportunity ids belong to."""

    partner: FieldName
    status: FieldName
    submitted_at: FieldName
    approved_at: FieldName
    id: FieldName | None = None
    crm: FieldName | None = None
    opportunity: FieldName | None = None
    account: FieldName | None = None
    domain: FieldName | None = None
    customer: FieldName | None = None
    effective_at: FieldName | None = None
    product_family: FieldName | None = None
    region: FieldName | None = None
    extended_days: FieldName | None = None
    reason: FieldName | None = None


class RegistrationSource(Source):
    """Where deal registrations come from."""

    fields: RegistrationFields


class TouchpointFields(Section):
    """Fields of a touchpoint. ``recorded_at`` is when the source wrote it down, which shows late evidence."""

    partner: FieldName
    type: FieldName
    occurred_at: FieldName
    recorded_at: FieldName
    id: FieldName | None = None
    crm: FieldName | None = None
    opportunity: FieldName | None = None
    account: FieldName | None = None
    domain: FieldName | None = None
    source: FieldName | None = None
    weight: FieldName | None = None
    voided_by: FieldName | None = None


class TouchpointSource(Source):
    """Where touchpoints come from."""

    fields: TouchpointFields


class OverrideFields(Section):
    """Fields of a person's decision about a credit; ``shares`` reads like ``acme: 60%; globex: 40%``."""

    opportunity: FieldName
    role: FieldName
    shares: FieldName
    author: FieldName
    reason: FieldName
    decided_on: FieldName
    id: FieldName | None = None
    crm: FieldName | None = None


class OverrideSource(Source):
    """Where decisions about credits come from."""

    fields: OverrideFields


class Sources(Section):
    """Every source by the kind of fact it brings."""

    account: tuple[AccountSource, ...] = ()
    opportunity: Annotated[tuple[OpportunitySource, ...], BeforeValidator(_some)]
    registration: tuple[RegistrationSource, ...] = ()
    touchpoint: tuple[TouchpointSource, ...] = ()
    override: tuple[OverrideSource, ...] = ()


SourceKind = Literal["account", "opportunity", "registration", "touchpoint", "override"]
