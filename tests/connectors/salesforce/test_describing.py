"""An object that was described just now is not described again by the pull that follows, unless that could matter."""

from __future__ import annotations

import pytest

from connectors.salesforce.connector import SalesforceConnector
from partnersync.records import RawRecord, Wanted
from tests.connectors.salesforce.conftest import SalesforceWorld

DEALS: list[dict[str, str | None]] = [{"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-09-30"}] * 8


def first_pull(connector: SalesforceConnector, *fields: str) -> list[RawRecord]:
    pages = connector.hot([Wanted("Opportunity", fields)])
    return [record for page in pages for record in page.records]


def test_a_description_serves_the_pull_that_follows_it(world: SalesforceWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    world.create_tied("Opportunity", DEALS)
    connector = world.connect()

    def calls_of_a_first_pull(*fields: str) -> int:
        world.forget_calls()
        assert len(first_pull(connector, *fields)) == len(DEALS)
        return world.calls()

    connector.describe(["Opportunity"])
    told = calls_of_a_first_pull("Name", "StageName")
    hidden = calls_of_a_first_pull("Name", "Not_There__c")  # it may have come into sight since
    monkeypatch.setattr("connectors.salesforce.pulling.JUST_NOW", -1.0)
    later = calls_of_a_first_pull("Name", "StageName")

    assert (told, hidden, later) == (told, told + 1, told + 1)


def test_a_field_that_goes_out_of_sight_after_it_was_described_is_left_out(world: SalesforceWorld) -> None:
    world.create_tied("Opportunity", DEALS)
    connector = world.connect()
    connector.describe(["Opportunity"])
    world.set(hidden_fields=("Opportunity.Partner_Note__c",))

    records = first_pull(connector, "Name", "Partner_Note__c")

    assert len(records) == len(DEALS)
    assert all("Partner_Note__c" not in record.values for record in records)
