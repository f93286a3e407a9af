"""What a batch read lists as an error is asked for again; only what HubSpot says is not there is not there."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest

from connectors.hubspot.connector import HubSpotConnector
from partnersync.errors import UnavailableError
from tests.connectors.contract import Mirror
from tests.connectors.hubspot.deals import load, pull
from tests.connectors.hubspot.test_hubspot_tasks import draft

COMPANY = "hs_primary_associated_company"
MANY = tuple(f"custom_property_with_a_long_name_{n:03d}" for n in range(90))
"""So many that they are asked for in a batch read of the records that were found."""


def unread(portal: Any, endpoint: str, **rule: Any) -> None:
    """Batch reads list an error for a record that is there."""
    portal.fault(endpoint=endpoint, when="record", **{"action": "read_error", **rule})


def well_again(portal: Any) -> None:
    """The fault fell on something; it is over."""
    faults = portal.server.world.faults
    assert all(each["fired"] for each in faults.report())
    faults.remove()


@pytest.mark.parametrize("category", ["INTERNAL_ERROR", "RATE_LIMITS", "VALIDATION_ERROR"])
def test_a_record_that_could_not_be_read_is_asked_for_again(portal: Any, category: str) -> None:
    ids, connector = load(portal, 3), portal.connect()
    unread(portal, "batch.read.deals", nth=2, action={"kind": "read_error", "code": category})

    found = connector.fetch("deals", ids, ["dealname"])

    well_again(portal)
    assert set(found) == set(ids)


def test_a_record_that_cannot_be_read_is_not_gone(portal: Any) -> None:
    ids, connector = load(portal, 3), portal.connect()
    unread(portal, "batch.read.deals")

    with pytest.raises(UnavailableError, match="internal error") as caught:
        connector.fetch("deals", ids, ["dealname"])

    assert caught.value.code == "INTERNAL_ERROR"


def test_only_those_that_could_not_be_read_are_asked_for_again(portal: Any) -> None:
    ids, connector = load(portal, 20), portal.connect()
    connector.identify()
    portal.forget_calls()
    unread(portal, "batch.read.deals", every=7)  # two of the twenty, then one of these two

    found = connector.fetch("deals", ids, ["dealname"])

    well_again(portal)
    assert {id_: one.values["dealname"] for id_, one in found.items()} == {
        id_: one.values["dealname"] for id_, one in connector.fetch("deals", ids, ["dealname"]).items()
    }
    assert set(found) == set(ids)
    assert portal.calls() == 4


def test_what_is_not_there_is_asked_for_once(portal: Any) -> None:
    ids, connector = load(portal, 2), portal.connect()
    connector.identify()
    portal.forget_calls()

    found = connector.fetch("deals", [*ids, "999"], ["dealname"])

    assert set(found) == set(ids)
    assert portal.calls() == 1


@pytest.mark.parametrize("passing", [True, False])
@pytest.mark.parametrize("first", [True, False], ids=["first pull", "later pull"])
def test_no_cursor_moves_over_a_row_that_could_not_be_read(portal: Any, *, first: bool, passing: bool) -> None:
    for name in MANY:
        portal.server.world.hubspot.add_field("deals", {"name": name, "type": "string"})
    ids, mirror, connector = load(portal, 3), Mirror(), portal.connect()
    if not first:
        pull(connector, mirror, MANY)
        portal.edit("deals", ids[1], {MANY[-1]: "later"})
    unread(portal, "batch.read.deals", **({"nth": 1} if passing else {}))

    _pull_in_trouble(connector, mirror, passing=passing)
    well_again(portal)
    pull(connector, mirror, MANY)

    assert mirror.live("deals") == set(ids)
    assert mirror.value("deals", ids[1], MANY[-1]) == (None if first else "later")


@pytest.mark.parametrize("passing", [True, False])
def test_no_company_is_lost_to_an_association_that_could_not_be_read(portal: Any, *, passing: bool) -> None:
    company = portal.create("companies", {"name": "Acme"})
    ids, mirror, connector = load(portal, 3), Mirror(), portal.connect()
    portal.server.world.hubspot.associate_many("deals", "companies", [(each, company) for each in ids])
    portal.withdraw("0-3", COMPANY)
    unread(portal, "associations*", **({"nth": 2} if passing else {}))

    _pull_in_trouble(connector, mirror, passing=passing, fields=(COMPANY,))
    well_again(portal)
    pull(connector, mirror, (COMPANY,))

    assert [mirror.value("deals", each, COMPANY) for each in ids] == [company] * 3


@pytest.mark.parametrize("endpoint", ["associations*", "batch.read.tasks"])
def test_a_task_is_not_missing_because_the_look_for_it_failed(portal: Any, endpoint: str) -> None:
    (deal,), connector = load(portal, 1), portal.connect()
    given = draft(portal, deal)
    (made,) = connector.put_tasks([given])
    unread(portal, endpoint, nth=1)

    found = connector.find_tasks([given])
    well_again(portal)
    unread(portal, endpoint)

    assert {key: one.ref.id for key, one in found.items()} == {given.key: made.id}
    with pytest.raises(UnavailableError):
        connector.find_tasks([given])


def _pull_in_trouble(
    connector: HubSpotConnector, mirror: Mirror, *, passing: bool, fields: tuple[str, ...] = MANY
) -> None:
    """Trouble that passes is waited out; other trouble ends the pull."""
    with nullcontext() if passing else pytest.raises(UnavailableError):
        pull(connector, mirror, fields)
