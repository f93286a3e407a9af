"""What Salesforce's own habits ask of a pull: calls, late rows, long absences, merges, objects without a deletion log."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from connectors.salesforce.connector import SalesforceConnector
from partnersync.errors import QuotaError, RejectedError
from partnersync.records import Page, Wanted
from tests.connectors.conftest import CountingMeter
from tests.connectors.contract import Mirror
from tests.connectors.salesforce.conftest import SalesforceWorld

DEAL: dict[str, str | None] = {
    "Name": "Deal",
    "StageName": "Prospecting",
    "CloseDate": "2026-09-30",
    "Amount": "100.00",
}
SEVEN = ("Account", "Contact", "Lead", "Opportunity", "Task", "OpportunityHistory", "User")


@pytest.fixture
def connector(world: SalesforceWorld) -> SalesforceConnector:
    return world.connect()


def wanted(mirror: Mirror, *objects: str, fields: tuple[str, ...] = ()) -> tuple[Wanted, ...]:
    return tuple(Wanted(object_, fields, mirror.cursors.get(object_)) for object_ in objects)


def pull(connector: SalesforceConnector, mirror: Mirror, *objects: str, fields: tuple[str, ...] = ()) -> list[Page]:
    pages = []
    for page in connector.hot(wanted(mirror, *objects, fields=fields)):
        mirror.take(page)
        pages.append(page)
    return pages


def aged(cursor: str, days: int) -> str:
    """The cursor as it would be had the last pull been so many days ago."""
    held = json.loads(cursor)
    for name in ("watermark", "stamp"):
        moved = datetime.fromisoformat(held[name]) - timedelta(days=days)
        held[name] = moved.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return json.dumps(held)


# -- calls ---------------------------------------------------------------------------------------------------------------


def test_a_small_change_comes_in_the_one_call(world: SalesforceWorld, connector: SalesforceConnector) -> None:
    mirror = Mirror()
    pull(connector, mirror, "Account", "Opportunity", "Task")
    id_ = world.create("Opportunity", DEAL)
    world.forget_calls()

    pull(connector, mirror, "Account", "Opportunity", "Task")

    assert mirror.live("Opportunity") == {id_}
    assert world.calls() == 1


def test_a_first_pull_costs_one_description_more_than_its_pages(
    world: SalesforceWorld, connector: SalesforceConnector
) -> None:
    world.create_tied("Account", [{"Name": f"A{n}"} for n in range(7)])
    world.create_tied("Opportunity", [DEAL] * 8)

    pull(connector, Mirror(), "Account", "Opportunity")

    assert world.calls() == 1 + 3


def test_seven_objects_are_one_call_when_idle_and_two_when_one_of_the_last_changed(
    world: SalesforceWorld, connector: SalesforceConnector
) -> None:
    with world.server.world.store.write(hooked=False) as db:  # nothing of this test's set-up lies in the overlap
        db.execute('UPDATE "sf_User" SET "SystemModstamp" = ?', ("2026-01-01T00:00:00.000+0000",))
    mirror = Mirror()
    pull(connector, mirror, *SEVEN)
    world.forget_calls()
    idle = pull(connector, mirror, *SEVEN)
    calls = world.calls()
    world.server.world.salesforce.load("User", [{"LastName": "New", "Username": "new@acme.example", "Alias": "new"}])
    world.forget_calls()
    changed = pull(connector, mirror, *SEVEN)

    assert calls == 1
    assert {page.object for page in idle if page.done} == set(SEVEN)
    assert world.calls() == 2
    assert any(page.records for page in changed if page.object == "User")


def test_calls_are_counted_by_class_and_the_allowance_is_learnt(
    world: SalesforceWorld, connector: SalesforceConnector, meter: CountingMeter
) -> None:
    connector.identify()
    list(connector.hot(wanted(Mirror(), "Account")))
    list(connector.warm(wanted(Mirror(), "Account")))
    list(connector.cold(wanted(Mirror(), "Account")))
    connector.fetch("Account", [world.create("Account", {"Name": "A"})], ("Name",))

    counted = {freshness: meter.of(freshness) for freshness in ("token", "check", "hot", "warm", "cold", "write")}  # type: ignore[arg-type]
    assert counted == {"token": 1, "check": 1, "hot": 2, "warm": 2, "cold": 2, "write": 1}
    assert sum(meter.calls.values()) == world.server.world.counters.total("salesforce")
    assert meter.budgets["daily"].limit == 15_000
    assert meter.budgets["daily"].used > 0


def test_a_used_up_allowance_is_not_waited_for(world: SalesforceWorld, connector: SalesforceConnector) -> None:
    connector.identify()
    world.fault(action={"kind": "rate_limited", "form": "default"})
    world.forget_calls()

    with pytest.raises(QuotaError):
        list(connector.hot(wanted(Mirror(), "Account")))

    assert world.calls() == 1


def test_too_many_at_once_is_waited_for(world: SalesforceWorld, connector: SalesforceConnector) -> None:
    connector.identify()
    world.fault(action={"kind": "rate_limited", "form": "concurrent"})

    assert list(connector.hot(wanted(Mirror(), "Account")))


# -- rows that come late, or were long ago -----------------------------------------------------------------------------


def test_rows_that_become_visible_after_their_stamp_are_found(
    world: SalesforceWorld, connector: SalesforceConnector
) -> None:
    world.set(late_commit_s=3600)
    mirror = Mirror()
    prompt = world.create_tied("Opportunity", [DEAL])
    pull(connector, mirror, "Opportunity")
    late = world.create("Opportunity", DEAL)

    pull(connector, mirror, "Opportunity")

    assert mirror.live("Opportunity") == {*prompt, late}
    assert mirror.records["Opportunity", late].stamp < mirror.records["Opportunity", prompt[0]].stamp


def test_the_watermark_is_what_the_server_is_sure_of(world: SalesforceWorld, connector: SalesforceConnector) -> None:
    world.set(in_flight_s=1800)
    mirror = Mirror()
    pull(connector, mirror, "Opportunity")
    first = json.loads(mirror.cursors["Opportunity"])["watermark"]
    pull(connector, mirror, "Opportunity")
    second = json.loads(mirror.cursors["Opportunity"])["watermark"]

    age = datetime.now(UTC) - datetime.fromisoformat(second)
    assert timedelta(minutes=29) < age < timedelta(minutes=31)
    assert first <= second


@pytest.mark.parametrize("days", [10, 20, 40])
def test_deletions_are_seen_after_a_long_absence(
    world: SalesforceWorld, connector: SalesforceConnector, days: int
) -> None:
    ids = world.create_tied("Opportunity", [DEAL] * 5)
    mirror = Mirror()
    pull(connector, mirror, "Opportunity")
    mirror.cursors["Opportunity"] = aged(mirror.cursors["Opportunity"], days)
    for id_ in ids[:4]:
        world.delete("Opportunity", id_)

    pull(connector, mirror, "Opportunity")

    assert mirror.live("Opportunity") == {ids[4]}


def test_an_object_without_a_deletion_log_is_asked_for_its_bin(world: SalesforceWorld) -> None:
    connector = world.connect()
    ids = world.create_tied("Opportunity", [DEAL] * 5)
    mirror = Mirror()
    pull(connector, mirror, "Opportunity")
    held = json.loads(mirror.cursors["Opportunity"])
    mirror.cursors["Opportunity"] = json.dumps({**held, "replicates": False})
    for id_ in ids[1:]:
        world.delete("Opportunity", id_)

    pull(connector, mirror, "Opportunity")
    world.restore("Opportunity", ids[1])
    pull(connector, mirror, "Opportunity")

    assert mirror.live("Opportunity") == {ids[0], ids[1]}


def test_a_locator_that_expired_does_not_end_the_read(world: SalesforceWorld, connector: SalesforceConnector) -> None:
    ids = world.create_tied("Opportunity", [DEAL] * 8)
    mirror = Mirror()
    pages = connector.hot(wanted(mirror, "Opportunity"))
    mirror.take(next(pages))
    world.set(cursor_lifetime_s=-1)

    for page in pages:
        mirror.take(page)
        world.set(cursor_lifetime_s=172_800)

    assert mirror.live("Opportunity") == set(ids)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_short_pages_lose_nothing(world: SalesforceWorld, connector: SalesforceConnector, seed: int) -> None:
    world.set(page_size=10, page_jitter_seed=seed)
    mirror = Mirror()
    first = world.create_tied("Opportunity", [DEAL] * 35)
    pull(connector, mirror, "Opportunity")
    second = world.create_tied("Opportunity", [DEAL] * 35)

    pull(connector, mirror, "Opportunity")

    assert mirror.live("Opportunity") == {*first, *second}


# -- fields ------------------------------------------------------------------------------------------------------------


def test_other_fields_than_were_read_so_far_mean_to_read_everything_again(
    world: SalesforceWorld, connector: SalesforceConnector
) -> None:
    (id_,) = world.create_tied("Opportunity", [DEAL])
    mirror = Mirror()
    pull(connector, mirror, "Opportunity", fields=("Name",))

    pages = pull(connector, mirror, "Opportunity", fields=("Amount", "Name"))
    fewer = pull(connector, mirror, "Opportunity", fields=("Amount",))

    assert all(page.full for page in pages)
    assert mirror.value("Opportunity", id_, "Amount") == Decimal(100)
    assert all(page.full for page in fewer)


@pytest.mark.parametrize("sight", ["asked for", "described", "daily"])
def test_reading_everything_again_forgets_no_deletion(world: SalesforceWorld, sight: str) -> None:
    ids = world.create_tied("Opportunity", [DEAL] * 5)
    world.hide("Opportunity", "Amount")
    mirror, connector = Mirror(), world.connect()
    fields: tuple[str, ...] = ("Name",) if sight == "asked for" else ("Name", "Amount")
    pull(connector, mirror, "Opportunity", fields=fields)
    world.delete("Opportunity", ids[0])
    world.set(hidden_fields=())
    if sight == "described":
        connector.describe(["Opportunity"])
    if sight == "daily":
        held = json.loads(mirror.cursors["Opportunity"])
        mirror.cursors["Opportunity"] = json.dumps({**held, "described_at": "2026-01-01T00:00:00.000Z"})

    again = pull(connector, mirror, "Opportunity", fields=("Name", "Amount"))
    pull(connector, mirror, "Opportunity", fields=("Name", "Amount"))

    assert any(page.full for page in again)
    assert mirror.live("Opportunity") == set(ids[1:])


def test_a_field_that_came_into_sight_is_read_for_every_record(world: SalesforceWorld) -> None:
    connector = world.connect()
    (id_,) = world.create_tied("Opportunity", [DEAL])
    world.hide("Opportunity", "Amount")
    mirror = Mirror()
    pull(connector, mirror, "Opportunity", fields=("Name", "Amount"))
    world.set(hidden_fields=())
    unaware = pull(connector, mirror, "Opportunity", fields=("Name", "Amount"))
    list(connector.warm(wanted(mirror, "Opportunity", fields=("Name", "Amount"))))

    aware = pull(connector, mirror, "Opportunity", fields=("Name", "Amount"))

    assert not any(page.full for page in unaware)
    assert all(page.full for page in aware)
    assert mirror.value("Opportunity", id_, "Amount") == Decimal(100)


def test_once_a_day_the_call_itself_asks_what_came_into_sight(world: SalesforceWorld) -> None:
    (id_,) = world.create_tied("Opportunity", [DEAL])
    world.hide("Opportunity", "Amount")
    mirror = Mirror()
    pull(world.connect(), mirror, "Opportunity", fields=("Name", "Amount"))
    world.set(hidden_fields=())
    held = json.loads(mirror.cursors["Opportunity"])
    mirror.cursors["Opportunity"] = json.dumps({**held, "described_at": "2026-01-01T00:00:00.000Z"})

    pull(world.connect(), mirror, "Opportunity", fields=("Name", "Amount"))

    assert mirror.value("Opportunity", id_, "Amount") == Decimal(100)


def test_a_parent_s_fields_come_under_the_name_they_were_asked_by(
    world: SalesforceWorld, connector: SalesforceConnector
) -> None:
    account = world.create("Account", {"Name": "Acme"})
    with_parent, without = world.create_tied("Opportunity", [{**DEAL, "AccountId": account}, DEAL])
    mirror = Mirror()

    pull(connector, mirror, "Opportunity", fields=("Account.Name", "Amount"))
    fetched = connector.fetch("Opportunity", [with_parent, without], ("Account.Name",))

    assert mirror.value("Opportunity", with_parent, "Account.Name") == "Acme"
    assert mirror.value("Opportunity", without, "Account.Name") is None
    assert fetched[with_parent].values == {"Account.Name": "Acme"}


def test_an_object_that_is_not_there_stops_only_itself(world: SalesforceWorld, connector: SalesforceConnector) -> None:
    id_ = world.create("Opportunity", DEAL)
    mirror = Mirror()

    with pytest.raises(RejectedError) as caught:
        pull(connector, mirror, "Nonsense__c", "Opportunity")

    assert "Nonsense__c" in str(caught.value)
    assert mirror.live("Opportunity") == {id_}


@pytest.mark.parametrize("name", ["Name FROM Account --", "Name, (SELECT Id FROM Contacts)", "Na'me", "A.B.C.D"])
def test_nothing_of_the_config_stands_raw_in_a_query(
    world: SalesforceWorld, connector: SalesforceConnector, name: str
) -> None:
    world.create("Account", {"Name": "Acme"})
    mirror = Mirror()

    pull(connector, mirror, "Account", fields=("Name", name))

    assert all(name not in record.values for record in mirror.records.values())
    with pytest.raises(RejectedError):
        pull(connector, mirror, name)


# -- merges, ids -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("freshness", ["warm", "cold"])
def test_a_merged_account_names_its_survivor(
    world: SalesforceWorld, connector: SalesforceConnector, freshness: str
) -> None:
    survivor, loser = world.create_tied("Account", [{"Name": "Acme"}, {"Name": "ACME Inc"}])
    mirror = Mirror()
    pull(connector, mirror, "Account")
    world.server.world.salesforce.merge("Account", survivor, [loser], "Dana Rep")

    pages = list(getattr(connector, freshness)(wanted(mirror, "Account", "Opportunity")))

    merged = [merge for page in pages for merge in page.merged]
    assert [(merge.loser.id, merge.survivor.id) for merge in merged] == [(loser, survivor)]


def test_short_ids_are_the_same_records(world: SalesforceWorld, connector: SalesforceConnector) -> None:
    id_ = world.create("Opportunity", DEAL)

    found = connector.fetch("Opportunity", [id_[:15], "not an id"], ("Name",))

    assert found[id_[:15]].ref.id == id_


def test_more_ids_than_a_call_takes_are_all_fetched(world: SalesforceWorld, connector: SalesforceConnector) -> None:
    ids = world.create_tied("Account", [{"Name": f"A{n}"} for n in range(2100)])

    assert len(connector.fetch("Account", ids, ("Name",))) == 2100


def test_a_row_that_cannot_be_read_blocks_only_itself(world: SalesforceWorld, connector: SalesforceConnector) -> None:
    good, bad = world.create_tied("Opportunity", [DEAL, DEAL])
    with world.server.world.store.write(hooked=False) as db:
        db.execute('UPDATE "sf_Opportunity" SET "CreatedDate" = ? WHERE "Id" = ?', ("yesterday", bad))
    mirror = Mirror()

    pages = pull(connector, mirror, "Opportunity", fields=("Name",))

    assert mirror.live("Opportunity") == {good}
    assert [row.ref.id for page in pages for row in page.unreadable] == [bad]
