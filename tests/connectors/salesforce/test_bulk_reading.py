"""Large reads by bulk job: the same records as by queries, whatever breaks on the way."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import Any

import pytest

from connectors.base import Surroundings
from connectors.salesforce.connector import SalesforceConnector
from partnersync.errors import UnavailableError
from partnersync.records import Page, RawRecord
from tests.connectors.contract import Mirror
from tests.connectors.salesforce.conftest import SalesforceWorld
from tests.connectors.salesforce.test_pulling import DEAL, pull, wanted

FIELDS = (
    *("Name", "Amount", "CloseDate", "StageName", "IsClosed", "Probability", "AccountId", "Account.Name"),
    *("Owner.Name", "LastStageChangeDate", "Partner_Note__c", "Partner_Score__c", "Partner_Flag__c", "CreatedDate"),
)
ODD = (
    'a "quoted" word, a comma; a tab\t.',
    "two\nlines",
    "two\r\nlines",
    'ends with a quote"',
    "naïve 株式会社 🎉",
    " blanks at both ends ",
    "null",
    "#N/A",
    "true",
    "2026-01-01T00:00:00.000Z",
    None,
)


@pytest.fixture
def connector(world: SalesforceWorld) -> SalesforceConnector:
    return world.connect(bulk_from=5)


def odd_deals(world: SalesforceWorld) -> list[str]:
    """Deals whose every field is hard to carry in CSV."""
    account = world.create("Account", {"Name": 'Acme, "the" Co'})
    amounts = ["100.00", "0.10", "1234567.89", "-3.33", "10000000", "9999999999999.99", None]
    return [
        world.create(
            "Opportunity",
            {
                **DEAL,
                "Name": f"Deal {n}",
                "Amount": amounts[n % len(amounts)],
                "AccountId": account if n % 2 else None,
                "Partner_Note__c": ODD[n % len(ODD)],
                "Partner_Score__c": ["5", "0.50", None][n % 3],
                "Partner_Flag__c": ["true", "false"][n % 2],
            },
        )
        for n in range(33)
    ]


def read(connector: SalesforceConnector, freshness: str = "hot", fields: tuple[str, ...] = FIELDS) -> list[Page]:
    return list(getattr(connector, freshness)(wanted(Mirror(), "Opportunity", fields=fields)))


def records(pages: list[Page]) -> dict[str, RawRecord]:
    return {record.ref.id: record for page in pages for record in page.records}


def bodies(pages: list[Page]) -> dict[str, list[tuple[str, str]]]:
    """The values with their types and digits: equal ones make one and the same fact."""
    return {
        id_: [(name, f"{type(value).__name__} {value}") for name, value in sorted(record.values.items())]
        for id_, record in records(pages).items()
    }


def jobs(world: SalesforceWorld) -> int:
    return world.server.world.counters.total("salesforce", "bulk.query.create")


@pytest.fixture(autouse=True)
def _small_parts(world: SalesforceWorld) -> None:
    """Parts of ten rows, in an order of the server's own."""
    world.set(bulk_part=10, bulk_order_seed=5)


@pytest.mark.parametrize("numbers", ["as_rest", "plain"])
@pytest.mark.parametrize("freshness", ["hot", "cold"])
def test_a_record_is_the_same_by_bulk_job_and_by_query(world: SalesforceWorld, freshness: str, numbers: str) -> None:
    ids = odd_deals(world)
    world.set(bulk_numbers=numbers)

    by_query = read(world.connect(bulk_from=0), freshness)
    none_so_far = jobs(world)
    by_bulk = read(world.connect(bulk_from=5), freshness)

    assert (none_so_far, jobs(world)) == (0, 1)
    assert set(records(by_bulk)) == set(ids)
    assert records(by_bulk) == records(by_query)
    assert bodies(by_bulk) == bodies(by_query)
    assert [page.total for page in by_bulk if page.done] == [len(ids)]
    assert all(page.full for page in by_bulk)


def test_a_small_object_is_read_by_queries(world: SalesforceWorld, connector: SalesforceConnector) -> None:
    world.create_tied("Opportunity", [DEAL] * 4)

    assert len(records(read(connector))) == 4
    assert jobs(world) == 0


