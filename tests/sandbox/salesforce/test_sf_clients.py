"""Clients that people really use, unmodified: simple-salesforce, the standard library's, curl."""

import http.client
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce, format_soql
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceResourceNotFound,
)

from sandbox.server import Server

KEYS = {"consumer_key": "sandbox-client", "consumer_secret": "sandbox-secret"}
USER = "integration@sandbox.example"


class Redirect(HTTPAdapter):
    """Sends to the sandbox what simple-salesforce addresses to https://….salesforce.com."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def send(self, request: requests.PreparedRequest, **more: Any) -> requests.Response:  # type: ignore[override]
        parts = urlsplit(str(request.url))
        request.url = self._url + parts.path + (f"?{parts.query}" if parts.query else "")
        return super().send(request, **{**more, "timeout": 10})


@pytest.fixture
def session(sandbox: Server) -> Iterator[requests.Session]:
    with requests.Session() as opened:
        opened.mount("https://", Redirect(sandbox.url))
        yield opened


@pytest.fixture
def client(session: requests.Session) -> Salesforce:
    return Salesforce(**KEYS, domain="acme.my", session=session, version="66.0")


def test_simple_salesforce_signs_in_by_each_of_its_ways(session: requests.Session, client: Salesforce) -> None:
    password = {"username": USER, "password": "sandbox-password"}
    ways = [
        client,
        Salesforce(**password, security_token="", session=session, version="64.0"),
        Salesforce(**password, **KEYS, session=session, version="66.0"),
        Salesforce(session_id=client.session_id, instance=client.sf_instance, session=session, version="66.0"),
    ]

    assert [way.query("SELECT COUNT() FROM User")["totalSize"] for way in ways] == [1, 1, 1, 1]


def test_simple_salesforce_is_told_why_it_cannot_sign_in(session: requests.Session) -> None:
    with pytest.raises(SalesforceAuthenticationFailed, match="INVALID_LOGIN"):
        Salesforce(username=USER, password="wrong", security_token="", session=session, version="64.0")
    with pytest.raises(SalesforceAuthenticationFailed, match="UNSUPPORTED_API_VERSION"):
        Salesforce(username=USER, password="sandbox-password", security_token="", session=session, version="66.0")
    with pytest.raises(SalesforceAuthenticationFailed, match="invalid client credentials"):
        Salesforce(**{**KEYS, "consumer_secret": "no"}, domain="acme.my", session=session, version="66.0")


def test_simple_salesforce_pages_through_everything(sandbox: Server, client: Salesforce) -> None:
    sandbox.world.salesforce.load("Account", [{"Name": f"a{n}"} for n in range(4100)])
    rows = list(client.query_all_iter("SELECT Id, Name FROM Account WHERE Name LIKE 'a%'", headers={"x": "y"}))

    assert len({row["Id"] for row in rows}) == 4100
    assert client.api_usage["api-usage"].used == 3


def test_simple_salesforce_works_rows_describes_and_windows(client: Salesforce) -> None:
    created = client.Account.create({"Name": "O'Neil & Söhne"})
    assert created["success"] is True
    soql = format_soql(
        "SELECT Id FROM Account WHERE Name = {} AND CreatedDate > {}",
        "O'Neil & Söhne",
        datetime(2020, 1, 1, tzinfo=UTC),
    )
    assert client.query(soql)["totalSize"] == 1
    assert client.Account.update(created["id"], {"Name": "b"}) == 204
    assert client.Account.get(created["id"])["Name"] == "b"
    now = datetime.now(UTC)
    assert client.Account.updated(now - timedelta(hours=1), now + timedelta(minutes=2))["ids"] == [created["id"]]
    assert client.Account.delete(created["id"]) == 204
    gone = client.Account.deleted(now - timedelta(hours=1), now + timedelta(minutes=2))["deletedRecords"]
    assert [row["id"] for row in gone] == [created["id"]]
    assert client.query("SELECT Id FROM Account", include_deleted=True)["totalSize"] == 1
    with pytest.raises(SalesforceResourceNotFound):
        client.Account.get(created["id"])
    with pytest.raises(SalesforceMalformedRequest, match="No such column 'Foo' on entity 'Account'"):
        client.query("SELECT Foo FROM Account")
    assert client.Account.describe()["name"] == "Account"
    assert client.limits()["DailyApiRequests"]["Max"] == 15_000


def test_simple_salesforce_upserts_and_uses_collections(sandbox: Server, client: Salesforce) -> None:
    sandbox.world.salesforce.add_field("Task", {"name": "Key__c", "type": "string", "externalId": True, "unique": True})
    assert client.Task.upsert("Key__c/k1", {"Subject": "a"}) == 201
    assert client.Task.upsert("Key__c/k1", {"Subject": "b"}) == 200
    assert client.Task.get_by_custom_id("Key__c", "k1")["Subject"] == "b"
    records = [{"attributes": {"type": "Task"}, "Key__c": "k1", "Subject": "c"}]
    (result,) = client.restful("composite/sobjects/Task/Key__c", method="PATCH", json={"records": records})

    assert result["created"] is False


def test_simple_salesforce_meets_an_expired_session(
    sandbox: Server, session: requests.Session, client: Salesforce
) -> None:
    direct = Salesforce(session_id=client.session_id, instance=client.sf_instance, session=session, version="66.0")
    sandbox.world.clock.move(7201)

    assert client.query("SELECT COUNT() FROM User")["totalSize"] == 1  # signs in again by itself
    with pytest.raises(SalesforceExpiredSession):
        direct.query("SELECT COUNT() FROM User")


def test_simple_salesforce_moves_records_in_bulk(client: Salesforce) -> None:
    rows = [{"Name": f"bulk {n}", "Website": ""} for n in range(250)] + [{"Name": "", "Website": "x"}]
    (job,) = client.bulk2.Account.insert(records=rows, wait=0.05)
    failed = client.bulk2.Account.get_failed_records(job["job_id"])
    good = client.bulk2.Account.get_successful_records(job["job_id"])
    soql = "SELECT Id, Name, CreatedDate, IsDeleted FROM Account"
    pages = list(client.bulk2.Account.query(soql, max_records=100, wait=0.05))

    assert (job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (251, 1)
    assert "REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --" in failed
    assert good.count("bulk ") == 250
    assert [page.count("bulk ") for page in pages] == [100, 100, 50]
    header, first = pages[0].splitlines()[:2]
    assert header == '"Id","Name","CreatedDate","IsDeleted"'
    assert first.endswith('Z","false"')
    (change,) = client.bulk2.Account.update(
        records=[{"Id": good.splitlines()[1].split(",")[0].strip('"'), "Website": "#N/A"}], wait=0.05
    )
    assert change["numberRecordsFailed"] == 0


def test_chunked_bodies_and_one_connection_are_fine(sandbox: Server) -> None:
    parts = urlsplit(sandbox.url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=10)
    form = b"grant_type=client_credentials&client_id=sandbox-client&client_secret=sandbox-secret"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    statuses = []
    for _ in range(3):
        pieces = (form[start : start + 10] for start in range(0, len(form), 10))
        connection.request("POST", "/services/oauth2/token", pieces, headers, encode_chunked=True)
        answer = connection.getresponse()
        answer.read()
        statuses.append(answer.status)
    connection.close()

    assert statuses == [200, 200, 200]


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl on this machine")
def test_curl_reads_the_versions(sandbox: Server) -> None:
    done = subprocess.run(
        ["curl", "-s", "-m", "10", f"{sandbox.url}/services/data/"], capture_output=True, text=True, check=True
    )

    assert '"version":"66.0"' in done.stdout
