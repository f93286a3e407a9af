"""What the sandbox's Salesforce can do to a reader: each by a switch, and the same again on a second run."""

from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox.faults import Rule
from sandbox.world import World


def _set(org: Any, **changes: Any) -> None:
    org.world.settings.update("salesforce", changes)


def _loaded(org: Any, count: int) -> list[str]:
    return [str(each) for each in org.world.salesforce.load("Account", [{"Name": f"a{n:04d}"} for n in range(count)])]


def _pages(org: Any, soql: str) -> list[dict[str, Any]]:
    pages = [org.query(soql)]
    while not pages[-1]["done"]:
        pages.append(org.call("GET", pages[-1]["nextRecordsUrl"]).json())
    return pages


def _job(org: Any, soql: str = "SELECT Id, Name FROM Account ORDER BY Name") -> str:
    return str(org.call("POST", "jobs/query", {"operation": "query", "query": soql}).json()["id"])


def _lines(org: Any, job: str, **params: Any) -> list[str]:
    asked = "&".join(f"{name}={value}" for name, value in params.items())
    return list(org.call("GET", f"jobs/query/{job}/results?{asked}").text.splitlines()[1:])


def test_empty_pages_still_lead_to_every_row(org: Any) -> None:
    _loaded(org, 25)
    _set(org, page_size=10, empty_pages=True)

    pages = _pages(org, "SELECT Name FROM Account")

    assert [len(page["records"]) for page in pages] == [10, 0, 10, 0, 5]


def test_late_stamps_are_drawn_for_each_change_and_alike_for_one_seed() -> None:
    def stamps(seed: int) -> list[str]:
        world = World.open()
        world.clock.freeze()
        world.clock.set(datetime(2026, 3, 5, 12, tzinfo=UTC))
        world.settings.update("salesforce", {"late_commit_s": 600, "late_commit_seed": seed})
        for n in range(6):
            world.salesforce.create("Account", {"Name": f"a{n}"}, "")
        found = [str(row["SystemModstamp"]) for row in world.salesforce.dump("Account", True)]
        world.close()
        return found

    first = stamps(1)

    assert first == stamps(1) != stamps(2)
    assert len(set(first)) > 1
    assert all("2026-03-05T11:50:00" <= text <= "2026-03-05T12:00:01" for text in first)


def test_a_record_s_stamp_never_goes_back(org: Any) -> None:
    _set(org, late_commit_s=600, late_commit_seed=3)
    record = org.create("Account", Name="x")
    seen = [org.get("Account", record)["SystemModstamp"]]
    for n in range(8):
        org.world.salesforce.edit("Account", record, {"Name": f"x{n}"}, "Dana Rep")
        seen.append(org.get("Account", record)["SystemModstamp"])

    assert seen == sorted(seen)


def test_each_so_many_th_locator_has_expired(org: Any) -> None:
    _loaded(org, 40)
    _set(org, page_size=10, locator_breaks=2)
    first = org.query("SELECT Id FROM Account")
    second = org.call("GET", first["nextRecordsUrl"])
    third = org.call("GET", second.json()["nextRecordsUrl"])

    assert second.status_code == 200
    assert (third.status_code, third.json()[0]["errorCode"]) == (400, "INVALID_QUERY_LOCATOR")


def test_an_object_may_have_no_replication(org: Any) -> None:
    window = "start=2026-03-05T11:00:00Z&end=2026-03-05T12:00:00Z"
    told = org.call("GET", "sobjects/Account/describe").json()["replicateable"]
    _set(org, unreplicated=["Account"])

    answers = [org.call("GET", f"sobjects/Account/{kind}?{window}") for kind in ("updated", "deleted")]

    assert (told, org.call("GET", "sobjects/Account/describe").json()["replicateable"]) == (True, False)
    assert [answer.json()[0]["errorCode"] for answer in answers] == ["INVALID_TYPE_FOR_OPERATION"] * 2


@pytest.mark.parametrize("what", ["describe", "updated", "deleted", "rows"])
def test_one_read_of_an_object_may_be_refused_and_the_others_not(org: Any, what: str) -> None:
    window = "start=2026-03-05T11:00:00Z&end=2026-03-05T12:00:00Z"
    paths = {
        "describe": "sobjects/Account/describe",
        "updated": f"sobjects/Account/updated?{window}",
        "deleted": f"sobjects/Account/deleted?{window}",
        "rows": "query?q=SELECT Id FROM Account",
    }
    _set(org, refused_reads=[("Account", what, "INSUFFICIENT_ACCESS")])

    answers = {name: org.call("GET", path) for name, path in paths.items()}

    assert {name for name, answer in answers.items() if answer.status_code != 200} == {what}
    assert (answers[what].status_code, answers[what].json()[0]["errorCode"]) == (403, "INSUFFICIENT_ACCESS")
    assert org.query("SELECT Id FROM Contact")["done"]


