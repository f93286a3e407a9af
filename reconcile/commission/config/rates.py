"""What a rule of a plan pays: one kind of rate, told by its single key."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag
from pydantic_core import InitErrorDetails, ValidationError

from mapping.config.section import Section
from partnersync.units import Amount, Percent
from reconcile.commission.config.terms import Span


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


Item = TypeVar("Item")


def not_empty(value: tuple[Item, ...]) -> tuple[Item, ...]:
    """At least one item. Judged after the items, so that a wrong item is not also reported as a list that is empty."""
    if not value:
        length: dict[str, Any] = {"field_type": "list", "min_length": 1, "actual_length": 0}
        detail = InitErrorDetails(type="too_short", loc=(), input=value, ctx=length)
        raise ValidationError.from_exception_data("list", [detail])
    return value


class Graduated(Section):
    """Marginal brackets over the partner's credited revenue of a month, quarter or year; ``checks`` refuses gaps."""

    over: Span
    brackets: Annotated[
        tuple[Bracket, ...],
        Field(json_schema_extra={"minItems": 1}),
        AfterValidator(not_empty),
    ]


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
