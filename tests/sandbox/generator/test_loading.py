"""A generated world can be read over HTTP in both CRMs, whole and as it was made up."""

import csv
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import Request, urlopen

import pytest

from sandbox.generator import Programme, populate
from sandbox.generator.hubspot import DEAL_TYPES, OURS, REPS_OWN
from sandbox.generator.salesforce import FIELDS
from sandbox.process import SandboxProcess
from sandbox.server import Server, start
from sandbox.world import World

TODAY = date(2026, 11, 21)


class Reader:
    """Reads one sandbox with nothing but HTTP."""

    def __init__(self, url: str) -> None:
        self.url = url
        grant = b"grant_type=client_credentials&client_id=sandbox-client&client_secret=sandbox-secret"
        with urlopen(f"{url}/services/oauth2/token", grant, timeout=20) as reply:
            self._salesforce = str(json.load(reply)["access_token"])

    def soql(self, *query: str) -> dict[str, Any]:
        return self._get(f"/services/data/v66.0/query?q={quote(' '.join(query))}", self._salesforce)

    def describe(self, sobject: str) -> dict[str, dict[str, Any]]:
        answer = self._get(f"/services/data/v66.0/sobjects/{sobject}/describe", self._salesforce)
        return {field["name"]: field for field in answer["fields"]}

    def hubspot(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        return self._get(path, "pat-na1-sandbox-token", body)

    def search(self, kind: str, *filters: dict[str, str], properties: tuple[str, ...] = ()) -> dict[str, Any]:
        groups = [{"filters": list(filters)}] if filters else []
        body = {"filterGroups": groups, "limit": 200, "properties": list(properties)}
        return self.hubspot(f"/crm/v3/objects/{kind}/search", body)

    def _get(self, path: str, token: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        with urlopen(Request(self.url + path, data, headers), timeout=20) as reply:
            answer: dict[str, Any] = json.load(reply)
        return answer


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Programme, Server]]:
    world = World.open()
    world.settings.update("hubspot", {"search_per_second": None, "burst_limit": None})
    programme = populate(world, 1, "small", TODAY)
    with start(world, 0) as server:
        yield programme, server
    world.close()


@pytest.fixture(scope="module")
def programme(served: tuple[Programme, Server]) -> Programme:
    return served[0]


@pytest.fixture(scope="module")
def reader(served: tuple[Programme, Server]) -> Reader:
    return Reader(served[1].url)


def test_salesforce_counts_what_was_generated(programme: Programme, reader: Reader) -> None:
    size = programme.size

    assert reader.soql("SELECT COUNT() FROM Account")["totalSize"] == size.accounts
    assert reader.soql("SELECT COUNT() FROM Opportunity")["totalSize"] == size.opportunities
    won = sum(d.outcome == "won" for d in programme.opportunities if d.crm == "salesforce")
    assert reader.soql("SELECT COUNT() FROM Opportunity WHERE IsWon = true")["totalSize"] == won
    gone = sum(not u.active for u in programme.users if u.crm == "salesforce")
    assert reader.soql("SELECT COUNT() FROM User WHERE IsActive = false")["totalSize"] == gone


def test_hubspot_counts_what_was_generated(programme: Programme, reader: Reader) -> None:
    size = programme.size

    assert reader.search("companies")["total"] == size.accounts
    assert reader.search("deals")["total"] == size.opportunities
    won = sum(d.outcome == "won" for d in programme.opportunities if d.crm == "hubspot")
    is_won = {"propertyName": "hs_is_closed_won", "operator": "EQ", "value": "true"}
    assert reader.search("deals", is_won)["total"] == won
    present = [u for u in programme.users if u.crm == "hubspot" and u.active]
    owners = reader.hubspot("/crm/v3/owners/?limit=100")["results"]
    assert {o["id"] for o in owners} >= {u.id for u in present}
    gone = {u.id for u in programme.users if u.crm == "hubspot" and not u.active}
    assert {o["id"] for o in reader.hubspot("/crm/v3/owners/?limit=100&archived=true")["results"]} >= gone


