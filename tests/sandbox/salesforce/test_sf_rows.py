"""Single records: creating, reading, changing, deleting, by id and by external id."""

# ruff: noqa: S608 (SOQL written by the test itself)

from typing import Any

import pytest

MISSING_ID = "001000000000001AAA"


def _error(answer: Any) -> tuple[int, dict[str, Any]]:
    (error,) = answer.json()
    return answer.status_code, error


def test_a_created_record_answers_201_with_its_id_and_place(org: Any) -> None:
    answer = org.call("POST", "sobjects/Account/", {"Name": "Acme"})
    record_id = answer.json()["id"]

    assert answer.status_code == 201
    assert answer.json() == {"id": record_id, "success": True, "errors": []}
    assert len(record_id) == 18
    assert record_id.startswith("001")
    assert answer.headers["Location"] == f"/services/data/v66.0/sobjects/Account/{record_id}"


def test_salesforce_fills_in_authors_stamps_owner_and_defaults(org: Any) -> None:
    user = org.world.salesforce.integration_user
    row = org.get("Account", org.create("Account", Name="Acme"))

    assert row["CreatedDate"] == row["LastModifiedDate"] == row["SystemModstamp"] == "2026-03-05T12:00:00.000+0000"
    assert row["CreatedById"] == row["LastModifiedById"] == row["OwnerId"] == user
    assert row["IsDeleted"] is False
    assert row["CurrencyIsoCode"] == "USD"


def test_a_change_answers_204_and_moves_the_stamps_even_if_nothing_differs(org: Any) -> None:
    record_id = org.create("Account", Name="Acme")
    org.world.clock.move(61)
    answer = org.call("PATCH", f"sobjects/Account/{record_id[:15]}", {"Name": "Acme"})

    assert (answer.status_code, answer.content) == (204, b"")
    row = org.get("Account", record_id)
    assert row["SystemModstamp"] == row["LastModifiedDate"] == "2026-03-05T12:01:01.000+0000"
    assert row["CreatedDate"] == "2026-03-05T12:00:00.000+0000"


def test_patch_may_be_sent_as_post_with_a_parameter(org: Any) -> None:
    record_id = org.create("Account", Name="Acme")

    assert org.call("POST", f"sobjects/Account/{record_id}?_HttpMethod=PATCH", {"Name": "New"}).status_code == 204
    assert org.get("Account", record_id)["Name"] == "New"


@pytest.mark.parametrize(
    ("stage", "closed", "won", "probability", "expected", "forecast"),
    [
        ("Prospecting", False, False, 10.0, 100.0, "Pipeline"),
        ("Closed Won", True, True, 100.0, 1000.0, "Closed"),
        ("Closed Lost", True, False, 0.0, 0.0, "Omitted"),
        ("Our Own Stage", False, False, 0.0, 0.0, "Pipeline"),
    ],
)
def test_a_stage_decides_outcome_and_probability(
    org: Any, stage: str, closed: bool, won: bool, probability: float, expected: float, forecast: str
) -> None:
    deal = org.deal(Amount=1000)
    org.call("PATCH", f"sobjects/Opportunity/{deal}", {"StageName": stage})
    row = org.get("Opportunity", deal)

    assert (row["IsClosed"], row["IsWon"], row["Probability"]) == (closed, won, probability)
    assert (row["ExpectedRevenue"], row["ForecastCategory"]) == (expected, forecast)
    assert (row["FiscalYear"], row["FiscalQuarter"], row["Fiscal"]) == (2026, 2, "2026 2")


def test_a_probability_given_with_the_stage_stands(org: Any) -> None:
    row = org.get("Opportunity", org.deal(Amount=1000, Probability=33))

    assert (row["Probability"], row["ExpectedRevenue"]) == (33.0, 330.0)


def test_each_change_of_stage_or_amount_is_history(org: Any) -> None:
    deal = org.deal(Amount=10)
    org.call("PATCH", f"sobjects/Opportunity/{deal}", {"StageName": "Closed Won"})
    org.call("PATCH", f"sobjects/Opportunity/{deal}", {"NextStep": "none"})
    org.call("PATCH", f"sobjects/Opportunity/{deal}", {"Amount": 20})

    rows = org.query("SELECT StageName, Amount, PrevAmount FROM OpportunityHistory ORDER BY Id")["records"]
    assert [(row["StageName"], row["Amount"], row["PrevAmount"]) for row in rows] == [
        ("Prospecting", 10.0, None),
        ("Closed Won", 10.0, 10.0),
        ("Closed Won", 20.0, 10.0),
    ]


