"""The sections ``writeback``, ``people`` and ``guards`` of the config file."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from mapping.conditions import When
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


def _part(value: Fraction) -> Fraction:
    if not 0 <= value <= 1:
        raise ValueError("expected a share between 0% and 100%")
    return value


def _count(value: int) -> int:
    if value < 0:
        raise ValueError(f"expected a number that is not negative, found {value}")
    return value


def _gross(value: tuple[Decimal, str]) -> tuple[Decimal, str]:
    if value[0] < 0:
        raise ValueError(f"expected an amount that is not negative, found {value[0]:f} {value[1]}")
    return value


def _address(value: str) -> str:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", value):
        raise ValueError(f"expected an e-mail address such as dana@acme.com, found {value!r}")
    return value


_Share = Annotated[Percent, AfterValidator(_part)]
_Count = Annotated[Whole, AfterValidator(_count)]
Address = Annotated[str, AfterValidator(_address), Field(examples=["dana@acme.com"])]
Template = Annotated[str, StringConstraints(min_length=1), BeforeValidator(template)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldRule(_Section):
    """How one CRM field is kept: what it should say and who wins when a person changed it.

    ``values`` maps our words to the CRM's own picklist values; ``role`` picks whose credit is meant (default: sourced, or
    influenced where nobody sourced); ``first_sync: overwrite`` lets the first write replace what a person had typed before.
    ``if_modified: refuse`` writes to a record only if nobody modified anything in it since this run read it.
    """

    policy: Policy = "crm_wins"
    role: Role | None = None
    values: dict[str, str] = Field(default_factory=dict)
    first_sync: Literal["keep", "overwrite"] = "keep"
    if_modified: Literal["write", "refuse"] = "write"


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

    approvers: tuple[Address, ...] = ()
    task_fallback: Address | None = None


class Guards(_Section):
    """Limits over which a plan waits for a person; all are judged on the whole plan before the first write."""

    first_run: Literal["plan", "apply"] = "plan"
    max_changes: _Count = 500
    max_share: _Share = Fraction(1, 5)
    max_clears: _Count = 50
    max_tasks_per_owner: _Count = 25
    max_commission_moved: Annotated[MoneyText, AfterValidator(_gross)] | None = None
    max_shrink: _Share = Fraction(1, 5)
