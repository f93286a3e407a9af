"""A record whose stamp cannot be read is set aside alone: reading goes on, and no change behind a full page is passed over."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.hubspot.changes import Reach
from connectors.hubspot.exchange import Answer, Exchange
from connectors.hubspot.pulling import Pages
from connectors.hubspot.records import deletion, instant, merges, raw_record, stamp_ms
from partnersync.records import Unreadable, Wanted
from tests.connectors.contract import Mirror
from tests.connectors.hubspot.deals import FIELDS, brought, load, pull

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
HOUR = 3_600_000
MISSING = object()
BAD = [MISSING, None, "", "2026-11-21T09:00:00", "yesterday", "T", 10**30, "0001-01-01T00:00:00+14:00"]


class Broken:
    """Answers in which the records of ``ids`` bear a stamp that cannot be read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ids: set[str] = set()
        self.stamp: object = MISSING
        told = Exchange._told

        def broken(exchange: Exchange, status: int, headers: Mapping[str, str], received: bytes) -> Answer:
            body = json.loads(received)
            for each in body.get("results") or ():
                if each.get("id") in self.ids:
                    each.update(with_stamp({}, self.stamp))
                    if self.stamp is MISSING:
                        each.pop("updatedAt", None)
                        each.pop("archivedAt", None)
            return told(exchange, status, headers, json.dumps(body).encode())

        monkeypatch.setattr(Exchange, "_told", broken)


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Broken:
    return Broken(monkeypatch)


def with_stamp(record: Mapping[str, Any], stamp: object) -> dict[str, Any]:
    return {**record} if stamp is MISSING else {**record, "updatedAt": stamp, "archivedAt": stamp}


def set_aside(pages: Any) -> set[str]:
    return {each.ref.id for page in pages for each in page.unreadable}


@pytest.mark.parametrize("stamp", BAD, ids=lambda stamp: "missing" if stamp is MISSING else str(stamp))
def test_a_stamp_that_cannot_be_read_raises_nothing_but_sets_its_record_aside(stamp: object) -> None:
    record = with_stamp({"id": "7", "properties": {"hs_merged_object_ids": "5;6"}}, stamp)

    assert isinstance(raw_record("1", "deals", record, (), NOW), Unreadable)
    assert [(each.loser.id, each.at) for each in merges("1", "deals", record, NOW)] == [("5", NOW), ("6", NOW)]
    assert deletion("1", "deals", record, NOW).at == NOW
    assert stamp_ms(record) == 0


def test_a_deletion_without_its_moment_is_dated_by_the_last_change() -> None:
    record = {"id": "7", "archivedAt": "unknown", "updatedAt": "2026-11-20T09:00:00Z"}

    assert deletion("1", "deals", record, NOW).at == instant(record["updatedAt"])


@pytest.mark.parametrize("kind", ["hot", "warm", "cold"])
def test_a_merged_record_without_a_stamp_blocks_only_itself(portal: Any, broken: Broken, kind: str) -> None:
    ids = load(portal, 6)
    survivor = portal.merge("deals", ids[0], ids[1])
    portal.delete("deals", ids[5])
    broken.ids = {survivor, ids[5]}
    connector = portal.connect()

    pages = list(getattr(connector, kind)([Wanted("deals", FIELDS)]))

    losers = {each.loser.id for page in pages for each in page.merged}
    assert losers == {ids[0], ids[1]}
    if kind == "warm":
        assert ids[5] in {each.ref.id for page in pages for each in page.gone}
    else:
        assert brought(pages) == set(ids[2:5])
        assert set_aside(pages) == {survivor}


