"""Fiscal periods: their days, their names, and which of them takes a line."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partnersync.lines import Period
from reconcile.commission.calendar import FiscalCalendar, Periods
from reconcile.commission.config import Span

FEBRUARY = FiscalCalendar("America/New_York", (2, 1))
JANUARY = FiscalCalendar("UTC")


@pytest.mark.parametrize(
    ("calendar", "day", "span", "label", "first", "end"),
    [
        (JANUARY, "2026-01-01", "quarter", "2026-Q1", "2026-01-01", "2026-04-01"),
        (JANUARY, "2026-12-31", "quarter", "2026-Q4", "2026-10-01", "2027-01-01"),
        (JANUARY, "2026-05-31", "month", "2026-M05", "2026-05-01", "2026-06-01"),
        (JANUARY, "2026-05-31", "year", "2026", "2026-01-01", "2027-01-01"),
        (FEBRUARY, "2026-02-01", "quarter", "FY2027-Q1", "2026-02-01", "2026-05-01"),
        (FEBRUARY, "2026-01-31", "quarter", "FY2026-Q4", "2025-11-01", "2026-02-01"),
        (FEBRUARY, "2027-01-31", "month", "FY2027-M12", "2027-01-01", "2027-02-01"),
        (FEBRUARY, "2026-06-01", "year", "FY2027", "2026-02-01", "2027-02-01"),
        (FiscalCalendar("UTC", (4, 6)), "2026-04-05", "quarter", "FY2026-Q4", "2026-01-06", "2026-04-06"),
        (FiscalCalendar("UTC", (4, 6)), "2026-04-06", "quarter", "FY2027-Q1", "2026-04-06", "2026-07-06"),
        (FiscalCalendar("UTC", (1, 15)), "2026-01-14", "year", "FY2026", "2025-01-15", "2026-01-15"),
    ],
)
def test_a_day_lies_in_the_period_named_by_the_year_in_which_its_fiscal_year_ends(
    calendar: FiscalCalendar, day: str, span: Span, label: str, first: str, end: str
) -> None:
    expected = Period(date.fromisoformat(first), date.fromisoformat(end), label)

    assert calendar.period_of(date.fromisoformat(day), span) == expected


@given(
    day=st.dates(date(1990, 1, 1), date(2090, 1, 1)),
    month=st.integers(1, 12),
    first=st.integers(1, 28),
    span=st.sampled_from(["month", "quarter", "year"]),
)
def test_periods_hold_their_days_follow_one_another_and_are_found_by_name(
    day: date, month: int, first: int, span: Span
) -> None:
    calendar = FiscalCalendar("UTC", (month, first), span)
    period = calendar.period_of(day)

    assert period.starts_on <= day < period.ends_on
    assert calendar.period(period.label) == period
    following = calendar.period_of(period.ends_on)
    assert following.starts_on == period.ends_on
    assert following.label > period.label


@pytest.mark.parametrize("label", ["2026-Q1", "FY2026-Q5", "FY2026-M13", "FY26-Q1", "Q1", "", "undated"])
def test_a_label_of_another_calendar_is_refused_with_an_example(label: str) -> None:
    with pytest.raises(ValueError, match="expected one such as FY2027-Q2"):
        FEBRUARY.period(label)


def test_a_day_ends_at_the_programmes_midnight() -> None:
    instant = datetime(2026, 10, 1, 3, 30, tzinfo=UTC)

    assert FiscalCalendar("America/Los_Angeles").day(instant) == date(2026, 9, 30)
    assert FiscalCalendar("Asia/Tokyo").day(instant) == date(2026, 10, 1)
    assert FEBRUARY.begins(date(2026, 7, 2)) == datetime(2026, 7, 2, 4, tzinfo=UTC)
    assert FEBRUARY.begins(date(2026, 12, 2)) == datetime(2026, 12, 2, 5, tzinfo=UTC)


def test_a_period_opens_on_its_first_day() -> None:
    second = JANUARY.period("2026-Q2")

    assert Periods(JANUARY, second.starts_on - timedelta(days=1)).state(second) == "future"
    assert Periods(JANUARY, second.starts_on).state(second) == "open"
    assert Periods(JANUARY, second.starts_on, {"2026-Q2": "locked"}).state(second) == "locked"
    assert Periods(JANUARY, second.starts_on, {"2026-Q2": "locked"}).posting(second) is None
