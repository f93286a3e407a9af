"""The sections ``calendar`` and ``money``: when a period begins, and how amounts are converted and rounded."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator

from mapping.config.section import Section
from partnersync.money import Rounding
from partnersync.units import CurrencyCode, Days, MonthDay, Timezone

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
