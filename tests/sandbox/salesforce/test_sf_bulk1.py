"""The first Bulk API, as simple-salesforce (JSON), Singer taps (CSV and XML) and jsforce use it."""

import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest
import requests

from sandbox.server import Server

BASE = "/services/async/61.0"
SPACE = "{http://www.force.com/2009/06/asyncapi/dataload}"
ACCOUNT_JOB = {"operation": "insert", "object": "Account", "contentType": "JSON"}


class Async:
    """Calls the first Bulk API with a session, in the form a test asks for."""

    def __init__(self, org: Any) -> None:
        self.url = org.server.url + BASE
        self.token = org.http.headers["Authorization"].removeprefix("Bearer ")

    def call(
        self, method: str, path: str, body: Any = None, kind: str | None = "application/json"
    ) -> requests.Response:
        headers = {"X-SFDC-Session": self.token} | ({"Content-Type": kind} if kind else {})
        if isinstance(body, str | bytes) or body is None:
            return requests.request(method, f"{self.url}/{path}", data=body, headers=headers, timeout=10)
        return requests.request(method, f"{self.url}/{path}", json=body, headers=headers, timeout=10)

    def batch(self, job: dict[str, Any], body: Any) -> Any:
        created = self.call("POST", "job", job).json()
        sent = self.call("POST", f"job/{created['id']}/batch", body)
        assert sent.status_code == 201, sent.text
        return f"job/{created['id']}/batch/{sent.json()['id']}"


@pytest.fixture
def bulk(org: Any) -> Async:
    return Async(org)


def test_json_rows_are_written_each_with_its_own_outcome(org: Any, bulk: Async) -> None:
    batch = bulk.batch(ACCOUNT_JOB, [{"Name": "a", "Website": None}, {"Name": ""}])
    good, bad = bulk.call("GET", f"{batch}/result").json()
    info = bulk.call("GET", batch).json()

    assert org.get("Account", good["id"])["Name"] == "a"
    assert (good["success"], good["created"], good["errors"]) == (True, True, [])
    assert (bad["success"], bad["id"], bad["errors"][0]["statusCode"]) == (False, None, "REQUIRED_FIELD_MISSING")
    assert (info["state"], info["numberRecordsProcessed"], info["numberRecordsFailed"]) == ("Completed", 2, 1)
    assert bulk.call("GET", f"{batch}/request").json()[1] == {"Name": ""}


def test_json_queries_give_instants_as_milliseconds(org: Any, bulk: Async) -> None:
    account = org.create("Account", Name="a")
    batch = bulk.batch({**ACCOUNT_JOB, "operation": "query"}, "SELECT Id, CreatedDate FROM Account")
    (result,) = bulk.call("GET", f"{batch}/result").json()
    (row,) = bulk.call("GET", f"{batch}/result/{result}").json()

    assert (row["Id"], row["CreatedDate"], row["attributes"]["type"]) == (account, 1772712000000, "Account")


def test_csv_jobs_speak_xml_about_their_batches(org: Any, bulk: Async) -> None:
    org.create("Account", Name='a "b", c')
    job = bulk.call("POST", "job", {"operation": "queryAll", "object": "Account", "contentType": "CSV"})
    assert (job.status_code, job.json()["state"]) == (201, "Open")
    path = f"job/{job.json()['id']}"
    sent = bulk.call("POST", f"{path}/batch", "SELECT Name, CreatedDate, IsDeleted FROM Account", "text/csv")
    batch = f"{path}/batch/{ElementTree.fromstring(sent.text).findtext(f'{SPACE}id')}"
    assert ElementTree.fromstring(bulk.call("GET", batch).text).findtext(f"{SPACE}state") == "Completed"
    listed = ElementTree.fromstring(bulk.call("GET", f"{path}/batch").text)
    assert [info.findtext(f"{SPACE}numberRecordsProcessed") for info in listed] == ["1"]
    result = ElementTree.fromstring(bulk.call("GET", f"{batch}/result").text).findtext(f"{SPACE}result")
    rows = bulk.call("GET", f"{batch}/result/{result}", kind="text/csv").text

    assert rows == '"Name","CreatedDate","IsDeleted"\n"a ""b"", c","2026-03-05T12:00:00.000Z","false"\n'


