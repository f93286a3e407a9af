"""Search: filters, limits, order, and what the index gets wrong."""

import pytest

SEARCH = "/crm/v3/objects/deals/search"


@pytest.fixture
def deals(portal):
    rows = [
        {"dealname": "Alpha Renewal", "amount": "100", "dealstage": "closedwon", "closedate": "2026-01-05T00:00:00Z"},
        {"dealname": "Beta New", "amount": "20", "dealstage": "closedlost", "closedate": "2026-02-05T00:00:00Z"},
        {"dealname": "Gamma Expansion", "dealstage": "contractsent", "closedate": "2026-03-05T00:00:00Z"},
        {"dealname": "Delta", "amount": "3", "dealstage": "contractsent"},
    ]
    stamped = [{**row, "createdAt": 1000 + n, "updatedAt": 1_700_000_000_000 - n} for n, row in enumerate(rows)]
    return portal.behind.load("deals", stamped)


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        (("dealname", "EQ", "alpha renewal"), [0]),
        (("dealname", "NEQ", "Delta"), [0, 1, 2]),
        (("amount", "GT", "20"), [0]),
        (("amount", "GTE", 20), [0, 1]),
        (("amount", "LT", "20"), [3]),
        (("amount", "LTE", "20"), [1, 3]),
        (("amount", "EQ", "100.00"), [0]),
        (("amount", "BETWEEN", "3", "20"), [1, 3]),
        (("amount", "HAS_PROPERTY"), [0, 1, 3]),
        (("amount", "NOT_HAS_PROPERTY"), [2]),
        (("dealstage", "IN", ["closedwon", "closedlost"]), [0, 1]),
        (("dealstage", "NOT_IN", ["closedwon", "closedlost"]), [2, 3]),
        (("dealname", "IN", ["alpha renewal"]), [0]),
        (("dealname", "IN", ["Alpha Renewal"]), []),
        (("dealname", "CONTAINS_TOKEN", "renewal"), [0]),
        (("dealname", "CONTAINS_TOKEN", "exp*"), [2]),
        (("dealname", "CONTAINS_TOKEN", "exp"), []),
        (("dealname", "NOT_CONTAINS_TOKEN", "renewal"), [1, 2, 3]),
        (("closedate", "GTE", "2026-02-05"), [1, 2]),
        (("closedate", "LT", "1770249600000"), [0]),
        (("hs_is_closed_won", "EQ", "true"), [0]),
        (("hs_lastmodifieddate", "GTE", "1699999999999"), [0, 1]),
        (("hs_lastmodifieddate", "LT", "2023-11-14T23:13:19.999+01:00"), [2, 3]),
    ],
)
def test_each_operator_finds(portal, deals, ids, condition, found):
    page = portal.search("deals", condition, sorts=[{"propertyName": "createdate"}])

    assert ids(page) == [deals[n] for n in found]
    assert page["total"] == len(found)


def test_filters_of_a_group_hold_together_and_groups_are_alternatives(portal, deals, ids):
    won = {"propertyName": "dealstage", "operator": "EQ", "value": "closedwon"}
    dear = {"propertyName": "amount", "operator": "GT", "value": "1000"}
    delta = {"propertyName": "dealname", "operator": "EQ", "value": "Delta"}

    assert ids(portal.post(SEARCH, {"filterGroups": [{"filters": [won, dear]}, {"filters": [delta]}]})) == [deals[3]]
    assert ids(portal.post(SEARCH, {"filters": [won]})) == [deals[0]]


def test_order_is_creation_unless_one_sort_is_named(portal, deals, ids):
    by_stamp = [{"propertyName": "hs_lastmodifieddate", "direction": "ASCENDING"}]
    by_amount = [{"propertyName": "amount", "direction": "DESCENDING"}]

    assert ids(portal.search("deals")) == deals
    assert ids(portal.search("deals", sorts=by_stamp)) == deals[::-1]
    assert ids(portal.search("deals", sorts=by_amount)) == [deals[0], deals[1], deals[3], deals[2]]
    assert ids(portal.search("deals", sorts=["-createdate"])) == deals[::-1]
    assert portal.post(SEARCH, {"sorts": by_stamp + by_amount}, 400)["category"] == "VALIDATION_ERROR"


