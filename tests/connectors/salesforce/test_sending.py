"""Writing to Salesforce: calls, locks, duplicates, what a refusal says, and tasks that come once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from connectors.base import TaskDraft
from connectors.salesforce.connector import SalesforceConnector
from partnersync.changes import Outcome, Write
from partnersync.errors import QuotaError, UnauthorizedError
from partnersync.ids import Ref
from partnersync.records import FieldSchema
from tests.connectors.contract import statuses
from tests.connectors.salesforce.conftest import KEY_FIELD, SalesforceWorld

DEAL: dict[str, str | None] = {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-09-30"}


@pytest.fixture
def connector(world: SalesforceWorld) -> SalesforceConnector:
    return world.connect()


def write(id_: str, key: str = "", object_: str = "Opportunity", **fields: str | None) -> Write:
    return Write(key or f"ps-{id_}", Ref("salesforce", "00D000000000001EAA", object_, id_), fields)


def task(about: str, key: str, **more: object) -> TaskDraft:
    draft = TaskDraft(key, about, "Opportunity", "Look", "Please.", "2026-12-01", None, "normal")
    return replace(draft, **more)  # type: ignore[arg-type]


def sent(connector: SalesforceConnector, *writes: Write) -> dict[str, Outcome]:
    return {outcome.key: outcome for outcome in connector.send(writes)}


@pytest.mark.parametrize(("count", "calls"), [(200, 1), (201, 1), (1000, 1), (1001, 2)])
def test_a_thousand_writes_are_one_call(
    world: SalesforceWorld, connector: SalesforceConnector, count: int, calls: int
) -> None:
    ids = world.create_tied("Account", [{"Name": f"A{n}"} for n in range(count)])
    connector.describe(["Account"])
    world.forget_calls()

    outcomes = sent(connector, *(write(id_, object_="Account", Phone=f"+{n}") for n, id_ in enumerate(ids)))

    assert set(statuses(outcomes.values()).values()) == {"applied"}
    assert len(outcomes) == count
    assert world.calls() == calls


def test_two_writes_to_one_record_both_arrive_in_their_order(
    world: SalesforceWorld, connector: SalesforceConnector
) -> None:
    id_ = world.create("Opportunity", DEAL)

    outcomes = sent(
        connector,
        write(id_, "ps-1", Partner_Note__c="first", Partner_Score__c="1"),
        write(id_[:15], "ps-2", Partner_Note__c="second"),
    )

    assert statuses(outcomes.values()) == {"ps-1": "applied", "ps-2": "applied"}
    held = world.read("Opportunity", id_)
    assert (held["Partner_Note__c"], held["Partner_Score__c"]) == ("second", 1)


def test_a_locked_record_is_sent_again_alone(world: SalesforceWorld, connector: SalesforceConnector) -> None:
    ids = world.create_tied("Opportunity", [DEAL] * 5)
    world.fault(when="record", nth=2, action={"kind": "record_error", "code": "UNABLE_TO_LOCK_ROW"})
    connector.describe(["Opportunity"])
    world.forget_calls()

    outcomes = sent(connector, *(write(id_, Partner_Note__c="x") for id_ in ids))

    assert set(statuses(outcomes.values()).values()) == {"applied"}
    assert world.calls() == 2


def test_a_record_that_stays_locked_is_left_for_the_next_cycle(
    world: SalesforceWorld, connector: SalesforceConnector
) -> None:
    (id_,) = world.create_tied("Opportunity", [DEAL])
    world.fault(when="record", times=50, action={"kind": "record_error", "code": "UNABLE_TO_LOCK_ROW"})

    (outcome,) = connector.send([write(id_, Partner_Note__c="x")])

    assert (outcome.status, outcome.code) == ("retry", "UNABLE_TO_LOCK_ROW")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"Nonsense__c": "x"}, "INVALID_FIELD"),
        ({"IsWon": "true"}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ({"Partner_Score__c": "many"}, "INVALID_VALUE"),
        ({"Partner_Score__c": "NaN"}, "INVALID_VALUE"),
        ({"CloseDate": "tomorrow"}, "INVALID_VALUE"),
        ({"Partner_Flag__c": "perhaps"}, "INVALID_VALUE"),
        ({"AccountId": "Acme"}, "INVALID_VALUE"),
        ({"StageName": None}, "REQUIRED_FIELD_MISSING"),
        ({"AccountId": "001000000000000AAA"}, "INVALID_CROSS_REFERENCE_KEY"),
    ],
)
def test_what_salesforce_would_refuse_is_refused_for_that_record_alone(
    world: SalesforceWorld, connector: SalesforceConnector, fields: Mapping[str, str | None], code: str
) -> None:
    bad, good = world.create_tied("Opportunity", [DEAL] * 2)

    outcomes = sent(connector, write(bad, **fields), write(good, Partner_Note__c="fine"))

    assert outcomes[f"ps-{bad}"].status == "rejected"
    assert outcomes[f"ps-{bad}"].code == code
    assert outcomes[f"ps-{bad}"].message
    assert outcomes[f"ps-{good}"].status == "applied"


def test_a_list_that_is_refused_whole_is_halved_until_the_culprit_stands_alone(
    world: SalesforceWorld, connector: SalesforceConnector
) -> None:
    ids = world.create_tied("Opportunity", [DEAL] * 8)
    refusal = [{"errorCode": "JSON_PARSER_ERROR", "message": "Cannot deserialize"}]
    world.fault(endpoint="collections*", times=2, action={"kind": "status", "code": 400, "body": refusal})

    outcomes = sent(connector, *(write(id_, Partner_Note__c="x") for id_ in ids))

    assert set(statuses(outcomes.values()).values()) == {"applied"}
    assert len(outcomes) == 8


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}, QuotaError),
        ({"errorCode": "API_DISABLED_FOR_ORG", "message": "no"}, UnauthorizedError),
    ],
)
def test_what_stops_every_record_is_told_once_after_what_was_done(
    world: SalesforceWorld, connector: SalesforceConnector, body: dict[str, str], error: type[Exception]
) -> None:
    ids = world.create_tied("Account", [{"Name": f"A{n}"} for n in range(1001)])
    connector.describe(["Account"])
    world.fault(writes_only=True, nth=2, action={"kind": "status", "code": 403, "body": [body]})
    outcomes: list[Outcome] = []

    with pytest.raises(error):
        outcomes.extend(connector.send([write(id_, object_="Account", Phone="+1") for id_ in ids]))

    assert not outcomes or {outcome.status for outcome in outcomes} == {"applied"}


def test_outcomes_come_as_calls_are_answered(world: SalesforceWorld, connector: SalesforceConnector) -> None:
    ids = world.create_tied("Account", [{"Name": f"A{n}"} for n in range(1001)])
    connector.describe(["Account"])
    world.forget_calls()

    outcomes = connector.send([write(id_, object_="Account", Phone="+1") for id_ in ids])
    next(outcomes)

    assert world.calls() == 1
    assert len(list(outcomes)) == 1000


def test_the_creation_of_fields_is_left_to_a_person_with_instructions(connector: SalesforceConnector) -> None:
    (outcome,) = connector.create_fields("Opportunity", [FieldSchema("Partner__c", "Partner", "text")])

    assert outcome.status == "rejected"
    assert "Opportunity.Partner__c" in outcome.message
    assert not connector.capabilities.creates_fields


# -- tasks -----------------------------------------------------------------------------------------------------------------


def keyed(world: SalesforceWorld) -> SalesforceConnector:
    world.server.world.salesforce.add_field("Activity", KEY_FIELD)
    return world.connect()


def test_with_the_key_field_the_same_task_put_twice_is_one(world: SalesforceWorld) -> None:
    connector = keyed(world)
    id_ = world.create("Opportunity", DEAL)

    (first,) = connector.put_tasks([task(id_, "ps-1")])
    (second,) = world.connect().put_tasks([task(id_, "ps-1", subject="Look again")])

    assert first.id == second.id
    assert [held["Subject"] for held in world.tasks()] == ["Look again"]
    assert [held["partnersync_key__c"] for held in world.tasks()] == ["ps-1"]
    assert [held["Description"] for held in world.tasks()] == ["Please."]


def test_with_the_key_field_a_lost_answer_is_settled_at_once(world: SalesforceWorld) -> None:
    connector = keyed(world)
    id_ = world.create("Opportunity", DEAL)
    world.lose_next_write("after_commit")

    (outcome,) = connector.put_tasks([task(id_, "ps-1")])

    assert outcome.status == "applied"
    assert [held["Id"] for held in world.tasks()] == [outcome.id]


def test_without_it_a_creation_is_sent_once_and_its_key_stands_in_the_text(
    world: SalesforceWorld, connector: SalesforceConnector
) -> None:
    id_ = world.create("Opportunity", DEAL)
    world.lose_next_write("before_commit")
    world.forget_calls()

    (outcome,) = connector.put_tasks([task(id_, "ps-1")])
    missing = connector.find_tasks([task(id_, "ps-1")])
    list(connector.put_tasks([task(id_, "ps-1")]))

    assert outcome.status == "unknown"
    assert missing == {}
    assert [held["Description"] for held in world.tasks()] == ["Please.\n[partnersync:ps-1]"]


def test_of_twins_the_elder_is_ours(world: SalesforceWorld, connector: SalesforceConnector) -> None:
    id_ = world.create("Opportunity", DEAL)
    (first,) = connector.put_tasks([task(id_, "ps-1")])
    list(connector.put_tasks([task(id_, "ps-1")]))

    assert connector.find_tasks([task(id_, "ps-1")])["ps-1"].ref.id == first.id


def test_closing_leaves_what_a_person_wrote(world: SalesforceWorld, connector: SalesforceConnector) -> None:
    id_ = world.create("Opportunity", DEAL)
    (made,) = connector.put_tasks([task(id_, "ps-1")])
    assert made.id is not None
    world.edit("Task", made.id, {"Subject": "Call Kim", "Description": "mine\n[partnersync:ps-1]\nmore"})

    list(connector.put_tasks([task(id_, "ps-1", id=made.id, done=True)]))

    (held,) = world.tasks()
    assert (held["Subject"], held["Status"], held["IsClosed"]) == ("Call Kim", "Completed", True)
    assert connector.find_tasks([task(id_, "ps-1")])["ps-1"].values["body"] == "mine\nmore"


def test_a_task_that_a_person_deleted_is_not_found(world: SalesforceWorld, connector: SalesforceConnector) -> None:
    id_ = world.create("Opportunity", DEAL)
    (made,) = connector.put_tasks([task(id_, "ps-1")])
    assert made.id is not None
    world.delete("Task", made.id)

    assert connector.find_tasks([task(id_, "ps-1")]) == {}
    (outcome,) = connector.put_tasks([task(id_, "ps-1", id=made.id, subject="Again")])
    assert outcome.status == "rejected"


def test_a_long_subject_and_body_are_cut_to_what_fits(world: SalesforceWorld) -> None:
    connector = keyed(world)
    id_ = world.create("Opportunity", DEAL)

    (outcome,) = connector.put_tasks([task(id_, "ps-1", subject="s" * 400, body="b" * 40_000)])

    (held,) = world.tasks()
    assert outcome.status == "applied"
    assert (len(str(held["Subject"])), len(str(held["Description"]))) == (255, 32_000)


def test_a_long_body_does_not_push_the_key_out(world: SalesforceWorld, connector: SalesforceConnector) -> None:
    id_ = world.create("Opportunity", DEAL)

    list(connector.put_tasks([task(id_, "ps-1", body="b" * 40_000)]))

    assert list(connector.find_tasks([task(id_, "ps-1")])) == ["ps-1"]


def test_a_task_may_be_about_an_account(world: SalesforceWorld, connector: SalesforceConnector) -> None:
    account = world.create("Account", {"Name": "Acme"})
    draft = task(account, "ps-1", about_object="Account", priority="low", owner=world.writer())

    list(connector.put_tasks([draft]))

    (held,) = world.tasks()
    assert (held["WhatId"], held["Priority"], held["OwnerId"]) == (account, "Low", world.writer())
    assert held["ActivityDate"] == "2026-12-01"
    assert connector.find_tasks([draft])["ps-1"].stamp <= datetime.now(UTC)
