"""An object that HubSpot does not show stops only itself, in every freshness class, and is named; a wrong token stops all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest

from connectors.base import Connector
from connectors.hubspot.changes import Reach
from connectors.hubspot.pulling import Pages
from partnersync.errors import RejectedError, UnauthorizedError
from partnersync.records import Page, Wanted
from tests.connectors.contract import Mirror
from tests.connectors.contract_world import taken_into
from tests.connectors.hubspot.deals import FIELDS, load, pull

NARROW = "pat-na1-narrow"
FORBIDDEN = {"status": "error", "category": "FORBIDDEN", "message": "This account may not use the API"}
WRONG = {"status": "error", "category": "VALIDATION_ERROR", "message": "no"}
NAMED = {"deals": "dealname", "companies": "name", "contacts": "email"}
KINDS = ("hot", "warm", "cold")


def wanted(mirror: Mirror | None = None) -> list[Wanted]:
    known: Mapping[str, str] = mirror.cursors if mirror is not None else {}
    return [
        Wanted("deals", FIELDS, known.get("deals")),
        Wanted("companies", ("name",), known.get("companies")),
        Wanted("contacts", ("email",), known.get("contacts")),
    ]


def short_pages(portal: Any) -> None:
    portal.pages = Pages(listed=5, searched=Reach(200, 10_000))


def without_scope_for(portal: Any, object_: str) -> None:
    """The portal is spoken to by a key that may read all objects but this one."""
    others = {"deals", "companies", "contacts"} - {object_}
    portal.set(scopes={NARROW: tuple(f"crm.objects.{each}.read" for each in sorted(others))})
    portal.token = NARROW


def read(connector: Connector, kind: str, mirror: Mirror) -> Iterator[Page]:
    reads: Mapping[str, Callable[[Sequence[Wanted]], Iterator[Page]]] = {
        "hot": connector.hot,
        "warm": connector.warm,
        "cold": connector.cold,
    }
    return reads[kind](wanted(mirror))


def three_objects(portal: Any) -> dict[str, list[str]]:
    return {
        "deals": load(portal, 12),
        "companies": [portal.create("companies", {"name": f"Company {n}"}) for n in range(12)],
        "contacts": [portal.create("contacts", {"email": f"c{n}@acme.example"}) for n in range(12)],
    }


# -- a refused `after` -----------------------------------------------------------------------------------------------


def stopped_after(portal: Any, pages: int) -> Mirror:
    """A first pull of deals, killed."""
    mirror, reading = Mirror(), portal.connect().hot([Wanted("deals", FIELDS)])
    for _ in range(pages):
        mirror.take(next(reading))
    reading.close()
    return mirror


@pytest.mark.parametrize("pages", [1, 2])
def test_a_listing_whose_next_record_was_archived_begins_anew_once_and_ends(portal: Any, pages: int) -> None:
    short_pages(portal)
    portal.set(list_after_unknown="refused")
    ids = load(portal, 60)
    mirror = stopped_after(portal, pages)
    gone = ids[5 * pages]
    portal.delete("deals", gone)
    portal.forget_calls()

    last = pull(portal.connect(), mirror)[-1]
    lists = portal.server.world.counters.total("hubspot", "list.deals")

    assert mirror.live("deals") == set(ids) - {gone}
    assert (last.done, last.total) == (True, 59)
    assert lists <= 1 + 12 + 3, "the refused call, each page once, what proves cursors"
    assert [page.done for page in pull(portal.connect(), mirror)] == [True], "and changes are looked for from now on"


@pytest.mark.parametrize("count", [20, 200])
def test_a_record_that_is_archived_while_it_is_next_costs_calls_and_no_record(portal: Any, count: int) -> None:
    short_pages(portal)
    portal.set(list_after_unknown="refused")
    ids = load(portal, count)
    mirror, pages = Mirror(), portal.connect().hot([Wanted("deals", FIELDS)])
    mirror.take(next(pages))
    portal.delete("deals", ids[5])

    last = taken_into(mirror, pages)[-1]

    assert mirror.live("deals") == set(ids) - {ids[5]}
    assert last.total == count - 1


@pytest.mark.parametrize("several", [False, True], ids=["one cursor", "several cursors"])
def test_an_object_whose_listing_is_refused_for_good_stops_only_itself(portal: Any, several: bool) -> None:
    short_pages(portal)
    portal.set(list_after="next_id" if several else "opaque")
    ids = three_objects(portal)
    ids["deals"] += load(portal, 200)
    mirror = stopped_after(portal, 45 if several else 1)
    portal.fault(endpoint="list.deals", action={"kind": "status", "code": 400, "body": WRONG})
    portal.forget_calls()

    with pytest.raises(RejectedError, match=r"^deals: HubSpot answered 400") as hot:
        taken_into(mirror, portal.connect().hot(wanted(mirror)))
    refused = portal.server.world.counters.total("hubspot", "list.deals")
    full = Mirror()
    with pytest.raises(RejectedError) as cold:
        taken_into(full, portal.connect().cold(wanted(mirror)))

    assert hot.value.object == cold.value.object == "deals"
    for each in ("companies", "contacts"):
        assert mirror.live(each) == full.live(each) == set(ids[each])
        assert mirror.cursors[each]
    assert refused <= 2 if not several else refused <= 14, "begun anew once, then told"


# -- a scope that is missing -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("object_", ["deals", "companies", "contacts"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("first", [True, False], ids=["first", "later"])
def test_an_object_without_its_scope_stops_no_other(portal: Any, object_: str, kind: str, *, first: bool) -> None:
    short_pages(portal)
    ids, mirror = three_objects(portal), Mirror()
    if not first:
        taken_into(mirror, portal.connect().hot(wanted()))
    seen = Mirror()
    seen.cursors.update(mirror.cursors)
    for each, own in ids.items():
        portal.edit(each, own[0], {NAMED[each]: "new@acme.example"})
        portal.delete(each, own[1])
    without_scope_for(portal, object_)
    connector = portal.connect()

    with pytest.raises(UnauthorizedError, match=f"^{object_}: .*grant crm.objects.{object_}.read") as told:
        taken_into(seen, read(connector, kind, seen))

    assert told.value.object == object_
    assert told.value.needs == (f"crm.objects.{object_}.read",)
    for each in ids.keys() - {object_}:
        if kind == "warm":
            assert (each, ids[each][1]) in seen.gone
        elif kind == "hot" and not first:
            assert seen.value(each, ids[each][0], NAMED[each]) == "new@acme.example"
        else:
            assert seen.live(each) == set(ids[each]) - {ids[each][1]}
    assert seen.cursors.get(object_) == mirror.cursors.get(object_), "its cursor stays"


def test_an_object_whose_scope_came_is_read_from_where_it_was(portal: Any) -> None:
    short_pages(portal)
    ids, mirror = three_objects(portal), Mirror()
    taken_into(mirror, portal.connect().hot(wanted()))
    portal.edit("deals", ids["deals"][3], {"dealname": "later"})
    without_scope_for(portal, "deals")
    with pytest.raises(UnauthorizedError):
        taken_into(mirror, portal.connect().hot(wanted(mirror)))
    portal.set(scopes={})
    portal.token = "pat-na1-sandbox-token"

    taken_into(mirror, portal.connect().hot(wanted(mirror)))

    assert mirror.value("deals", ids["deals"][3], "dealname") == "later"


@pytest.mark.parametrize("kind", KINDS)
def test_an_object_that_is_refused_stops_no_other(portal: Any, kind: str) -> None:
    short_pages(portal)
    ids, mirror = three_objects(portal), Mirror()
    for each, own in ids.items():
        portal.delete(each, own[1])
    for endpoint in ("list.deals", "search.deals"):
        portal.fault(endpoint=endpoint, action={"kind": "status", "code": 400, "body": WRONG})

    with pytest.raises(RejectedError, match=r"^deals: ") as told:
        taken_into(mirror, read(portal.connect(), kind, mirror))

    assert told.value.object == "deals"
    for each in ("companies", "contacts"):
        if kind == "warm":
            assert (each, ids[each][1]) in mirror.gone
        else:
            assert mirror.live(each) == set(ids[each]) - {ids[each][1]}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("status", "body"), [(401, {"category": "INVALID_AUTHENTICATION"}), (403, FORBIDDEN)])
def test_a_credential_that_is_wrong_as_a_whole_stops_the_connection(
    portal: Any, kind: str, status: int, body: dict[str, str]
) -> None:
    three_objects(portal)
    connector = portal.connect()
    connector.identify()
    portal.forget_calls()
    for endpoint in ("list.*", "search.*"):
        portal.fault(endpoint=endpoint, action={"kind": "status", "code": status, "body": body})

    with pytest.raises(UnauthorizedError) as told:
        taken_into(Mirror(), read(connector, kind, Mirror()))

    assert told.value.object is None
    assert portal.calls() == 1


@pytest.mark.parametrize("more", [0, 200], ids=["one page", "several cursors"])
def test_a_page_that_cannot_be_completed_keeps_its_cursor_and_stops_no_other(portal: Any, more: int) -> None:
    """Deals whose company only associations name, which this key may not read."""
    short_pages(portal)
    ids, mirror = three_objects(portal), Mirror()
    load(portal, more)
    portal.withdraw("0-3", "hs_primary_associated_company")
    nth = 8 if more else 1
    body = {"category": "MISSING_SCOPES", "context": {"requiredGranularScopes": ["crm.objects.companies.read"]}}
    portal.fault(endpoint="associations*", nth=nth, action={"kind": "status", "code": 403, "body": body})
    deals = Wanted("deals", ("dealname", "hs_primary_associated_company"))

    with pytest.raises(UnauthorizedError) as told:
        taken_into(mirror, portal.connect().hot([deals, *wanted()[1:]]))
    had, cursor = mirror.live("deals"), mirror.cursors.get("deals")
    rest = taken_into(mirror, portal.connect().hot([Wanted("deals", deals.fields, cursor)]))

    assert told.value.object == "deals"
    assert mirror.live("companies") == set(ids["companies"])
    assert bool(had) is bool(more)
    assert len(had) < 12 + more
    assert len(mirror.live("deals")) == 12 + more
    assert rest[-1].total == 12 + more
