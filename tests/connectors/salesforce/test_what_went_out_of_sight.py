"""Fields and deletions that go out of sight between two pulls, or within one: neither stops an object, nor is forgotten."""

from __future__ import annotations

import json

import pytest

from connectors.salesforce.connector import SalesforceConnector
from tests.connectors.contract import Mirror
from tests.connectors.salesforce.conftest import SalesforceWorld
from tests.connectors.salesforce.test_pulling import DEAL, pull

FIELDS = ("Account.Industry", "Amount", "Name")


@pytest.fixture
def connector(world: SalesforceWorld) -> SalesforceConnector:
    return world.connect()


def described_long_ago(cursor: str) -> str:
    return json.dumps({**json.loads(cursor), "described_at": "2026-01-01T00:00:00.000Z"})


# -- fields ----------------------------------------------------------------------------------------------------------------


def test_a_field_that_the_same_call_s_describe_misses_stops_nothing(
    world: SalesforceWorld, connector: SalesforceConnector
) -> None:
    mirror = Mirror()
    old = world.create("Opportunity", DEAL)
    pull(connector, mirror, "Opportunity", fields=FIELDS)
    world.hide("Opportunity", "Amount")
    mirror.cursors["Opportunity"] = described_long_ago(mirror.cursors["Opportunity"])
    new = world.create("Opportunity", DEAL)
    world.forget_calls()

    pull(connector, mirror, "Opportunity", fields=FIELDS)

    assert mirror.live("Opportunity") == {old, new}
    assert json.loads(mirror.cursors["Opportunity"])["hidden"] == ["Amount"]
    assert world.calls() == 2


def test_two_fields_that_go_one_by_the_describe_and_one_behind_it_stop_nothing(
    world: SalesforceWorld, connector: SalesforceConnector
) -> None:
    mirror = Mirror()
    pull(connector, mirror, "Opportunity", fields=FIELDS)
    world.set(hidden_fields=("Opportunity.Amount", "Account.Industry"))  # a describe does not tell a parent's fields
    mirror.cursors["Opportunity"] = described_long_ago(mirror.cursors["Opportunity"])
    new = world.create("Opportunity", DEAL)

    pull(connector, mirror, "Opportunity", fields=FIELDS)

    assert mirror.live("Opportunity") == {new}
    assert json.loads(mirror.cursors["Opportunity"])["hidden"] == ["Account.Industry", "Amount"]


def test_a_field_that_is_named_behind_a_long_excerpt_of_the_query_is_done_without(
    world: SalesforceWorld, connector: SalesforceConnector
) -> None:
    add_field = world.server.world.salesforce.add_field
    lookup = "The_Partner_Who_Registered_This_Deal"
    add_field("Opportunity", {"name": f"{lookup}__c", "type": "reference", "referenceTo": ["Account"]})
    inner = [f"Confidence_Of_Partner_Attribution_{n:02}__c" for n in range(5)]
    for name in inner:
        add_field("Account", {"name": name, "type": "string", "length": 80})
    fields = tuple(f"{lookup}__r.{name}" for name in inner)
    mirror = Mirror()
    pull(connector, mirror, "Opportunity", fields=fields)
    world.hide("Account", inner[2])
    new = world.create("Opportunity", DEAL)

    pull(connector, mirror, "Opportunity", fields=fields)

    assert mirror.live("Opportunity") == {new}
    assert json.loads(mirror.cursors["Opportunity"])["hidden"] == [fields[2]]


# -- deletions -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page_size", [3, 2000])
def test_deletions_that_the_log_has_lost_are_found_in_the_bin(
    world: SalesforceWorld, connector: SalesforceConnector, page_size: int
) -> None:
    ids = world.create_tied("Opportunity", [DEAL] * 8)
    mirror = Mirror()
    pull(connector, mirror, "Opportunity")
    for id_ in ids[:5]:
        world.delete("Opportunity", id_)
    world.server.world.clock.move(5 * 3600)
    for id_ in ids[5:7]:
        world.delete("Opportunity", id_)
    world.set(delete_log_s=7200, page_size=page_size)

    pull(connector, mirror, "Opportunity")

    assert mirror.live("Opportunity") == {ids[7]}


def test_a_purged_log_that_reaches_back_to_the_last_pull_costs_no_look_into_the_bin(
    world: SalesforceWorld, connector: SalesforceConnector
) -> None:
    mirror = Mirror()
    gone, stays = world.create_tied("Opportunity", [DEAL] * 2)
    pull(connector, mirror, "Opportunity")
    world.set(delete_log_s=7200)
    world.delete("Opportunity", gone)
    world.forget_calls()

    pull(connector, mirror, "Opportunity")

    assert mirror.live("Opportunity") == {stays}
    assert world.calls() == 1
