"""What makes writing hard: refused composites, duplicate rules, preconditions, Bulk rows left over, answers that are lost."""

from typing import Any

import pytest
import requests

from sandbox.faults import Rule


def _switch(org: Any, **changes: Any) -> None:
    org.world.settings.update("salesforce", changes)


def _fault(org: Any, **rule: Any) -> None:
    org.world.faults.add(Rule.model_validate({"vendor": "salesforce", "times": 1, **rule}))


def _part(org: Any, path: str, body: Any, name: str = "a", **headers: str) -> dict[str, Any]:
    return {
        "method": "PATCH",
        "url": f"{org.base}/{path}",
        "referenceId": name,
        "body": body,
        "httpHeaders": {key.replace("_", "-"): value for key, value in headers.items()},
    }


def _composite(org: Any, *parts: dict[str, Any]) -> requests.Response:
    answer: requests.Response = org.call("POST", "composite", {"compositeRequest": list(parts)})
    return answer


@pytest.mark.parametrize(("switch", "status"), [("taken", 200), ("call_refused", 400), ("part_refused", 200)])
def test_an_org_may_take_no_collections_in_a_composite_call(org: Any, switch: str, status: int) -> None:
    account = org.create("Account", Name="a")
    _switch(org, composite_collections=switch)
    records = [{"attributes": {"type": "Account"}, "id": account, "Name": "b"}]

    answer = _composite(org, _part(org, "composite/sobjects", {"records": records}))

    assert answer.status_code == status
    if switch == "part_refused":
        assert answer.json()["compositeResponse"][0]["httpStatusCode"] == 400
    assert org.get("Account", account)["Name"] == ("b" if switch == "taken" else "a")
    assert org.call("PATCH", "composite/sobjects", {"records": records}).json()[0]["success"]


def test_a_duplicate_rule_refuses_a_twin_unless_the_caller_insists(org: Any) -> None:
    org.create("Account", Name="a", Phone="+1")
    other = org.create("Account", Name="b", Phone="+2")
    _switch(org, duplicate_rules=(("Account", "Phone"),))
    records = [{"attributes": {"type": "Account"}, "id": other, "Phone": "+1"}]

    (refused,) = org.call("PATCH", "composite/sobjects", {"records": records}).json()
    insisted = {"Sforce_Duplicate_Rule_Header": "allowSave=true"}
    (saved,) = org.call("PATCH", "composite/sobjects", {"records": records}, **insisted).json()

    assert refused["errors"][0]["statusCode"] == "DUPLICATES_DETECTED"
    assert refused["errors"][0]["duplicateResult"]["duplicateRule"]
    assert saved["success"]
    assert org.get("Account", other)["Phone"] == "+1"


def test_a_part_of_a_composite_call_heeds_its_own_precondition(org: Any) -> None:
    first, second = org.create("Account", Name="a"), org.create("Account", Name="b")
    stamp = "Thu, 05 Mar 2026 12:00:00 GMT"
    org.world.clock.move(60)
    org.call("PATCH", f"sobjects/Account/{second}", {"Phone": "+9"})

    answer = _composite(
        org,
        _part(org, f"sobjects/Account/{first}", {"Name": "x"}, "a", If_Unmodified_Since=stamp),
        _part(org, f"sobjects/Account/{second}", {"Name": "x"}, "b", If_Unmodified_Since=stamp),
    ).json()["compositeResponse"]

    assert [part["httpStatusCode"] for part in answer] == [204, 412]
    assert answer[1]["body"][0]["errorCode"] == "PRECONDITION_FAILED"
    assert [org.get("Account", one)["Name"] for one in (first, second)] == ["x", "b"]


# -- Bulk 2.0 ingest ---------------------------------------------------------------------------------------------------


def _rows_of(org: Any, ids: list[str], value: str = "done") -> bytes:
    return "\n".join(["Id,NextStep", *(f"{one},{value}" for one in ids)]).encode()


def _job(org: Any, ids: list[str], value: str = "done") -> str:
    job = org.call("POST", "jobs/ingest", {"object": "Opportunity", "operation": "update", "contentType": "CSV"}).json()
    assert _upload(org, job["id"], _rows_of(org, ids, value)).status_code == 201
    return str(job["id"])


def _upload(org: Any, job: str, rows: bytes) -> requests.Response:
    url = f"{org.server.url}{org.base}/jobs/ingest/{job}/batches"
    answer: requests.Response = org.http.put(url, data=rows, headers={"Content-Type": "text/csv"}, timeout=10)
    return answer


def _close(org: Any, job: str) -> Any:
    return org.call("PATCH", f"jobs/ingest/{job}", {"state": "UploadComplete"})


