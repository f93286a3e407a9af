"""Very many writes as a bulk job: every row's own outcome, lost answers, jobs that an earlier life began."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from connectors.salesforce.connector import SalesforceConnector
from partnersync.changes import Outcome, Write
from partnersync.errors import UnavailableError
from partnersync.ids import Ref
from tests.connectors.salesforce.conftest import SalesforceWorld

FAULT = "FIELD_CUSTOM_VALIDATION_EXCEPTION"


@pytest.fixture
def connector(world: SalesforceWorld) -> SalesforceConnector:
    return bulky(world)


def bulky(world: SalesforceWorld, **more: Any) -> SalesforceConnector:
    made = world.connect(bulk_writes_from="3", **more)
    made.describe(["Account"])
    world.forget_calls()
    return made


def accounts(world: SalesforceWorld, count: int) -> list[str]:
    return list(world.create_tied("Account", [{"Name": f"A{n}", "Description": "old"} for n in range(count)]))


def write(id_: str, key: str = "", **fields: str | None) -> Write:
    return Write(key or f"ps-{id_}", Ref("salesforce", "00D000000000001EAA", "Account", id_), fields)


def sent(connector: SalesforceConnector, writes: Sequence[Write]) -> dict[str, Outcome]:
    return {outcome.key.removeprefix("ps-"): outcome for outcome in connector.send(writes)}


def phones(world: SalesforceWorld, ids: Sequence[str]) -> list[object]:
    held = {row["Id"]: row["Phone"] for row in world.server.world.salesforce.dump("Account", False)}
    return [held[id_] for id_ in ids]


def jobs(world: SalesforceWorld) -> int:
    return world.server.world.counters.total("salesforce", "bulk.ingest.state")


def test_from_the_set_size_on_writes_go_by_one_job(world: SalesforceWorld, connector: SalesforceConnector) -> None:
    ids = accounts(world, 1200)

    outcomes = sent(connector, [write(id_, Phone=f"+{n}") for n, id_ in enumerate(ids)])

    assert {outcome.status for outcome in outcomes.values()} == {"applied"}
    assert phones(world, ids) == [f"+{n}" for n in range(1200)]
    assert (jobs(world), world.calls()) == (1, 8)


def test_fewer_go_as_collections(world: SalesforceWorld, connector: SalesforceConnector) -> None:
    ids = accounts(world, 2)

    sent(connector, [write(id_, Phone="+1") for id_ in ids])

    assert phones(world, ids) == ["+1", "+1"]
    assert (jobs(world), world.calls()) == (0, 1)


def test_a_row_sets_clears_and_leaves_fields_alone(world: SalesforceWorld, connector: SalesforceConnector) -> None:
    one, two, three = accounts(world, 3)
    text = 'a "quoted"\nline, with ümlauts'

    sent(connector, [write(one, Description=text), write(two, Description=None, Phone="+2"), write(three, Phone="+3")])

    held = [world.read("Account", each) for each in (one, two, three)]
    assert [each["Description"] for each in held] == [text, None, "old"]
    assert [each["Phone"] for each in held] == [None, "+2", "+3"]


def test_a_text_that_a_job_would_take_for_a_clear_is_written_all_the_same(
    world: SalesforceWorld, connector: SalesforceConnector
) -> None:
    ids = accounts(world, 4)

    sent(connector, [write(id_, Description="#N/A" if id_ == ids[0] else "new") for id_ in ids])

    assert [world.read("Account", id_)["Description"] for id_ in ids] == ["#N/A", "new", "new", "new"]


def test_two_writes_to_one_record_both_arrive_in_their_order(
    world: SalesforceWorld, connector: SalesforceConnector
) -> None:
    ids = accounts(world, 3)
    writes = [write(ids[0], "ps-1", Phone="+1"), *(write(id_, Phone="+0") for id_ in ids[1:])]

    outcomes = sent(connector, [*writes, write(ids[0], "ps-2", Phone="+2")])

    assert {outcome.status for outcome in outcomes.values()} == {"applied"}
    assert phones(world, ids) == ["+2", "+0", "+0"]


def test_every_row_is_mapped_to_what_became_of_it(world: SalesforceWorld, connector: SalesforceConnector) -> None:
    ids = accounts(world, 6)
    world.set(bulk_unprocessed=2)
    refusal = {"kind": "record_error", "code": FAULT, "message": "Phone: begins with a plus"}
    world.fault(endpoint="bulk*", when="record", nth=2, action=refusal)
    world.fault(endpoint="bulk*", when="record", nth=2, action={"kind": "record_error", "code": "UNABLE_TO_LOCK_ROW"})

    outcomes = sent(connector, [write(id_, Phone="+1") for id_ in ids])

    assert [outcomes[id_].status for id_ in ids] == ["applied", "rejected", "retry", "applied", "retry", "retry"]
    assert [outcomes[id_].code for id_ in ids[1:3]] == [FAULT, "UNABLE_TO_LOCK_ROW"]
    assert outcomes[ids[1]].message == "Phone: begins with a plus"
    assert outcomes[ids[4]].code == "UNPROCESSED"
    assert "too many retries" in outcomes[ids[4]].message
    assert phones(world, ids) == ["+1", None, None, "+1", None, None]


@pytest.mark.parametrize("when", ["before_commit", "after_commit"])
@pytest.mark.parametrize("step", ["create", "upload", "state"])
def test_a_job_whose_answer_was_lost_is_found_again_and_writes_once(
    world: SalesforceWorld, connector: SalesforceConnector, step: str, when: str
) -> None:
    ids = accounts(world, 3)
    world.fault(endpoint=f"bulk.ingest.{step}", when=when, action="drop")

    outcomes = sent(connector, [write(id_, Phone="+1") for id_ in ids])

    assert [outcomes[id_].status for id_ in ids] == ["applied"] * 3
    assert phones(world, ids) == ["+1"] * 3
    done = [job for job in _listed(world) if job["state"] == "JobComplete"]
    assert len(done) == 1


@pytest.mark.parametrize("broken", ["status", "results"])
def test_a_look_at_the_job_that_fails_is_repeated(
    world: SalesforceWorld, connector: SalesforceConnector, broken: str
) -> None:
    ids = accounts(world, 3)
    world.fault(endpoint=f"bulk.ingest.{broken}", action="drop")

    outcomes = sent(connector, [write(id_, Phone="+1") for id_ in ids])

    assert [outcomes[id_].status for id_ in ids] == ["applied"] * 3


@pytest.mark.parametrize("keep", [300, 301])
def test_a_list_of_outcomes_that_ends_within_a_letter_is_asked_for_again(
    world: SalesforceWorld, connector: SalesforceConnector, keep: int
) -> None:
    ids = accounts(world, 3)
    refusal = {"kind": "record_error", "code": FAULT, "message": "ł" * 300}
    world.fault(endpoint="bulk*", when="record", nth=2, action=refusal)
    cut = {"kind": "truncate", "keep": keep, "as_if_whole": True}
    world.fault(endpoint="bulk.ingest.results", nth=2, action=cut)

    outcomes = sent(connector, [write(id_, Phone="+1") for id_ in ids])

    assert [each["fired"] for each in world.server.world.faults.report()] == [1, 1]
    assert [outcomes[id_].status for id_ in ids] == ["applied", "rejected", "applied"]


def test_while_a_job_runs_its_first_row_is_told_to_be_unknown_now_and_then(
    world: SalesforceWorld, connector: SalesforceConnector
) -> None:
    ids = accounts(world, 3)
    world.set(bulk_running_polls=1)

    told = [(outcome.key, outcome.status) for outcome in connector.send([write(id_, Phone="+1") for id_ in ids])]

    assert told == [(f"ps-{ids[0]}", "unknown"), *((f"ps-{id_}", "applied") for id_ in ids)]


def test_whoever_is_stopped_while_a_job_runs_knows_nothing_of_its_rows_and_the_next_waits_for_it(
    world: SalesforceWorld, connector: SalesforceConnector
) -> None:
    ids = accounts(world, 3)
    world.set(bulk_running_polls=4)
    world.surroundings.stop.set()

    outcomes = sent(connector, [write(id_, Phone="+1") for id_ in ids])
    with pytest.raises(UnavailableError):
        connector.fetch("Account", ids, ["Phone"])
    world.surroundings.stop.clear()
    found = bulky(world).fetch("Account", ids, ["Phone"])

    assert [outcomes[id_].status for id_ in ids] == ["unknown"] * 3
    assert [found[id_].values["Phone"] for id_ in ids] == ["+1"] * 3


def test_an_org_without_bulk_jobs_is_sent_collections_from_then_on(
    world: SalesforceWorld, connector: SalesforceConnector
) -> None:
    ids = accounts(world, 3)
    world.set(bulk_enabled=False)

    outcomes = sent(connector, [write(id_, Phone="+1") for id_ in ids])

    assert [outcomes[id_].status for id_ in ids] == ["applied"] * 3
    assert connector.capabilities.bulk is None
    world.forget_calls()
    sent(connector, [write(id_, Phone="+2") for id_ in ids])
    assert world.calls() == 1


def test_duplicates_that_may_be_saved_are_sent_once_more_with_the_header_that_jobs_do_not_know(
    world: SalesforceWorld,
) -> None:
    connector = bulky(world, duplicates="save")
    held, *twins = accounts(world, 4)
    world.edit("Account", held, {"Phone": "+1"})
    world.set(duplicate_rules=(("Account", "Phone"),))

    outcomes = sent(connector, [write(id_, Phone="+1") for id_ in twins])

    assert [outcomes[id_].status for id_ in twins] == ["applied"] * 3
    assert phones(world, twins) == ["+1"] * 3


def _listed(world: SalesforceWorld) -> list[dict[str, Any]]:
    with world.server.world.store.read() as db:
        rows = db.execute("SELECT info FROM sf_job").fetchall()
    return [json.loads(row[0]) for row in rows]