def test_a_sort_in_text_that_is_no_property_name_is_ignored(portal, deals, ids):
    as_json = '{"propertyName":"createdate","direction":"DESCENDING"}'

    assert ids(portal.search("deals", sorts=[as_json])) == deals
    assert ids(portal.search("deals", sorts=["createdate DESC"])) == deals
    assert portal.post(SEARCH, {"sorts": ["-nope"]}, 400)["errors"][0]["code"] == "PROPERTY_DOESNT_EXIST"


def test_words_find_by_their_beginning_in_the_searchable_properties(portal, deals, ids):
    assert ids(portal.search("deals", query="gam")) == [deals[2]]
    assert ids(portal.search("deals", query="new bet")) == [deals[1]]
    assert ids(portal.search("deals", query="zeta")) == []


def test_a_page_continues_at_an_offset_given_as_text(portal, deals, ids):
    first = portal.search("deals", limit=3)
    rest = portal.search("deals", limit="3", after=first["paging"]["next"]["after"])

    assert first["paging"] == {"next": {"after": "3"}}
    assert ids(first) + ids(rest) == deals
    assert first["total"] == rest["total"] == 4
    assert "paging" not in rest


def test_search_by_company_association(portal, deals, ids):
    company = portal.make("companies", name="Acme")
    portal.put(f"/crm/v4/objects/deals/{deals[2]}/associations/default/companies/{company}")

    assert ids(portal.search("deals", ("associations.company", "EQ", company))) == [deals[2]]


@pytest.mark.parametrize(
    "body",
    [
        {"limit": 201},
        {"limit": 0},
        {"after": "9901", "limit": 100},
        {"filterGroups": [{"filters": [{"propertyName": "amount", "operator": "HAS_PROPERTY"}]}] * 6},
        {"filters": [{"propertyName": "amount", "operator": "HAS_PROPERTY"}] * 7},
        {"filterGroups": [{"filters": [{"propertyName": "amount", "operator": "HAS_PROPERTY"}] * 5}] * 4},
        {"filters": [{"propertyName": "amount", "operator": "NOT_HAS_PROPERTY", "value": "1"}]},
        {"filters": [{"propertyName": "amount", "operator": "LIKE", "value": "1"}]},
        {"filters": [{"propertyName": "dealstage", "operator": "IN", "value": "1"}]},
        {"filters": [{"propertyName": "amount", "operator": "EQ"}]},
        {"filters": [{"propertyName": "amount", "operator": "EQ", "value": "abc"}]},
        {"filters": [{"propertyName": "nope", "operator": "EQ", "value": "1"}]},
        {"filters": [{"operator": "EQ", "value": "1"}]},
    ],
)
def test_what_goes_beyond_the_limits_is_refused(portal, deals, body):
    assert portal.post(SEARCH, body, 400)["status"] == "error"


def test_the_last_reachable_hit_is_the_ten_thousandth(portal):
    portal.behind.load("companies", [{"name": f"c{n}"} for n in range(10_003)])
    page = portal.search("companies", limit=200, after="9800")

    assert (page["total"], len(page["results"]), page["paging"]["next"]["after"]) == (10_003, 200, "10000")
    assert portal.post("/crm/v3/objects/companies/search", {"limit": 200, "after": "10000"}, 400)


def test_archived_records_and_associations_are_never_found(portal, deals, ids):
    portal.delete(f"/crm/v3/objects/deals/{deals[0]}")
    page = portal.search("deals", associations=["companies"])

    assert ids(page) == deals[1:]
    assert all("associations" not in each for each in page["results"])


