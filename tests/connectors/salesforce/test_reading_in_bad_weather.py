"""Reading an org that is hard to read: whatever comes together, the pulls end with what the org holds."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from connectors.salesforce.connector import SalesforceConnector
from partnersync.records import Page
from tests.connectors.contract import Mirror
from tests.connectors.salesforce.conftest import SalesforceWorld
from tests.connectors.salesforce.test_pulling import DEAL, pull, wanted

FIELDS = ("Name", "Partner_Note__c")


def settings(draw: random.Random) -> dict[str, Any]:
    """Some weather."""
    return {
        "page_size": draw.choice((3, 7, 2000)),
        "page_jitter_seed": draw.choice((None, draw.randint(0, 99))),
        "empty_pages": draw.random() < 0.3,
        "locator_breaks": draw.choice((None, None, 2, 3)),
        "bulk_part": draw.choice((4, 50_000)),
        "bulk_part_breaks": draw.choice((None, None, 2)),
        "bulk_order_seed": draw.randint(0, 99),
        "bulk_query_ends": draw.choice(("JobComplete", "JobComplete", "Failed")),
    }


def fault(draw: random.Random) -> dict[str, Any]:
    expired = [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}]
    action, when = draw.choice(
        [
            ("html_503", "before"),
            ("drop", "before"),
            ("truncate", "after_answer"),
            ({"kind": "status", "code": 401, "body": expired}, "before"),
        ]
    )
    return {"endpoint": "composite", "action": action, "when": when, "nth": draw.randint(1, 6), "times": 1}


@pytest.mark.parametrize("seed", range(16))
def test_pulls_end_with_what_the_org_holds(world: SalesforceWorld, seed: int) -> None:
    draw = random.Random(seed)
    world.set(
        unreplicated=draw.choice(((), (), ("Opportunity",))),
        late_commit_s=draw.choice((0, 5, 600)),
        late_commit_seed=draw.randint(0, 99),
    )
    alive = list(world.create_tied("Opportunity", [{**DEAL, "Name": f"D{n}"} for n in range(draw.choice((5, 30)))]))
    gone: list[str] = []
    mirror = Mirror()

    def people_work() -> None:
        for _ in range(draw.randint(0, 6)):
            match draw.randrange(5):
                case 0:
                    alive.append(world.create("Opportunity", DEAL))
                case 1 if alive:
                    gone.append(alive.pop(draw.randrange(len(alive))))
                    world.delete("Opportunity", gone[-1])
                case 2 if gone:
                    alive.append(gone.pop(draw.randrange(len(gone))))
                    world.restore("Opportunity", alive[-1])
                case _ if alive:
                    world.edit("Opportunity", draw.choice(alive), {"Partner_Note__c": f"note {draw.random()}"})

    for _ in range(4):
        world.set(**settings(draw))
        world.server.world.faults.remove()  # one left from before could refuse a session that was renewed this moment
        world.fault(**fault(draw))
        connector = world.connect(bulk_from=draw.choice((0, 8)))
        pages = connector.hot(wanted(mirror, "Opportunity", fields=FIELDS))
        killed_after = draw.choice((1, 2, 4, 99))
        for count, page in enumerate(pages, start=1):
            mirror.take(page)
            people_work()
            if count == killed_after:
                break
        del pages
        people_work()
    world.server.world.faults.remove()
    for _ in range(2):  # the first may only end what was cut off, behind whose place others committed late
        pull(world.connect(), mirror, "Opportunity", fields=FIELDS)

    true = {row["Id"]: row for row in world.server.world.salesforce.dump("Opportunity", True) if not row["IsDeleted"]}
    assert mirror.live("Opportunity") == set(true) == set(alive)
    notes = {id_: mirror.value("Opportunity", id_, "Partner_Note__c") for id_ in true}
    assert notes == {id_: row["Partner_Note__c"] for id_, row in true.items()}


def pages_of(connector: SalesforceConnector, mirror: Mirror) -> Iterator[Page]:
    return connector.hot(wanted(mirror, "Opportunity", fields=FIELDS))


@pytest.mark.parametrize("breaks", [1, 2])
@pytest.mark.parametrize("empty", [False, True])
def test_locators_that_break_and_pages_that_are_empty_lose_nothing(
    world: SalesforceWorld, breaks: int, empty: bool
) -> None:
    first = world.create_tied("Opportunity", [DEAL] * 25)
    world.set(locator_breaks=breaks, empty_pages=empty)
    mirror, connector = Mirror(), world.connect()

    full = pull(connector, mirror, "Opportunity", fields=FIELDS)
    second = world.create_tied("Opportunity", [DEAL] * 25)
    pull(connector, mirror, "Opportunity", fields=FIELDS)

    assert [page.total for page in full if page.done] == [25]
    assert mirror.live("Opportunity") == {*first, *second}


@pytest.mark.parametrize("seed", range(4))
def test_rows_that_commit_up_to_ten_minutes_late_are_all_found(world: SalesforceWorld, seed: int) -> None:
    world.set(late_commit_s=600, late_commit_seed=seed)
    mirror, connector, made = Mirror(), world.connect(), []
    for _ in range(5):
        made += [world.create("Opportunity", DEAL) for _ in range(5)]
        pull(connector, mirror, "Opportunity", fields=FIELDS)

    assert mirror.live("Opportunity") == set(made)


def test_an_object_without_replication_is_polled_by_its_stamp_and_its_bin(world: SalesforceWorld) -> None:
    account = world.create("Account", {"Name": "Partner"})
    deal = world.create("Opportunity", DEAL)
    link = {"OpportunityId": deal, "AccountToId": account, "Role": "Reseller", "IsPrimary": "true"}
    first = [world.create("OpportunityPartner", link) for _ in range(3)]
    mirror, connector = Mirror(), world.connect()
    fields = ("OpportunityId", "AccountToId", "Role", "IsPrimary")
    pull(connector, mirror, "OpportunityPartner", fields=fields)
    new = world.create("OpportunityPartner", {**link, "Role": "Dealer"})
    world.delete("OpportunityPartner", first[0])
    world.forget_calls()

    pull(connector, mirror, "OpportunityPartner", fields=fields)

    assert mirror.live("OpportunityPartner") == {*first[1:], new}
    assert mirror.value("OpportunityPartner", new, "Role") == "Dealer"
    assert mirror.value("OpportunityPartner", new, "IsPrimary") is True
    assert world.calls() <= 2


def test_a_query_too_long_for_an_address_is_asked_inside_a_composite_call(world: SalesforceWorld) -> None:
    names = [f"A_rather_long_name_for_a_field_{n:03d}__c" for n in range(450)]
    for name in names:
        world.server.world.salesforce.add_field("Opportunity", {"name": name, "type": "string", "length": 10})
    id_ = world.create("Opportunity", {**DEAL, names[-1]: "here"})
    mirror, connector = Mirror(), world.connect()

    pull(connector, mirror, "Opportunity", fields=tuple(names))
    world.edit("Opportunity", id_, {names[0]: "changed"})
    pull(connector, mirror, "Opportunity", fields=tuple(names))

    assert len(",".join(names)) > 16_384
    assert [mirror.value("Opportunity", id_, name) for name in (names[0], names[-1])] == ["changed", "here"]
    assert len(connector.fetch("Opportunity", [id_], tuple(names))[id_].values) == len(names)


def test_a_session_that_ends_between_two_pages_is_renewed_once_and_nothing_is_lost(world: SalesforceWorld) -> None:
    ids = world.create_tied("Opportunity", [DEAL] * 25)
    mirror = Mirror()
    connector = world.connect()
    for page in pages_of(connector, mirror):
        mirror.take(page)
        if len(mirror.live("Opportunity")) == 6:
            world.server.world.salesforce.signin.revoke_all()

    assert mirror.live("Opportunity") == set(ids)
    assert world.server.world.counters.total("salesforce", "token") == 2


@pytest.mark.parametrize("breaks", [1, 2])
def test_people_merges_and_deletions_are_read_to_the_end_though_locators_break(
    world: SalesforceWorld, breaks: int
) -> None:
    people = world.server.world.salesforce.load(
        "User", [{"LastName": f"N{n}", "Username": f"n{n}@acme.example", "Alias": f"n{n}"} for n in range(8)]
    )
    survivor, *losers = world.create_tied("Account", [{"Name": "Acme"}] * 9)
    links = {"OpportunityId": world.create("Opportunity", DEAL), "AccountToId": survivor}
    partners = [world.create("OpportunityPartner", links) for _ in range(8)]
    mirror, connector = Mirror(), world.connect()
    pull(connector, mirror, "OpportunityPartner", fields=("Role",))
    for loser in losers:
        world.server.world.salesforce.merge("Account", survivor, [loser], "Dana Rep")
    for partner in partners:
        world.delete("OpportunityPartner", partner)
    world.set(locator_breaks=breaks, empty_pages=breaks == 2)

    merged = [each.loser.id for page in connector.warm(wanted(mirror, "Account")) for each in page.merged]
    pull(connector, mirror, "OpportunityPartner", fields=("Role",))

    assert set(people) <= {person.ref.id for person in connector.people()}
    assert sorted(merged) == sorted(losers)
    assert mirror.live("OpportunityPartner") == set()
