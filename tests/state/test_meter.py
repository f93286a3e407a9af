"""The meter counts in memory, adds up in the database, spaces calls across processes and leaves people their share."""

from __future__ import annotations

import pytest

from connectors.base import Budget, Meter
from partnersync.errors import QuotaError
from state.database import Database
from state.meter import DatabaseMeter
from tests.state.conftest import Watch


def test_it_is_the_meter_that_connectors_declare(database: Database) -> None:
    meter: Meter = DatabaseMeter(database)

    assert meter.wait("sf", "daily") == 0.0


def test_counts_of_two_processes_add_up(database: Database) -> None:
    one, two = DatabaseMeter(database), DatabaseMeter(database)
    for meter in (one, two, two):
        meter.count("sf", "hot", "query", 200)
        meter.flush()
    two.count("sf", "token", "token", None)
    two.flush()

    assert one.totals() == {("sf", "hot"): 3, ("sf", "token"): 1}
    assert two.taken() == {("sf", "hot"): 2, ("sf", "token"): 1}
    assert two.taken() == {}


def test_the_share_of_people_is_left_to_them(database: Database, watch: Watch) -> None:
    meter = DatabaseMeter(database, reserved={"sf": 0.2})
    meter.learn("sf", Budget("daily", 799, 1000, watch.now()))
    assert meter.wait("sf", "daily") == 0.0
    meter.learn("sf", Budget("daily", 800, 1000, watch.now()))
    with pytest.raises(QuotaError, match="800 of 1,000"):
        meter.wait("sf", "daily")
    assert meter.wait("hs", "daily") == 0.0
    watch.advance(hours=2)

    assert meter.wait("sf", "daily") == 0.0


def test_what_one_process_learnt_the_next_one_knows(database: Database, watch: Watch) -> None:
    first = DatabaseMeter(database)
    first.learn("sf", Budget("daily", 990, 1000, watch.now()))
    first.flush()

    with pytest.raises(QuotaError):
        DatabaseMeter(database, reserved={"sf": 0.2}).wait("sf", "daily")


def test_a_resting_connection_is_asked_nothing_until_its_time(database: Database, watch: Watch) -> None:
    meter = DatabaseMeter(database)

    meter.rest("hs", 7200.0, "HubSpot answered 477: the portal is being moved")

    with pytest.raises(QuotaError, match="not asked before 2026-11-20 14:00 UTC: HubSpot answered 477") as refused:
        DatabaseMeter(database).wait("hs", "burst")
    assert refused.value.retry_after == 7200.0
    assert meter.wait("sf", "daily") == 0.0
    watch.advance(hours=2)
    assert meter.wait("hs", "burst") == 0.0


def test_another_process_learns_of_a_rest_within_a_minute(database: Database, watch: Watch) -> None:
    one, two = DatabaseMeter(database), DatabaseMeter(database)
    assert two.wait("hs", "burst") == 0.0

    one.rest("hs", None, "the daily limit")
    watch.advance(minutes=1)

    with pytest.raises(QuotaError):
        two.wait("hs", "burst")


@pytest.mark.parametrize("asked", [None, 1e12, float("inf")])
def test_no_header_keeps_a_connection_still_for_ever(database: Database, watch: Watch, asked: float | None) -> None:
    meter = DatabaseMeter(database)
    meter.rest("hs", asked, "wait")
    watch.advance(hours=25)

    assert meter.wait("hs", "burst") == 0.0


def test_a_clock_set_back_wakes_a_resting_connection(database: Database, watch: Watch) -> None:
    watch.advance(days=400)
    meter = DatabaseMeter(database)
    meter.rest("hs", 60.0, "wait")
    watch.advance(days=-400)

    assert meter.wait("hs", "burst") == 0.0
