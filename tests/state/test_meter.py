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


def test_two_processes_share_the_places_of_a_bucket(database: Database) -> None:
    rates = {("hs", "search"): 2.0}
    one, two = DatabaseMeter(database, rates), DatabaseMeter(database, rates)

    assert one.wait("hs", "search") == 0.0
    assert 0.2 < two.wait("hs", "search") <= 0.5
    assert two.wait("hs", "burst") == 0.0


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