def test_changes_behind_a_full_page_with_an_unreadable_record_are_found(portal: Any, broken: Broken) -> None:
    portal.pages = Pages(searched=Reach(5, 10_000))
    ids = load(portal, 30, at=portal.server.world.clock.now_ms() - 3 * HOUR)
    mirror, connector = Mirror(), portal.connect()
    pull(connector, mirror)
    for id_ in ids[:14]:
        portal.edit("deals", id_, {"dealname": "later"})
    broken.ids = {ids[13]}

    pages = pull(connector, mirror)

    assert {id_ for id_ in ids if mirror.value("deals", id_, "dealname") == "later"} == set(ids[:13])
    assert set_aside(pages) == {ids[13]}


def test_a_first_read_next_to_an_unreadable_record_passes_over_no_change(portal: Any, broken: Broken) -> None:
    """Its look holds no more than a page, and must not be taken for all that there is."""
    portal.pages = Pages(searched=Reach(5, 10_000))
    ids = load(portal, 30)
    broken.ids = {ids[-1]}
    mirror, connector = Mirror(), portal.connect()
    pull(connector, mirror)
    for id_ in ids[:14]:
        portal.edit("deals", id_, {"dealname": "later"})

    pull(connector, mirror)

    assert {id_ for id_ in ids[:-1] if mirror.value("deals", id_, "dealname") == "later"} == set(ids[:14])


@pytest.mark.parametrize("edits", [1, 3, 7])
def test_a_change_among_many_known_ones_is_found_beside_an_unreadable_record(
    portal: Any, broken: Broken, edits: int
) -> None:
    """A bulk write within the overlap: more than a page of known records, then changes of some of them and one unreadable."""
    portal.pages = Pages(searched=Reach(5, 10_000))
    ids = load(portal, 30, at=portal.server.world.clock.now_ms() - 3 * HOUR)
    mirror, connector = Mirror(), portal.connect()
    pull(connector, mirror)
    for id_ in ids[:20]:
        portal.edit("deals", id_, {"dealname": "bulk"})
    pull(connector, mirror)
    for id_ in ids[:edits]:
        portal.edit("deals", id_, {"dealname": "later"})
    portal.edit("deals", ids[25], {"dealname": "later"})
    broken.ids = {ids[25]}

    pull(connector, mirror)
    portal.edit("deals", ids[19], {"dealname": "later"})
    pull(connector, mirror)

    assert {id_ for id_ in ids if mirror.value("deals", id_, "dealname") == "later"} == {*ids[:edits], ids[19]}


@pytest.mark.parametrize("count", [3, 12], ids=["one page", "several pages"])
def test_a_portal_at_rest_costs_one_call_though_a_record_is_unreadable(portal: Any, broken: Broken, count: int) -> None:
    portal.pages = Pages(searched=Reach(5, 10_000))
    ids = load(portal, count)
    broken.ids = {ids[1]}
    mirror, connector = Mirror(), portal.connect()
    for _ in range(3):
        pull(connector, mirror)
    portal.edit("deals", ids[0], {"dealname": "later"})
    for _ in range(3):
        pull(connector, mirror)
    portal.forget_calls()

    pages = pull(connector, mirror)

    assert portal.calls() == 1
    assert not brought(pages)


def test_a_record_that_can_be_read_again_comes(portal: Any, broken: Broken) -> None:
    ids = load(portal, 3)
    broken.ids = {ids[1]}
    mirror, connector = Mirror(), portal.connect()
    pull(connector, mirror)

    broken.ids = set()
    pull(connector, mirror)

    assert mirror.live("deals") == set(ids)


def test_whole_pages_of_unreadable_records_end(portal: Any, broken: Broken) -> None:
    portal.pages = Pages(searched=Reach(5, 10_000))
    ids = load(portal, 30, at=portal.server.world.clock.now_ms() - 3 * HOUR)
    mirror, connector = Mirror(), portal.connect()
    pull(connector, mirror)
    for id_ in ids[:14]:
        portal.edit("deals", id_, {"dealname": "later"})
    broken.ids = set(ids[1:13])

    pages = pull(connector, mirror)

    assert {ids[0], ids[13]} <= brought(pages)
    assert set_aside(pages) == set(ids[1:13])
