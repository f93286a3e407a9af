"""A task comes once and is found again, with and without a unique property for its key."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from connectors.base import TaskDraft
from partnersync.records import FieldSchema

KEYED = {"name": "partnersync_key", "type": "string", "hasUniqueValue": True}


@pytest.fixture(params=[False, True], ids=["marker line", "unique property"])
def office(request: pytest.FixtureRequest, portal: Any) -> Any:
    """A portal, with and without the unique property."""
    if request.param:
        portal.server.world.hubspot.add_field("tasks", KEYED)
    return portal


def draft(portal: Any, about: str, key: str = "ps-1", object_: str = "deals", **more: Any) -> TaskDraft:
    given = TaskDraft(
        key=key,
        about=about,
        about_object=object_,
        subject="Confirm the partner on Acme & Sons",
        body="Is it <Globex>?\n\nSet the field, or close this task.",
        due_on="2026-12-01",
        owner=portal.owner,
        priority="normal",
    )
    return replace(given, **more)


def deal(portal: Any) -> str:
    made: str = portal.create("deals", {"dealname": "Deal", "dealstage": "qualifiedtobuy"})
    return made


@pytest.mark.parametrize("object_", ["deals", "companies"])
def test_a_task_hangs_on_its_record(office: Any, object_: str) -> None:
    about = deal(office) if object_ == "deals" else office.create("companies", {"name": "Acme"})
    (made,) = office.connect().put_tasks([draft(office, about, object_=object_)])

    answer = office.http("POST", f"/crm/v4/associations/{object_}/tasks/batch/read", {"inputs": [{"id": about}]})

    assert [str(each["toObjectId"]) for each in answer["results"][0]["to"]] == [made.id]


@pytest.mark.parametrize("timezone", ["US/Eastern", "Pacific/Auckland", "Pacific/Honolulu", "UTC"])
def test_texts_and_the_due_day_come_back_as_they_were_given(office: Any, timezone: str) -> None:
    office.set(timezone=timezone)
    given = draft(office, deal(office))
    connector = office.connect()
    list(connector.put_tasks([given]))

    values = connector.find_tasks([given])["ps-1"].values

    assert (values["subject"], values["body"], values["due_on"]) == (given.subject, given.body, given.due_on)


def test_tasks_of_several_objects_are_made_in_one_call(office: Any) -> None:
    company = office.create("companies", {"name": "Acme"})
    drafts = [draft(office, deal(office), f"ps-d{n}") for n in range(30)]
    drafts += [draft(office, company, f"ps-c{n}", object_="companies") for n in range(70)]
    office.forget_calls()

    outcomes = list(office.connect().put_tasks(drafts))

    assert {each.status for each in outcomes} == {"applied"}
    assert office.server.world.counters.total("hubspot", "batch.create.tasks") == 1


def test_a_task_that_a_person_rewrote_is_still_found_by_its_id(office: Any) -> None:
    given = draft(office, deal(office))
    connector = office.connect()
    (made,) = connector.put_tasks([given])
    office.edit("tasks", made.id, {"hs_task_body": "done by phone", "hs_task_status": "COMPLETED"})

    values = connector.find_tasks([replace(given, id=made.id)])["ps-1"].values

    assert (values["body"], values["done"]) == ("done by phone", True)


def test_a_deleted_task_is_not_found(office: Any) -> None:
    given = draft(office, deal(office))
    connector = office.connect()
    (made,) = connector.put_tasks([given])
    office.delete("tasks", made.id)

    assert connector.find_tasks([given, replace(given, id=made.id)]) == {}


def test_tasks_of_others_and_of_other_keys_are_left_alone(office: Any) -> None:
    about = deal(office)
    connector = office.connect()
    list(connector.put_tasks([draft(office, about, "ps-1"), draft(office, about, "ps-2")]))
    office.create("tasks", {"hs_task_subject": "Call them", "hs_timestamp": "2026-12-01T00:00:00Z"})

    assert set(connector.find_tasks([draft(office, about, "ps-2")])) == {"ps-2"}


def test_a_record_with_many_tasks_pages_and_every_one_is_found(office: Any) -> None:
    office.set(association_page_size=2)
    about = deal(office)
    drafts = [draft(office, about, f"ps-{n}") for n in range(7)]
    connector = office.connect()
    list(connector.put_tasks(drafts))

    assert set(connector.find_tasks(drafts)) == {one.key for one in drafts}


def test_with_a_unique_property_a_second_creation_ends_in_the_first(portal: Any) -> None:
    portal.server.world.hubspot.add_field("tasks", KEYED)
    given = draft(portal, deal(portal))
    connector = portal.connect()

    outcomes = [*connector.put_tasks([given]), *portal.connect().put_tasks([given])]

    assert [one.status for one in outcomes] == ["applied", "applied"]
    assert outcomes[0].id == outcomes[1].id
    assert len(portal.tasks()) == 1


def test_without_it_a_creation_without_an_answer_is_sent_once_and_told_as_unknown(portal: Any) -> None:
    given = draft(portal, deal(portal))
    connector = portal.connect()
    portal.fault(endpoint="batch.create.tasks", nth=1, when="after_commit", action="html_503")

    (outcome,) = connector.put_tasks([given])

    assert outcome.status == "unknown"
    assert len(portal.tasks()) == 1


def test_two_tasks_of_one_key_show_the_older_one(portal: Any) -> None:
    given = draft(portal, deal(portal))
    connector = portal.connect()
    first, second = [*connector.put_tasks([given]), *connector.put_tasks([given])]

    found = connector.find_tasks([given])["ps-1"]

    assert first.id != second.id
    assert found.ref.id == first.id


def test_an_owner_that_hubspot_refuses_rejects_that_task_alone(office: Any) -> None:
    about = deal(office)
    drafts = [draft(office, about, "ps-1"), draft(office, about, "ps-2", owner="999")]

    outcomes = {one.key: one for one in office.connect().put_tasks(drafts)}

    assert (outcomes["ps-1"].status, outcomes["ps-2"].status) == ("applied", "rejected")
    assert outcomes["ps-2"].code == "INVALID_OWNER_ID"


def test_an_object_that_takes_no_tasks_keeps_none_from_the_others(office: Any) -> None:
    drafts = [draft(office, deal(office), "ps-1"), draft(office, "1", "ps-2", object_="butterflies")]

    outcomes = {one.key: one.status for one in office.connect().put_tasks(drafts)}

    assert outcomes == {"ps-1": "applied", "ps-2": "rejected"}


def test_tasks_that_could_not_even_be_prepared_are_left_for_later(office: Any) -> None:
    drafts = [draft(office, "1", "ps-1"), draft(office, "2", "ps-2", id="7")]

    outcomes = {one.key: one.status for one in office.connect(url="http://127.0.0.1:1").put_tasks(drafts)}

    assert outcomes == {"ps-1": "retry", "ps-2": "retry"}


def test_the_property_for_the_key_can_be_made_by_us(portal: Any) -> None:
    connector = portal.connect()
    made = list(connector.create_fields("tasks", [FieldSchema("partnersync_key", "Key", "text", unique=True)]))
    given = draft(portal, deal(portal))

    outcomes = [*connector.put_tasks([given]), *connector.put_tasks([given])]

    assert [one.status for one in made] == ["applied"]
    assert len({one.id for one in outcomes}) == 1
    assert portal.tasks()[0]["partnersync_key"] == "ps-1"


@pytest.mark.parametrize("count", [1, 40])
def test_tasks_are_told_apart_in_an_answer_that_names_no_trace_ids(office: Any, count: int) -> None:
    """The recorded answers name none, and come in an order of their own: the key in the task itself says which it is."""
    office.set(trace_ids_in_results=False)
    about, connector = deal(office), office.connect()
    drafts = [draft(office, about, f"ps-{n}&") for n in range(count)]

    outcomes = list(connector.put_tasks(drafts))

    found = connector.find_tasks(drafts)
    assert {each.status for each in outcomes} == {"applied"}
    assert {each.key: each.id for each in outcomes} == {key: one.ref.id for key, one in found.items()}
    assert len(found) == count == len(office.tasks())


def test_a_task_that_is_refused_is_told_though_results_name_no_trace_ids(office: Any) -> None:
    office.set(trace_ids_in_results=False)
    about, connector = deal(office), office.connect()
    drafts = [draft(office, about, "ps-1"), draft(office, about, "ps-2", owner="0"), draft(office, about, "ps-3")]

    outcomes = {each.key: each.status for each in connector.put_tasks(drafts)}

    assert outcomes == {"ps-1": "applied", "ps-2": "rejected", "ps-3": "applied"}