def test_a_task_takes_its_account_from_what_it_is_about_and_closes_by_status(org: Any) -> None:
    account = org.create("Account", Name="Acme")
    task = org.create("Task", Subject="Call", WhatId=org.deal(AccountId=account), Priority="High")
    row = org.get("Task", task)
    assert (row["AccountId"], row["IsClosed"], row["IsHighPriority"]) == (account, False, True)
    assert (row["Status"], row["TaskSubtype"]) == ("Not Started", "Task")
    org.call("PATCH", f"sobjects/Task/{task}", {"Status": "Completed"})

    row = org.get("Task", task)
    assert (row["IsClosed"], row["CompletedDateTime"]) == (True, "2026-03-05T12:00:00.000+0000")


def test_a_task_of_a_lead_has_no_subject_record(org: Any) -> None:
    lead = org.create("Lead", LastName="Roe", Company="Roe Ltd")
    status, error = _error(org.call("POST", "sobjects/Task", {"WhoId": lead, "WhatId": org.deal()}))

    assert (status, error["errorCode"]) == (400, "FIELD_INTEGRITY_EXCEPTION")


@pytest.mark.parametrize(
    ("body", "code", "message", "fields"),
    [
        ({}, "REQUIRED_FIELD_MISSING", "Required fields are missing: [Name]", ["Name"]),
        ({"Name": None}, "REQUIRED_FIELD_MISSING", "Required fields are missing: [Name]", ["Name"]),
        ({"Name": "a", "foo": 1}, "INVALID_FIELD", "No such column 'foo' on sobject of type Account", None),
        (
            {"Name": "a", "CreatedDate": "2026-01-01T00:00:00Z"},
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            (
                "Unable to create/update fields: CreatedDate. Please check the security settings of this field and"
                " verify that it is read/write for your profile or permission set."
            ),
            ["CreatedDate"],
        ),
        (
            {"Name": "x" * 256},
            "STRING_TOO_LONG",
            f"Account Name: data value too large: {'x' * 255} (max length=255)",
            ["Name"],
        ),
        ({"Name": "a", "OwnerId": "xyz"}, "MALFORMED_ID", "Owner ID: id value of incorrect type: xyz", ["OwnerId"]),
        (
            {"Name": "a", "ParentId": "005000000000001AAA"},
            "MALFORMED_ID",
            "Parent Account ID: id value of incorrect type: 005000000000001AAA",
            ["ParentId"],
        ),
        (
            {"Name": "a", "ParentId": MISSING_ID},
            "INVALID_CROSS_REFERENCE_KEY",
            "invalid cross reference id",
            ["ParentId"],
        ),
        (
            {"Name": "a", "AnnualRevenue": 1e19},
            "NUMBER_OUTSIDE_VALID_RANGE",
            "Annual Revenue: value outside of valid range on numeric field: 1e+19",
            ["AnnualRevenue"],
        ),
        (
            {"Name": "a", "CurrencyIsoCode": "DOLLARS"},
            "STRING_TOO_LONG",
            "Currency ISO Code: data value too large: DOLLARS (max length=3)",
            ["CurrencyIsoCode"],
        ),
    ],
)
def test_a_bad_record_is_refused(org: Any, body: dict[str, Any], code: str, message: str, fields: Any) -> None:
    status, error = _error(org.call("POST", "sobjects/Account", body))

    assert (status, error["errorCode"], error["message"]) == (400, code, message)
    assert error.get("fields") == fields
    assert org.query("SELECT COUNT() FROM Account")["totalSize"] == 0


@pytest.mark.parametrize("value", ["2026-13-01", "soon", 5])
def test_a_date_that_is_none_is_a_json_error(org: Any, value: Any) -> None:
    body = {"Name": "x", "StageName": "Prospecting", "CloseDate": value}
    status, error = _error(org.call("POST", "sobjects/Opportunity", body))

    assert (status, error["errorCode"]) == (400, "JSON_PARSER_ERROR")
    assert "Cannot deserialize instance of date from VALUE_" in error["message"]


