"""Columns like `Account.Key__c` of a CSV: a lookup given by a key of the record that it leads to."""

import csv
import io
from typing import Any

import pytest
import requests

ADMIN = "integration@sandbox.example"
CSV = f"""Name,StageName,CloseDate,Account.Key__c,Owner.Email
found,Prospecting,2026-06-30,k-1,{ADMIN}
empty,Prospecting,2026-06-30,,
lost,Prospecting,2026-06-30,k-2,
"""
LOST = "Foreign key external ID: k-2 not found for field Key__c in entity Account"


def _bulk2(org: Any, sobject: str, rows: str, **job: str) -> tuple[int, list[dict[str, str]]]:
    """How many rows were written, and those that were not."""
    path = (
        f"jobs/ingest/{org.call('POST', 'jobs/ingest', {'object': sobject, 'operation': 'insert'} | job).json()['id']}"
    )
    headers = {"Content-Type": "text/csv"}
    org.http.put(f"{org.server.url}{org.base}/{path}/batches", data=rows, headers=headers, timeout=10)
    org.call("PATCH", path, {"state": "UploadComplete"})
    good, bad = (org.call("GET", f"{path}/{kind}Results").text for kind in ("successful", "failed"))
    return len(good.splitlines()) - 1, list(csv.DictReader(io.StringIO(bad)))


def _bulk1(org: Any, sobject: str, rows: str) -> tuple[int, list[dict[str, str]]]:
    url = f"{org.server.url}/services/async/61.0/job"
    token = {"X-SFDC-Session": org.http.headers["Authorization"].removeprefix("Bearer ")}
    job = {"operation": "insert", "object": sobject, "contentType": "CSV"}
    path = f"{url}/{requests.post(url, json=job, headers=token, timeout=10).json()['id']}/batch"
    sent = requests.post(path, data=rows, headers=token | {"Content-Type": "text/csv"}, timeout=10).text
    batch = sent.split("<id>")[1].split("</id>")[0]
    answer = requests.get(f"{path}/{batch}/result", headers=token, timeout=10).text
    results = list(csv.DictReader(io.StringIO(answer)))
    bad = [{"sf__Error": result["Error"]} for result in results if result["Success"] == "false"]
    return len(results) - len(bad), bad


@pytest.fixture
def account(org: Any) -> str:
    org.field("Account", name="Key__c", externalId=True, unique=True)
    return str(org.create("Account", Name="a", Key__c="k-1"))


@pytest.mark.parametrize("sent", [_bulk2, _bulk1])
def test_a_lookup_may_be_given_by_a_key_of_its_target(org: Any, account: str, sent: Any) -> None:
    written, failed = sent(org, "Opportunity", CSV)

    deals = org.query("SELECT Name, AccountId, OwnerId FROM Opportunity ORDER BY Name")["records"]
    me = org.world.salesforce.integration_user
    assert [(d["Name"], d["AccountId"], d["OwnerId"]) for d in deals] == [("empty", None, me), ("found", account, me)]
    assert (written, [row["sf__Error"] for row in failed]) == (2, [f"INVALID_FIELD:{LOST}: --"])


def test_an_unknown_key_is_refused_as_rest_refuses_it(org: Any, account: str) -> None:
    deal = {"Name": "lost", "StageName": "Prospecting", "CloseDate": "2026-06-30", "Account": {"Key__c": "k-2"}}
    (error,) = org.call("POST", "sobjects/Opportunity", deal).json()

    assert (error["errorCode"], error["message"]) == ("INVALID_FIELD", LOST)


def test_rows_that_failed_are_handed_back_with_the_columns_that_they_came_with(org: Any, account: str) -> None:
    _, (lost,) = _bulk2(org, "Opportunity", CSV)

    assert {name: text for name, text in lost.items() if not name.startswith("sf__")} == {
        "Name": "lost",
        "StageName": "Prospecting",
        "CloseDate": "2026-06-30",
        "Account.Key__c": "k-2",
        "Owner.Email": "",
    }


def test_an_upsert_moves_a_record_by_the_key_of_its_new_parent(org: Any, account: str) -> None:
    org.field("Contact", name="Ref__c", externalId=True, unique=True)
    contact = org.create("Contact", LastName="Kim", Ref__c="r")
    job = {"operation": "upsert", "externalIdFieldName": "Ref__c"}

    written, failed = _bulk2(org, "Contact", "Ref__c,account.key__c\nr,k-1\n", **job)

    assert (written, failed) == (1, [])
    assert org.get("Contact", contact)["AccountId"] == account


@pytest.mark.parametrize("header", ["Nowhere.Key__c", "Account.Phone", "Account.Owner.Email"])
def test_a_column_that_leads_nowhere_fails_its_rows(org: Any, account: str, header: str) -> None:
    written, (failed,) = _bulk2(org, "Contact", f"LastName,{header}\nKim,k-1\n")

    column = header.split(".")[0]
    assert written == 0
    assert failed["sf__Error"] == f"INVALID_FIELD:No such column '{column}' on sobject of type Contact: --"
