"""Large reads by bulk job: the same records as by queries, whatever breaks on the way."""

from __future__ import annotations

import pytest

from connectors.salesforce.connector import SalesforceConnector
from partnersync.records import Page, RawRecord
from tests.connectors.contract import Mirror
from tests.connectors.salesforce.conftest import SalesforceWorld
from tests.connectors.salesforce.test_pulling import DEAL, wanted

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


def jobs(world: SalesforceWorld) -> int:
    return world.server.world.counters.total("salesforce", "bulk.query.create")


@pytest.mark.parametrize("freshness", ["hot", "cold"])
def test_a_record_is_the_same_by_bulk_job_and_by_query(world: SalesforceWorld, freshness: str) -> None:
    ids = odd_deals(world)

    by_query = read(world.connect(bulk_from=0), freshness)
    none_so_far = jobs(world)
    by_bulk = read(world.connect(bulk_from=5), freshness)

    assert (none_so_far, jobs(world)) == (0, 1)
    assert set(records(by_bulk)) == set(ids)
    assert records(by_bulk) == records(by_query)
    assert [type(value) for record in records(by_bulk).values() for value in record.values.values()] == [
        type(value) for record in records(by_query).values() for value in record.values.values()
    ]
    assert [page.total for page in by_bulk if page.done] == [len(ids)]
    assert all(page.full for page in by_bulk)
