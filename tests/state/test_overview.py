"""What `status` and `explain` look up: by what people type, as it was then, and only what is still true."""

from __future__ import annotations

from datetime import timedelta

import pytest

from partnersync.changes import Done, Intent, Status
from partnersync.ids import Ref
from partnersync.records import Page
from state.cursors import Cursors
from state.database import Database, Fence
from state.facts import Facts
from state.journal import Journal
from state.lookups import Lookups
from state.meter import DatabaseMeter
from state.overview import Overview
from state.runs import Runs
from state.snapshots import Snapshots
from tests.state.conftest import Watch
from tests.state.world import START, reach_of, record, ref, remember

LONG = "006QG0000000DWiYAM"
DEAL = ref("Opportunity", LONG)


def wrote(database: Database, fence: Fence, key: str, status: Status, kind: str = "run", deal: Ref = DEAL) -> int:
    """One run with one write that ended so; gives the run's number."""
    runs = Runs(database)
    number = runs.begin(fence, kind, "c1", "dana")
    journal = Journal(database, fence, number)
    intent = Intent(key, deal, {"Partner__c": "Acme"}, {"Partner__c": None})
    journal.begin([intent])
    if status != "inflight":
        journal.finish([Done(intent, status, code="FIELD_CUSTOM_VALIDATION_EXCEPTION", message="no")])
    runs.end(fence, number, "done", {})
    return number


@pytest.mark.parametrize("typed", [LONG, LONG[:15]])
def test_a_record_is_found_by_its_id_of_15_or_18_characters(typed: str, database: Database, fence: Fence) -> None:
    remember(Facts(database), fence, record("Opportunity", LONG), record("Opportunity", "006QG0000000DX9YAM"))

    assert Lookups(database).by_id(typed) == [(DEAL, "opportunity")]
    assert Lookups(database).by_id("006%") == []


def test_a_record_is_told_as_we_knew_it_at_an_instant(database: Database, fence: Fence) -> None:
    for day, name in ((1, "Old"), (3, "New")):
        page = Page("Opportunity", (record("Opportunity", LONG, day, name=name),))
        seen = START + timedelta(days=day)
        Facts(database).remember(fence, page, "opportunity", seen, "crm", {}, reach_of("opportunity"), "f1")
    lookups = Lookups(database)

    def name_at(days: int | None) -> object:
        found = lookups.version(DEAL, None if days is None else START + timedelta(days=days))
        return found[1].record.values["name"] if found else None

    assert [name_at(days) for days in (0, 1, 2, 3, None)] == [None, "Old", "Old", "New", "New"]
    assert lookups.version(ref("Opportunity", "nobody")) is None


@pytest.mark.parametrize("status", ["inflight", "unknown", "pending"])
def test_a_write_whose_fate_is_open_is_shown_until_it_is_known(
    status: Status, database: Database, fence: Fence
) -> None:
    wrote(database, fence, "ps-1", status)
    wrote(database, fence, "ps-2", "verified", deal=ref("Opportunity", "another"))

    (shown,) = Overview(database).troubled()
    assert (shown.status, shown.ref, shown.fields) == (status, DEAL, ("Partner__c",))


@pytest.mark.parametrize("status", ["conflict", "rejected"])
def test_a_refused_write_is_shown_until_a_later_run_acted(status: Status, database: Database, fence: Fence) -> None:
    wrote(database, fence, "ps-1", status)
    assert [each.status for each in Overview(database).troubled()] == [status]
    Runs(database).end(fence, Runs(database).begin(fence, "plan", "c1", "dana"), "done", {})
    assert [each.status for each in Overview(database).troubled()] == [status], "a plan acts on nothing"

    wrote(database, fence, "ps-2", "verified")

    assert Overview(database).troubled() == []


def test_the_same_write_sent_again_is_shown_by_its_newest_attempt(database: Database, fence: Fence) -> None:
    wrote(database, fence, "ps-1", "rejected")
    wrote(database, fence, "ps-1", "verified")

    assert Overview(database).troubled() == []


def test_calls_are_told_of_one_day(database: Database, watch: Watch) -> None:
    meter = DatabaseMeter(database)
    day = watch.now().date()
    for _ in range(3):
        meter.count("salesforce", "hot", "composite", 200)
    meter.flush()
    watch.advance(days=1)
    meter.count("salesforce", "hot", "composite", 200)
    meter.flush()

    assert Overview(database).calls_on(day) == {("salesforce", "hot"): 3}


def test_an_approval_names_who_gave_it(database: Database, fence: Fence, watch: Watch) -> None:
    snapshots = Snapshots(database)
    snapshots.seen(fence, "c1", {})
    assert Overview(database).approval("c1") is None

    snapshots.approve(fence, "c1", "dana")

    assert Overview(database).approval("c1") == ("dana", watch.now())


def test_when_everything_was_read_is_told_by_its_oldest_object(database: Database, fence: Fence, watch: Watch) -> None:
    Cursors(database).full(fence, "salesforce", "Account", 3)
    first = watch.now()
    watch.advance(hours=2)
    Cursors(database).full(fence, "salesforce", "Opportunity", 3)

    assert Overview(database).read_whole_at() == {"salesforce": first}
    assert Overview(database).undecided() == 0
    assert Overview(database).halted_by() is None
