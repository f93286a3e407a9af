"""``serve`` as an operator runs it: idle cycles ask little, an edit is picked up, pages answer, a stop is prompt."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from benchmarks.idle import SEARCHED, idle_world, serving
from benchmarks.world import World, world

STOP_SECONDS = 10
"""Far less than it would take to wait for an answer or a cycle; the second that is promised is measured by the benchmarks."""


@pytest.fixture(scope="module")
def quiet() -> Iterator[World]:
    """A small world where everything is written, read once a second."""
    with idle_world("tiny", every="1s") as made:
        yield made


def test_an_idle_cycle_asks_one_call_and_one_search_per_object_and_an_edit_is_picked_up(quiet: World) -> None:
    with serving(quiet) as served:
        served.until(2)
        deal = quiet.ids("salesforce", "Opportunity")[0]
        quiet.edit("salesforce", "Opportunity", deal, {"Amount": 4321})
        edited_at = datetime.now(UTC)
        while not any(cycle.run.started_at > edited_at for cycle in served.cycles()):
            served.until(len(served.cycles()) + 1)
        served.until(len(served.cycles()) + 2)
        pages = {name: served.page(name) for name in ("livez", "readyz", "metrics")}
        seconds, code = served.stop()
        everything, cycles = served.everything(), served.cycles()
        requests = quiet.counts()

    idle = [cycle for cycle in cycles if not cycle.changed]
    assert {cycle.of("salesforce", "hot") for cycle in idle} == {1}
    assert {cycle.searches(name) for cycle in cycles for name in SEARCHED} == {1}
    assert {cycle.total for cycle in idle} == {3}, "an idle cycle asks nothing else: no token, no schema, no owners"
    assert next(cycle.changed for cycle in cycles if cycle.run.started_at > edited_at) == 1
    assert max(cycle.of("salesforce", "hot") for cycle in cycles) <= 2
    assert sum(cycle.total for cycle in everything) == sum(requests.values())
    assert json.loads(pages["livez"]) == json.loads(pages["readyz"]) == {"ok": True, "reason": None}
    assert 'partnersync_cycles_total{outcome="done"}' in pages["metrics"]
    assert 'partnersync_calls_total{connection="salesforce",freshness="hot"}' in pages["metrics"]
    assert code == 0
    assert seconds < STOP_SECONDS


def test_after_a_standstill_one_cycle_catches_up(quiet: World) -> None:
    with serving(quiet) as served:
        served.stop()
    deal = quiet.ids("hubspot", "deals")[0]
    quiet.edit("hubspot", "deals", deal, {"amount": "1234"})
    with serving(quiet) as served:
        served.until(1)
        served.stop()
        everything = served.everything()
    assert everything[0].run.kind == "scheduled", "what was read deeply today is not read so again by a restart"
    assert everything[0].changed == 1
    assert not any(cycle.changed for cycle in everything[1:] if not cycle.of("hubspot", "write"))


def test_a_plan_that_waits_does_not_stop_the_schedule() -> None:
    with world("tiny", **{"every: 15m": "every: 1s"}) as made, serving(made) as served:
        cycles = served.until(2)
        metrics, ready = served.page("metrics"), served.page("readyz")
        seconds, code = served.stop()
        requests = made.counts()
    assert {cycle.run.status for cycle in cycles} == {"waiting"}
    assert "has not been approved yet" in cycles[-1].run.message
    assert "partnersync_plan_waiting 1.0" in metrics
    assert json.loads(ready)["ok"]
    assert not any("update" in endpoint or "create" in endpoint for _, endpoint in requests)
    assert code == 0
    assert seconds < STOP_SECONDS
