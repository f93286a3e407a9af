"""Records one at a time and page by page."""

from urllib.parse import urlsplit

import pytest

V3, DATED = "/crm/v3/objects", "/crm/objects/2026-09"


@pytest.mark.parametrize("name", ["deals", "deal", "DEAL", "Deals", "0-3"])
@pytest.mark.parametrize("family", [V3, DATED, "/crm/objects/2026-03", "/crm/objects/v3"])
def test_a_type_goes_by_every_name_in_every_family(portal, family, name):
    deal = portal.make("deals", dealname="Big one")

    assert portal.get(f"{family}/{name}/{deal}")["properties"]["dealname"] == "Big one"
    assert portal.get(f"{family}/{name}/")["results"][0]["id"] == deal


def test_an_unknown_type_is_refused_without_a_category(portal):
    body = portal.get(f"{V3}/butterflies", 400)

    assert body.pop("correlationId")
    assert body == {"status": "error", "message": "Unable to infer object type from: butterflies"}


def test_a_read_returns_what_was_asked_for_and_the_system_properties(portal):
    company = portal.make("companies", name="Acme", domain="acme.example")

    found = portal.get(f"{V3}/companies/{company}", properties="phone,name,nonexistent")

    assert list(found["properties"]) == ["createdate", "hs_lastmodifieddate", "hs_object_id", "name", "phone"]
    assert found["properties"]["phone"] is None
    assert found["updatedAt"] == found["properties"]["hs_lastmodifieddate"]
    assert found["url"].endswith(f"/record/0-2/{company}")
    assert sorted(portal.get(f"{V3}/companies/{company}")["properties"]) == [
        "createdate",
        "domain",
        "hs_lastmodifieddate",
        "hs_object_id",
        "name",
    ]


def test_properties_may_be_repeated_or_separated_by_commas(portal):
    deal = portal.make("deals", dealname="One", amount=5)
    commas = portal.get(f"{V3}/deals/{deal}?properties=dealname,amount")
    repeated = portal.get(f"{V3}/deals/{deal}?properties=dealname&properties=amount&sort=x")

    assert commas == repeated
    assert commas["properties"]["amount"] == "5"


def test_pages_follow_their_link_on_this_host_to_the_last_record(portal, ids):
    made = [portal.make("deals", dealname=f"Deal {n}") for n in range(7)]
    page = portal.get(f"{V3}/deals", limit=3, properties="dealname,amount")
    seen = ids(page)
    while "paging" in page:
        link = urlsplit(page["paging"]["next"]["link"])
        assert f"{link.scheme}://{link.netloc}" == portal.url
        page = portal.get(f"{link.path}?{link.query}")
        assert "amount" in page["results"][0]["properties"]
        seen += ids(page)

    assert seen == made


def test_a_page_holds_at_most_a_hundred(portal):
    assert portal.get(f"{V3}/deals", 400, limit=101)["category"] == "VALIDATION_ERROR"
    assert portal.get(f"{V3}/deals", 400, limit=51, propertiesWithHistory="amount")["category"] == "VALIDATION_ERROR"


def test_archived_records_are_read_only_when_asked_for(portal, ids):
    kept, gone = portal.make("deals", dealname="kept"), portal.make("deals", dealname="gone")
    portal.delete(f"{V3}/deals/{gone}")
    portal.delete(f"{V3}/deals/{gone}")

    assert ids(portal.get(f"{V3}/deals")) == [kept]
    [found] = portal.get(f"{V3}/deals", archived="true")["results"]
    assert (found["id"], found["archived"]) == (gone, True)
    assert found["archivedAt"] == found["updatedAt"]
    assert portal.get(f"{V3}/deals/{gone}", 404)["message"] == "resource not found"
    assert portal.get(f"{V3}/deals/{gone}", archived="true")["id"] == gone


def test_an_id_that_is_no_number_is_missing_in_other_words(portal):
    body = portal.get(f"{V3}/deals/rosebud", 404)

    assert body["message"] == "Object not found.  objectId are usually numeric."
    assert body["context"] == {"id": ["rosebud"]}
    assert body["category"] == "OBJECT_NOT_FOUND"


def test_a_unique_property_finds_a_record(portal):
    contact = portal.make("contacts", email="Mia@Example.com", firstname="Mia")

    assert portal.get(f"{V3}/contacts/mia@example.com", idProperty="email")["id"] == contact
    portal.patch(f"{V3}/contacts/mia@example.com?idProperty=email", {"properties": {"lastname": "Q"}})
    assert portal.get(f"{V3}/contacts/{contact}")["properties"]["lastname"] == "Q"
    message = portal.get(f"{V3}/deals/x", 400, idProperty="dealname")["message"]
    assert message == "Unable to perform update/upsert by non-unique 0-3 property dealname"


def test_a_second_contact_with_an_email_conflicts_and_names_the_first(portal):
    first = portal.make("contacts", email="mia@example.com")
    body = portal.post(f"{V3}/contacts", {"properties": {"email": "MIA@example.com"}}, 409)

    assert body["message"] == f"Contact already exists. Existing ID: {first}"
    assert body["category"] == "CONFLICT"