def test_a_query_that_finds_too_much_may_take_too_long(org: Any) -> None:
    _loaded(org, 5)
    _set(org, slow_from={"Account": 5})

    error = org.refused("SELECT Id FROM Account")

    assert error["errorCode"] == "QUERY_TIMEOUT"
    assert len(org.query("SELECT Id FROM Account WHERE Name != 'a0000'")["records"]) == 4


def test_a_hidden_field_is_absent_everywhere_and_its_query_names_it(org: Any) -> None:
    _set(org, hidden_fields=["Account.Website"])

    error = org.refused("SELECT Id, Website FROM Account")
    job = org.call("POST", "jobs/query", {"operation": "query", "query": "SELECT Website FROM Account"})

    assert (error["errorCode"], "'Website'" in error["message"]) == ("INVALID_FIELD", True)
    assert job.json()[0]["errorCode"] == "INVALID_FIELD"
    names = {field["name"] for field in org.call("GET", "sobjects/Account/describe").json()["fields"]}
    assert "Website" not in names


def test_a_query_job_runs_for_a_while_and_ends_as_it_is_told(org: Any) -> None:
    _loaded(org, 3)
    _set(org, bulk_running_polls=2)
    job = _job(org)
    states = [org.call("GET", f"jobs/query/{job}").json()["state"] for _ in range(4)]
    _set(org, bulk_query_ends="Failed", bulk_running_polls=0)
    failed = org.call("GET", f"jobs/query/{_job(org)}").json()
    _set(org, bulk_query_ends="Aborted")
    aborted = _job(org)
    refused = org.call("GET", f"jobs/query/{aborted}/results")

    assert states == ["InProgress", "InProgress", "JobComplete", "JobComplete"]
    assert (failed["state"], bool(failed["errorMessage"])) == ("Failed", True)
    assert org.call("GET", f"jobs/query/{aborted}").json()["state"] == "Aborted"
    assert refused.json()[0]["errorCode"] == "INVALIDJOBSTATE"


def test_a_result_comes_in_parts_and_a_locator_may_break(org: Any) -> None:
    _loaded(org, 25)
    _set(org, bulk_part=10, bulk_part_breaks=2)
    job = _job(org)
    parts = [_lines(org, job), _lines(org, job, locator=10)]
    broken = org.call("GET", f"jobs/query/{job}/results?locator=20")

    assert [len(part) for part in parts] == [10, 10]
    assert broken.json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"
    assert len(_lines(org, job, locator=20)) == 5


def test_a_result_may_come_in_an_order_of_its_own_that_never_changes(org: Any) -> None:
    _loaded(org, 25)
    asked = _lines(org, _job(org))
    _set(org, bulk_order_seed=4)
    job = _job(org)

    shuffled = _lines(org, job)

    assert shuffled != asked
    assert sorted(shuffled) == sorted(asked)
    assert _lines(org, job) == shuffled == _lines(org, _job(org))


def test_an_object_may_be_refused_to_bulk(org: Any) -> None:
    _set(org, bulk_query_refused=["Account"])

    answer = org.call("POST", "jobs/query", {"operation": "query", "query": "SELECT Id FROM Account"})

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "INVALIDENTITY")


def test_whole_numbers_may_come_without_a_fraction(org: Any) -> None:
    org.deal(Amount=100)
    soql = "SELECT Amount FROM Opportunity"
    with_fraction = _lines(org, _job(org, soql))
    _set(org, bulk_numbers="plain")

    assert (with_fraction, _lines(org, _job(org, soql))) == (['"100.0"'], ['"100"'])


@pytest.mark.parametrize(
    ("action", "when"),
    [
        ("truncate", "after_answer"),
        ({"kind": "truncate", "keep": 7}, "after_answer"),
        ("drop", "before"),
        ({"kind": "status", "code": 401, "body": [{"errorCode": "INVALID_SESSION_ID", "message": "x"}]}, "before"),
    ],
)
def test_any_part_of_a_result_may_break_off_or_be_refused(org: Any, action: Any, when: str) -> None:
    _loaded(org, 25)
    job = _job(org)
    rule = {"vendor": "salesforce", "endpoint": "bulk.query.results", "nth": 1, "action": action, "when": when}
    org.world.faults.add(Rule.model_validate(rule))

    broken: Any = None
    try:
        broken = org.call("GET", f"jobs/query/{job}/results")
        whole = broken.status_code == 200
    except OSError:
        whole = False

    assert not whole
    assert len(_lines(org, job)) == 25