def test_salesforce_shows_every_opportunity_as_it_was_made_up(programme: Programme, reader: Reader) -> None:
    fields = "Id, AccountId, Name, StageName, Amount, CurrencyIsoCode, CloseDate, IsClosed, IsWon, Type, OwnerId"
    rows = reader.soql("SELECT", fields, ", Partner__c, CreatedDate, SystemModstamp FROM Opportunity")["records"]

    shown = {row["Id"]: row for row in rows}
    for deal in (d for d in programme.opportunities if d.crm == "salesforce"):
        row = shown[deal.id]
        assert (row["AccountId"], row["Name"], row["StageName"]) == (deal.account, deal.name[:120], deal.stage)
        assert row["Amount"] == (None if deal.amount is None else float(deal.amount))
        assert (row["CurrencyIsoCode"], row["CloseDate"]) == (deal.currency, str(deal.closes_on))
        assert (row["IsClosed"], row["IsWon"]) == (deal.outcome != "open", deal.outcome == "won")
        assert (row["Type"], row["OwnerId"], row["Partner__c"]) == (deal.type, deal.owner, deal.partner_typed)
        assert row["CreatedDate"] == deal.created_at.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
        assert row["SystemModstamp"] == deal.modified_at.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def test_hubspot_shows_every_deal_as_it_was_made_up(programme: Programme, reader: Reader) -> None:
    company = "hs_primary_associated_company"
    names = (
        "dealname",
        "amount",
        "deal_currency_code",
        "closedate",
        "partner",
        "hubspot_owner_id",
        company,
        "dealstage",
    )

    shown = {row["id"]: row for row in reader.search("deals", properties=names)["results"]}
    stages = stage_labels(reader)
    for deal in (d for d in programme.opportunities if d.crm == "hubspot"):
        properties = shown[deal.id]["properties"]
        assert properties["dealname"] == deal.name
        assert (properties["amount"] and Decimal(properties["amount"])) == deal.amount
        assert properties["deal_currency_code"] == deal.currency
        assert (properties["closedate"] or "None")[:10] == str(deal.closes_on)
        assert (properties["partner"], properties["hubspot_owner_id"]) == (deal.partner_typed, deal.owner)
        assert properties[company] == deal.account
        assert properties["dealstage"] in stages
        assert shown[deal.id]["createdAt"] == deal.created_at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        assert shown[deal.id]["updatedAt"] == deal.modified_at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def stage_labels(reader: Reader) -> dict[str, str]:
    (pipeline,) = reader.hubspot("/crm/v3/pipelines/deals")["results"]
    return {stage["id"]: stage["label"] for stage in pipeline["stages"]}


def test_the_unmapped_stages_are_stages_of_their_crm(programme: Programme, reader: Reader) -> None:
    paused = Counter(m.crm for m in programme.mess["stage_unmapped"])
    stages = {label: stage for stage, label in stage_labels(reader).items()}

    is_paused = {"propertyName": "dealstage", "operator": "EQ", "value": stages["Paused - Legal"]}
    assert reader.search("deals", is_paused)["total"] == paused["hubspot"]
    soql = "SELECT COUNT() FROM Opportunity WHERE StageName = 'Paused - Legal' AND IsClosed = false"
    assert reader.soql(soql)["totalSize"] == paused["salesforce"]
    assert sum(paused.values()) > 0


def test_salesforce_keeps_the_stages_that_a_reopened_deal_went_through(programme: Programme, reader: Reader) -> None:
    ids = {m.id for m in programme.mess["reopened"]}
    deal = next(d for d in programme.opportunities if d.id in ids and d.crm == "salesforce")

    soql = ("SELECT StageName FROM OpportunityHistory WHERE OpportunityId =", f"'{deal.id}'", "ORDER BY CreatedDate")
    assert [r["StageName"] for r in reader.soql(*soql)["records"]] == [e.stage for e in deal.history]


