"""What changed is found: at one call when idle, and whole under caps, ties, lag, ghosts, jumps of clocks and merges."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest

from connectors.hubspot import cursor
from connectors.hubspot.changes import Reach
from connectors.hubspot.pulling import Pages
from partnersync.records import Wanted
from sandbox.server import Server
from tests.connectors.contract import Mirror
from tests.connectors.hubspot.deals import FIELDS, brought, load, pull

HOUR = 3_600_000


def short(portal, page: int = 5, cap: int = 20) -> None:  # type: ignore[no-untyped-def]
    """Make HubSpot's limits small on both sides."""
    portal.pages = Pages(listed=page, searched=Reach(page, cap))
    portal.set(search_cap=cap)


def searches(portal) -> int:  # type: ignore[no-untyped-def]
    return portal.server.world.counters.total("hubspot", "search.deals")


def test_a_first_pull_lists_and_searches_only_for_its_watermark(portal) -> None:  # type: ignore[no-untyped-def]
    ids = load(portal, 250, step=60_000)
    portal.forget_calls()

    mirror = Mirror()
    pull(portal.connect(), mirror)

    assert mirror.live("deals") == set(ids)
    assert searches(portal) == 1
    assert portal.server.world.counters.total("hubspot", "list.deals") == 3


def test_idle_costs_one_search_even_right_after_a_bulk_change(portal) -> None:  # type: ignore[no-untyped-def]
    mirror, connector = Mirror(), portal.connect()
    pull(connector, mirror)
    ids = load(portal, 1_500, step=1)
    assert brought(pull(connector, mirror)) == set(ids)
    portal.forget_calls()

    for _ in range(5):
        (page,) = pull(connector, mirror)
        assert (page.records, page.cursor, page.done) == ((), None, True)

    assert portal.server.world.counters.total("hubspot") == 5
    assert searches(portal) == 5


