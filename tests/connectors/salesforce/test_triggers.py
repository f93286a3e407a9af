"""What triggers and a busy server do to the records of a list: some of it passes, and some passes in smaller lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from connectors.salesforce.connector import SalesforceConnector
from partnersync.changes import Outcome
from partnersync.errors import QuotaError
from tests.connectors.contract import statuses
from tests.connectors.salesforce.conftest import SalesforceWorld
from tests.connectors.salesforce.test_sending import task
from tests.connectors.salesforce.test_sending_in_bad_weather import DEAL, accounts, sent, write

TRIGGER = "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
LIMIT = "PartnerTrigger: System.LimitException: Too many SOQL queries: 101"
STACK = "Class.PartnerTriggerHandler.afterUpdate: line 41, column 1 " * 5
LOCK = f"PartnerTrigger: execution of AfterUpdate {STACK} first error: UNABLE_TO_LOCK_ROW, unable to obtain access"
PASSING = (
    *("UNKNOWN_EXCEPTION", "QUERY_TIMEOUT", "TXN_SECURITY_METERING_ERROR", "REQUEST_RUNNING_TOO_LONG"),
    *("SERVER_UNAVAILABLE", "REQUEST_LIMIT_EXCEEDED"),
)
FOR_EVER = 1_000_000


@pytest.fixture
def connector(world: SalesforceWorld) -> SalesforceConnector:
    made = world.connect()
    made.describe(["Account", "Opportunity"])
    return made


def refuse(world: SalesforceWorld, times: int, code: str = TRIGGER, message: str = LIMIT) -> None:
    """The next so many records that are written fail."""
    world.fault(when="record", times=times, action={"kind": "record_error", "code": code, "message": message})


def dial(connector: SalesforceConnector, ids: Sequence[str]) -> dict[str, Outcome]:
    return sent(connector, [write(id_, "Account", Phone="+1") for id_ in ids])


def dialled(world: SalesforceWorld) -> int:
    return [row["Phone"] for row in world.server.world.salesforce.dump("Account", False)].count("+1")


# -- what passes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", PASSING)
def test_a_record_that_failed_for_a_passing_reason_is_left_for_the_next_cycle(
    world: SalesforceWorld, connector: SalesforceConnector, code: str
) -> None:
    good, unlucky = accounts(world, 2)
    world.fault(when="record", nth=2, action={"kind": "record_error", "code": code})
    world.forget_calls()

    outcomes = dial(connector, [good, unlucky])

    assert sorted((outcome.status, outcome.code) for outcome in outcomes.values()) == [
        ("applied", None),
        ("retry", code),
    ]
    assert world.calls() == 1


@pytest.mark.parametrize("strict", [False, True])
def test_a_lock_that_a_trigger_met_is_a_lock(
    world: SalesforceWorld, connector: SalesforceConnector, strict: bool
) -> None:
    ids = accounts(world, 3)
    connector.fetch("Account", ids, ["Phone"])
    world.fault(when="record", nth=2, action={"kind": "record_error", "code": TRIGGER, "message": LOCK})
    world.forget_calls()

    outcomes = sent(connector, [write(id_, "Account", strict=strict, Phone="+1") for id_ in ids])

    assert set(statuses(outcomes.values()).values()) == {"applied"}
    assert world.calls() == 2


@pytest.mark.parametrize("strict", [False, True])
def test_one_that_stays_is_left_for_the_next_cycle(
    world: SalesforceWorld, connector: SalesforceConnector, strict: bool
) -> None:
    ids = accounts(world, 3)
    connector.fetch("Account", ids, ["Phone"])
    refuse(world, FOR_EVER, message=LOCK)

    outcomes = sent(connector, [write(id_, "Account", strict=strict, Phone="+1") for id_ in ids])

    assert {(each.status, each.code) for each in outcomes.values()} == {("retry", "UNABLE_TO_LOCK_ROW")}


# -- lists that are too long for a trigger, or hold what it stumbles over ----------------------------------------------------


def test_a_list_that_is_too_long_for_a_trigger_is_sent_in_halves(
    world: SalesforceWorld, connector: SalesforceConnector
) -> None:
    ids = accounts(world, 200)
    refuse(world, 200)
    world.forget_calls()

    outcomes = dial(connector, ids)

    assert set(statuses(outcomes.values()).values()) == {"applied"}
    assert (len(outcomes), dialled(world), world.calls()) == (200, 200, 3)


def test_a_record_that_a_trigger_stumbles_over_ends_alone(
    world: SalesforceWorld, connector: SalesforceConnector
) -> None:
    ids = accounts(world, 8)
    written = (*range(1, 9), *range(9, 13), 17, 18, 21)  # the list, a half of it, a half of that, and one alone
    for fired, nth in enumerate(written):  # a rule does not see the records that one before it refused
        world.fault(when="record", nth=nth - fired, action={"kind": "record_error", "code": TRIGGER, "message": LIMIT})
    world.forget_calls()

    outcomes = dial(connector, ids)

    assert sorted(statuses(outcomes.values()).values()) == ["applied"] * 7 + ["rejected"]
    assert (dialled(world), world.calls()) == (7, 1 + 6)


@pytest.mark.parametrize("together", [200, 600])
def test_the_lists_beside_it_are_written_as_they_are(
    world: SalesforceWorld, connector: SalesforceConnector, together: int
) -> None:
    ids = accounts(world, together)
    refuse(world, 200)
    world.forget_calls()

    outcomes = dial(connector, ids)

    assert set(statuses(outcomes.values()).values()) == {"applied"}
    assert (dialled(world), world.calls()) == (together, 3)


def test_a_trigger_that_refuses_everything_costs_few_calls_and_is_told(
    world: SalesforceWorld, connector: SalesforceConnector
) -> None:
    ids = accounts(world, 600)
    refuse(world, FOR_EVER)
    world.forget_calls()

    outcomes = dial(connector, ids)

    assert {(each.status, each.code, each.message) for each in outcomes.values()} == {("rejected", TRIGGER, LIMIT)}
    assert (len(outcomes), dialled(world)) == (600, 0)
    assert world.calls() <= 1 + 32


def test_what_the_calls_do_not_suffice_for_is_left_for_the_next_cycle(
    world: SalesforceWorld, connector: SalesforceConnector
) -> None:
    ids = accounts(world, 200)
    refuse(world, FOR_EVER)
    dial(connector, ids)
    (fault,) = world.server.world.faults.report()
    world.server.world.faults.remove()
    refuse(world, fault["fired"] - 1)  # the very last of them comes through
    world.forget_calls()

    outcomes = dial(connector, ids)

    told = [outcome.status for outcome in outcomes.values()]
    assert (told.count("applied"), dialled(world)) == (1, 1)
    assert 100 < told.count("retry") == 199 - told.count("rejected")
    assert world.calls() <= 1 + 32


def test_tasks_that_a_trigger_failed_by_the_list_are_made_once(
    world: SalesforceWorld, connector: SalesforceConnector
) -> None:
    deal = world.create("Opportunity", DEAL)
    refuse(world, 8)

    outcomes = list(connector.put_tasks([task(deal, f"ps-{n}") for n in range(8)]))

    assert set(statuses(outcomes).values()) == {"applied"}
    assert sorted(str(held["Description"]) for held in world.tasks()) == [
        f"Please.\n[partnersync:ps-{n}]" for n in range(8)
    ]


def test_rows_that_a_trigger_failed_in_a_job_are_sent_in_lists(world: SalesforceWorld) -> None:
    connector = world.connect(bulk_writes_from="3")
    connector.describe(["Account"])
    ids = accounts(world, 8)
    refuse(world, 16)

    outcomes = dial(connector, ids)

    assert {each.status for each in outcomes.values()} == {"applied"}
    assert dialled(world) == 8


def test_halves_that_meet_the_end_of_the_allowance_leave_what_was_done_told(
    world: SalesforceWorld, connector: SalesforceConnector
) -> None:
    ids = accounts(world, 8)
    refuse(world, 8)
    body = [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}]
    world.fault(writes_only=True, nth=3, action={"kind": "status", "code": 403, "body": body})
    outcomes: list[Outcome] = []

    with pytest.raises(QuotaError):
        outcomes.extend(connector.send([write(id_, "Account", Phone="+1") for id_ in ids]))

    assert [outcome.status for outcome in outcomes] == ["applied"] * 4
    assert dialled(world) == 4


def test_no_half_is_sent_once_this_process_may_write_no_more(world: SalesforceWorld) -> None:
    ids = accounts(world, 8)
    asked: list[int] = []

    def may_send() -> None:
        asked.append(len(asked))
        raise RuntimeError("halted")

    world.surroundings = replace(world.surroundings, may_send=may_send)
    connector = world.connect()
    connector.describe(["Account"])
    refuse(world, 8)

    with pytest.raises(RuntimeError):
        dial(connector, ids)

    assert (asked, dialled(world)) == ([0], 0)