def test_a_lagging_index_sees_the_world_of_before_in_both_directions(portal, deals, ids):
    clock = portal.server.world.clock
    clock.freeze()
    portal.settings(search_lag_s=30)
    portal.patch(f"/crm/v3/objects/deals/{deals[3]}", {"properties": {"dealname": "Epsilon"}})
    portal.delete(f"/crm/v3/objects/deals/{deals[0]}")
    new = portal.make("deals", dealname="Zeta")

    assert ids(portal.search("deals")) == deals
    assert ids(portal.search("deals", ("dealname", "EQ", "Delta"))) == [deals[3]]
    assert ids(portal.search("deals", ("dealname", "EQ", "Epsilon"))) == []
    clock.move(29)
    assert portal.search("deals", ("dealname", "EQ", "Zeta"))["total"] == 0
    clock.move(1)
    assert ids(portal.search("deals")) == [*deals[1:], new]
    assert ids(portal.search("deals", ("dealname", "EQ", "Epsilon"))) == [deals[3]]


def test_with_a_lag_each_version_appears_in_its_turn(portal, deals):
    clock = portal.server.world.clock
    clock.freeze()
    portal.settings(search_lag_s=10)
    seen = []
    for name in ("v1", "v2"):
        portal.patch(f"/crm/v3/objects/deals/{deals[3]}", {"properties": {"dealname": name}})
        clock.move(6)
    for _ in range(3):
        page = portal.search("deals", ("hs_object_id", "EQ", deals[3]))
        seen.append(page["results"][0]["properties"]["dealname"])
        clock.move(3)

    assert seen == ["v1", "v1", "v2"]


@pytest.mark.parametrize("edit", ["pipeline", "association"])
def test_a_lagging_index_shows_stamps_moved_by_other_edits_when_its_lag_has_passed(portal, deals, ids, edit):
    company = portal.make("companies", name="Acme")
    clock = portal.server.world.clock
    clock.freeze()
    now = str(clock.now_ms())
    portal.settings(search_lag_s=30, association_edit_bumps=True)
    if edit == "pipeline":
        portal.patch("/crm/v3/pipelines/deals/default", {"label": "Sales"})
    else:
        portal.put(f"/crm/v4/objects/deals/{deals[2]}/associations/default/companies/{company}")
    bumped = deals if edit == "pipeline" else [deals[2]]

    assert portal.get(f"/crm/v3/objects/deals/{deals[2]}")["properties"]["hs_lastmodifieddate"] > "2023-11-15"
    assert ids(portal.search("deals", ("hs_lastmodifieddate", "LT", now))) == deals
    clock.move(29)
    assert ids(portal.search("deals", ("hs_lastmodifieddate", "GTE", now))) == []
    assert ids(portal.search("deals", ("hs_primary_associated_company", "HAS_PROPERTY"))) == []
    clock.move(1)
    assert ids(portal.search("deals", ("hs_lastmodifieddate", "GTE", now))) == bumped


def test_ghost_hits_leave_pages_short_or_empty_and_lose_nothing(portal, deals, ids):
    portal.settings(phantom_hits=3, phantom_hits_at=1)
    pages, after = [], "0"
    while after:
        page = portal.search("deals", limit=2, after=after)
        pages.append(ids(page))
        after = page.get("paging", {}).get("next", {}).get("after")

    assert [len(page) for page in pages] == [1, 0, 2, 1]
    assert [each for page in pages for each in page] == deals


def test_ids_may_sort_as_text(portal, ids):
    portal.behind.load("companies", [{"id": "9", "name": "nine"}, {"id": "10", "name": "ten"}])
    by_id = [{"propertyName": "hs_object_id", "direction": "ASCENDING"}]

    assert ids(portal.search("companies", sorts=by_id)) == ["9", "10"]
    portal.settings(lexicographic_id_sort=True)
    assert ids(portal.search("companies", sorts=by_id)) == ["10", "9"]


def test_a_strict_portal_refuses_long_bodies(portal):
    portal.settings(search_body_limit=3000)
    long = ["x" * 30] * 120

    assert portal.post(SEARCH, {"filters": [{"propertyName": "dealname", "operator": "IN", "values": long}]}, 400)
