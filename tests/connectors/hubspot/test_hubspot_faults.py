"""Reading through trouble, and what the meter is told."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, time, timedelta
from http.client import HTTPConnection
from threading import Event, Timer
from time import monotonic
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connectors.base import Surroundings
from connectors.retry import RetryPolicy
from partnersync.errors import QuotaError, RejectedError, UnauthorizedError, UnavailableError
from partnersync.records import Wanted
from tests.connectors.conftest import CountingMeter

DEALS = Wanted("deals", ("dealname",))
BODY = {"errorType": "RATE_LIMIT", "policyName": "TEN_SECONDLY_ROLLING", "message": "ten_secondly_rolling"}


@pytest.mark.parametrize(
    ("rule", "status"),
    [
        ({"action": {"kind": "status", "code": 429, "body": BODY, "headers": {"Retry-After": "0"}}}, 429),
        ({"action": "html_503"}, 503),
        ({"action": {"kind": "status", "code": 502}}, 502),
        ({"action": {"kind": "status", "code": 504}}, 504),
        ({"action": "drop"}, None),
        ({"action": "truncate", "when": "after_answer"}, None),
        ({"action": {"kind": "status", "code": 200, "body": "<html>maintenance</html>"}}, 200),
    ],
)
def test_a_read_goes_on_after_passing_trouble(
    portal: Any, meter: Any, rule: dict[str, Any], status: int | None
) -> None:
    id_ = portal.create("deals", {"dealname": "Deal", "dealstage": "qualifiedtobuy"})
    portal.fault(endpoint="list.deals", nth=1, **rule)

    pages = list(portal.connect().cold([DEALS]))

    assert [record.ref.id for page in pages for record in page.records] == [id_]
    assert meter.calls["cold", "list.deals", status] >= 1
    assert meter.of("cold") == 2


def test_a_slow_answer_is_given_up(portal: Any) -> None:
    portal.fault(endpoint="list.deals", action={"kind": "timeout", "seconds": 20})
    portal.policy = RetryPolicy(attempts=1)
    began = monotonic()

    with pytest.raises(UnavailableError):
        list(portal.connect(timeout="1s").cold([DEALS]))

    assert monotonic() - began < 4


def test_the_stop_signal_ends_a_wait(portal: Any) -> None:
    body = {"message": "You have reached your ten_secondly_rolling limit."}
    portal.fault(endpoint="list.deals", action={"kind": "status", "code": 429, "body": body})
    stop = Event()
    portal.surroundings = Surroundings(portal.surroundings.clock, stop, portal.surroundings.meter)
    Timer(0.2, stop.set).start()
    began = monotonic()

    with pytest.raises(UnavailableError):
        list(portal.connect().cold([DEALS]))

    assert monotonic() - began < 1.2


def test_a_used_up_day_is_not_waited_for(portal: Any, meter: CountingMeter) -> None:
    portal.fault(action={"kind": "rate_limited", "form": "daily"})

    with pytest.raises(QuotaError):
        list(portal.connect().cold([DEALS]))
    assert [reason for _, reason in meter.rests] == ["HubSpot answered 429: You have reached your daily limit."]


def test_a_used_up_day_rests_until_midnight_of_the_portals_timezone(portal: Any, meter: CountingMeter) -> None:
    portal.set(timezone="Asia/Tokyo")
    connector = portal.connect()
    connector.identify()
    portal.fault(action={"kind": "rate_limited", "form": "daily"})
    now = datetime.now(ZoneInfo("Asia/Tokyo"))
    midnight = datetime.combine(now.date() + timedelta(days=1), time(), now.tzinfo)

    with pytest.raises(QuotaError) as refused:
        list(connector.cold([DEALS]))

    left = (midnight - now).total_seconds()
    assert refused.value.retry_after == pytest.approx(left + 60, abs=30)
    assert [seconds for seconds, _ in meter.rests] == [refused.value.retry_after]


def test_a_portal_that_is_moved_rests_as_long_as_it_says(portal: Any, meter: CountingMeter) -> None:
    """Up to 24 hours: nobody sleeps so long in a call."""
    portal.fault(action={"kind": "status", "code": 477, "headers": {"Retry-After": "86400"}})
    began = monotonic()

    with pytest.raises(QuotaError):
        list(portal.connect().cold([DEALS]))

    assert [seconds for seconds, _ in meter.rests] == [86400.0]
    assert monotonic() - began < 2


@pytest.mark.parametrize("form", ["policy", "category"])
def test_a_portal_that_refuses_a_burst_and_tells_no_size_is_taken_for_the_smallest(
    portal: Any, meter: CountingMeter, form: str
) -> None:
    portal.set(rate_headers=False)
    portal.fault(nth=1, action={"kind": "rate_limited", "form": form})
    portal.policy = replace(portal.policy, attempts=1)

    with pytest.raises(UnavailableError):
        list(portal.connect().cold([DEALS]))

    assert meter.filled == [("burst", 100, 10.0)]
    assert meter.budgets == {}


def test_a_wrong_token_is_told(portal: Any) -> None:
    portal.set(token="pat-na1-another")

    with pytest.raises(UnauthorizedError) as refused:
        portal.connect().identify()

    assert refused.value.code == "INVALID_AUTHENTICATION"
    assert "pat-na1" not in str(refused.value)


def test_the_token_is_asked_anew_for_each_call(portal: Any) -> None:
    connector = portal.connect()
    connector.identify()
    portal.set(token="pat-na1-rotated")
    portal.token = "pat-na1-rotated"

    assert connector.identify().org == "44000001"


def test_a_redirect_is_not_followed(portal: Any) -> None:
    action = {"kind": "status", "code": 302, "headers": {"Location": "http://127.0.0.1:1/elsewhere"}}
    portal.fault(endpoint="account", action=action)

    with pytest.raises(RejectedError):
        portal.connect().identify()


def test_calls_are_counted_by_what_they_are_for_and_allowances_are_learnt(portal: Any, meter: Any) -> None:
    portal.set(burst_limit=100)
    portal.create("deals", {"dealname": "Deal", "dealstage": "qualifiedtobuy"})
    connector = portal.connect()

    list(connector.hot([DEALS]))
    list(connector.warm([DEALS]))
    connector.describe(["deals"])

    assert meter.of("token") == 1
    assert meter.calls["hot", "search.deals", 200] == 1
    assert meter.calls["hot", "list.deals", 200] == 1
    assert meter.of("warm") == 2
    assert meter.of("check") == 2
    assert sum(meter.calls.values()) == portal.server.world.counters.total("hubspot")
    assert meter.budgets["daily"].limit == 250_000
    assert meter.budgets["daily"].used > 0
    assert meter.budgets["burst"].limit == 100


def test_the_meter_holds_calls_back(portal: Any, meter: Any) -> None:
    meter.waits += [0.15, 0.15]
    began = monotonic()

    portal.connect().identify()

    assert monotonic() - began >= 0.3


def test_connecting_leaves_the_process_as_it_was(portal: Any) -> None:
    logger = logging.getLogger("urllib3")
    before, HTTPConnection.debuglevel = logger.level, 1
    logger.setLevel(logging.DEBUG)
    try:
        connector = portal.connect()
        connector.identify()
        connector.people()

        assert (logger.level, HTTPConnection.debuglevel) == (logging.DEBUG, 1)
    finally:
        logger.setLevel(before)
        HTTPConnection.debuglevel = 0
