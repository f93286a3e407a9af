"""Properties, groups, pipelines, owners, the account."""

import pytest

PROPERTIES = "/crm/v3/properties/deals"
TEXT = {"name": "our_note", "label": "Our note", "type": "string", "fieldType": "text", "groupName": "dealinformation"}


def test_a_property_is_created_read_changed_and_archived(portal):
    made = portal.post(PROPERTIES, TEXT, 201)
    assert made["hasUniqueValue"] is False
    assert portal.get(f"{PROPERTIES}/our_note") == made
    changed = portal.patch(f"{PROPERTIES}/our_note", {"label": "Noted", "hasUniqueValue": True})
    assert (changed["label"], changed["hasUniqueValue"]) == ("Noted", False)
    deal = portal.make("deals", dealname="x", our_note="kept")
    portal.delete(f"{PROPERTIES}/our_note")

    missing = portal.get(f"{PROPERTIES}/our_note", 404)
    assert missing["category"] == "OBJECT_NOT_FOUND"
    assert "our_note" not in portal.get(f"/crm/v3/objects/deals/{deal}", properties="our_note")["properties"]
    portal.post(PROPERTIES, TEXT, 201)
    assert portal.get(f"/crm/v3/objects/deals/{deal}", properties="our_note")["properties"]["our_note"] == "kept"


def test_a_name_that_exists_conflicts(portal):
    body = portal.post(PROPERTIES, {**TEXT, "name": "amount"}, 409)

    assert body["message"] == "A property named 'amount' already exists."
    assert (body["category"], body["subCategory"]) == ("OBJECT_ALREADY_EXISTS", "Properties.PROPERTY_WITH_NAME_EXISTS")


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": "Bad Name"},
        {"type": "money"},
        {"type": "number"},
        {"groupName": "nowhere"},
        {"type": "bool", "fieldType": "booleancheckbox", "options": [{"label": "Yes", "value": "yes"}]},
        {"type": "enumeration", "fieldType": "select", "options": [{"label": "a", "value": "a"}] * 2},
    ],
)
def test_a_definition_that_cannot_be_is_refused(portal, change):
    assert portal.post(PROPERTIES, {**TEXT, **change}, 400)["category"] == "VALIDATION_ERROR"


def test_options_are_replaced_whole_and_bind_values(portal):
    options = [{"label": "Gold", "value": "gold"}, {"label": "Silver", "value": "silver"}]
    portal.post(PROPERTIES, {**TEXT, "type": "enumeration", "fieldType": "select", "options": options}, 201)
    portal.make("deals", our_note="silver")
    portal.patch(f"{PROPERTIES}/our_note", {"options": options[:1]})

    body = portal.post("/crm/v3/objects/deals", {"properties": {"our_note": "silver"}}, 400)
    assert body["errors"][0]["code"] == "INVALID_OPTION"


@pytest.mark.parametrize(("family", "status"), [("/crm/v3/properties", 201), ("/crm/properties/2026-09", 200)])
def test_a_batch_of_properties_lists_those_that_exist(portal, family, status):
    portal.post(f"{family}/deals/batch/create", {"inputs": [TEXT]}, status)
    body = portal.post(f"{family}/deals/batch/create", {"inputs": [TEXT, {**TEXT, "name": "other"}]}, 207)

    assert [each["name"] for each in body["results"]] == ["other"]
    assert body["errors"][0]["context"] == {"name": ["our_note"]}
    read = portal.post(f"{family}/deals/batch/read", {"inputs": [{"name": "other"}, {"name": "none"}]}, 207)
    assert [each["name"] for each in read["results"]] == ["other"]
    portal.post(f"{family}/deals/batch/archive", {"inputs": [{"name": "other"}]}, 204)


def test_ten_unique_properties_per_object_and_no_more(portal):
    for n in range(10):
        portal.post(PROPERTIES, {**TEXT, "name": f"key_{n}", "hasUniqueValue": True}, 201)

    portal.post(PROPERTIES, {**TEXT, "name": "key_10", "hasUniqueValue": True}, 400)


def test_a_vendors_own_property_cannot_be_archived(portal):
    assert portal.delete(f"{PROPERTIES}/amount", 400)["subCategory"].endswith("CANNOT_DELETE_PROPERTY_IN_USE")


def test_groups_are_created_in_order(portal):
    made = portal.post(f"{PROPERTIES}/groups", {"name": "ours", "label": "Ours"}, 201)

    assert made == {"name": "ours", "label": "Ours", "displayOrder": 2, "archived": False}
    assert portal.get(f"{PROPERTIES}/groups/ours") == made
    portal.post(f"{PROPERTIES}/groups", {"name": "ours", "label": "Ours"}, 409)
    portal.patch(f"{PROPERTIES}/groups/ours", {"label": "Theirs"})
    portal.delete(f"{PROPERTIES}/groups/ours")
    portal.get(f"{PROPERTIES}/groups/ours", 404)


