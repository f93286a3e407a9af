"""Writing to an org that is hard to write to: no collections in composites, poison, duplicate rules, people who are faster."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from connectors.base import TaskDraft
from connectors.salesforce.connector import SalesforceConnector
from partnersync.changes import Outcome, Write
from partnersync.ids import Ref
from tests.connectors.contract import statuses
from tests.connectors.salesforce.conftest import KEY_FIELD, SalesforceWorld

DEAL: dict[str, str | None] = {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-09-30"}
EXPIRED = [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}]


@pytest.fixture
def connector(world: SalesforceWorld) -> SalesforceConnector:
    return world.connect()


def write(id_: str, object_: str = "Opportunity", *, strict: bool = False, **fields: str | None) -> Write:
    return Write(f"ps-{id_}", Ref("salesforce", "00D000000000001EAA", object_, id_), fields, strict=strict)


def sent(connector: SalesforceConnector, writes: Sequence[Write]) -> dict[str, Outcome]:
    return {outcome.key.removeprefix("ps-"): outcome for outcome in connector.send(writes)}


def accounts(world: SalesforceWorld, count: int) -> list[str]:
    return list(world.create_tied("Account", [{"Name": f"A{n}"} for n in range(count)]))


@pytest.mark.parametrize("refusal", ["call_refused", "part_refused"])
def test_an_org_that_takes_no_collections_in_composites_is_asked_once(
    world: SalesforceWorld, connector: SalesforceConnector, refusal: str
) -> None:
    world.set(composite_collections=refusal)
    ids = accounts(world, 600)
    connector.describe(["Account"])
    calls = []

    for turn in range(2):
        world.forget_calls()
        outcomes = sent(connector, [write(id_, "Account", Phone=f"+{turn}") for id_ in ids])
        calls.append(world.calls())
        assert set(statuses(outcomes.values()).values()) == {"applied"}
        assert len(outcomes) == 600

    assert calls == [4, 3]
    assert connector.capabilities.batch == 200


def test_an_org_that_takes_them_is_not_suspected_for_one_poisoned_list(
    world: SalesforceWorld, connector: SalesforceConnector
) -> None:
    ids = accounts(world, 400)
    connector.describe(["Account"])
    refusal = [{"errorCode": "JSON_PARSER_ERROR", "message": "Cannot deserialize"}]
    world.fault(endpoint="composite", action={"kind": "status", "code": 400, "body": refusal})
    world.fault(endpoint="collections*", action={"kind": "status", "code": 400, "body": refusal})
    sent(connector, [write(id_, "Account", Phone="+1") for id_ in ids])

    world.forget_calls()
    outcomes = sent(connector, [write(id_, "Account", Phone="+2") for id_ in ids])

    assert len(outcomes) == 400
    assert world.calls() == 1


def test_objects_share_a_collection_in_runs_of_one_object_each(
    world: SalesforceWorld, connector: SalesforceConnector
) -> None:
    customers = accounts(world, 60)
    deals = world.create_tied("Opportunity", [DEAL] * 60)
    connector.describe(["Account", "Opportunity"])
    writes = [
        each
        for customer, deal in zip(customers, deals, strict=True)
        for each in (write(customer, "Account", Phone="+1"), write(deal, Partner_Note__c="x"))
    ]
    world.forget_calls()

    outcomes = sent(connector, writes)

    assert set(statuses(outcomes.values()).values()) == {"applied"}
    assert (len(outcomes), world.calls()) == (120, 1)


def test_records_of_one_account_are_sent_side_by_side(world: SalesforceWorld, connector: SalesforceConnector) -> None:
    first, second = accounts(world, 2)
    owners = [second, first, second, first]
    deals = world.create_tied("Opportunity", [{**DEAL, "AccountId": owner} for owner in owners])
    connector.fetch("Opportunity", deals, ["Partner_Note__c"])
    world.fault(when="record", times=2, action={"kind": "record_error", "code": "FIELD_CUSTOM_VALIDATION_EXCEPTION"})

    outcomes = sent(connector, [write(deal, Partner_Note__c="x") for deal in deals])

    refused = {owner for owner, deal in zip(owners, deals, strict=True) if outcomes[deal].status == "rejected"}
    assert refused == {first}


def test_what_was_read_for_its_parent_is_not_told(world: SalesforceWorld, connector: SalesforceConnector) -> None:
    (account,) = accounts(world, 1)
    (deal,) = world.create_tied("Opportunity", [{**DEAL, "AccountId": account}])

    assert set(connector.fetch("Opportunity", [deal], ["Name"])[deal].values) == {"Name"}
    assert connector.fetch("Opportunity", [deal], ["AccountId"])[deal].values == {"AccountId": account}


def test_a_poison_record_among_two_hundred_leaves_the_others_written(
    world: SalesforceWorld, connector: SalesforceConnector
) -> None:
    ids = accounts(world, 200)
    code = "FIELD_CUSTOM_VALIDATION_EXCEPTION"
    fault = {"kind": "record_error", "code": code, "message": "Phone numbers begin with a plus."}
    world.fault(when="record", nth=77, action=fault)
    connector.describe(["Account"])
    world.forget_calls()

    outcomes = sent(connector, [write(id_, "Account", Phone="+1") for id_ in ids])

    (poison,) = (id_ for id_, outcome in outcomes.items() if outcome.status != "applied")
    assert (outcomes[poison].status, outcomes[poison].code) == ("rejected", code)
    assert outcomes[poison].message == "Phone numbers begin with a plus."
    assert [row["Phone"] for row in world.server.world.salesforce.dump("Account", False)].count("+1") == 199
    assert world.calls() == 1


# -- duplicate rules -------------------------------------------------------------------------------------------------------


def test_what_a_duplicate_rule_refuses_is_that_writes_outcome(
    world: SalesforceWorld, connector: SalesforceConnector
) -> None:
    held, twin, other = accounts(world, 3)
    world.edit("Account", held, {"Phone": "+1"})
    world.set(duplicate_rules=(("Account", "Phone"),))

    outcomes = sent(connector, [write(twin, "Account", Phone="+1"), write(other, "Account", Phone="+2")])

    assert (outcomes[twin].status, outcomes[twin].code) == ("rejected", "DUPLICATES_DETECTED")
    assert "Standard_Account_Duplicate_Rule" in outcomes[twin].message
    assert outcomes[other].status == "applied"


@pytest.mark.parametrize("count", [1, 300])
def test_it_is_saved_all_the_same_where_the_settings_say_so_even_after_a_new_sign_in(
    world: SalesforceWorld, count: int
) -> None:
    connector = world.connect(duplicates="save")
    held, *twins = accounts(world, count + 1)
    world.edit("Account", held, {"Phone": "+1"})
    world.set(duplicate_rules=(("Account", "Phone"),))
    connector.describe(["Account"])
    world.fault(writes_only=True, action={"kind": "status", "code": 401, "body": EXPIRED})

    outcomes = sent(connector, [write(twin, "Account", Phone="+1") for twin in twins])

    assert set(statuses(outcomes.values()).values()) == {"applied"}
    assert len(outcomes) == count


# -- the strict policy -----------------------------------------------------------------------------------------------------


def test_a_strict_write_leaves_a_record_that_was_modified_since_it_was_read(
    world: SalesforceWorld, connector: SalesforceConnector
) -> None:
    clock = world.server.world.clock
    clock.freeze()
    moved, still, free = world.create_tied("Opportunity", [DEAL] * 3)
    connector.fetch("Opportunity", [moved, still, free], ["Partner_Note__c"])
    clock.move(2)
    for each in (moved, free):
        world.edit("Opportunity", each, {"NextStep": "call Kim"})

    outcomes = sent(
        connector,
        [write(each, strict=each != free, Partner_Note__c="mine") for each in (moved, still, free)],
    )

    assert {each: outcomes[each].status for each in (moved, still, free)} == {
        moved: "conflict",
        still: "applied",
        free: "applied",
    }
    assert world.read("Opportunity", moved)["Partner_Note__c"] is None
    assert "modified" in outcomes[moved].message


def test_strict_writes_go_twenty_five_in_a_call_and_one_refusal_stays_alone(
    world: SalesforceWorld, connector: SalesforceConnector
) -> None:
    ids = accounts(world, 60)
    connector.fetch("Account", ids, ["Phone"])
    world.fault(when="record", nth=30, action={"kind": "record_error", "code": "FIELD_INTEGRITY_EXCEPTION"})
    world.fault(when="record", nth=40, action={"kind": "record_error", "code": "UNABLE_TO_LOCK_ROW"})
    world.forget_calls()

    outcomes = sent(connector, [write(id_, "Account", strict=True, Phone="+1") for id_ in ids])

    assert sorted(outcome.status for outcome in outcomes.values()) == ["applied"] * 59 + ["rejected"]
    assert world.calls() == 4


def test_a_strict_write_to_a_record_that_nobody_read_is_not_sent(
    world: SalesforceWorld, connector: SalesforceConnector
) -> None:
    (id_,) = accounts(world, 1)

    (outcome,) = connector.send([write(id_, "Account", strict=True, Phone="+1")])

    assert (outcome.status, outcome.code) == ("rejected", "NOT_READ")
    assert world.read("Account", id_)["Phone"] is None


def test_strict_writes_whose_answer_is_lost_are_unknown(world: SalesforceWorld, connector: SalesforceConnector) -> None:
    ids = accounts(world, 3)
    connector.fetch("Account", ids, ["Phone"])
    world.lose_next_write("after_commit")

    outcomes = sent(connector, [write(id_, "Account", strict=True, Phone="+1") for id_ in ids])

    assert set(statuses(outcomes.values()).values()) == {"unknown"}


# -- a key that is taken -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("subject", ["Look", "Look again"])
def test_a_key_that_a_lost_first_send_has_taken_is_read_and_compared(world: SalesforceWorld, subject: str) -> None:
    world.server.world.salesforce.add_field("Activity", KEY_FIELD)
    connector = world.connect()
    deal = world.create("Opportunity", DEAL)
    draft = TaskDraft("ps-1", deal, "Opportunity", "Look", "Please.", "2026-12-01", None, "normal")
    (first,) = connector.put_tasks([draft])
    world.fault(when="record", action={"kind": "record_error", "code": "DUPLICATE_VALUE"})

    (second,) = connector.put_tasks(
        [TaskDraft("ps-1", deal, "Opportunity", subject, "Please.", "2026-12-01", None, "normal")]
    )

    assert (second.status, second.id) == ("applied", first.id)
    assert [held["Subject"] for held in world.tasks()] == [subject]


def test_a_taken_key_that_nobody_finds_stays_unknown(world: SalesforceWorld) -> None:
    world.server.world.salesforce.add_field("Activity", KEY_FIELD)
    connector = world.connect()
    deal = world.create("Opportunity", DEAL)
    draft = TaskDraft("ps-1", deal, "Opportunity", "Look", "Please.", "2026-12-01", None, "normal")
    world.fault(when="record", action={"kind": "record_error", "code": "DUPLICATE_VALUE"})
    world.surroundings.stop.set()

    (outcome,) = connector.put_tasks([draft])

    assert (outcome.status, outcome.code) == ("unknown", "DUPLICATE_VALUE")
