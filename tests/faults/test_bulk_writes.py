"""Whole cycles that write to Salesforce by bulk jobs: what a job loses, leaves or goes on with is mended, nothing twice."""

from __future__ import annotations

import threading
import time

import pytest

from service.cycle import run_cycle
from service.shop import opened
from tests.faults.conftest import Theatre

pytestmark = pytest.mark.fault


@pytest.fixture
def bulky(theatre: Theatre) -> Theatre:
    """The world, with every field write to Salesforce sent by a job."""
    theatre.edit_config("crm: salesforce", "crm: salesforce\n    bulk_writes_from: 1")
    return theatre


@pytest.mark.parametrize("when", ["before_commit", "after_commit"])
def test_jobs_that_lose_every_answer_once_write_everything_once(bulky: Theatre, when: str) -> None:
    for step in ("create", "upload", "state"):
        bulky.fault("drop", endpoint=f"bulk.ingest.{step}", when=when, nth=1)
    bulky.fault({"kind": "truncate"}, endpoint="bulk.ingest.results", when="after_answer", nth=1)

    report = bulky.cycle(approve="a person")

    bulky.mended()
    assert not report.failed
    assert bulky.server.world.counters.total("salesforce", "bulk.ingest.state") >= 2
    assert bulky.server.world.counters.total("salesforce", "collections.update") == 0
    bulky.is_as_undisturbed()
    bulky.is_quiet()


def test_rows_that_a_job_leaves_or_refuses_are_sent_by_the_next_one(bulky: Theatre) -> None:
    bulky.ask("settings", {"salesforce": {"bulk_unprocessed": 3}})
    locked = {"kind": "record_error", "code": "UNABLE_TO_LOCK_ROW"}
    bulky.fault(locked, endpoint="bulk.ingest.state", when="record", nth=1)

    bulky.cycle(approve="a person")
    bulky.mended()
    bulky.ask("settings", {"salesforce": {"bulk_unprocessed": 0}})
    bulky.cycle()

    bulky.is_as_undisturbed()
    bulky.is_quiet()


def test_a_run_that_was_stopped_while_its_job_ran_is_followed_by_one_that_waits_for_it(bulky: Theatre) -> None:
    """The job goes on in Salesforce; the next run reads what it wrote and starts none for those records again."""
    bulky.ask("settings", {"salesforce": {"bulk_running_polls": 3}})
    counters = bulky.server.world.counters
    with opened(bulky.config) as shop:

        def stop_it() -> None:
            while not counters.total("salesforce", "bulk.ingest.status"):
                time.sleep(0.02)
            shop.stop.set()

        person = threading.Thread(target=stop_it)
        person.start()
        stopped = run_cycle(shop, approve="a person")
        person.join()
    counters.reset()
    bulky.cycle()

    assert stopped.counts()["applied"]["unknown"] >= 1
    assert counters.total("salesforce", "bulk.ingest.list") >= 1
    assert counters.total("salesforce", "bulk.ingest.create") == 1, "one job for the other object"
    bulky.is_as_undisturbed()
    bulky.is_quiet()
