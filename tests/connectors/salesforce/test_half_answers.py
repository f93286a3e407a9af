"""Answers that are none, half or something else, to reads and to writes."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.salesforce.connector import SalesforceConnector
from tests.connectors.contract import Mirror
from tests.connectors.salesforce.conftest import SalesforceWorld
from tests.connectors.salesforce.test_pulling import DEAL, pull
from tests.connectors.salesforce.test_sending import write

FIELDS = ("Name", "Partner_Note__c")
HALF: dict[str, dict[str, Any]] = {
    "reset": {"action": "reset", "when": "after_commit"},
    "cut": {"action": "truncate"},
    "cut as if whole": {"action": {"kind": "truncate", "as_if_whole": True}},
    "too slow": {"action": {"kind": "drip", "seconds": 20}},
    "a page of HTML": {"action": {"kind": "status", "code": 200, "body": "<html>Maintenance</html>"}, "when": "after_commit"},
    "JSON of another kind": {"action": {"kind": "status", "code": 200, "body": ["maintenance"]}, "when": "after_commit"},
    "an empty object": {"action": {"kind": "status", "code": 200, "body": {}}, "when": "after_commit"},
    "nothing at all": {"action": {"kind": "status", "code": 200}, "when": "after_commit"},
}  # fmt: skip
HALVES = [pytest.param(rule, id=name) for name, rule in HALF.items()]


@pytest.fixture
def connector(world: SalesforceWorld) -> SalesforceConnector:
    return world.connect(timeout="1s")


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_half_an_answer_to_a_read_is_asked_for_again_and_costs_no_row(
    world: SalesforceWorld, connector: SalesforceConnector, nth: int, half: dict[str, Any]
) -> None:
    ids = world.create_tied("Opportunity", [DEAL] * 7)
    connector.identify()
    world.fault(endpoint="composite", **{**half, "when": _of_a_read(half)}, nth=nth)
    mirror = Mirror()

    pull(connector, mirror, "Opportunity", fields=FIELDS)

    assert [each["fired"] for each in world.server.world.faults.report()] == [1]
    assert mirror.live("Opportunity") == set(ids)


@pytest.mark.parametrize("half", HALVES)
def test_half_an_answer_makes_no_record_look_gone(
    world: SalesforceWorld, connector: SalesforceConnector, half: dict[str, Any]
) -> None:
    ids = world.create_tied("Opportunity", [DEAL] * 3)
    connector.identify()
    connector.describe(["Opportunity"])
    world.fault(endpoint="collections.read", **{**half, "when": _of_a_read(half)}, nth=1)

    found = connector.fetch("Opportunity", ids, ["Partner_Note__c"])

    assert [each["fired"] for each in world.server.world.faults.report()] == [1]
    assert set(found) == set(ids)


@pytest.mark.parametrize("half", HALVES)
def test_half_an_answer_to_a_write_leaves_it_unknown_though_it_happened(
    world: SalesforceWorld, connector: SalesforceConnector, half: dict[str, Any]
) -> None:
    (id_,) = world.create_tied("Opportunity", [DEAL])
    connector.describe(["Opportunity"])
    world.fault(writes_only=True, **half, nth=1)

    (outcome,) = connector.send([write(id_, Partner_Note__c="fine")])

    assert outcome.status == "unknown"
    assert connector.fetch("Opportunity", [id_], ["Partner_Note__c"])[id_].values["Partner_Note__c"] == "fine"


def _of_a_read(half: dict[str, Any]) -> str:
    """A read commits nothing."""
    return "before" if half.get("when") == "after_commit" else "after_answer"
