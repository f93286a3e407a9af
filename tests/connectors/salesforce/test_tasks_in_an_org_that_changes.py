"""Our tasks in an org that gets a key field later, or calls its statuses what it likes."""

from __future__ import annotations

import pytest

from connectors.salesforce.connector import SalesforceConnector
from tests.connectors.contract import statuses
from tests.connectors.salesforce.conftest import KEY_FIELD, SalesforceWorld
from tests.connectors.salesforce.test_sending import DEAL, task


@pytest.fixture
def deal(world: SalesforceWorld) -> str:
    return world.create("Opportunity", DEAL)


def put_before_the_field(world: SalesforceWorld, deal: str, *keys: str) -> dict[str, str]:
    """Tasks with their key in the text alone, in an org that has the field by now; their ids by key."""
    made = {each.key: str(each.id) for each in world.connect().put_tasks([task(deal, key) for key in keys])}
    world.server.world.salesforce.add_field("Activity", KEY_FIELD)
    return made


# -- a key field that came later ---------------------------------------------------------------------------------------------


def test_a_task_from_before_the_key_field_is_found_where_none_may_be_missed(world: SalesforceWorld, deal: str) -> None:
    made = put_before_the_field(world, deal, "ps-there", "ps-gone")
    world.delete("Task", made["ps-gone"])
    connector = world.connect()
    (new,) = connector.put_tasks([task(deal, "ps-new")])
    drafts = [task(deal, key) for key in ("ps-there", "ps-gone", "ps-new", "ps-never")]

    found = connector.find_tasks(drafts, deleted_too=True)

    assert {key: (record.ref.id, record.life) for key, record in found.items()} == {
        "ps-there": (made["ps-there"], "live"),
        "ps-gone": (made["ps-gone"], "deleted"),
        "ps-new": (new.id, "live"),
    }
    assert found["ps-there"].values["body"] == "Please."


def test_one_that_is_known_to_be_there_is_not_taken_for_deleted(world: SalesforceWorld, deal: str) -> None:
    made = put_before_the_field(world, deal, "ps-1")

    found = world.connect().find_tasks([task(deal, "ps-1", id=made["ps-1"])])

    assert found["ps-1"].ref.id == made["ps-1"]


def test_where_all_are_found_by_their_key_nothing_else_is_asked(world: SalesforceWorld, deal: str) -> None:
    world.server.world.salesforce.add_field("Activity", KEY_FIELD)
    connector = world.connect()
    list(connector.put_tasks([task(deal, "ps-1")]))
    world.forget_calls()

    assert list(connector.find_tasks([task(deal, "ps-1")], deleted_too=True)) == ["ps-1"]
    assert world.calls() == 1


def test_its_next_update_gives_it_its_key(world: SalesforceWorld, deal: str) -> None:
    made = put_before_the_field(world, deal, "ps-1")
    connector = world.connect()

    (outcome,) = connector.put_tasks([task(deal, "ps-1", id=made["ps-1"], subject="Look again")])

    (held,) = world.tasks()
    assert outcome.status == "applied"
    assert (held["Subject"], held["Description"], held["partnersync_key__c"]) == ("Look again", "Please.", "ps-1")
    assert connector.find_tasks([task(deal, "ps-1")])["ps-1"].ref.id == made["ps-1"]


def test_one_whose_key_a_twin_holds_is_updated_all_the_same(world: SalesforceWorld, deal: str) -> None:
    made = put_before_the_field(world, deal, "ps-1")
    connector = world.connect()
    (twin,) = connector.put_tasks([task(deal, "ps-1")])

    (outcome,) = connector.put_tasks([task(deal, "ps-1", id=made["ps-1"], subject="Look again")])

    assert (outcome.status, outcome.id) == ("applied", made["ps-1"])
    assert {held["Id"]: held["Subject"] for held in world.tasks()} == {made["ps-1"]: "Look again", twin.id: "Look"}


def test_closing_one_leaves_its_text_and_it_is_still_found(world: SalesforceWorld, deal: str) -> None:
    made = put_before_the_field(world, deal, "ps-1")
    connector = world.connect()
    closing = task(deal, "ps-1", id=made["ps-1"], done=True)

    list(connector.put_tasks([closing]))

    (held,) = world.tasks()
    assert (held["IsClosed"], held["Description"]) == (True, "Please.\n[partnersync:ps-1]")
    assert connector.find_tasks([closing])["ps-1"].values["done"] is True


def test_of_two_keys_in_one_task_the_field_s_counts(world: SalesforceWorld, deal: str) -> None:
    world.server.world.salesforce.add_field("Activity", KEY_FIELD)
    connector = world.connect()
    list(connector.put_tasks([task(deal, "ps-1", body="copied:\n[partnersync:ps-2]")]))

    found = connector.find_tasks([task(deal, "ps-1"), task(deal, "ps-2")], deleted_too=True)

    assert {key: record.values["body"] for key, record in found.items()} == {"ps-1": "copied:\n[partnersync:ps-2]"}


# -- statuses ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def own_words(world: SalesforceWorld) -> SalesforceConnector:
    world.set(task_statuses=(("Open", False), ("Waiting", False), ("Done", True), ("Dropped", True)))
    return world.connect()


def test_what_closes_a_task_is_asked_once_and_before_anything_is_sent(
    world: SalesforceWorld, own_words: SalesforceConnector, deal: str
) -> None:
    keys = [f"ps-{n}" for n in range(5)]
    made = {each.key: each.id for each in own_words.put_tasks([task(deal, key) for key in keys])}
    closing = [task(deal, key, id=made[key], done=True) for key in keys]
    own_words.prepare_tasks(closing)
    world.forget_calls()

    outcomes = list(own_words.put_tasks(closing[:3]))
    own_words.prepare_tasks(closing[3:])
    outcomes += own_words.put_tasks(closing[3:])

    assert set(statuses(outcomes).values()) == {"applied"}
    assert {held["Status"] for held in world.tasks()} == {"Done"}
    assert world.calls() == 2


def test_it_is_asked_again_once_task_was_described_anew(
    world: SalesforceWorld, own_words: SalesforceConnector, deal: str
) -> None:
    first, second = (str(each.id) for each in own_words.put_tasks([task(deal, "ps-1"), task(deal, "ps-2")]))
    list(own_words.put_tasks([task(deal, "ps-1", id=first, done=True)]))
    world.set(task_statuses=(("Open", False), ("Done", False), ("Settled", True)))
    own_words.describe(["Task"])

    list(own_words.put_tasks([task(deal, "ps-2", id=second, done=True)]))

    assert world.read("Task", second)["Status"] == "Settled"


def test_nothing_is_asked_where_completed_is_a_word(world: SalesforceWorld, deal: str) -> None:
    connector = world.connect()
    (made,) = connector.put_tasks([task(deal, "ps-1")])
    world.forget_calls()

    connector.prepare_tasks([task(deal, "ps-1", id=made.id, done=True)])

    assert world.calls() == 0
