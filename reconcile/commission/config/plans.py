"""The section ``commission``: plans, their versions and their rules.

A plan may stand several times under one ``id``, each time with its own ``effective`` range: those are its versions.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from mapping.conditions import When
from mapping.config.section import Section
from partnersync.credits import Role
from partnersync.units import CurrencyCode, Day, Slug
from reconcile.commission.config.rates import RateConfig, not_empty


class Effective(Section):
    """The close dates that a plan version is for: from the first day up to, not including, the last."""

    from_: Day = Field(alias="from")
    to: Day | None = None

    def covers(self, day: date) -> bool:
        """Whether the day lies in ``[from, to)``."""
        return self.from_ <= day and (self.to is None or day < self.to)


def _in_order(value: Effective) -> Effective:
    if value.to is not None and value.to <= value.from_:
        raise ValueError(f"`to` {value.to} is not after `from` {value.from_}; `to` is the first day that is out")
    return value


class RuleConfig(Section):
    """One rule of a plan; the first whose conditions hold pays."""

    id: Slug
    title: str | None = None
    was: Slug | None = None
    when: When | None = None
    rate: RateConfig

    @property
    def ledger_id(self) -> str:
        """The id in ledger keys."""
        return self.was or self.id


class PlanConfig(Section):
    """One version of a plan: for whom, from when until when, and what it pays.

    ``was`` names the id under which the ledger knows the plan (its first one), so that a renamed plan keeps its keys; a rule's
    likewise. ``program`` limits it to one programme; plans of one ``exclusive`` group do not add up, the first listed wins.
    """

    id: Slug
    title: str | None = None
    was: Slug | None = None
    program: Slug | None = None
    currency: CurrencyCode | None = None
    effective: Annotated[Effective, AfterValidator(_in_order)]
    when: When | None = None
    role: Role
    exclusive: Slug | None = None
    rules: Annotated[tuple[RuleConfig, ...], Field(json_schema_extra={"minItems": 1}), AfterValidator(not_empty)]

    @property
    def ledger_id(self) -> str:
        """The id in ledger keys and pools."""
        return self.was or self.id

    @property
    def version(self) -> str:
        """What tells the versions of a plan apart: the first close date that it is for."""
        return self.effective.from_.isoformat()


class Commission(Section):
    """What is paid. Deals that closed before ``starts_on`` are not computed: they were settled somewhere else."""

    starts_on: Day
    tier_on: Literal["at_close", "at_registration"] = "at_close"
    plans: tuple[PlanConfig, ...] = ()
