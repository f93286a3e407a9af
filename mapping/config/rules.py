"""The sections ``registrations`` and ``attribution``: what protects a deal, and who gets credit in which role."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, WrapValidator

from mapping.conditions.language import When
from mapping.config.models import Model
from mapping.config.section import FieldName, Section, told_apart_by
from partnersync.credits import Role
from partnersync.units import Days, Slug, Whole

Covers = Literal["created", "committed", "closed"]
CreditUnit = Literal["touch", "partner"]


class Registrations(Section):
    """How long a registration protects a deal (DOMAIN §2); days are counted in the programme's timezone."""

    window: Days = 90
    anchor: Literal["approved", "submitted"] = "approved"
    grace: Days = 0
    covers: Covers = "closed"


class Lookback(Section):
    """Which touches count: from ``days`` before the anchor's day through the close day, or until the creation."""

    before: Literal["created", "closed"]
    days: Annotated[Whole, Field(ge=0)]
    until: Literal["created", "closed"] = "closed"


class Rule(Section):
    """What every attribution rule has; ``was`` is its id before a rename."""

    id: Slug
    rule: str
    when: When | None = None
    was: Slug | None = None


class RegistrationRule(Rule):
    """Credit to the partner whose registration protects the deal."""

    use: Literal["registration"]
    covers: Covers | None = None


class FieldRule(Rule):
    """Credit to the partner that a person wrote into a CRM field."""

    use: Literal["field"]
    field: FieldName


class TouchpointRule(Rule):
    """Credit by what partners did for the customer."""

    use: Literal["touchpoints"]
    model: Model
    lookback: Lookback
    credit_unit: CreditUnit


AttributionRule = Annotated[
    RegistrationRule | FieldRule | TouchpointRule,
    WrapValidator(
        told_apart_by("use", {"registration": RegistrationRule, "field": FieldRule, "touchpoints": TouchpointRule})
    ),
]


class Attribution(Section):
    """The waterfall of each role: rules from top to bottom, the first that finds a partner wins."""

    sourced: tuple[AttributionRule, ...] = ()
    influenced: tuple[AttributionRule, ...] = ()
    resale: tuple[AttributionRule, ...] = ()
    services: tuple[AttributionRule, ...] = ()
    distribution: tuple[AttributionRule, ...] = ()
    technology: tuple[AttributionRule, ...] = ()

    def of(self, role: Role) -> tuple[RegistrationRule | FieldRule | TouchpointRule, ...]:
        """The rules of a role."""
        rules: tuple[RegistrationRule | FieldRule | TouchpointRule, ...] = getattr(self, role)
        return rules