def test_several_large_objects_are_read_by_a_job_each(world: SalesforceWorld, connector: SalesforceConnector) -> None:
    accounts = world.create_tied("Account", [{"Name": f"A{n}"} for n in range(25)])
    deals = world.create_tied("Opportunity", [DEAL] * 25)
    mirror = Mirror()

    pull(connector, mirror, "Account", "Opportunity", fields=("Name",))
    world.forget_calls()
    world.set(page_size=2000)
    idle = pull(connector, mirror, "Account", "Opportunity", fields=("Name",))

    assert (mirror.live("Account"), mirror.live("Opportunity")) == (set(accounts), set(deals))
    assert (world.calls(), any(page.full for page in idle)) == (1, False)


def test_what_changes_while_the_job_runs_is_found_by_the_next_pull(
    world: SalesforceWorld, connector: SalesforceConnector
) -> None:
    ids = world.create_tied("Opportunity", [DEAL] * 25)
    mirror, pages = Mirror(), connector.hot(wanted(Mirror(), "Opportunity", fields=("Name",)))
    mirror.take(next(pages))
    late = world.create("Opportunity", DEAL)
    for id_ in ids:
        world.edit("Opportunity", id_, {"Name": "edited"})
    world.delete("Opportunity", ids[7])
    for page in pages:
        mirror.take(page)

    pull(connector, mirror, "Opportunity", fields=("Name",))

    assert mirror.live("Opportunity") == {*ids, late} - {ids[7]}
    assert {mirror.value("Opportunity", id_, "Name") for id_ in ids if id_ != ids[7]} == {"edited"}


@pytest.mark.parametrize("after", range(1, 5))
def test_a_pull_killed_after_any_page_goes_on_from_its_place_in_the_job(world: SalesforceWorld, after: int) -> None:
    ids = world.create_tied("Opportunity", [DEAL] * 25)
    mirror = Mirror()
    killed = world.connect(bulk_from=5).hot(wanted(mirror, "Opportunity"))
    for _ in range(after):
        mirror.take(next(killed))
    seen = mirror.live("Opportunity")
    begun = "job" in json.loads(mirror.cursors["Opportunity"])
    del killed
    again = world.connect(bulk_from=5)

    rest = pull(again, mirror, "Opportunity")

    assert mirror.live("Opportunity") == set(ids)
    assert [page.total for page in rest if page.done] == [25]
    if begun:
        assert jobs(world) == 1
        assert seen.isdisjoint(records(rest))


@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize(
    "fault",
    [
        {"action": "truncate", "when": "after_answer"},
        {"action": {"kind": "truncate", "keep": 700}, "when": "after_answer"},
        {"action": {"kind": "truncate", "keep": 0}, "when": "after_answer"},
        {"action": "drop"},
        {"action": "html_503"},
        {"action": {"kind": "status", "code": 401, "body": [{"errorCode": "INVALID_SESSION_ID", "message": "x"}]}},
    ],
    ids=["half", "700 bytes", "headers alone", "no answer", "503", "401"],
)
def test_a_break_in_a_part_costs_no_row_and_brings_none_twice(
    world: SalesforceWorld, connector: SalesforceConnector, fault: Mapping[str, Any], nth: int
) -> None:
    ids = world.create_tied("Opportunity", [DEAL] * 25)
    world.fault(endpoint="bulk.query.results", nth=nth, **fault)

    pages = read(connector, fields=("Name", "Partner_Note__c"))

    told = [record.ref.id for page in pages for record in page.records]
    assert sorted(told) == sorted(ids)
    assert jobs(world) == 1


@pytest.mark.parametrize("keep", [300, 301])
def test_a_result_that_ends_within_a_letter_as_if_whole_is_asked_for_again(
    world: SalesforceWorld, connector: SalesforceConnector, keep: int
) -> None:
    ids = world.create_tied("Opportunity", [{**DEAL, "Name": "ł" * 100}] * 25)
    world.fault(endpoint="bulk.query.results", action={"kind": "truncate", "keep": keep, "as_if_whole": True})

    pages = read(connector, fields=("Name",))

    assert [each["fired"] for each in world.server.world.faults.report()] == [1]
    assert sorted(record.ref.id for page in pages for record in page.records) == sorted(ids)


