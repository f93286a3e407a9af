"""The sections ``calendar``, ``money`` and ``commission`` of the config file.

A plan may stand several times under one ``id``, each time with its own ``effective`` range: those are its versions. What is
wrong between settings (ranges that overlap, rules that never get a turn) is found by ``commission.checks``.
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag
from pydantic_core import InitErrorDetails, PydanticCustomError, ValidationError

from mapping.conditions import When
from mapping.config.section import Section
from partnersync.credits import Role
from partnersync.money import Rounding
from partnersync.units import Amount, CurrencyCode, Day, Days, MonthDay, Percent, Slug, Timezone

Span = Literal["month", "quarter", "year"]
_LAST_COMMON_DAY = 28


def _first_day(value: tuple[int, int]) -> tuple[int, int]:
    if value[1] > _LAST_COMMON_DAY:
        raise ValueError("expected a day that every month has (01 to 28), because each fiscal month starts on it")
    return value


class Calendar(Section):
    """Whose midnight ends a day, and when fiscal years, quarters and months begin."""

    timezone: Timezone
    fiscal_year_starts: Annotated[MonthDay, AfterValidator(_first_day)] = (1, 1)
    periods: Span = "quarter"


_OTHER_RATE_DAYS = {
    "invoice": "needs invoices, which are not a source yet",
    "payment": "cannot be used with brackets: what a deal earns would move with the day the customer pays",
    "posting": "cannot be used with brackets: what a deal earns would move with the day we happen to post it",
    "period_average": "cannot be used with brackets: every deal would move until the period ends",
    "plan_fixed": "needs rates in the plan, which are not a setting yet",
}


def _rate_day(value: Any) -> Any:
    reason = _OTHER_RATE_DAYS.get(value) if isinstance(value, str) else None
    if reason:
        raise ValueError(f"{value} {reason}; write close, the deal's close date")
    return value


class MoneyRules(Section):
    """How amounts are converted and rounded."""

    reporting_currency: CurrencyCode
    rates: str | None = None
    rate_on: Annotated[Literal["close"], BeforeValidator(_rate_day)] = "close"
    rounding: Rounding = "half_up"
    max_rate_age: Days = 7


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


def _at_most_whole(value: Fraction) -> Fraction:
    if not 0 <= value <= 1:
        raise ValueError("expected a rate between 0% and 100%")
    return value


def _not_negative(value: Any) -> Any:
    if value < 0:
        raise ValueError("expected an amount that is not negative")
    return value


CommissionRate = Annotated[Percent, AfterValidator(_at_most_whole)]


class Bounty(Section):
    """A fixed amount in the plan's currency per deal, times the partner's share of the credit unless that is ignored."""

    amount: Annotated[Amount, AfterValidator(_not_negative)]
    share: Literal["credit", "ignore"] = "credit"


class Bracket(Section):
    """A step of a rate table, up to but not including ``to``; ``from`` may be repeated for the reader."""

    from_: Amount | None = Field(default=None, alias="from")
    to: Amount | None = None
    rate: CommissionRate


def _contiguous(brackets: tuple[Bracket, ...]) -> tuple[Bracket, ...]:
    wrong = [
        InitErrorDetails(type=PydanticCustomError("brackets", "{why}", {"why": why}), loc=(at,), input=None)
        for at, why in _bracket_faults(brackets)
    ]
    if wrong:
        raise ValidationError.from_exception_data("brackets", wrong)
    return brackets


def _bracket_faults(brackets: tuple[Bracket, ...]) -> list[tuple[int, str]]:
    """Where and why the brackets do not cover every amount exactly once; at most one fault for each."""
    faults: list[tuple[int, str]] = []
    last = len(brackets) - 1
    below = Fraction(0)
    for at, bracket in enumerate(brackets):
        start = below if bracket.from_ is None else Fraction(bracket.from_)
        if start != below:
            kind = "gap" if start > below else "overlap"
            faults.append(
                (at, f"{kind}: this bracket starts at {bracket.from_}, the one before ends at {_plain(below)}")
            )
        elif bracket.to is None and at < last:
            faults.append((at, "this bracket has no `to`; only the last one is open"))
        elif bracket.to is not None and bracket.to <= below:
            faults.append((at, f"`to` {bracket.to} is not above {_plain(below)}, where this bracket starts"))
        elif bracket.to is not None and at == last:
            faults.append(
                (at, f"the last bracket must be open: leave `to` out, or add one for what is above {bracket.to}")
            )
        below = max(below, Fraction(bracket.to)) if bracket.to is not None else below
    return faults


def _plain(amount: Fraction) -> str:
    return f"{float(amount):,.10g}" if amount.denominator != 1 else f"{amount.numerator:,}"


class Graduated(Section):
    """Marginal brackets over the partner's credited revenue of a month, quarter or year."""

    over: Span
    brackets: Annotated[tuple[Bracket, ...], Field(min_length=1), AfterValidator(_contiguous)]


class PercentRate(Section):
    """``percent: 12%``: the same share of every deal."""

    percent: CommissionRate


class BountyRate(Section):
    """``bounty: {amount: 250}``: a fixed amount per deal."""

    bounty: Bounty


class GraduatedRate(Section):
    """``graduated: {over: quarter, brackets: […]}``: each part of the revenue at its own bracket's rate."""

    graduated: Graduated


RATE_KINDS = ("percent", "bounty", "graduated")


def _kind_of_rate(value: Any) -> str | None:
    if isinstance(value, dict):
        return next((kind for kind in RATE_KINDS if kind in value), None)
    return next((kind for kind in RATE_KINDS if hasattr(value, kind)), None)


def _one_kind(value: Any) -> Any:
    """One mistake, one message: which kind of rate is meant is settled before anything inside it is looked at."""
    if not isinstance(value, dict):
        if _kind_of_rate(value):
            return value
        raise ValueError("expected a kind of rate such as `percent: 12%`, `bounty: …` or `graduated: …`")
    known = [key for key in value if key in RATE_KINDS]
    if len(known) > 1:
        raise ValueError(f"expected one kind of rate, found {' and '.join(known)}; make two rules or two plans of it")
    if not known and value:
        found = str(next(iter(value)))
        context = {"discriminator": f"'{found}'", "tag": found, "expected_tags": ", ".join(RATE_KINDS)}
        detail = InitErrorDetails(type="union_tag_invalid", loc=(), input=value, ctx=context)
        raise ValidationError.from_exception_data("rate", [detail])
    if not known:
        length: dict[str, Any] = {"field_type": "rate", "min_length": 1, "actual_length": 0}
        empty = InitErrorDetails(type="too_short", loc=(), input=value, ctx=length)
        raise ValidationError.from_exception_data("rate", [empty])
    return value


RateConfig = Annotated[
    Annotated[PercentRate, Tag("percent")]
    | Annotated[BountyRate, Tag("bounty")]
    | Annotated[GraduatedRate, Tag("graduated")],
    Discriminator(_kind_of_rate),
    BeforeValidator(_one_kind),
]


class RuleConfig(Section):
    """One rule of a plan; the first whose conditions hold pays."""

    id: Slug
    title: str | None = None
    was: Slug | None = None
    when: When | None = None
    rate: RateConfig


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
    rules: Annotated[tuple[RuleConfig, ...], Field(min_length=1)]


class Commission(Section):
    """What is paid. Deals that closed before ``starts_on`` are not computed: they were settled somewhere else."""

    starts_on: Day
    tier_on: Literal["at_close", "at_registration"] = "at_close"
    plans: tuple[PlanConfig, ...] = ()
