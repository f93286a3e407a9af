"""One object that Salesforce refuses, or takes too long over, keeps no other object from being read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.salesforce.connector import SalesforceConnector
from partnersync.errors import ConnectorError, UnauthorizedError, UnavailableError
from partnersync.records import Page
from tests.connectors.contract import Mirror
from tests.connectors.salesforce.conftest import SalesforceWorld
from tests.connectors.salesforce.test_pulling import DEAL, aged, pull, wanted

CODES = ["QUERY_TIMEOUT", "UNKNOWN_EXCEPTION", "INSUFFICIENT_ACCESS", "INVALID_TYPE", "MALFORMED_QUERY"]
ORDERS = [("Account", "Opportunity", "Contact"), ("Opportunity", "Account", "Contact")]


@pytest.fixture
def connector(world: SalesforceWorld) -> SalesforceConnector:
    world.surroundings.stop.wait = lambda timeout=None: False  # type: ignore[method-assign]
    return world.connect(bulk_from=0)


def take(pages: Iterable[Page], mirror: Mirror) -> None:
    for page in pages:
        mirror.take(page)


def read_in_spite(pages: Iterable[Page], mirror: Mirror) -> ConnectorError:
    """The failure that the pages end with."""
    with pytest.raises(ConnectorError) as caught:
        take(pages, mirror)
    return caught.value


def spread(world: SalesforceWorld, rows: int, over: timedelta) -> list[str]:
    """Deals whose stamps lie evenly between ``over`` ago and now."""
    now = datetime.now(UTC)
    stamps = [(now - over * (rows - n) / rows).strftime("%Y-%m-%dT%H:%M:%S.000+0000") for n in range(rows)]
    made: list[Mapping[str, Any]] = [
        {**DEAL, "Amount": 100.0, "CreatedDate": at, "LastModifiedDate": at, "SystemModstamp": at} for at in stamps
    ]
    return list(world.server.world.salesforce.load("Opportunity", made))


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("order", ORDERS, ids=["in the middle", "first"])
def test_what_changed_of_the_others_is_read_and_the_cursor_of_the_one_stays(
    world: SalesforceWorld, connector: SalesforceConnector, order: tuple[str, ...], code: str
) -> None:
    mirror = Mirror()
    pull(connector, mirror, *order)
    stood = mirror.cursors["Opportunity"]
    account, deal = world.create("Account", {"Name": "Acme"}), world.create("Opportunity", DEAL)
    contact = world.create("Contact", {"LastName": "Lee"})
    world.set(refused_reads=(("Opportunity", "rows", code),))

    failure = read_in_spite(connector.hot(wanted(mirror, *order)), mirror)
    after_failure = mirror.cursors["Opportunity"]
    world.set(refused_reads=())
    pull(connector, mirror, *order)

    assert str(failure).startswith("Opportunity: Salesforce: ")
    assert failure.code == code
    assert after_failure == stood
    assert (mirror.live("Account"), mirror.live("Contact")) == ({account}, {contact})
    assert mirror.live("Opportunity") == {deal}


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("what", ["describe", "rows"])
@pytest.mark.parametrize("freshness", ["hot", "cold"])
def test_the_others_are_read_in_full(
    world: SalesforceWorld, connector: SalesforceConnector, freshness: str, what: str, code: str
) -> None:
    deal = world.create("Opportunity", DEAL)
    world.create("Account", {"Name": "Acme"})
    world.set(refused_reads=(("Account", what, code),))
    mirror = Mirror()

    failure = read_in_spite(getattr(connector, freshness)(wanted(mirror, "Account", "Opportunity")), mirror)

    assert str(failure).startswith("Account: Salesforce")
    assert mirror.live("Opportunity") == {deal}
    assert "Account" not in mirror.cursors


@pytest.mark.parametrize("freshness", ["warm", "cold"])
@pytest.mark.parametrize("code", ["QUERY_TIMEOUT", "INSUFFICIENT_ACCESS"])
def test_the_merges_of_the_others_are_told(
    world: SalesforceWorld, connector: SalesforceConnector, code: str, freshness: str
) -> None:
    survivor, loser = world.create_tied("Account", [{"Name": "Acme"}, {"Name": "ACME Inc"}])
    world.server.world.salesforce.merge("Account", survivor, [loser], "Dana Rep")
    world.set(refused_reads=(("Contact", "rows", code),))
    mirror = Mirror()

    failure = read_in_spite(getattr(connector, freshness)(wanted(mirror, "Contact", "Account")), mirror)

    assert str(failure).startswith("Contact: ")
    assert [merge.loser.id for page in mirror.pages for merge in page.merged] == [loser]


def test_a_refusal_says_what_to_do_next(world: SalesforceWorld, connector: SalesforceConnector) -> None:
    told = {}
    for code in ("INSUFFICIENT_ACCESS", "QUERY_TIMEOUT"):
        world.set(refused_reads=(("Account", "rows", code),))
        told[code] = read_in_spite(connector.hot(wanted(Mirror(), "Account")), Mirror())

    assert isinstance(told["INSUFFICIENT_ACCESS"], UnauthorizedError)
    assert "read access" in str(told["INSUFFICIENT_ACCESS"])
    assert isinstance(told["QUERY_TIMEOUT"], UnavailableError)
    assert "fewer of its fields" in str(told["QUERY_TIMEOUT"])


def test_an_object_that_our_user_may_not_see_leaves_the_others_described(
    world: SalesforceWorld, connector: SalesforceConnector
) -> None:
    world.set(refused_reads=(("Account", "describe", "INSUFFICIENT_ACCESS"),))

    assert set(connector.describe(["Account", "Opportunity"])) == {"Opportunity"}


@pytest.mark.parametrize("log", ["updated", "deleted"])
def test_an_object_whose_log_our_user_may_not_see_is_read_without_it(
    world: SalesforceWorld, connector: SalesforceConnector, log: str
) -> None:
    gone, stays = world.create_tied("Opportunity", [DEAL] * 2)
    mirror = Mirror()
    pull(connector, mirror, "Opportunity")
    world.set(refused_reads=(("Opportunity", log, "INSUFFICIENT_ACCESS"),))
    world.delete("Opportunity", gone)
    new = world.create("Opportunity", DEAL)

    pull(connector, mirror, "Opportunity")

    assert mirror.live("Opportunity") == {stays, new}


@pytest.mark.parametrize("page_size", [3, 2000])
def test_changes_that_take_too_long_are_asked_for_in_shorter_spans(
    world: SalesforceWorld, connector: SalesforceConnector, page_size: int
) -> None:
    mirror = Mirror()
    pull(connector, mirror, "Account", "Opportunity")
    mirror.cursors["Opportunity"] = aged(mirror.cursors["Opportunity"], 5)
    ids = spread(world, 60, timedelta(days=4))
    world.delete("Opportunity", ids[7])
    world.set(slow_from={"Opportunity": 20}, page_size=page_size)
    world.forget_calls()

    pages = pull(connector, mirror, "Account", "Opportunity")

    assert mirror.live("Opportunity") == {*ids[:7], *ids[8:]}
    assert pages[-1].done
    assert json.loads(mirror.cursors["Opportunity"])["state"] == "rest"
    assert world.calls() <= 10 + 60 // page_size


def test_shorter_spans_that_break_off_go_on_where_they_were(
    world: SalesforceWorld, connector: SalesforceConnector
) -> None:
    mirror = Mirror()
    pull(connector, mirror, "Opportunity")
    mirror.cursors["Opportunity"] = aged(mirror.cursors["Opportunity"], 5)
    ids = spread(world, 60, timedelta(days=4))
    world.set(slow_from={"Opportunity": 20})
    first = next(page for page in connector.hot(wanted(mirror, "Opportunity")) if page.records)
    mirror.take(first)

    rest = list(world.connect().hot(wanted(mirror, "Opportunity")))
    take(rest, mirror)

    assert mirror.live("Opportunity") == set(ids)
    assert sum(len(page.records) for page in (first, *rest)) == len(ids)


@pytest.mark.parametrize("freshness", ["hot", "cold"])
def test_a_full_read_that_takes_too_long_goes_on_as_a_job(world: SalesforceWorld, freshness: str) -> None:
    ids = world.create_tied("Opportunity", [DEAL] * 10)
    account = world.create("Account", {"Name": "Acme"})
    world.set(slow_from={"Opportunity": 5})
    mirror = Mirror()

    take(getattr(world.connect(bulk_from=1000), freshness)(wanted(mirror, "Opportunity", "Account")), mirror)

    assert mirror.live("Opportunity") == set(ids)
    assert mirror.live("Account") == {account}