def test_the_default_pipeline_is_the_recorded_one(portal):
    [pipeline] = portal.get("/crm/v3/pipelines/deals")["results"]

    assert [(each["id"], each["metadata"]) for each in pipeline["stages"]][-3:] == [
        ("contractsent", {"isClosed": "false", "probability": "0.9"}),
        ("closedwon", {"isClosed": "true", "probability": "1.0"}),
        ("closedlost", {"isClosed": "true", "probability": "0.0"}),
    ]


def test_editing_a_pipeline_moves_the_stamp_of_every_deal(portal):
    deal = portal.make("deals", dealname="x")
    before = portal.get(f"/crm/v3/objects/deals/{deal}")["updatedAt"]
    portal.server.world.clock.move(60)
    stage = {"label": "Pilot", "displayOrder": 3, "metadata": {"probability": "0.5"}}
    made = portal.post("/crm/v3/pipelines/deals/default/stages", stage, 201)

    assert made["metadata"] == {"probability": "0.5", "isClosed": "false"}
    assert portal.get(f"/crm/v3/objects/deals/{deal}")["updatedAt"] > before
    changed = portal.patch(f"/crm/v3/pipelines/deals/default/stages/{made['id']}", {"metadata": {"probability": "1.0"}})
    assert changed["metadata"]["isClosed"] == "true"
    portal.make("deals", dealname="y", dealstage=made["id"])
    portal.delete(f"/crm/v3/pipelines/deals/default/stages/{made['id']}")
    body = portal.post("/crm/v3/objects/deals", {"properties": {"dealstage": made["id"]}}, 400)
    assert body["errors"][0]["code"] == "INVALID_OPTION"


def test_a_new_pipeline_brings_its_stages(portal):
    body = {
        "label": "Partner",
        "displayOrder": 1,
        "stages": [{"label": "Open", "displayOrder": 0, "metadata": {"probability": "0.1"}}],
    }
    made = portal.post("/crm/pipelines/2026-09/deals", body, 201)

    assert portal.get(f"/crm/v3/pipelines/deals/{made['id']}") == made
    portal.make("deals", pipeline=made["id"], dealstage=made["stages"][0]["id"])
    portal.delete(f"/crm/v3/pipelines/deals/{made['id']}")


@pytest.mark.parametrize(("form", "text"), [("html", "<html>"), ("empty", ""), ("json", "resource not found")])
def test_a_missing_pipeline_is_404_in_html_or_empty_or_json(portal, form, text):
    portal.settings(pipeline_404=form)
    response = portal.send("GET", "/crm/v3/pipelines/deals/none")

    assert response.status_code == 404
    assert text in response.text
    assert bool(response.text) == bool(text)


def test_owners_page_by_id_and_are_found_by_email_and_user(portal):
    for n in range(3):
        owner = {
            "id": str(100 + n),
            "email": f"o{n}@x.example",
            "firstName": "O",
            "lastName": str(n),
            "userId": 900 + n,
        }
        portal.behind.add_owner({**owner, "archived": n == 2})
    first = portal.get("/crm/v3/owners/", limit=1)
    second = portal.get("/crm/owners/2026-09", limit=1, after=first["paging"]["next"]["after"])

    assert [each["id"] for each in first["results"] + second["results"]] == ["100", "101"]
    assert "paging" not in second
    assert portal.get("/crm/v3/owners", email="O1@x.example")["results"][0]["userId"] == 901
    assert portal.get("/crm/v3/owners/900", idProperty="userId")["id"] == "100"
    [gone] = portal.get("/crm/v3/owners", archived="true")["results"]
    assert (gone["userId"], gone["userIdIncludingInactive"]) == (None, 902)
    portal.get("/crm/v3/owners/102", 404)


def test_an_owner_must_exist_to_own(portal):
    owner = portal.behind.add_owner({"email": "a@x.example", "firstName": "A", "lastName": "B"})

    portal.make("deals", hubspot_owner_id=owner)
    body = portal.post("/crm/v3/objects/deals", {"properties": {"hubspot_owner_id": "5"}}, 400)
    assert body["errors"][0]["code"] == "INVALID_OWNER_ID"


def test_the_account_tells_its_currencies_and_its_offset(portal):
    portal.server.world.clock.freeze()
    found = portal.get("/account-info/v3/details")

    assert found["companyCurrency"] == "USD"
    assert found["additionalCurrencies"] == ["EUR", "GBP"]
    assert found["utcOffset"] in ("-05:00", "-04:00")
    assert found["utcOffsetMilliseconds"] in (-18_000_000, -14_400_000)
    assert portal.get("/account-info/2026-09/details") == found


def test_a_schema_lists_properties_and_associations(portal):
    found = portal.get("/crm-object-schemas/v3/schemas/deals")

    assert found["objectTypeId"] == "0-3"
    assert any(each["name"] == "DEAL_TO_COMPANY" for each in found["associations"])
    assert any(each["name"] == "amount" for each in found["properties"])
    assert portal.get("/crm-object-schemas/2026-09/schemas")["results"] == []