def test_idle_costs_one_search_after_more_tied_changes_than_can_be_remembered(portal, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(cursor, "MOST_REMEMBERED", 30)
    short(portal, cap=1_000)
    now = portal.server.world.clock.now_ms()
    mirror, connector = Mirror(), portal.connect()
    pull(connector, mirror)
    ids = [id_ for batch in range(12) for id_ in load(portal, 7, at=now + batch)]
    assert brought(pull(connector, mirror)) == set(ids)
    portal.forget_calls()

    (page,) = pull(connector, mirror)

    assert (page.records, searches(portal)) == ((), 1)
    portal.edit("deals", ids[3], {"description": "edited"})
    assert ids[3] in brought(pull(connector, mirror))


@pytest.mark.parametrize("loaded", ["at once", "after the first pull"])
def test_many_edits_after_a_bulk_change_cost_as_many_searches_as_they_fill(portal, loaded: str) -> None:  # type: ignore[no-untyped-def]
    mirror, connector = Mirror(), portal.connect()
    if loaded == "after the first pull":
        pull(connector, mirror)
    ids = load(portal, 2_000, step=1)
    pull(connector, mirror)
    portal.server.world.clock.move(1)
    portal.forget_calls()

    for id_ in ids[::5]:
        portal.edit("deals", id_, {"description": "edited"})
    new = portal.create("deals", {"dealname": "new", "dealstage": "qualifiedtobuy"})

    assert brought(pull(connector, mirror)) == {*ids[::5], new}
    assert searches(portal) <= 4
    (page,) = pull(connector, mirror)
    assert page.records == ()


def test_what_surfaces_late_among_many_edits_is_found(portal) -> None:  # type: ignore[no-untyped-def]
    short(portal, cap=1_000)
    now = portal.server.world.clock.now_ms()
    mirror, connector = Mirror(), portal.connect()
    pull(connector, mirror)
    bulk = load(portal, 60, at=now, step=1)
    pull(connector, mirror)
    portal.server.world.clock.move(1)
    (late,) = load(portal, 1, at=now - 30_000)
    for id_ in bulk[:20]:
        portal.edit("deals", id_, {"description": "edited"})

    assert {late, *bulk[:20]} <= brought(pull(connector, mirror))


@pytest.mark.parametrize("ago", [0, HOUR])
def test_an_edit_after_a_bulk_change_costs_one_search(portal, ago: int) -> None:  # type: ignore[no-untyped-def]
    old = load(portal, 100, at=portal.server.world.clock.now_ms() - 5 * HOUR, step=1_000)
    mirror, connector = Mirror(), portal.connect()
    pull(connector, mirror)
    bulk = load(portal, 1_000, at=portal.server.world.clock.now_ms() - ago - 2_000, step=1)
    pull(connector, mirror)
    portal.forget_calls()

    for id_ in (old[3], bulk[7], bulk[7], portal.create("deals", {"dealname": "new", "dealstage": "qualifiedtobuy"})):
        portal.edit("deals", id_, {"description": "edited"})
        assert id_ in brought(pull(connector, mirror))
        assert mirror.value("deals", id_, "description") == "edited"

    assert portal.server.world.counters.total("hubspot") == 4


def test_what_surfaces_behind_a_bulk_change_together_with_an_edit_is_found(portal) -> None:  # type: ignore[no-untyped-def]
    short(portal, cap=1_000)
    now = portal.server.world.clock.now_ms()
    mirror, connector = Mirror(), portal.connect()
    pull(connector, mirror)
    bulk = load(portal, 50, at=now, step=1)
    pull(connector, mirror)
    (late,) = load(portal, 1, at=now - 30_000)
    portal.edit("deals", bulk[9], {"description": "edited"})

    pages = pull(connector, mirror)

    assert {late, bulk[9]} <= brought(pages)


def test_what_became_visible_late_within_the_overlap_is_found(portal) -> None:  # type: ignore[no-untyped-def]
    short(portal)
    now = portal.server.world.clock.now_ms()
    mirror, connector = Mirror(), portal.connect()
    load(portal, 12, at=now)
    pull(connector, mirror)
    pull(connector, mirror)

    late = load(portal, 1, at=now - 60_000)

    assert set(late) <= brought(pull(connector, mirror))


def test_more_ties_than_search_can_page_are_split_by_id(portal) -> None:  # type: ignore[no-untyped-def]
    short(portal)
    mirror, connector = Mirror(), portal.connect()
    pull(connector, mirror)
    ids = load(portal, 93)

    pull(connector, mirror)

    assert mirror.live("deals") == set(ids)


def test_ties_are_split_even_where_ids_sort_as_text(portal) -> None:  # type: ignore[no-untyped-def]
    short(portal)
    portal.set(lexicographic_id_sort=True)
    mirror, connector = Mirror(), portal.connect()
    pull(connector, mirror)
    at = portal.server.world.clock.now_ms()
    rows = [
        {"id": str(id_), "properties": {"dealname": "tied"}, "createdAt": at, "updatedAt": at}
        for id_ in (*range(5, 40), *range(995, 1_030), *range(99_990, 100_020))
    ]
    ids = portal.server.world.hubspot.load("deals", rows)

    pull(connector, mirror)

    assert mirror.live("deals") == set(ids)


def test_more_changes_than_search_can_page_are_read_forward(portal) -> None:  # type: ignore[no-untyped-def]
    short(portal)
    mirror, connector = Mirror(), portal.connect()
    pull(connector, mirror)
    ids = load(portal, 150, at=portal.server.world.clock.now_ms() - HOUR, step=3_000)

    pull(connector, mirror)

    assert mirror.live("deals") == set(ids)


@pytest.mark.parametrize("place", [0, 3])
def test_short_and_empty_pages_do_not_end_a_pull(portal, place: int) -> None:  # type: ignore[no-untyped-def]
    short(portal, cap=200)
    portal.set(phantom_hits=12, phantom_hits_at=place)
    mirror, connector = Mirror(), portal.connect()
    ids = load(portal, 30, step=1)

    pull(connector, mirror)
    edited = ids[::3]
    for id_ in edited:
        portal.edit("deals", id_, {"description": "edited"})
    pull(connector, mirror)

    assert mirror.live("deals") == set(ids)
    assert {mirror.value("deals", id_, "description") for id_ in edited} == {"edited"}


def test_records_that_move_while_they_are_read_push_none_past_us(portal) -> None:  # type: ignore[no-untyped-def]
    short(portal, cap=1_000)
    mirror, connector = Mirror(), portal.connect()
    pull(connector, mirror)
    ids = load(portal, 60, at=portal.server.world.clock.now_ms() - 2 * HOUR, step=60_000)
    moving = iter(ids)

    for page in connector.hot([Wanted("deals", FIELDS, mirror.cursors["deals"])]):
        mirror.take(page)
        portal.edit("deals", next(moving), {"description": "moved"})
        portal.edit("deals", next(moving), {"description": "moved"})

    assert mirror.live("deals") == set(ids)


def test_records_that_move_within_the_overlap_are_found_by_the_next_pull(portal) -> None:  # type: ignore[no-untyped-def]
    short(portal, cap=1_000)
    mirror, connector = Mirror(), portal.connect()
    pull(connector, mirror)
    ids = load(portal, 60, step=1)
    moving = iter(ids)
    for page in connector.hot([Wanted("deals", FIELDS, mirror.cursors["deals"])]):
        mirror.take(page)
        portal.edit("deals", next(moving), {"description": "moved"})

    pull(connector, mirror)

    assert mirror.live("deals") == set(ids)
    assert {mirror.value("deals", id_, "description") for id_ in set(ids) - set(moving)} == {"moved"}


@pytest.mark.parametrize("shift_days", [-200, 200])
def test_our_clock_and_theirs_need_not_agree(portal, shift_days: int) -> None:  # type: ignore[no-untyped-def]
    portal.server.world.clock.move(shift_days * 86_400)
    mirror, connector = Mirror(), portal.connect()
    first = load(portal, 3)
    pull(connector, mirror)
    portal.server.world.clock.move(600)
    portal.edit("deals", first[0], {"description": "edited"})

    pull(connector, mirror)

    assert mirror.value("deals", first[0], "description") == "edited"


def test_the_index_may_lag(portal) -> None:  # type: ignore[no-untyped-def]
    clock = portal.server.world.clock
    mirror, connector = Mirror(), portal.connect()
    ids = load(portal, 5)
    pull(connector, mirror)
    portal.set(search_lag_s=30)
    portal.edit("deals", ids[0], {"description": "first"})
    clock.move(20)
    portal.edit("deals", ids[1], {"description": "second"})
    clock.move(15)
    pull(connector, mirror)
    clock.move(60)

    pull(connector, mirror)

    assert mirror.value("deals", ids[0], "description") == "first"
    assert mirror.value("deals", ids[1], "description") == "second"


def test_pulls_of_a_busy_lagging_portal_add_up_to_what_a_full_read_shows(crm: Server, portal) -> None:  # type: ignore[no-untyped-def]
    seed = random.randrange(1 << 32)
    draw = random.Random(seed)
    short(portal, cap=25)
    portal.set(search_lag_s=20, phantom_hits=draw.choice((0, 3)), phantom_hits_at=4)
    clock, mirror, connector = crm.world.clock, Mirror(), portal.connect()
    live = load(portal, 20, step=500)
    for turn in range(25):
        for _ in range(draw.choice((0, 1, 4, 15))):
            match draw.choice(("edit", "edit", "edit", "create", "tie")):
                case "edit":
                    portal.edit("deals", draw.choice(live), {"description": f"turn {turn}"})
                case "create":
                    live.append(portal.create("deals", {"dealname": "new", "dealstage": "qualifiedtobuy"}))
                case _:
                    live += load(portal, draw.choice((2, 9, 30)))
            clock.move(draw.choice((0, 0, 1, 20)))
        pull(connector, mirror)
        clock.move(draw.choice((0, 5, 300)))
    clock.move(180)  # longer than the overlap: nothing surfaces any more
    pull(connector, mirror)
    truth = Mirror()
    for page in connector.cold([Wanted("deals", FIELDS)]):
        truth.take(page)

    assert mirror.live("deals") == truth.live("deals") == set(live), f"seed {seed}"
    assert {key: one.values for key, one in mirror.records.items()} == {
        key: one.values for key, one in truth.records.items()
    }, f"seed {seed}"


def test_other_fields_begin_anew_and_a_killed_first_pull_counts_on(portal) -> None:  # type: ignore[no-untyped-def]
    short(portal)
    ids = load(portal, 12)
    mirror = Mirror()
    pages = portal.connect().hot([Wanted("deals", FIELDS)])
    mirror.take(next(pages))

    resumed = pull(portal.connect(), mirror)
    again = pull(portal.connect(), mirror, ("dealname",))

    assert resumed[-1].total == len(ids)
    assert len(brought(resumed)) == len(ids) - 5
    assert brought(again) == set(ids)
    assert again[-1].full


@pytest.mark.parametrize("count", [90, 400])
def test_many_fields_are_brought_without_long_requests(portal, count: int) -> None:  # type: ignore[no-untyped-def]
    names = [f"custom_property_with_a_long_name_{n:03d}" for n in range(count)]
    for name in names:
        portal.server.world.hubspot.add_field("deals", {"name": name, "type": "string"})
    portal.set(search_body_limit=3_000)
    ids = load(portal, 3)
    mirror, connector = Mirror(), portal.connect()
    pull(connector, mirror, names)
    portal.edit("deals", ids[1], {names[-1]: "far out"})
    portal.forget_calls()

    pull(connector, mirror, names)
    idle = len(brought(pull(connector, mirror, names)))

    assert mirror.value("deals", ids[1], names[-1]) == "far out"
    assert len(mirror.records["deals", ids[0]].values) == count
    assert idle == 0


def test_a_merge_of_deals_shows_the_losers_and_where_they_went(portal) -> None:  # type: ignore[no-untyped-def]
    ids = load(portal, 3, at=portal.server.world.clock.now_ms() - HOUR)
    mirror, connector = Mirror(), portal.connect()
    pull(connector, mirror)
    survivor = portal.merge("deals", ids[0], ids[1])

    hot = pull(connector, mirror)
    warm = list(connector.warm([Wanted("deals", FIELDS)]))
    fetched = connector.fetch("deals", [ids[0], ids[1], survivor], ("dealname",))

    expected = {(ids[0], survivor), (ids[1], survivor)}
    assert {(each.loser.id, each.survivor.id) for page in hot for each in page.merged} == expected
    assert {(each.loser.id, each.survivor.id) for page in warm for each in page.merged} == expected
    assert set(fetched) == {survivor}


def test_archived_records_are_gone_from_the_moment_they_were_archived(portal) -> None:  # type: ignore[no-untyped-def]
    ids = load(portal, 3)
    before = portal.server.world.clock.now()
    portal.delete("deals", ids[2])

    pages = list(portal.connect().warm([Wanted("deals", FIELDS)]))

    (gone,) = [each for page in pages for each in page.gone]
    assert gone.ref.id == ids[2]
    assert gone.at >= before.replace(microsecond=0)


def test_a_number_that_comes_as_a_number_keeps_its_digits(portal) -> None:  # type: ignore[no-untyped-def]
    record = {
        "id": "7",
        "properties": {"amount": 12.1, "dealname": ""},
        "createdAt": "2026-01-01T00:00:00Z",
        "updatedAt": "2026-01-02T00:00:00.5+00:00",
    }
    unreadable = {"id": "8", "properties": {}, "createdAt": "2026-01-01T00:00:00Z"}
    body = {"results": [record, unreadable]}
    portal.fault(endpoint="list.deals", action={"kind": "status", "code": 200, "body": body})

    (page,) = portal.connect().cold([Wanted("deals", FIELDS)])

    assert page.records[0].values == {"amount": Decimal("12.1"), "dealname": None}
    assert [one.ref.id for one in page.unreadable] == ["8"]
    assert page.total == 1
