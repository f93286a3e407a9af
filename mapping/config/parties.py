"""The sections ``programs`` and ``partners``: the terms, and where the roster and its tiers come from."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, WrapValidator

from mapping.conditions.vocabulary import ExtraKind
from mapping.config.section import FieldName, Section, SourceRef, Texts, told_apart_by_presence
from mapping.config.sources import ExtraField, Word
from partnersync.facts import PartnerType
from partnersync.units import CurrencyCode, Day, Slug, Timezone


class Program(Section):
    """The terms of a partner programme. Without a timezone of its own it uses the calendar's."""

    title: str
    currency: CurrencyCode
    system_of_record: Slug | None = None
    timezone: Timezone | None = None


Programs = Annotated[dict[Slug, Program], Field(min_length=1)]


class RosterFields(Section):
    """Columns of the roster. Lists are joined by ``;``."""

    id: FieldName
    name: FieldName
    type: FieldName
    status: FieldName | None = None
    programs: FieldName | None = None
    currency: FieldName | None = None
    manager: FieldName | None = None
    domains: FieldName | None = None
    aliases: FieldName | None = None
    region: FieldName | None = None
    joined_on: FieldName | None = None
    merged_into: FieldName | None = None
    merged_on: FieldName | None = None
    salesforce_id: FieldName | None = None
    hubspot_id: FieldName | None = None


class RosterSource(Section):
    """A roster from a file or a CRM object; a record of a CRM without the ``id`` field filled is no partner."""

    from_: SourceRef = Field(alias="from")
    fields: RosterFields
    values: dict[str, dict[str, Texts]] = Field(default_factory=dict)
    extra: dict[Word, ExtraField] = Field(default_factory=dict)


class InlineTier(Section):
    """A dated grade, from a day until before another."""

    tier: str
    from_: Day = Field(alias="from")
    to: Day | None = None
    program: Slug | None = None
    reason: str | None = None


class InlinePartner(Section):
    """A partner written in the config itself."""

    id: Slug
    name: str
    type: PartnerType
    status: str = "active"
    programs: Texts = ()
    currency: CurrencyCode | None = None
    manager: str | None = None
    domains: Texts = ()
    aliases: Texts = ()
    region: str | None = None
    joined_on: Day | None = None
    merged_into: Slug | None = None
    merged_on: Day | None = None
    salesforce_id: str | None = None
    hubspot_id: str | None = None
    tiers: tuple[InlineTier, ...] = ()


class RosterInline(Section):
    """A roster written in the config itself."""

    inline: tuple[InlinePartner, ...]


class TierFields(Section):
    """Columns of the tiers; ``to`` is the first day that the tier no longer holds."""

    partner: FieldName
    tier: FieldName
    from_: FieldName = Field(alias="from")
    to: FieldName | None = None
    program: FieldName | None = None
    reason: FieldName | None = None


class TierSource(Section):
    """Dated tiers from a file or a CRM object."""

    from_: SourceRef = Field(alias="from")
    fields: TierFields


Roster = Annotated[
    RosterInline | RosterSource, WrapValidator(told_apart_by_presence("inline", RosterInline, RosterSource))
]


class Partners(Section):
    """The roster, its tiers, and the domains that never identify a company besides those we know."""

    roster: Roster
    tiers: TierSource | None = None
    free_mail: Texts = ()


__all__ = [
    "ExtraKind",
    "InlinePartner",
    "InlineTier",
    "Partners",
    "Program",
    "Programs",
    "RosterFields",
    "RosterInline",
    "RosterSource",
    "TierSource",
]