def test_a_csv_upsert_in_an_xml_job_names_id_success_created_and_error(org: Any, bulk: Async) -> None:
    org.field("Account", name="Key__c", type="string", externalId=True, unique=True)
    document = (
        "<?xml version='1.0'?><jobInfo xmlns='http://www.force.com/2009/06/asyncapi/dataload'>"
        "<operation>upsert</operation><object>Account</object><externalIdFieldName>Key__c</externalIdFieldName>"
        "<contentType>CSV</contentType></jobInfo>"
    )
    job = ElementTree.fromstring(bulk.call("POST", "job", document, "application/xml; charset=UTF-8").text)
    path = f"job/{job.findtext(f'{SPACE}id')}"
    for _ in range(2):
        sent = bulk.call("POST", f"{path}/batch", "Key__c,Name\nk,a\n,b\n", "text/csv").text
        batch = f"{path}/batch/{ElementTree.fromstring(sent).findtext(f'{SPACE}id')}"
    header, known, missing = bulk.call("GET", f"{batch}/result").text.splitlines()
    closing = "<jobInfo xmlns='http://www.force.com/2009/06/asyncapi/dataload'><state>Closed</state></jobInfo>"
    closed = ElementTree.fromstring(bulk.call("POST", path, closing, "application/xml").text)

    assert header == '"Id","Success","Created","Error"'
    assert known.endswith('"true","false",""')
    assert missing.startswith('"","false","false","MISSING_ARGUMENT:Key__c not specified:')
    assert closed.findtext(f"{SPACE}state") == "Closed"
    assert closed.findtext(f"{SPACE}numberBatchesTotal") == "2"
    assert bulk.call("POST", f"{path}/batch", "Key__c\nz\n", "text/csv").status_code == 400


def test_a_query_that_cannot_run_fails_its_batch(bulk: Async) -> None:
    batch = bulk.batch({**ACCOUNT_JOB, "operation": "query"}, "SELECT Foo FROM Account")
    info, result = bulk.call("GET", batch).json(), bulk.call("GET", f"{batch}/result")

    assert (info["state"], "No such column 'Foo'" in info["stateMessage"]) == ("Failed", True)
    assert (result.status_code, result.json()["exceptionMessage"]) == (400, "Records not processed")


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("job", {**ACCOUNT_JOB, "object": "Nope"}, "InvalidJob"),
        ("job", {**ACCOUNT_JOB, "operation": "dance"}, "InvalidJob"),
        ("job", {**ACCOUNT_JOB, "operation": "upsert"}, "InvalidJob"),
        ("job", "{", "InvalidJob"),
        ("job/750000000000000AAA", {"state": "Closed"}, "InvalidJob"),
        ("nothing", {}, "InvalidUrl"),
    ],
)
def test_refusals_are_an_exception_code_and_a_message(bulk: Async, path: str, body: Any, code: str) -> None:
    in_json, in_xml = bulk.call("POST", path, body), bulk.call("POST", path, "<a/>", "application/xml")

    assert (in_json.status_code, in_json.json()["exceptionCode"]) == (400, code)
    assert in_json.headers["Content-Type"] == "application/json"
    assert (in_xml.status_code, "<exceptionCode>" in in_xml.text) == (400, True)


def test_sessions_versions_and_the_switch_are_checked(sandbox: Server, bulk: Async) -> None:
    good = bulk.token
    bulk.token = "no"
    assert bulk.call("POST", "job", ACCOUNT_JOB).json()["exceptionCode"] == "InvalidSessionId"
    bulk.token, bulk.url = good, bulk.url.replace("61.0", "30.0")
    assert bulk.call("POST", "job", ACCOUNT_JOB).json()["exceptionCode"] == "InvalidVersion"
    sandbox.world.settings.update("salesforce", {"bulk_enabled": False})

    assert bulk.call("POST", "job", ACCOUNT_JOB).json()["exceptionMessage"] == "Async API not enabled"


def test_only_ingest_batches_count_as_writes(sandbox: Server, bulk: Async) -> None:
    bulk.batch(ACCOUNT_JOB, [{"Name": "a"}])
    bulk.batch({**ACCOUNT_JOB, "operation": "query"}, "SELECT Id FROM Account")
    counts = requests.get(f"{sandbox.url}/_sandbox/counters", timeout=10).json()["counts"]
    seen = {(count["endpoint"], count["write"], count["calls"]) for count in counts if "bulk1" in count["endpoint"]}

    assert seen == {("bulk1.create", False, 2), ("bulk1.batch", True, 1), ("bulk1.batch", False, 1)}