def test_every_bad_value_is_listed_in_the_message_and_beside_it(portal):
    body = portal.post(
        f"{V3}/deals",
        {"properties": {"amount": "1,000", "nope": "x", "dealtype": "gift", "hs_is_closed": "true"}},
        400,
    )

    assert body["message"].startswith('Property values were not valid: [{"isValid":false,"message":"1,000 was not')
    assert [(each["code"], each["context"]["propertyName"]) for each in body["errors"]] == [
        ("INVALID_FLOAT", ["amount"]),
        ("PROPERTY_DOESNT_EXIST", ["nope"]),
        ("INVALID_OPTION", ["dealtype"]),
        ("READ_ONLY_VALUE", ["hs_is_closed"]),
    ]
    assert list(body) == ["status", "message", "correlationId", "errors", "category"]
    assert portal.get(f"{V3}/deals")["results"] == []


def test_a_currency_the_portal_does_not_have_is_refused_in_its_words(portal):
    body = portal.post(f"{V3}/deals", {"properties": {"deal_currency_code": "BRL"}}, 400)

    assert '\\"BRL\\" is not a part of the current effective currency codes for portal 44000001' in body["message"]


@pytest.mark.parametrize(
    ("stage", "closed", "won", "lost"),
    [
        ("closedwon", "true", "true", "false"),
        ("closedlost", "true", "false", "true"),
        ("contractsent",) + ("false",) * 3,
    ],
)
def test_closed_flags_follow_the_stage(portal, stage, closed, won, lost):
    deal = portal.make("deals", dealname="x", dealstage=stage)
    names = "hs_is_closed,hs_is_closed_won,hs_is_closed_lost"

    properties = portal.get(f"{V3}/deals/{deal}", properties=names)["properties"]

    assert [properties[name] for name in names.split(",")] == [closed, won, lost]


def test_home_amounts_are_exact_and_empty_without_a_rate(portal):
    portal.settings(additional_currencies=["EUR", "JPY"], exchange_rates={"EUR": "1.08"})
    euros = portal.make("deals", amount="12345.67", deal_currency_code="EUR")
    yen = portal.make("deals", amount="1000", deal_currency_code="JPY")

    def home(deal):
        return portal.get(f"{V3}/deals/{deal}", properties="amount_in_home_currency")["properties"]

    assert home(euros)["amount_in_home_currency"] == "13333.3236"
    assert home(yen)["amount_in_home_currency"] is None


def test_a_task_needs_its_due_date_and_fills_the_rest(portal):
    body = portal.post(f"{V3}/tasks", {"properties": {"hs_task_subject": "Call"}}, 400)
    assert body["message"] == "Error creating TASK. Some required properties were not set."
    assert body["context"] == {"properties": ["hs_timestamp"]}

    task = portal.make("tasks", hs_task_subject="Call", hs_timestamp=1767225600000)

    names = "hs_timestamp,hs_task_status,hs_task_type,hs_task_priority,hs_task_is_completed"
    found = portal.get(f"{V3}/tasks/{task}", properties=names)["properties"]
    assert found["hs_timestamp"] == "2026-01-01T00:00:00.000Z"
    assert (found["hs_task_status"], found["hs_task_type"], found["hs_task_priority"]) == (
        "NOT_STARTED",
        "TODO",
        "NONE",
    )
    done = portal.patch(f"{V3}/tasks/{task}", {"properties": {"hs_task_status": "COMPLETED"}})
    assert done["properties"]["hs_task_status"] == "COMPLETED"
    assert portal.get(f"{V3}/tasks/{task}", properties=names)["properties"]["hs_task_is_completed"] == "1"


def test_history_tells_who_set_what_when(portal):
    deal = portal.make("deals", dealname="x", amount="1")
    portal.behind.add_owner(
        {"id": "64492917", "email": "rita@x.example", "firstName": "Rita", "lastName": "Rep", "userId": 4711}
    )
    portal.patch(f"{V3}/deals/{deal}", {"properties": {"amount": "2"}})
    portal.behind.edit("deals", deal, {"amount": "3"}, "Rita Rep")

    entries = portal.get(f"{V3}/deals/{deal}", propertiesWithHistory="amount")["propertiesWithHistory"]["amount"]

    assert [(each["value"], each["sourceType"], each["sourceId"]) for each in entries] == [
        ("3", "CRM_UI", "userId:4711"),
        ("2", "INTEGRATION", "19083857"),
        ("1", "INTEGRATION", "19083857"),
    ]
    assert entries[0]["updatedByUserId"] == 4711


def test_a_cleared_value_reads_as_null_or_as_empty_text(portal):
    first, second = portal.make("deals", dealname="x", amount="1"), portal.make("deals", dealname="y", amount="1")
    portal.patch(f"{V3}/deals/{first}", {"properties": {"amount": ""}})
    portal.settings(cleared_value="empty")
    portal.patch(f"{V3}/deals/{second}", {"properties": {"amount": None}})

    assert portal.get(f"{V3}/deals/{first}")["properties"]["amount"] is None
    assert portal.get(f"{V3}/deals/{second}")["properties"]["amount"] == ""