def test_a_restricted_picklist_takes_only_its_values(org: Any) -> None:
    org.field("Account", name="Tier__c", type="picklist", picklistValues=["Gold"], restrictedPicklist=True)
    status, error = _error(org.call("POST", "sobjects/Account", {"Name": "a", "Tier__c": "Tin"}))

    assert (status, error["errorCode"]) == (400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST")
    assert error["message"] == "Tier: bad value for restricted picklist field: Tin"
    assert org.create("Account", Name="a", Tier__c="Gold")


def test_a_unique_value_is_given_once_among_the_living(org: Any) -> None:
    org.field("Account", name="Key__c", type="string", length=64, externalId=True, unique=True)
    first = org.create("Account", Name="a", Key__c="K1")
    status, error = _error(org.call("POST", "sobjects/Account", {"Name": "b", "Key__c": "k1"}))
    assert (status, error["errorCode"]) == (400, "DUPLICATE_VALUE")
    assert error["message"] == f"duplicate value found: Key__c duplicates value on record with id: {first[:15]}"
    org.call("DELETE", f"sobjects/Account/{first}")

    assert org.create("Account", Name="b", Key__c="k1")


def test_an_inactive_user_owns_nothing_new(org: Any) -> None:
    person = {"LastName": "Gone", "Username": "gone@x.example", "Email": "gone@x.example", "Alias": "gone"}
    gone = org.create("User", **person, IsActive=False)
    status, error = _error(org.call("POST", "sobjects/Account", {"Name": "a", "OwnerId": gone}))

    assert (status, error["errorCode"]) == (400, "INACTIVE_OWNER_OR_USER")


def test_field_level_security_hides_from_read_or_from_write(org: Any) -> None:
    switches = {"hidden_fields": ["Account.Website"], "read_only_fields": ["Account.Industry"]}
    org.world.settings.update("salesforce", switches)
    described = {field["name"]: field for field in org.call("GET", "sobjects/Account/describe").json()["fields"]}
    record_id = org.create("Account", Name="a")

    assert "Website" not in described
    assert described["Industry"]["updateable"] is described["Industry"]["createable"] is False
    assert (
        _error(org.call("PATCH", f"sobjects/Account/{record_id}", {"Website": "x"}))[1]["errorCode"] == "INVALID_FIELD"
    )
    status, error = _error(org.call("PATCH", f"sobjects/Account/{record_id}", {"Industry": "Energy"}))
    assert (status, error["errorCode"], error["fields"]) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE", ["Industry"])


def test_what_is_not_there_and_what_was_deleted_are_told_apart(org: Any) -> None:
    record_id = org.create("Account", Name="a")
    child = org.deal(AccountId=record_id)
    assert org.call("DELETE", f"sobjects/Account/{record_id}").status_code == 204

    for method, body in (("GET", None), ("PATCH", {"Name": "b"}), ("DELETE", None)):
        assert _error(org.call(method, f"sobjects/Account/{record_id}", body)) == (
            404,
            {"message": "entity is deleted", "errorCode": "ENTITY_IS_DELETED", "fields": []},
        )
        assert _error(org.call(method, f"sobjects/Account/{MISSING_ID}", body)) == (
            404,
            {"message": "The requested resource does not exist", "errorCode": "NOT_FOUND"},
        )
    assert _error(org.call("GET", f"sobjects/Opportunity/{child}"))[1]["errorCode"] == "ENTITY_IS_DELETED"
    assert "Provided external ID field does not exist" in _error(org.call("GET", "sobjects/Account/junk"))[1]["message"]


def test_a_read_returns_the_fields_asked_for(org: Any) -> None:
    record_id = org.create("Account", Name="a", Website="a.example")
    answer = org.call("GET", f"sobjects/Account/{record_id}?fields=name,Website")

    assert {name: value for name, value in answer.json().items() if name != "attributes"} == {
        "Name": "a",
        "Website": "a.example",
    }
    assert org.call("GET", f"sobjects/Account/{record_id}?fields=Nope").json()[0]["errorCode"] == "INVALID_FIELD"


def test_a_lookup_may_be_given_by_external_id(org: Any) -> None:
    org.field("Account", name="Key__c", type="string", externalId=True, unique=True)
    account = org.create("Account", Name="a", Key__c="k1")

    assert org.get("Opportunity", org.deal(Account={"Key__c": "k1"}))["AccountId"] == account
    answer = org.call("POST", "sobjects/Opportunity", {"Name": "x", "Account": {"Key__c": "k2"}})
    assert "Foreign key external ID: k2 not found for field Key__c in entity Account" in answer.text


@pytest.fixture
def keyed(org: Any) -> Any:
    org.field("Account", name="Key__c", type="string", length=64, externalId=True)
    return org


def test_an_upsert_creates_once_and_then_changes(keyed: Any) -> None:
    first = keyed.call("PATCH", "sobjects/Account/Key__c/a%2Fb%3F1", {"Name": "a"})
    again = keyed.call("PATCH", "sobjects/Account/Key__c/a%2Fb%3F1", {"Name": "b"})
    old = keyed.call("PATCH", "/services/data/v45.0/sobjects/Account/Key__c/a%2Fb%3F1", {"Name": "c"})

    record_id = first.json()["id"]
    assert (first.status_code, first.json()["created"]) == (201, True)
    assert (again.status_code, again.json()) == (
        200,
        {"id": record_id, "success": True, "errors": [], "created": False},
    )
    assert (old.status_code, old.content) == (204, b"")
    assert keyed.get("Account", record_id)["Key__c"] == "a/b?1"
    assert keyed.get("Account", record_id)["Name"] == "c"


def test_update_only_prevents_an_insert(keyed: Any) -> None:
    assert keyed.call("PATCH", "sobjects/Account/Key__c/k?updateOnly=true", {"Name": "a"}).status_code == 404
    assert keyed.query("SELECT COUNT() FROM Account")["totalSize"] == 0


def test_several_matches_of_an_upsert_are_listed(keyed: Any) -> None:
    ids = [keyed.create("Account", Name="a", Key__c="k") for _ in range(2)]
    answer = keyed.call("PATCH", "sobjects/Account/Key__c/k", {"Name": "b"})

    assert answer.status_code == 300
    assert answer.json() == [f"/services/data/v66.0/sobjects/Account/{one}" for one in ids]


def test_an_upsert_refuses_its_own_key_in_the_body_and_unknown_keys(keyed: Any) -> None:
    assert keyed.call("PATCH", "sobjects/Account/Key__c/k", {"Key__c": "k", "Name": "a"}).status_code == 400
    answer = keyed.call("PATCH", "sobjects/Account/Namez/k", {"Name": "a"})
    message = "Provided external ID field does not exist or is not accessible: Namez"
    assert _error(answer) == (404, {"message": message, "errorCode": "NOT_FOUND"})


def test_conditional_headers_guard_reads_and_writes(org: Any) -> None:
    record_id = org.create("Account", Name="a")
    path, before, at = f"sobjects/Account/{record_id}", "Thu, 05 Mar 2026 11:59:59 GMT", "Thu, 05 Mar 2026 12:00:00 GMT"

    assert org.call("GET", path, If_Modified_Since=at).status_code == 304
    assert org.call("GET", path, If_Modified_Since=before).status_code == 200
    assert org.call("PATCH", path, {"Name": "b"}, If_Unmodified_Since=before).status_code == 412
    assert org.call("PATCH", path, {"Name": "b"}, If_Unmodified_Since=at).status_code == 204
    assert org.call("PATCH", path, {"Name": "c"}, If_Unmodified_Since="yesterday").status_code == 400
    tag = org.call("GET", path).headers["ETag"]
    assert org.call("PATCH", path, {"Name": "d"}, If_Match='"other"').status_code == 412
    assert org.call("PATCH", path, {"Name": "d"}, If_Match=tag).status_code == 204
    assert org.get("Account", record_id)["Name"] == "d"


def test_a_body_that_is_not_json_is_refused(org: Any) -> None:
    url = f"{org.server.url}{org.base}/sobjects/Account"
    broken = org.http.post(url, data="{", headers={"Content-Type": "application/json"}, timeout=10)
    form = org.http.post(url, data={"Name": "a"}, timeout=10)

    assert _error(broken)[1]["errorCode"] == "JSON_PARSER_ERROR"
    assert form.status_code == 415


def test_merged_accounts_hand_over_their_children_and_name_their_master(org: Any) -> None:
    winner, loser = org.create("Account", Name="w"), org.create("Account", Name="l")
    deal = org.deal(AccountId=loser)
    org.world.clock.move(60)
    org.world.salesforce.merge("Account", winner, [loser], "Dana Admin")

    (row,) = org.query("SELECT Id, MasterRecordId FROM Account WHERE IsDeleted = true", "queryAll")["records"]
    assert (row["Id"], row["MasterRecordId"]) == (loser, winner)
    moved = org.query(f"SELECT AccountId, SystemModstamp, LastModifiedBy.Name FROM Opportunity WHERE Id = '{deal}'")
    assert moved["records"][0]["AccountId"] == winner
    assert moved["records"][0]["SystemModstamp"] == "2026-03-05T12:01:00.000+0000"
    assert moved["records"][0]["LastModifiedBy"]["Name"] == "Dana Admin"


def test_a_restored_account_brings_its_children_back(org: Any) -> None:
    account = org.create("Account", Name="a")
    deal = org.deal(AccountId=account)
    org.world.salesforce.delete("Account", account, "")
    org.world.salesforce.restore("Account", account, "")

    assert org.get("Account", account)["IsDeleted"] is False
    assert org.get("Opportunity", deal)["IsDeleted"] is False
