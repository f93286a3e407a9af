"""The statuses of tasks: a switch names them, TaskStatus lists them, and which of them are closed decides IsClosed."""

from pathlib import Path
from typing import Any

import pytest

from sandbox.world import World

GERMAN = [["Nicht begonnen", False], ["In Arbeit", False], ["Erledigt", True], ["Abgesagt", True]]


@pytest.fixture
def german(org: Any) -> Any:
    org.world.settings.update("salesforce", {"task_statuses": GERMAN})
    return org


def _status_field(org: Any) -> dict[str, Any]:
    fields = org.call("GET", "sobjects/Task/describe").json()["fields"]
    return dict(next(field for field in fields if field["name"] == "Status"))


def _rows(org: Any, condition: str = "Id != null") -> list[tuple[Any, ...]]:
    names = ("ApiName", "MasterLabel", "SortOrder", "IsClosed", "IsDefault")
    soql = f"SELECT Id, {', '.join(names)} FROM TaskStatus WHERE {condition} ORDER BY SortOrder"  # noqa: S608
    return [tuple(row[name] for name in names) for row in org.query(soql)["records"]]


def test_a_new_org_knows_five_statuses_of_which_one_is_closed(org: Any) -> None:
    assert _rows(org) == [
        ("Not Started", "Not Started", 1, False, True),
        ("In Progress", "In Progress", 2, False, False),
        ("Completed", "Completed", 3, True, False),
        ("Waiting on someone else", "Waiting on someone else", 4, False, False),
        ("Deferred", "Deferred", 5, False, False),
    ]


def test_the_rows_follow_the_switch(german: Any) -> None:
    assert _rows(german, "IsClosed = true") == [
        ("Erledigt", "Erledigt", 3, True, False),
        ("Abgesagt", "Abgesagt", 4, True, False),
    ]
    assert len(_rows(german)) == 4
    assert len(german.world.salesforce.dump("TaskStatus", stamps=True)) == 4


def test_a_status_that_stays_keeps_its_id(org: Any) -> None:
    before = org.query("SELECT Id FROM TaskStatus WHERE ApiName = 'Completed'")["records"][0]["Id"]
    org.world.settings.update("salesforce", {"task_statuses": [["Open", False], ["Completed", True]]})

    rows = org.query("SELECT Id FROM TaskStatus ORDER BY SortOrder")["records"]
    assert rows[1]["Id"] == before != rows[0]["Id"]
    assert org.get("TaskStatus", before)["SortOrder"] == 2


def test_the_rows_outlive_a_restart_with_their_ids(tmp_path: Path) -> None:
    ids = []
    for _ in range(2):
        world = World.open(tmp_path / "world.db")
        ids.append([row["Id"] for row in world.salesforce.dump("TaskStatus", stamps=False)])
        world.close()

    assert ids[0] == ids[1] != []


def test_the_rows_are_read_only(org: Any) -> None:
    about = org.call("GET", "sobjects/TaskStatus/describe").json()
    refused = org.call("POST", "sobjects/TaskStatus", {"MasterLabel": "Mine"})

    assert (about["queryable"], about["createable"], about["updateable"], about["deletable"]) == (True, *[False] * 3)
    assert refused.status_code == 405


def test_describe_lists_the_statuses_and_the_first_is_the_default(german: Any) -> None:
    status = _status_field(german)

    assert [choice["value"] for choice in status["picklistValues"]] == [label for label, _ in GERMAN]
    assert [choice["value"] for choice in status["picklistValues"] if choice["defaultValue"]] == ["Nicht begonnen"]
    assert german.get("Task", german.create("Task", Subject="Call"))["Status"] == "Nicht begonnen"


def test_what_is_closed_is_for_the_statuses_to_say(german: Any) -> None:
    task = german.create("Task", Subject="Call", Status="Completed")
    assert german.get("Task", task)["IsClosed"] is False

    german.call("PATCH", f"sobjects/Task/{task}", {"Status": "erledigt"})

    done = german.get("Task", task)
    assert (done["IsClosed"], done["CompletedDateTime"]) == (True, "2026-03-05T12:00:00.000+0000")
    german.call("PATCH", f"sobjects/Task/{task}", {"Status": "In Arbeit"})
    assert (german.get("Task", task)["IsClosed"], german.get("Task", task)["CompletedDateTime"]) == (False, None)


def test_people_and_loaded_rows_go_by_the_statuses_too(german: Any) -> None:
    org = german.world.salesforce
    loaded = org.load("Task", [{"Subject": "a", "Status": "Abgesagt"}, {"Subject": "b"}])
    made = org.create("Task", {"Subject": "c", "Status": "Erledigt"}, "Kim Lee")

    tasks = [german.get("Task", one) for one in (*loaded, made)]
    assert [(task["Status"], task["IsClosed"]) for task in tasks] == [
        ("Abgesagt", True),
        ("Nicht begonnen", False),
        ("Erledigt", True),
    ]


def test_tasks_already_there_are_closed_as_their_status_now_is(org: Any) -> None:
    task = org.create("Task", Subject="Call", Status="Deferred")
    stamp = org.get("Task", task)["SystemModstamp"]
    org.world.clock.move(60)
    org.world.settings.update("salesforce", {"task_statuses": [["Not Started", False], ["Deferred", True]]})

    now = org.get("Task", task)
    assert (now["IsClosed"], now["SystemModstamp"]) == (True, stamp)


@pytest.mark.parametrize("wrong", [[], [["Open"]], "Open"])
def test_statuses_that_are_none_or_no_pairs_are_refused(org: Any, wrong: Any) -> None:
    with pytest.raises(ValueError, match="task_statuses"):
        org.world.settings.update("salesforce", {"task_statuses": wrong})