def _ids(org: Any, job: str, kind: str) -> list[str]:
    lines = org.call("GET", f"jobs/ingest/{job}/{kind}").text.splitlines()[1:]
    return [line.split(",")[-2].strip('"') for line in lines]


def test_every_row_of_an_ingest_is_successful_failed_or_unprocessed(org: Any) -> None:
    deals = [org.deal() for _ in range(5)]
    _switch(org, bulk_unprocessed=2)
    _fault(org, endpoint="bulk*", when="record", nth=2, action={"kind": "record_error", "code": "UNABLE_TO_LOCK_ROW"})
    job = _job(org, deals)

    _close(org, job)

    state = org.call("GET", f"jobs/ingest/{job}").json()
    assert (state["state"], state["numberRecordsProcessed"], state["numberRecordsFailed"]) == ("Failed", 3, 1)
    assert _ids(org, job, "successfulResults") == [deals[0], deals[2]]
    assert _ids(org, job, "failedResults") == [deals[1]]
    assert _ids(org, job, "unprocessedrecords") == deals[3:]
    assert [org.get("Opportunity", one)["NextStep"] for one in deals] == ["done", None, "done", None, None]


def test_an_ingest_may_take_its_time_and_then_hold_no_further_rows(org: Any) -> None:
    deal = org.deal()
    _switch(org, bulk_running_polls=2)
    job = _job(org, [deal])

    _close(org, job)

    assert _upload(org, job, b"Id\n").status_code == 400
    states = [org.call("GET", f"jobs/ingest/{job}").json()["state"] for _ in range(3)]
    assert states == ["InProgress", "InProgress", "JobComplete"]
    assert org.get("Opportunity", deal)["NextStep"] == "done"
    assert all(not name.startswith("_") for name in org.call("GET", "jobs/ingest").json()["records"][0])


def test_an_aborted_ingest_writes_nothing(org: Any) -> None:
    deal = org.deal()
    job = _job(org, [deal])

    aborted = org.call("PATCH", f"jobs/ingest/{job}", {"state": "Aborted"}).json()

    assert aborted["state"] == "Aborted"
    assert _close(org, job).status_code == 400
    assert org.get("Opportunity", deal)["NextStep"] is None


@pytest.mark.parametrize("verb", ["create", "upload", "state"])
@pytest.mark.parametrize("when", ["before_commit", "after_commit"])
def test_each_step_of_an_ingest_can_lose_its_answer(org: Any, verb: str, when: str) -> None:
    deal = org.deal()
    job = "" if verb == "create" else _job(org, [deal])
    if verb == "upload":
        body = {"object": "Opportunity", "operation": "update", "contentType": "CSV"}
        job = org.call("POST", "jobs/ingest", body).json()["id"]
    before = len(org.call("GET", "jobs/ingest").json()["records"])
    _fault(org, endpoint=f"bulk.ingest.{verb}", when=when, action="drop")

    steps = {"create": lambda: _job(org, [deal]), "upload": lambda: _upload(org, job, _rows_of(org, [deal]))}
    with pytest.raises(requests.ConnectionError):
        steps.get(verb, lambda: _close(org, job))()

    done = when == "after_commit"
    if verb == "create":
        assert len(org.call("GET", "jobs/ingest").json()["records"]) == before + done
    elif verb == "upload":
        assert _upload(org, job, b"Id\n").status_code == (400 if done else 201)
    else:
        assert org.call("GET", f"jobs/ingest/{job}").json()["state"] == ("JobComplete" if done else "Open")
        assert org.get("Opportunity", deal)["NextStep"] == ("done" if done else None)


@pytest.mark.parametrize("path", ["composite", "composite/sobjects"])
def test_collections_can_commit_and_lose_their_answer(org: Any, path: str) -> None:
    account = org.create("Account", Name="a")
    body = {"records": [{"attributes": {"type": "Account"}, "id": account, "Name": "b"}]}
    _fault(org, writes_only=True, when="after_commit", action="drop")

    part = {"compositeRequest": [_part(org, "composite/sobjects", body)]}
    with pytest.raises(requests.ConnectionError):
        org.call(*(("POST", path, part) if path == "composite" else ("PATCH", path, body)))

    assert org.get("Account", account)["Name"] == "b"


def test_a_seeded_rule_refuses_the_same_records_again(org: Any) -> None:
    def play() -> list[bool]:
        org.world.faults.remove()
        _fault(org, when="record", rate=0.3, seed=5, times=50, action={"kind": "record_error"})
        records = [{"attributes": {"type": "Account"}, "Name": f"a{n}"} for n in range(20)]
        return [result["success"] for result in org.call("POST", "composite/sobjects", {"records": records}).json()]

    first = play()

    assert play() == first
    assert 0 < sum(first) < 20
