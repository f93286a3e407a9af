"""Answers that are none, half or something else, to reads and to writes."""

from __future__ import annotations

from typing import Any

import pytest

from partnersync.records import Wanted
from tests.connectors.contract import Mirror
from tests.connectors.hubspot.deals import load, pull
from tests.connectors.hubspot.test_hubspot_writing import deals, send, write

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


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("endpoint", ["list.deals", "search.deals"])
def test_half_an_answer_to_a_read_is_asked_for_again_and_costs_no_row(
    portal: Any, endpoint: str, half: dict[str, Any]
) -> None:
    ids, mirror, connector = load(portal, 3), Mirror(), portal.connect(timeout="1s")
    connector.identify()
    if endpoint == "search.deals":
        pull(connector, mirror)
        ids += [portal.create("deals", {"dealname": "later", "dealstage": "qualifiedtobuy"})]
    portal.fault(endpoint=endpoint, **{**half, "when": _of_a_read(half)}, nth=1)

    pull(connector, mirror)

    assert [each["fired"] for each in portal.server.world.faults.report()] == [1]
    assert mirror.live("deals") == set(ids)


@pytest.mark.parametrize("half", HALVES)
def test_half_an_answer_makes_no_record_look_gone(portal: Any, half: dict[str, Any]) -> None:
    ids, connector = deals(portal, 3), portal.connect(timeout="1s")
    connector.identify()
    portal.fault(endpoint="batch.read.deals", **{**half, "when": _of_a_read(half)}, nth=1)

    found = connector.fetch("deals", ids, ["dealname"])

    assert [each["fired"] for each in portal.server.world.faults.report()] == [1]
    assert set(found) == set(ids)


@pytest.mark.parametrize("half", HALVES)
def test_half_an_answer_to_a_cold_read_ends_in_all_there_is(portal: Any, half: dict[str, Any]) -> None:
    ids, connector = load(portal, 250), portal.connect(timeout="1s")
    connector.identify()
    portal.fault(endpoint="list.deals", **{**half, "when": _of_a_read(half)}, nth=2)

    pages = list(connector.cold([Wanted("deals", ("dealname",))]))

    assert {record.ref.id for page in pages for record in page.records} == set(ids)


@pytest.mark.parametrize("half", HALVES)
def test_half_an_answer_to_a_write_leaves_it_unknown_though_it_happened(portal: Any, half: dict[str, Any]) -> None:
    (id_,), connector = deals(portal, 1), portal.connect(timeout="1s")
    connector.identify()
    portal.fault(writes_only=True, **half, nth=1)

    outcome = send(connector, write(id_, description="fine"))[f"ps-{id_}"]

    assert outcome.status == "unknown"
    assert connector.fetch("deals", [id_], ["description"])[id_].values["description"] == "fine"


def _of_a_read(half: dict[str, Any]) -> str:
    """A read commits nothing."""
    return "before" if half.get("when") == "after_commit" else "after_answer"