@pytest.mark.parametrize(
    "trouble",
    [
        {"bulk_enabled": False},
        {"bulk_query_refused": ("Opportunity",)},
        {"bulk_query_ends": "Failed"},
        {"bulk_query_ends": "Aborted"},
        {"bulk_part_breaks": 1},
        {"bulk_part_breaks": 2},
    ],
    ids=["switched off", "object refused", "failed", "aborted", "first locator broke", "second locator broke"],
)
@pytest.mark.parametrize("freshness", ["hot", "cold"])
def test_where_there_is_no_bulk_result_queries_read_the_rest(
    world: SalesforceWorld, connector: SalesforceConnector, trouble: Mapping[str, Any], freshness: str
) -> None:
    ids = world.create_tied("Opportunity", [DEAL] * 25)
    world.set(**trouble)

    pages = read(connector, freshness)

    assert set(records(pages)) == set(ids)
    assert [page.total for page in pages if page.done] == [25]


def test_a_job_that_is_gone_is_not_waited_for(world: SalesforceWorld) -> None:
    ids = world.create_tied("Opportunity", [DEAL] * 25)
    mirror = Mirror()
    killed = world.connect(bulk_from=5).hot(wanted(mirror, "Opportunity"))
    for _ in range(3):
        mirror.take(next(killed))
    del killed
    with world.server.world.store.write(hooked=False) as db:
        db.execute("DELETE FROM sf_job")

    pages = pull(world.connect(bulk_from=5), mirror, "Opportunity")

    assert mirror.live("Opportunity") == set(ids)
    assert [page.total for page in pages if page.done] == [25]


def test_a_job_is_waited_for_and_stopping_ends_the_wait(world: SalesforceWorld, surroundings: Surroundings) -> None:
    ids = world.create_tied("Opportunity", [DEAL] * 8)
    world.set(bulk_running_polls=2)
    assert set(records(read(world.connect(bulk_from=5)))) == set(ids)
    world.set(bulk_running_polls=10_000)
    pages = world.connect(bulk_from=5).hot(wanted(Mirror(), "Opportunity"))
    next(pages)
    timer = threading.Timer(0.5, surroundings.stop.set)
    timer.start()

    with pytest.raises(UnavailableError):
        list(pages)


def test_a_hidden_field_is_no_empty_one_and_stops_no_job(
    world: SalesforceWorld, connector: SalesforceConnector
) -> None:
    ids = odd_deals(world)
    world.hide("Opportunity", "Partner_Note__c")

    found = records(read(connector))

    assert set(found) == set(ids)
    assert jobs(world) == 1
    assert all("Partner_Note__c" not in record.values for record in found.values())


def test_a_field_hidden_after_the_description_is_left_to_queries_and_never_read_as_empty(
    world: SalesforceWorld, connector: SalesforceConnector
) -> None:
    ids = odd_deals(world)
    pages = connector.hot(wanted(Mirror(), "Opportunity", fields=FIELDS))
    first = next(pages)
    world.hide("Opportunity", "Partner_Note__c")
    found = records([first, *pages])

    true = {row["Id"]: row["Partner_Note__c"] for row in world.server.world.salesforce.dump("Opportunity", True)}
    assert set(found) == set(ids)
    assert all(record.values.get("Partner_Note__c", true[id_]) == true[id_] for id_, record in found.items())


@pytest.mark.parametrize("break_", ["cut off", "killed"])
def test_a_read_goes_on_in_the_middle_of_a_part(
    world: SalesforceWorld, surroundings: Surroundings, break_: str
) -> None:
    world.set(bulk_part=50_000, page_size=2000)
    ids = world.create_tied("Opportunity", [DEAL] * 9000)
    mirror, told = Mirror(), list[str]()
    if break_ == "cut off":
        world.fault(endpoint="bulk.query.results", nth=1, action={"kind": "truncate", "keep": 600_000})
    pages = world.connect(bulk_from=5).hot(wanted(mirror, "Opportunity", fields=("Name",)))
    for count, page in enumerate(pages):
        mirror.take(page)
        told += [record.ref.id for record in page.records]
        if count == 3 and break_ == "killed":
            break
    held = mirror.cursors["Opportunity"]
    if break_ == "killed":
        assert json.loads(held)["job"]["rows"] == 4000
        told += [
            record.ref.id
            for page in pull(world.connect(bulk_from=5), mirror, "Opportunity", fields=("Name",))
            for record in page.records
        ]

    assert sorted(told) == sorted(ids)
    assert jobs(world) == 1
    assert world.server.world.counters.total("salesforce", "bulk.query.results") == 2
