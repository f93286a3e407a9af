"""The sections ``writeback``, ``people`` and ``guards`` of the config file."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Literal

from mapping.conditions import When
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from partnersync.changes import Policy
from partnersync.credits import Role
from partnersync.units import Days, MoneyText, Percent, Slug, Whole
from reconcile.writeback.templates import template

OpportunityValue = Literal[
    "partner.name",
    "partner.id",
    "partner.type",
    "partner.tier",
    "partner.manager",
    "partner.crm_id",
    "credit.role",
    "credit.share",
    "credit.rule",
    "credit.since",
    "credit.evidence",
    "commission.earned",
    "commission.currency",
]
AccountValue = Literal[
    "partner.name",
    "partner.id",
    "partner.type",
    "partner.tier",
    "partner.manager",
    "partner.crm_id",
    "account.open_deals",
    "account.won_deals",
    "account.last_credited_on",
]
Template = Annotated[str, StringConstraints(min_length=1), BeforeValidator(template)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldRule(_Section):
    """How one CRM field is kept: what it should say and who wins when a person changed it.

    ``values`` maps our words to the CRM's own picklist values; ``role`` picks whose credit is meant (default: sourced, or
    influenced where nobody sourced); ``first_sync: overwrite`` lets the first write replace what a person had typed before.
    """

    policy: Policy = "crm_wins"
    role: Role | None = None
    values: dict[str, str] = Field(default_factory=dict)
    first_sync: Literal["keep", "overwrite"] = "keep"


class OpportunityFieldRule(FieldRule):
    """A field of the opportunity."""

    value: OpportunityValue


class AccountFieldRule(FieldRule):
    """A field of the account."""

    value: AccountValue


class TaskRule(_Section):
    """A task that a sales rep should get. ``epoch`` is when a task that a person completed may come again."""

    id: Slug
    task: str
    when: When
    subject: Template
    body: Template | None = None
    due: Days
    priority: Literal["low", "normal", "high"] = "normal"
    epoch: Literal["once", "month", "quarter"] = "once"
    was: Slug | None = None


class ConnectionWriteback(_Section):
    """What is written to one connection."""

    opportunity: dict[str, OpportunityFieldRule] = Field(default_factory=dict)
    account: dict[str, AccountFieldRule] = Field(default_factory=dict)
    tasks: tuple[TaskRule, ...] = ()


class People(_Section):
    """Who may approve, and who owns a task that nobody else can."""

    approvers: tuple[str, ...] = ()
    task_fallback: str | None = None


class Guards(_Section):
    """Limits over which a plan waits for a person; all are judged on the whole plan before the first write."""

    first_run: Literal["plan", "apply"] = "plan"
    max_changes: Whole = 500
    max_share: Percent = Fraction(1, 5)
    max_clears: Whole = 50
    max_tasks_per_owner: Whole = 25
    max_commission_moved: MoneyText | None = None
    max_shrink: Percent = Fraction(1, 5)