def test_from_2026_09_on_odd_dates_are_normalised_and_reported(portal):
    portal.behind.add_property("deals", {"name": "credited_on", "type": "date"})
    body = {"properties": {"dealname": "x", "credited_on": "1990-01-01T00:00:00Z"}}

    new = portal.post(f"{DATED}/deals", body, 201)
    old = portal.post(f"{V3}/deals", body, 201)

    assert new["properties"]["credited_on"] == old["properties"]["credited_on"] == "1990-01-01"
    assert new["warnings"] == [
        {
            "category": "PROPERTY_VALUE_NORMALIZED",
            "context": {
                "normalizedValue": "631152000000",
                "propertyName": "credited_on",
                "rawValue": "1990-01-01T00:00:00Z",
            },
            "message": "credited_on was normalized",
        }
    ]
    assert "warnings" not in old
    refused = portal.post(f"{V3}/deals", {"properties": {"credited_on": 1427997766000}}, 400)
    assert refused["errors"][0]["message"] == "1427997766000 is at 18:2:46.0 UTC, not midnight!"


def test_admin_rules_bind_from_2026_09_on_only(portal):
    portal.settings(
        required_on_create={"deals": ["closedate"]},
        conditional_required=[["deals", "dealstage", "closedlost", "closed_lost_reason"]],
    )
    body = {"properties": {"dealname": "x", "dealstage": "closedlost"}}

    refused = portal.post(f"{DATED}/deals", body, 400)

    assert [(each["code"], each["context"]["propertyName"]) for each in refused["errors"]] == [
        ("MISSING_REQUIRED_PROPERTY", ["closedate"]),
        ("MISSING_CONDITIONAL_REQUIRED_PROPERTY", ["closed_lost_reason"]),
    ]
    portal.post("/crm/objects/2026-03/deals", body, 201)
    portal.post(f"{V3}/deals", body, 201)


def test_a_write_of_the_same_value_bumps_the_stamp_unless_switched_off(portal):
    deal = portal.make("deals", dealname="x", amount="1")
    clock = portal.server.world.clock
    before = portal.get(f"{V3}/deals/{deal}")["updatedAt"]
    clock.move(60)
    bumped = portal.patch(f"{V3}/deals/{deal}", {"properties": {"amount": "1"}})["updatedAt"]
    portal.settings(identical_write_bumps=False)
    clock.move(60)
    again = portal.patch(f"{V3}/deals/{deal}", {"properties": {"amount": "1"}})["updatedAt"]

    assert before < bumped == again


def test_a_malformed_body_is_refused_with_its_place(portal):
    response = portal.session.post(portal.url + f"{V3}/deals", data=b'{\n "properties": {', timeout=5)

    assert response.status_code == 400
    assert response.json()["message"].startswith("Invalid input JSON on line 2, column")
    assert "category" not in response.json()


def test_a_body_may_come_in_chunks(portal):
    parts = iter([b'{"properties":', b'{"dealname":"Chunky"}}'])
    response = portal.session.post(
        portal.url + f"{V3}/deals", data=parts, headers={"Content-Type": "application/json"}, timeout=5
    )

    assert response.status_code == 201
    assert response.headers["Location"].endswith(f"{V3}/deals/{response.json()['id']}")


def test_too_long_an_address_is_refused_in_html(portal):
    response = portal.send("GET", f"{V3}/deals?properties=" + ",".join(f"property_{n}" for n in range(1500)))

    assert response.status_code == 414
    assert "Request-URI Too Large" in response.text


def test_a_deal_merge_makes_a_new_record_that_answers_for_both(portal, ids):
    one, two = portal.make("deals", dealname="One", amount="5"), portal.make("deals", dealname="Two")
    company = portal.make("companies", name="Acme")
    portal.put(f"/crm/v4/objects/deals/{two}/associations/default/companies/{company}")

    merged = portal.post(f"{V3}/deals/merge", {"primaryObjectId": one, "objectIdToMerge": two})

    assert merged["id"] not in (one, two)
    assert merged["properties"]["hs_merged_object_ids"] == f"{one};{two}"
    assert portal.get(f"{V3}/deals/{one}")["id"] == portal.get(f"{V3}/deals/{two}")["id"] == merged["id"]
    assert ids(portal.get(f"{V3}/deals")) == [merged["id"]]
    assert portal.get(f"{V3}/deals", archived="true")["results"] == []
    assert merged["properties"]["hs_primary_associated_company"] == company


def test_a_company_merge_keeps_the_primary(portal, ids):
    one, two = portal.make("companies", name="One"), portal.make("companies", name="Two", phone="1")

    merged = portal.post(f"{DATED}/companies/merge", {"primaryObjectId": one, "objectIdToMerge": two})

    assert merged["id"] == one
    assert (merged["properties"]["name"], merged["properties"]["phone"]) == ("One", "1")
    assert merged["properties"]["hs_merged_object_ids"] == two
    assert ids(portal.get(f"{V3}/companies")) == [one]