def test_a_company_has_its_deals_and_its_parent(programme: Programme, reader: Reader) -> None:
    account, deals = Counter(d.account for d in programme.opportunities if d.crm == "hubspot").most_common(1)[0]

    found = reader.hubspot(f"/crm/v4/objects/companies/{account}/associations/deals")["results"]

    assert len(found) == deals


def test_the_fields_that_the_product_maps_exist_in_both(reader: Reader) -> None:
    for sobject in ("Opportunity", "Account", "Task"):
        assert {d["name"] for o, d in FIELDS if o == sobject} <= set(reader.describe(sobject))
    described = reader.describe("Opportunity")
    assert described["Partner_Role__c"]["restrictedPicklist"] is True
    assert described["Partner_Account__c"]["referenceTo"] == ["Account"]
    assert described["Partner_Commission__c"]["scale"] == 2
    key = reader.describe("Task")["partnersync_key__c"]
    assert (key["externalId"], key["unique"], key["length"]) == (True, True, 64)
    for kind, definition in (*REPS_OWN, *OURS):
        assert reader.hubspot(f"/crm/v3/properties/{kind}/{definition['name']}")["type"] == definition["type"]


def test_every_stage_and_type_in_use_is_one_that_the_crm_offers(programme: Programme, reader: Reader) -> None:
    described = reader.describe("Opportunity")

    for name, used in (
        ("StageName", {d.stage for d in programme.opportunities if d.crm == "salesforce"}),
        ("Type", {d.type for d in programme.opportunities}),
    ):
        assert used <= {choice["value"] for choice in described[name]["picklistValues"]}
    deal_types = {o["value"] for o in reader.hubspot("/crm/v3/properties/deals/dealtype")["options"]}
    assert set(DEAL_TYPES.values()) <= deal_types


def test_a_bare_portal_lacks_our_properties_but_has_the_reps_own() -> None:
    world = World.open()
    populate(world, 1, "tiny", TODAY, bare=True)
    with start(world, 0) as server:
        found = Reader(server.url).hubspot("/crm/v3/properties/deals")["results"]
    world.close()

    names = {definition["name"] for definition in found}
    assert "partner" in names
    assert not [name for name in names if name.startswith("partnersync_")]


def test_the_same_seed_makes_the_same_world_to_the_byte() -> None:
    dumps = []
    for _ in range(2):
        world = World.open()
        populate(world, 6, "tiny", TODAY)
        dumps.append(
            [world.salesforce.dump(name, True) for name in ("Account", "Opportunity", "Task")]
            + [world.hubspot.dump(name, True) for name in ("companies", "deals", "tasks")]
        )
        world.close()

    assert dumps[0] == dumps[1]


def test_a_world_that_holds_records_is_not_filled_again() -> None:
    world = World.open()
    populate(world, 1, "tiny", TODAY)

    with pytest.raises(ValueError, match="already holds"):
        populate(world, 1, "tiny", TODAY)
    world.close()


def test_the_command_fills_a_world_and_writes_its_files(tmp_path: Path) -> None:
    with SandboxProcess("--generate", "4", "--size", "tiny", "--csv", str(tmp_path)) as process:
        total = Reader(process.url).soql("SELECT COUNT() FROM Opportunity")["totalSize"]

    assert total == 12
    with (tmp_path / "partners.csv").open(encoding="utf-8", newline="") as rows:
        assert len(list(csv.DictReader(rows))) == 4


def test_the_command_refuses_a_size_that_is_none() -> None:
    command = [sys.executable, "-m", "sandbox", "--generate", "4", "--size", "enormous"]

    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert ended.returncode != 0
    assert "enormous" in ended.stderr
    assert "Traceback" not in ended.stderr
