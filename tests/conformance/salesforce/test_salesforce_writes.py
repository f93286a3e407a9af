"""The Salesforce wire as partnersync expects it: rows, collections, composites, errors. Every record is invented."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

V = "/services/data/v66.0"
SOBJECTS = f"{V}/sobjects"
COLLECTION = f"{V}/composite/sobjects"


def of(sobject: str, **fields: Any) -> dict[str, Any]:
    return {"attributes": {"type": sobject}, **fields}


def test_a_row_is_created_read_changed_and_deleted(org: Any) -> None:
    made = org.call("POST", f"{SOBJECTS}/Account/", {"Name": "Copperfield Rail"})
    row = f"{SOBJECTS}/Account/{made.json['id']}"

    assert (made.status, made.json) == (201, {"id": made.json["id"], "success": True, "errors": []})
    assert re.fullmatch(r"001\w{15}", made.json["id"])
    changed = org.call("PATCH", row, {"Phone": "+1 555 1000"})
    assert (changed.status, changed.body) == (204, b"")
    read = org.call("GET", f"{row}?fields=Name,Phone").json
    read.pop("Id", None)  # the documentation shows none, and says nothing of it
    assert read == {"attributes": {"type": "Account", "url": row}, "Name": "Copperfield Rail", "Phone": "+1 555 1000"}
    assert org.call("GET", row).json["OwnerId"].startswith("005")
    gone = org.call("DELETE", row)
    assert (gone.status, gone.body) == (204, b"")


def test_fifteen_characters_name_the_same_row(org: Any) -> None:
    own = org.create("Account", Name="Ashford Steel")

    assert org.call("GET", f"{SOBJECTS}/Account/{own[:15]}").json["Id"] == own
    assert org.query("SELECT Id FROM Account WHERE Id =", f"'{own[:15]}'").json["totalSize"] == 1


@pytest.mark.parametrize(("version", "status"), [("v66.0", 200), ("v46.0", 200), ("v45.0", 204)])
def test_an_upsert_creates_once_and_then_updates(org: Any, version: str, status: int) -> None:
    target = f"/services/data/{version}/sobjects/Account/Code__c/{quote('A/1?', safe='')}"

    first = org.call("PATCH", target, {"Name": "Larkhill Foods"})
    second = org.call("PATCH", target, {"Name": "Larkhill Foods Group"})

    assert (first.status, first.json["success"]) == (201, True)
    assert second.status == status
    if status == 200:
        assert first.json["created"] is True
        assert second.json == {"id": first.json["id"], "success": True, "errors": [], "created": False}
    else:
        assert second.body == b""
    assert org.query("SELECT Name, Code__c FROM Account").json["records"][0]["Code__c"] == "A/1?"


def test_an_upsert_that_may_only_update_creates_nothing(org: Any) -> None:
    answer = org.call("PATCH", f"{SOBJECTS}/Account/Code__c/none?updateOnly=true", {"Name": "Nobody"})

    assert (answer.status, answer.error["errorCode"]) == (404, "NOT_FOUND")
    assert org.query("SELECT COUNT() FROM Account").json["totalSize"] == 0


def test_an_upsert_by_a_field_that_is_no_external_id_is_404(org: Any) -> None:
    answer = org.call("PATCH", f"{SOBJECTS}/Account/Namez/x", {"Name": "Nobody"})

    assert answer.status == 404
    assert answer.error["message"] == "Provided external ID field does not exist or is not accessible: Namez"


def test_an_upsert_that_finds_several_lists_them(org: Any) -> None:
    org.world.salesforce.add_field("Account", {"name": "Loose__c", "type": "string", "externalId": True})
    ids = [org.create("Account", Name=f"Millbrook {n}", Loose__c="same") for n in range(2)]

    answer = org.call("PATCH", f"{SOBJECTS}/Account/Loose__c/same", {"Name": "Which"})

    assert answer.status == 300
    assert sorted(answer.json) == sorted(f"{SOBJECTS}/Account/{own}" for own in ids)


def test_a_condition_on_the_stamp_is_kept(org: Any) -> None:
    own = f"{SOBJECTS}/Account/{org.create('Account', Name='Oakwell Mining')}"
    past, future = "Tue, 01 Jan 2019 00:00:00 GMT", "Fri, 01 Jan 2100 00:00:00 GMT"

    assert org.call("PATCH", own, {"Phone": "1"}, headers={"If-Unmodified-Since": past}).status == 412
    assert org.call("PATCH", own, {"Phone": "2"}, headers={"If-Unmodified-Since": future}).status == 204
    assert org.call("GET", own, headers={"If-Modified-Since": future}).status == 304
    assert org.call("PATCH", own, {"Phone": "3"}, headers={"If-Unmodified-Since": "yesterday"}).status == 400


@pytest.mark.parametrize(
    ("fields", "code", "message"),
    [
        ({}, "REQUIRED_FIELD_MISSING", "Required fields are missing: [Name]"),
        ({"Name": "x", "foo": 1}, "INVALID_FIELD", "No such column 'foo' on sobject of type Account"),
        ({"Name": "x" * 256}, "STRING_TOO_LONG", "data value too large"),
        (
            {"Name": "x", "Grade__c": "Z"},
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "bad value for restricted picklist",
        ),
        ({"Name": "x", "OwnerId": "abc"}, "MALFORMED_ID", "id value of incorrect type"),
        (
            {"Name": "x", "CreatedDate": "2026-01-01"},
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            "Unable to create/update fields",
        ),
        ({"Name": "x", "NumberOfEmployees": "many"}, "JSON_PARSER_ERROR", ""),
    ],
)
def test_a_row_that_cannot_be_is_refused_with_its_code(
    org: Any, fields: dict[str, Any], code: str, message: str
) -> None:
    answer = org.call("POST", f"{SOBJECTS}/Account", fields)

    assert answer.status == 400
    assert answer.error["errorCode"] == code
    assert message in answer.error["message"]


def test_a_unique_value_names_the_record_that_has_it(org: Any) -> None:
    own = org.create("Account", Name="Redmoor", Code__c="R1")

    answer = org.call("POST", f"{SOBJECTS}/Account", {"Name": "Redmoor again", "Code__c": "R1"})

    assert (answer.status, answer.error["errorCode"]) == (400, "DUPLICATE_VALUE")
    said = answer.error["message"]
    assert said.startswith(f"duplicate value found: Code__c duplicates value on record with id: {own[:15]}")


def test_a_read_only_field_is_described_so_and_not_written(org: Any) -> None:
    org.world.settings.update("salesforce", {"read_only_fields": ["Account.Phone"]})

    answer = org.call("POST", f"{SOBJECTS}/Account", {"Name": "x", "Phone": "1"})

    fields = {f["name"]: f for f in org.call("GET", f"{SOBJECTS}/Account/describe").json["fields"]}
    assert fields["Phone"]["updateable"] is False
    assert answer.error["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert answer.error["fields"] == ["Phone"]


def test_what_is_gone_and_what_never_was_are_told_apart(org: Any) -> None:
    own = org.create("Account", Name="Winterport")
    org.call("DELETE", f"{SOBJECTS}/Account/{own}")

    gone = org.call("PATCH", f"{SOBJECTS}/Account/{own}", {"Name": "x"})
    never = org.call("GET", f"{SOBJECTS}/Account/001000000000001AAA")
    nowhere = org.call("GET", f"{V}/nowhere")

    assert (gone.status, gone.error["errorCode"]) == (404, "ENTITY_IS_DELETED")
    assert gone.error["message"] == "entity is deleted"
    assert (never.status, never.error["errorCode"]) == (404, "NOT_FOUND")
    assert (nowhere.status, nowhere.error["message"]) == (404, "The requested resource does not exist")
    assert org.call("PUT", f"{SOBJECTS}/Account/{own}", {}).status == 405
    assert org.call("POST", f"{SOBJECTS}/Account", b"{broken").error["errorCode"] == "JSON_PARSER_ERROR"


def test_deleted_rows_are_in_query_all_and_in_the_delete_log(org: Any) -> None:
    keep, gone = (org.create("Account", Name=name) for name in ("Fernvale", "Foxbridge"))
    org.call("DELETE", f"{SOBJECTS}/Account/{gone}")
    soql = "SELECT Id, IsDeleted FROM Account ORDER BY Name"

    assert [r["Id"] for r in org.query(soql).json["records"]] == [keep]
    everything = org.query(soql, resource="queryAll").json["records"]
    assert [(r["Id"], r["IsDeleted"]) for r in everything] == [(keep, False), (gone, True)]
    now = datetime.now(UTC)
    span = "?" + "&".join(
        f"{name}={quote(at.strftime('%Y-%m-%dT%H:%M:%S+00:00'))}"
        for name, at in (("start", now - timedelta(hours=1)), ("end", now + timedelta(minutes=2)))
    )
    deleted = org.call("GET", f"{SOBJECTS}/Account/deleted/{span}").json
    updated = org.call("GET", f"{SOBJECTS}/Account/updated/{span}").json
    assert set(deleted) == {"deletedRecords", "earliestDateAvailable", "latestDateCovered"}
    assert [r["id"] for r in deleted["deletedRecords"]] == [gone]
    assert keep in updated["ids"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000\+0000", updated["latestDateCovered"])


@pytest.mark.parametrize("days", [(40, 0), (0, 1)])
def test_a_replication_span_too_far_back_or_backwards_is_refused(org: Any, days: tuple[int, int]) -> None:
    now = datetime.now(UTC)
    start, end = (quote((now - timedelta(days=d)).strftime("%Y-%m-%dT%H:%M:%SZ")) for d in days)

    answer = org.call("GET", f"{SOBJECTS}/Account/updated/?start={start}&end={end}")

    assert (answer.status, answer.error["errorCode"]) == (400, "INVALID_REPLICATION_DATE")


def test_a_collection_answers_record_by_record_in_order(org: Any) -> None:
    records = [of("Account", Name="Goldcrest"), of("Account"), of("Opportunity", Name="x", StageName="Prospecting")]

    answer = org.call("POST", COLLECTION, {"allOrNone": False, "records": records})

    assert answer.status == 200
    good, bad, also_bad = answer.json
    assert (good["success"], good["errors"]) == (True, [])
    assert bad == {
        "success": False,
        "errors": [
            {
                "statusCode": "REQUIRED_FIELD_MISSING",
                "message": "Required fields are missing: [Name]",
                "fields": ["Name"],
            }
        ],
    }
    assert also_bad["errors"][0]["fields"] == ["CloseDate"]


def test_all_or_none_rolls_the_good_ones_back(org: Any) -> None:
    records = [of("Account", Name="Goldcrest"), of("Account")]

    good, bad = org.call("POST", COLLECTION, {"allOrNone": True, "records": records}).json

    assert good["errors"][0]["statusCode"] == "ALL_OR_NONE_OPERATION_ROLLED_BACK"
    assert bad["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"
    assert org.query("SELECT COUNT() FROM Account").json["totalSize"] == 0


def test_collections_have_their_caps(org: Any) -> None:
    many = [of("Account", Name=f"n{n}") for n in range(201)]
    mixed = [of("Account" if n % 2 else "Task", Name="x") if n % 2 else of("Task", Subject="x") for n in range(11)]

    assert org.call("POST", COLLECTION, {"records": many}).status == 400
    assert org.call("POST", COLLECTION, {"records": mixed}).status == 400
    assert org.call("POST", COLLECTION, {"records": [{"Name": "no type"}]}).status == 400
    assert org.query("SELECT COUNT() FROM Account").json["totalSize"] == 0


def test_a_collection_updates_upserts_reads_and_deletes(org: Any) -> None:
    ids = [org.create("Account", Name=f"Hazelford {n}") for n in range(2)]

    updated = org.call("PATCH", COLLECTION, {"records": [of("Account", id=own, Phone="5") for own in ids]}).json
    unknown = org.call("PATCH", COLLECTION, {"records": [of("Account", id="001000000000001AAA", Phone="5")]}).json
    twice = org.call("PATCH", COLLECTION, {"records": [of("Account", id=ids[0], Phone="5")] * 2}).json
    body = {"records": [of("Account", Name="Hazelford 3", Code__c="H3")]}
    upserted = [org.call("PATCH", f"{COLLECTION}/Account/Code__c", body).json[0] for _ in range(2)]
    read = org.call("POST", f"{COLLECTION}/Account", {"ids": [*ids, "001000000000001AAA"], "fields": ["Phone"]}).json
    deleted = org.call("DELETE", f"{COLLECTION}?ids={','.join(ids)}&allOrNone=true").json

    assert updated == [{"id": own, "success": True, "errors": []} for own in ids]
    assert unknown[0]["errors"][0]["statusCode"] == "INVALID_CROSS_REFERENCE_KEY"
    assert "DUPLICATE_VALUE" in {e["statusCode"] for result in twice for e in result["errors"]}
    assert [(u["id"], u["created"]) for u in upserted] == [(upserted[0]["id"], True), (upserted[0]["id"], False)]
    assert [r["Phone"] for r in read[:2]] == ["5", "5"]
    assert read[2] is None
    assert [d["success"] for d in deleted] == [True, True]


def test_a_composite_hands_results_on_to_later_calls(org: Any) -> None:
    calls = [
        {"method": "POST", "url": f"{SOBJECTS}/Account", "referenceId": "made", "body": {"Name": "Blackmere"}},
        {"method": "GET", "url": f"{SOBJECTS}/Account/@{{made.id}}?fields=Name", "referenceId": "read"},
        {"method": "GET", "url": f"{V}/query?q=SELECT+COUNT()+FROM+Account", "referenceId": "counted"},
    ]

    answer = org.call("POST", f"{V}/composite", {"allOrNone": True, "compositeRequest": calls})

    made, read, counted = answer.json["compositeResponse"]
    assert (answer.status, set(made)) == (200, {"body", "httpHeaders", "httpStatusCode", "referenceId"})
    assert (made["httpStatusCode"], made["httpHeaders"]["Location"]) == (
        201,
        f"{SOBJECTS}/Account/{made['body']['id']}",
    )
    assert (read["body"]["Name"], read["referenceId"]) == ("Blackmere", "read")
    assert counted["body"]["totalSize"] == 1


def test_a_failing_composite_halts_and_undoes_the_rest(org: Any) -> None:
    calls = [
        {"method": "POST", "url": f"{SOBJECTS}/Account", "referenceId": "one", "body": {"Name": "Blackmere"}},
        {"method": "POST", "url": f"{SOBJECTS}/Account", "referenceId": "two", "body": {}},
    ]

    one, two = org.call("POST", f"{V}/composite", {"allOrNone": True, "compositeRequest": calls}).json[
        "compositeResponse"
    ]

    assert (one["httpStatusCode"], one["body"][0]["errorCode"]) == (400, "PROCESSING_HALTED")
    assert one["body"][0]["message"].startswith("The transaction was rolled back since another operation")
    assert two["body"][0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert org.query("SELECT COUNT() FROM Account").json["totalSize"] == 0


@pytest.mark.parametrize(("count", "url"), [(26, f"{V}/limits"), (6, f"{V}/query?q=SELECT+Id+FROM+Account")])
def test_a_composite_has_its_caps(org: Any, count: int, url: str) -> None:
    calls = [{"method": "GET", "url": url, "referenceId": f"r{n}"} for n in range(count)]

    answer = org.call("POST", f"{V}/composite", {"compositeRequest": calls})

    refused = answer.status == 400 or any(r["httpStatusCode"] == 400 for r in answer.json["compositeResponse"])
    assert refused


def test_a_task_needs_nothing_and_knows_its_account(org: Any) -> None:
    account = org.create("Account", Name="Riverdale")
    deal = org.create("Opportunity", Name="d", StageName="Prospecting", CloseDate="2026-01-31", AccountId=account)
    task = org.create("Task", WhatId=deal)

    (row,) = org.query(
        "SELECT Status, Priority, AccountId, What.Type, What.Name, IsClosed FROM Task WHERE Id =", f"'{task}'"
    ).json["records"]

    assert (row["Status"], row["Priority"], row["AccountId"]) == ("Not Started", "Normal", account)
    assert (row["What"]["Type"], row["What"]["Name"], row["IsClosed"]) == ("Opportunity", "d", False)
    refused = org.call("PATCH", f"{SOBJECTS}/Task/{task}", {"AccountId": account})
    assert refused.error["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"


def test_a_merge_leaves_the_loser_deleted_and_pointing_at_the_winner(org: Any) -> None:
    winner, loser = (org.create("Account", Name=name) for name in ("Kestrel", "Kestrell"))
    deal = org.create("Opportunity", Name="d", StageName="Prospecting", CloseDate="2026-01-31", AccountId=loser)

    org.world.salesforce.merge("Account", winner, [loser], "Dana Young")

    (gone,) = org.query("SELECT Id, MasterRecordId FROM Account WHERE IsDeleted = true", resource="queryAll").json[
        "records"
    ]
    assert (gone["Id"], gone["MasterRecordId"]) == (loser, winner)
    assert org.call("GET", f"{SOBJECTS}/Opportunity/{deal}").json["AccountId"] == winner
