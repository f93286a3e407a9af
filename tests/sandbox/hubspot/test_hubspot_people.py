"""What people do behind the clients' backs, and filling a portal."""

import time


def test_a_person_creates_edits_deletes_restores_and_merges(portal):
    deal = portal.behind.create("deals", {"dealname": "x"}, "Rita Rep")
    portal.behind.edit("deals", deal, {"amount": "5"}, "Rita Rep")
    properties = portal.get(f"/crm/v3/objects/deals/{deal}", properties="amount,hs_object_source")["properties"]
    assert (properties["amount"], properties["hs_object_source"]) == ("5", "CRM_UI")

    portal.behind.delete("deals", deal, "Rita Rep")
    portal.get(f"/crm/v3/objects/deals/{deal}", 404)
    portal.behind.restore("deals", deal, "Rita Rep")
    assert portal.get(f"/crm/v3/objects/deals/{deal}")["properties"]["amount"] == "5"
    other = portal.behind.create("deals", {"dealname": "y"}, "Rita Rep")
    merged = portal.behind.merge("deals", deal, [other], "Rita Rep")
    assert portal.get(f"/crm/v3/objects/deals/{other}")["id"] == merged


def test_a_person_is_one_user_however_often_they_act(portal):
    for person in ("Rita Rep", "rita rep", "", "Rita Rep", "", "Cher", "Cher"):
        portal.behind.create("deals", {"dealname": "x"}, person)
    names = [f"{each['firstName']} {each['lastName']}".strip() for each in portal.get("/crm/v3/owners")["results"]]

    assert names == ["Rita Rep", "Somebody", "Cher"]


def test_mistakes_behind_the_back_are_told_in_the_portals_words(portal):
    order = {"crm": "hubspot", "object": "deals", "id": "5", "fields": {"amount": "1"}, "as": "Rita Rep"}
    assert portal.post("/_sandbox/edit", order, 400)["message"]
    deal = portal.make("deals", dealname="x")
    bad = portal.post("/_sandbox/edit", {**order, "id": deal, "fields": {"amount": "abc"}}, 400)
    assert "abc was not a valid number." in bad["message"]


def test_loaded_records_keep_their_ids_stamps_and_histories(portal):
    row = {
        "id": "501",
        "dealname": "Old",
        "dealstage": "closedwon",
        "amount": 12.5,
        "createdate": "2024-01-02T03:04:05.678Z",
        "hs_lastmodifieddate": 1_735_689_600_000,
        "history": {
            "dealstage": [
                {"value": "contractsent", "at": "2024-01-02T03:04:05.678Z"},
                {"value": "closedwon", "at": 1_735_689_600_000, "user_id": 7},
            ]
        },
    }
    assert portal.behind.load("deals", [row]) == ["501"]
    found = portal.get("/crm/v3/objects/deals/501", propertiesWithHistory="dealstage")

    assert (found["createdAt"], found["updatedAt"]) == ("2024-01-02T03:04:05.678Z", "2025-01-01T00:00:00.000Z")
    assert [each["value"] for each in found["propertiesWithHistory"]["dealstage"]] == ["closedwon", "contractsent"]
    assert int(portal.make("deals", dealname="new")) > 501


def test_labels_and_parents_are_seeded_in_bulk(portal):
    behind = portal.behind
    deals = behind.load("deals", [{"dealname": f"d{n}"} for n in range(3)])
    parent, child = behind.load("companies", [{"name": "parent"}, {"name": "child"}])
    there, back = behind.add_label("deals", "companies", "reseller", "Reseller", "Resold")
    behind.associate_many("deals", "companies", [(deal, child) for deal in deals], there)
    behind.associate_many("companies", "companies", [(child, parent)], 14)

    [found] = portal.get(f"/crm/v4/objects/deals/{deals[0]}/associations/companies")["results"]
    assert [each["label"] for each in found["associationTypes"]] == ["Primary", "Reseller", None]
    names = "num_associated_deals,hs_parent_company_id"
    properties = portal.get(f"/crm/v3/objects/companies/{child}", properties=names)["properties"]
    assert (properties["num_associated_deals"], properties["hs_parent_company_id"]) == ("3", parent)
    assert back != there


def test_a_dump_is_the_same_for_the_same_world(portal):
    deal = portal.make("deals", dealname="x", dealstage="closedwon")
    before = portal.behind.dump("deals", stamps=False)
    portal.server.world.clock.move(100)
    portal.patch(f"/crm/v3/objects/deals/{deal}", {"properties": {"dealname": "x"}})

    assert portal.behind.dump("deals", stamps=False) == before
    assert portal.behind.dump("deals", stamps=True)[0]["updatedAt"]
    assert portal.get("/_sandbox/dump", crm="hubspot", object="deals", stamps="0") == before


def test_definitions_changed_in_a_write_that_failed_are_not_remembered(portal):
    rule = {"vendor": "hubspot", "endpoint": "properties.create", "when": "before_commit", "action": "drop", "times": 1}
    portal.post("/_sandbox/faults", rule)
    text = {"name": "note", "label": "n", "type": "string", "fieldType": "text", "groupName": "dealinformation"}
    for _ in range(2):
        try:
            portal.send("POST", "/crm/v3/properties/deals", text)
            break
        except OSError:
            portal.get("/crm/v3/properties/deals/note", 404)

    portal.make("deals", note="there")


def test_two_hundred_thousand_records_are_searched_and_paged_in_milliseconds(portal):
    rows = [{"name": f"c{n}", "updatedAt": 1_700_000_000_000 + n} for n in range(200_000)]
    started = time.perf_counter()
    made = portal.behind.load("companies", rows)
    loaded = time.perf_counter() - started
    sorts = [{"propertyName": "hs_lastmodifieddate", "direction": "ASCENDING"}]

    def page():
        return portal.search(
            "companies", ("hs_lastmodifieddate", "GTE", "1700000190000"), sorts=sorts, limit=200, properties=["name"]
        )

    def listed():
        return portal.get("/crm/v3/objects/companies", limit=100, after=made[150_000])

    assert page()["total"] == 10_000
    assert len(listed()["results"]) == 100
    timings = {}
    for name, call in (("search", page), ("list", listed)):
        started = time.perf_counter()
        for _ in range(5):
            call()
        timings[name] = (time.perf_counter() - started) / 5

    assert loaded < 30, loaded
    assert max(timings.values()) < 0.1, timings


def test_a_parent_counts_its_children(portal):
    parent, child = portal.make("companies", name="p"), portal.make("companies", name="c")
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 13}]
    path = f"/crm/v4/objects/companies/{parent}/associations/companies/{child}"
    shown = f"/crm/v3/objects/companies/{parent}?properties=hs_num_child_companies"
    portal.put(path, types, 201)
    after = portal.get(shown)["properties"]["hs_num_child_companies"]
    portal.delete(path)

    assert (after, portal.get(shown)["properties"]["hs_num_child_companies"]) == ("1", "0")
