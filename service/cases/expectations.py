"""What a step should come to: the expected half of the language of worked examples.

A part that is left out is not compared. ``credits`` are complete for every deal and role that they name, ``lines`` and ``tasks``
for the whole step, so that a line too many is a difference as well; the others only say what must be there. Any of
them may be empty (``lines: []``), and then there must be none. Of one item only what it says is compared.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainValidator, WithJsonSchema

from partnersync.credits import Role
from partnersync.money import parse_amount
from partnersync.units import Day, MoneyText, Slug, Whole

_FRACTION = re.compile(r"(\d+)\s*/\s*([1-9]\d*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Share:
    """A share as it was written: a fraction such as 1/3 is exact, a percentage holds for the decimals that it has."""

    value: Fraction
    places: int | None = None

    def holds(self, exact: Fraction) -> bool:
        """Whether this is what was written: 33.33% is a third, 33.34% is not."""
        if self.places is None:
            return exact == self.value
        return abs(exact - self.value) * 2 <= Fraction(1, 10 ** (self.places + 2))

    def __str__(self) -> str:
        return (
            str(self.value)
            if self.places is None
            else f"{Decimal(self.value.numerator * 100) / self.value.denominator}%"
        )


def _share(value: Any) -> Share:
    if isinstance(value, Share):
        return value
    text = value.strip() if isinstance(value, str) else ""
    if match := _FRACTION.fullmatch(text):
        return Share(Fraction(int(match[1]), int(match[2])))
    if not text.endswith("%"):
        raise ValueError(f"expected a share such as 50% or 1/3, found {value!r}")
    number = text[:-1].strip()
    return Share(Fraction(parse_amount(number)) / 100, len(number.partition(".")[2]))


def _finding(value: Any) -> Any:
    return {"code": value} if isinstance(value, str) else value


ShareText = Annotated[Share, PlainValidator(_share), WithJsonSchema({"type": "string", "examples": ["50%", "1/3"]})]


class Expectation(BaseModel):
    """One item of what is expected; what it does not name is not compared."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ExpectedCredit(Expectation):
    """A credit that must be there. ``unassigned`` is the party that holds what no partner does."""

    opportunity: str
    role: Role = "sourced"
    partner: str
    share: ShareText | None = None
    amount: MoneyText | None = None
    rule: str | None = None


class ExpectedLine(Expectation):
    """A ledger line that this step must post. ``caused_by`` is the opportunity whose change moved it."""

    opportunity: str
    partner: str | None = None
    plan: str | None = None
    rule: str | None = None
    role: Role | None = None
    generation: Whole | None = None
    kind: str | None = None
    period: str | None = None
    posted: str | None = None
    caused_by: str | None = None
    amount: MoneyText


class ExpectedOwed(Expectation):
    """What is owed under a key as of now, D, whatever of it was posted in this step or before."""

    opportunity: str
    partner: str | None = None
    plan: str | None = None
    rule: str | None = None
    role: Role | None = None
    generation: Whole | None = None
    period: str | None = None
    amount: MoneyText


class ExpectedRevenue(Expectation):
    """The cumulative revenue R of a partner under a plan in a period."""

    partner: str | None = None
    plan: str | None = None
    period: str | None = None
    amount: MoneyText


class ExpectedField(Expectation):
    """What a CRM field of an opportunity or an account should say; an empty ``value`` means empty."""

    opportunity: str | None = None
    account: str | None = None
    field: str
    value: str | None = None


class ExpectedTask(Expectation):
    """A task that is open after the step."""

    opportunity: str
    task: Slug
    subject: str | None = None
    due_on: Day | None = None
    owner: str | None = None


class ExpectedFinding(Expectation):
    """A finding by its code; ``fx_missing`` alone means on any record."""

    code: str
    opportunity: str | None = None


class Expected(BaseModel):
    """What a step should come to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    credits: tuple[ExpectedCredit, ...] | None = None
    lines: tuple[ExpectedLine, ...] | None = None
    owed: tuple[ExpectedOwed, ...] | None = None
    revenue: tuple[ExpectedRevenue, ...] | None = None
    fields: tuple[ExpectedField, ...] | None = None
    tasks: tuple[ExpectedTask, ...] | None = None
    findings: tuple[Annotated[ExpectedFinding, BeforeValidator(_finding)], ...] | None = None
