"""The server, its control endpoint and its faults over real sockets; and the sandbox as a process."""

import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.process import SandboxProcess
from sandbox.server import Server

CREATE = "/services/data/v66.0/sobjects/Account"


class Person:
    """Calls the control endpoint, and Salesforce as the integration."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = requests.Session()
        form = {"grant_type": "client_credentials", "client_id": "sandbox-client", "client_secret": "sandbox-secret"}
        answer = self.http.post(f"{url}/services/oauth2/token", data=form, timeout=10)
        self.http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def control(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        answer = self.http.request(method, f"{self.url}/_sandbox/{path}", json=body, timeout=10)
        assert answer.status_code == status, answer.text
        return answer.json()

    def fault(self, **rule: Any) -> None:
        self.control("POST", "faults", rule)

    def create(self, name: str = "a") -> requests.Response:
        return self.http.post(self.url + CREATE, json={"Name": name}, timeout=10)

    def count(self) -> int:
        return len(self.control("GET", "dump?crm=salesforce&object=Account"))


@pytest.fixture
def person(sandbox: Server) -> Iterator[Person]:
    caller = Person(sandbox.url)
    yield caller
    caller.http.close()


def test_every_call_is_counted_by_endpoint_and_the_log_holds_no_secret(person: Person) -> None:
    person.control("POST", "counters/reset")
    person.create()
    person.create("")
    person.http.get(f"{person.url}/services/data/v66.0/query/?q=SELECT+Id+FROM+Account", timeout=10)
    report = person.control("GET", "counters?log=5")

    counted = {(row["endpoint"], row["status"], row["write"]): row["calls"] for row in report["counts"]}
    assert counted == {("sobjects.create", 201, True): 1, ("sobjects.create", 400, True): 1, ("query", 200, False): 1}
    assert report["totals"] == {"salesforce": {"calls": 3, "writes": 2}}
    assert report["log"][0]["user_agent"].startswith("python-requests")
    assert "00D000000000001!" not in str(report)


def test_people_create_edit_delete_restore_and_merge(person: Person) -> None:
    def order(**more: Any) -> dict[str, Any]:
        return {"crm": "salesforce", "object": "Account", "as": "Rita Rep", **more}

    first = person.control("POST", "create", order(fields={"Name": "a"}))["id"]
    second = person.control("POST", "create", order(fields={"Name": "b"}))["id"]
    person.control("POST", "edit", order(id=first, fields={"Name": "c"}))
    person.control("POST", "delete", order(id=first))
    person.control("POST", "restore", order(id=first))
    person.control("POST", "merge", order(id=first, losers=[second]))
    rows = {row["Id"]: row for row in person.control("GET", "dump?crm=salesforce&object=Account")}
    (rita,) = [u for u in person.control("GET", "dump?crm=salesforce&object=User") if u["Name"] == "Rita Rep"]

    assert (rows[first]["Name"], rows[first]["LastModifiedById"]) == ("c", rita["Id"])
    assert (rows[second]["IsDeleted"], rows[second]["MasterRecordId"]) == (True, first)
    bare = person.control("GET", "dump?crm=salesforce&object=Account&stamps=0")
    assert not {"SystemModstamp", "CreatedDate", "LastModifiedById"} & set(bare[0])


def test_fields_settings_clock_and_loads_go_through_control(person: Person) -> None:
    field = {"crm": "salesforce", "object": "Account", "definition": {"name": "Tier__c", "type": "string"}}
    person.control("POST", "field", field)
    rows = [{"Name": "a", "Tier__c": "gold"}, {"Name": "b"}]
    ids = person.control("POST", "load", {"crm": "salesforce", "object": "Account", "rows": rows})["ids"]
    person.control("POST", "clock", {"freeze": True, "set": "2026-03-05T12:00:00Z", "move": 60})
    person.control("POST", "settings", {"salesforce": {"daily_limit": 9}})

    assert len(ids) == 2
    assert person.control("GET", "clock")["now"] == "2026-03-05T12:01:00+00:00"
    assert person.control("GET", "settings")["salesforce"]["daily_limit"] == 9
    assert person.control("GET", "health")["status"] == "ok"


def test_every_salesforce_session_can_be_ended_at_once(person: Person) -> None:
    assert person.create().status_code == 201
    assert person.control("POST", "sessions/end") == {"ended": 1}

    assert person.create().json()[0]["errorCode"] == "INVALID_SESSION_ID"


def test_writers_and_readers_at_once_lose_nothing(person: Person) -> None:
    def write(part: int) -> list[int]:
        return [person.create(f"a{part}-{n}").status_code for n in range(25)]

    with ThreadPoolExecutor(4) as pool:
        answers = [status for part in pool.map(write, range(4)) for status in part]

    assert answers == [201] * 100
    assert person.count() == 100


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "nothing", None, 404),
        ("POST", "faults", {"action": "explode"}, 400),
        ("POST", "edit", {"crm": "zoho", "object": "x", "id": "1", "fields": {}}, 400),
        ("POST", "edit", {"crm": "salesforce"}, 400),
        ("POST", "create", {"crm": "salesforce", "object": "Account", "fields": {"Nope": 1}}, 400),
        ("POST", "settings", {"salesforce": {"dayly": 1}}, 400),
        ("POST", "clock", {"set": "2026-03-05T12:00:00"}, 400),
        ("POST", "clock", [], 400),
    ],
)
def test_a_mistaken_order_is_answered_with_what_is_wrong(
    person: Person, method: str, path: str, body: Any, status: int
) -> None:
    assert person.control(method, path, body, status)["message"]


@pytest.mark.fault
def test_a_lost_connection_before_commit_leaves_nothing_and_after_commit_the_record(person: Person) -> None:
    person.fault(writes_only=True, nth=1, when="before_commit", action="drop")
    with pytest.raises(requests.ConnectionError):
        person.create()
    assert person.count() == 0
    person.fault(writes_only=True, nth=1, when="after_commit", action="drop")
    with pytest.raises(requests.ConnectionError):
        person.create()

    assert person.count() == 1
    assert person.create().status_code == 201


@pytest.mark.fault
def test_answers_are_replaced_delayed_and_cut(person: Person, caplog: pytest.LogCaptureFixture) -> None:
    person.fault(nth=1, action="html_503")
    answer = person.create()
    assert (answer.status_code, answer.headers["content-type"]) == (503, "text/html")
    assert "<html>" in answer.text
    person.control("DELETE", "faults")
    person.fault(nth=1, action={"kind": "status", "code": 500, "body": [{"errorCode": "X"}], "headers": {"a": "b"}})
    answer = person.create()
    assert (answer.status_code, answer.json(), answer.headers["a"]) == (500, [{"errorCode": "X"}], "b")
    person.control("DELETE", "faults")
    person.fault(nth=1, vendor="salesforce", action={"kind": "rate_limited", "form": "concurrent"})
    assert person.create().json()[0]["errorCode"] == "REQUEST_LIMIT_EXCEEDED"
    assert person.count() == 0
    person.control("DELETE", "faults")
    person.fault(nth=1, action={"kind": "latency", "ms": 120})
    began = time.monotonic()
    assert person.create().status_code == 201
    assert time.monotonic() - began >= 0.12
    person.control("DELETE", "faults")
    person.fault(nth=1, action={"kind": "timeout", "seconds": 0.05})
    with pytest.raises(requests.ConnectionError):
        person.create()
    person.control("DELETE", "faults")
    person.fault(nth=1, when="after_answer", action="truncate")
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.ConnectionError)):
        person.create()

    assert person.count() == 2
    assert caplog.messages == []  # what was asked for is no error to tell of


@pytest.mark.fault
def test_a_connection_is_reset_and_a_body_is_cut_as_if_whole_or_comes_slowly(person: Person) -> None:
    person.fault(nth=1, action="reset")
    with pytest.raises(requests.ConnectionError) as lost:
        person.create()
    assert "ConnectionResetError" in repr(lost.value)
    person.control("DELETE", "faults")
    person.fault(nth=1, action={"kind": "truncate", "as_if_whole": True})
    cut = person.create()
    with pytest.raises(requests.JSONDecodeError):
        cut.json()
    assert (cut.status_code, len(cut.content)) == (201, int(cut.headers["Content-Length"]))
    person.control("DELETE", "faults")
    person.fault(nth=1, action={"kind": "drip", "seconds": 0.2})
    began = time.monotonic()
    assert person.create().json()["success"]
    assert time.monotonic() - began >= 0.15

    assert person.count() == 2


@pytest.mark.fault
def test_after_commit_the_answer_may_be_an_error_though_the_record_exists(person: Person) -> None:
    person.fault(nth=1, when="after_commit", action={"kind": "status", "code": 503, "body": "gone"})

    assert person.create().status_code == 503
    assert person.count() == 1


@pytest.mark.fault
def test_single_records_of_a_collection_can_fail(person: Person) -> None:
    person.fault(when="record", endpoint="collections.*", nth=2, action="record_error")
    records = [{"attributes": {"type": "Account"}, "Name": name} for name in "abc"]
    answer = person.http.post(
        f"{person.url}/services/data/v66.0/composite/sobjects", json={"records": records}, timeout=10
    ).json()

    assert [result["success"] for result in answer] == [True, False, True]
    assert answer[1]["errors"][0]["statusCode"] == "UNABLE_TO_LOCK_ROW"


CALLER = """
import sys, requests
session = requests.Session()
url, token = sys.argv[1:]
session.headers["Authorization"] = token
for n in range(5):
    print(session.post(url, json={"Name": f"a{n}"}, timeout=10).status_code, flush=True)
"""


@pytest.mark.fault
@pytest.mark.parametrize(
    ("when", "answers", "records"), [("before_commit", 2, 2), ("after_commit", 2, 3), ("after_answer", None, 3)]
)
def test_the_calling_process_is_killed_on_its_nth_write(
    person: Person, when: str, answers: int | None, records: int
) -> None:
    person.fault(writes_only=True, nth=3, when=when, action="kill")
    token = str(person.http.headers["Authorization"])
    command = [sys.executable, "-c", CALLER, person.url + CREATE, token]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    assert done.returncode == -signal.SIGKILL
    # After the answer the process lives on until the signal reaches it: on a busy machine long enough for one more write.
    assert person.count() in ({records, records + 1} if when == "after_answer" else {records})
    if answers is not None:
        assert done.stdout.split() == ["201"] * answers


def test_a_process_of_its_own_keeps_its_world_in_a_file(tmp_path: Path) -> None:
    with SandboxProcess(db=tmp_path / "world.db") as process:
        first = Person(process.url)
        assert first.create().status_code == 201
        assert first.control("GET", "health")["status"] == "ok"
    with SandboxProcess(db=tmp_path / "world.db") as process:
        again = Person(process.url)

        assert again.count() == 1
        assert again.create().status_code == 201
        assert again.count() == 2


def test_a_process_that_cannot_start_says_so(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="did not start"):
        SandboxProcess(db=tmp_path / "no such folder" / "world.db", wait_s=20)


def test_the_date_of_an_answer_is_the_worlds_own_clock(sandbox: Server) -> None:
    sandbox.world.clock.move(90 * 86400)

    with urllib.request.urlopen(f"{sandbox.url}/_sandbox/health") as answer:
        told = parsedate_to_datetime(answer.headers["Date"])

    assert abs((told - sandbox.world.clock.now()).total_seconds()) < 5
