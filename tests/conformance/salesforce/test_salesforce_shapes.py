"""The Salesforce wire as partnersync expects it: sign-in, discovery, queries. Every record here is invented."""

import base64
import re
from typing import Any
from urllib.parse import urlencode

import pytest

V = "/services/data/v66.0"
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000")
DESCRIBE_KEYS = set(
    """name label type soapType length byteLength precision scale digits nillable createable updateable
    defaultedOnCreate calculated calculatedFormula autoNumber externalId idLookup unique caseSensitive nameField
    namePointing custom filterable sortable groupable picklistValues restrictedPicklist dependentPicklist
    controllerName referenceTo relationshipName relationshipOrder defaultValue defaultValueFormula inlineHelpText
    htmlFormatted deprecatedAndHidden writeRequiresMasterRead aggregatable aiPredictionField cascadeDelete
    compoundFieldName displayLocationInDecimal encrypted extraTypeInfo filteredLookupInfo
    formulaTreatNullNumberAsZero highScaleNumber mask maskType permissionable polymorphicForeignKey
    queryByDistance referenceTargetField restrictedDelete searchPrefilterable""".split()  # noqa: SIM905
)


GRANT = {"grant_type": "client_credentials", "client_id": "sandbox-client", "client_secret": "sandbox-secret"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def test_a_token_answer_has_the_org_in_it_and_leads_back_to_the_address_that_was_called(org: Any) -> None:
    answer = org.raw("POST", "/services/oauth2/token", urlencode(GRANT).encode(), FORM)

    assert answer.status == 200
    assert re.fullmatch(r"00D\w{12}(\w{3})?![\w.]+", answer.json["access_token"])
    assert answer.json["instance_url"] == org.url
    assert answer.json["token_type"] == "Bearer"
    assert answer.json["issued_at"].isdecimal()
    assert re.search(r"/id/00D\w{15}/005\w{15}$", answer.json["id"])
    assert answer.json["signature"]
    assert "refresh_token" not in answer.json


def test_a_token_is_given_to_basic_credentials_and_to_a_chunked_body(org: Any) -> None:
    form = urlencode(GRANT).encode()
    basic = {"Authorization": "Basic " + base64.b64encode(b"sandbox-client:sandbox-secret").decode()}

    by_header = org.raw("POST", "/services/oauth2/token", b"grant_type=client_credentials", FORM | basic)
    chunks = iter([form[:10], form[10:]])
    in_chunks = org.raw("POST", "/services/oauth2/token", chunks, FORM | {"Transfer-Encoding": "chunked"}, chunked=True)

    assert by_header.status == 200
    assert in_chunks.status == 200


@pytest.mark.parametrize(
    ("change", "errors"),
    [
        ({"client_secret": "wrong"}, {"invalid_client"}),
        ({"client_id": "nobody"}, {"invalid_client_id", "invalid_client"}),
        ({"grant_type": "magic"}, {"unsupported_grant_type"}),
    ],
)
def test_a_refused_sign_in_says_error_and_description(org: Any, change: dict[str, str], errors: set[str]) -> None:
    answer = org.raw("POST", "/services/oauth2/token", urlencode(GRANT | change).encode(), FORM)

    assert answer.status in (400, 401)
    assert answer.json["error"] in errors
    assert answer.json["error_description"]


def test_versions_are_listed_without_a_session_and_others_are_refused(org: Any) -> None:
    versions = org.call("GET", "/services/data/", signed=False).json

    assert versions == org.call("GET", "/services/data", signed=False).json
    assert [set(v) for v in versions] == [{"label", "url", "version"}] * len(versions)
    assert (versions[0]["version"], versions[-1]["version"]) == ("31.0", "68.0")
    assert versions[-1]["url"] == "/services/data/v68.0"
    assert org.call("GET", "/services/data/v20.0/sobjects").status in (404, 410)
    assert org.call("GET", "/services/data/v99.0/sobjects").status == 404


def test_resources_lead_on_from_the_version(org: Any) -> None:
    resources = org.call("GET", V).json

    assert resources == org.call("GET", f"{V}/").json
    for name in ("sobjects", "query", "queryAll", "composite", "limits"):
        assert resources[name] == f"{V}/{name}"
    assert "/id/00D" in resources["identity"]


def test_a_session_that_is_not_one_is_401_in_vendor_form(org: Any) -> None:
    answer = org.call("GET", f"{V}/limits", signed=False, headers={"Authorization": "Bearer 00Dnothing!x"})

    assert answer.status == 401
    assert answer.error == {"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}


def test_the_global_describe_lists_objects_with_their_abilities_and_urls(org: Any) -> None:
    answer = org.call("GET", f"{V}/sobjects/").json

    assert (answer["encoding"], answer["maxBatchSize"]) == ("UTF-8", 200)
    found = {o["name"]: o for o in answer["sobjects"]}
    assert {"Account", "Opportunity", "User", "Task"} <= set(found)
    account = found["Account"]
    assert (account["keyPrefix"], account["custom"], account["queryable"]) == ("001", False, True)
    assert account["urls"]["describe"] == f"{V}/sobjects/Account/describe"
    assert account["urls"]["rowTemplate"] == f"{V}/sobjects/Account/{{ID}}"


def test_describe_shows_every_key_of_every_field(org: Any) -> None:
    answer = org.call("GET", f"{V}/sobjects/Account/describe/").json

    fields = {f["name"]: f for f in answer["fields"]}
    assert all(set(f) >= DESCRIBE_KEYS for f in answer["fields"])
    assert (fields["Code__c"]["externalId"], fields["Code__c"]["unique"], fields["Code__c"]["length"]) == (
        True,
        True,
        20,
    )
    assert fields["Grade__c"]["restrictedPicklist"] is True
    choice = {"active": True, "defaultValue": False, "label": "A", "validFor": None, "value": "A"}
    assert fields["Grade__c"]["picklistValues"][0] == choice
    assert fields["OwnerId"]["referenceTo"] == ["User"]
    assert fields["Id"]["type"] == "id"


def test_a_hidden_field_is_absent_from_describe_and_unknown_to_a_query(org: Any) -> None:
    org.world.settings.update("salesforce", {"hidden_fields": ["Account.Phone"]})

    described = {f["name"] for f in org.call("GET", f"{V}/sobjects/Account/describe").json["fields"]}

    assert "Phone" not in described
    answer = org.query("SELECT Phone FROM Account")
    assert (answer.status, answer.error["errorCode"]) == (400, "INVALID_FIELD")


def test_a_page_has_a_total_a_locator_and_attributes(org: Any) -> None:
    ids = org.world.salesforce.load("Account", [{"Name": f"Pinefield {n:04d}"} for n in range(450)])

    first = org.query("SELECT Id, Name FROM Account ORDER BY Name", **{"Sforce-Query-Options": "batchSize=200"}).json
    second = org.call("GET", first["nextRecordsUrl"]).json
    third = org.call("GET", second["nextRecordsUrl"]).json

    assert (first["totalSize"], first["done"], len(first["records"])) == (450, False, 200)
    assert re.fullmatch(rf"{V}/query/01g\w{{15}}-200", first["nextRecordsUrl"])
    assert (third["totalSize"], third["done"], len(third["records"])) == (450, True, 50)
    assert "nextRecordsUrl" not in third
    record = first["records"][0]
    url = f"{V}/sobjects/Account/{ids[0]}"
    assert record == {"attributes": {"type": "Account", "url": url}, "Id": ids[0], "Name": "Pinefield 0000"}
    assert list(record) == ["attributes", "Id", "Name"]


def test_an_unknown_locator_is_refused(org: Any) -> None:
    answer = org.call("GET", f"{V}/query/01gRO0000016PIAYA2-2000")

    assert (answer.status, answer.error["errorCode"]) == (400, "INVALID_QUERY_LOCATOR")


def test_counts_and_aggregates_have_their_own_shapes(org: Any) -> None:
    for name in ("Elmdale", "Oakhurst"):
        org.create("Account", Name=name, NumberOfEmployees=20)

    assert org.query("SELECT COUNT() FROM Account").json == {"totalSize": 2, "done": True, "records": []}
    (row,) = org.query("SELECT COUNT(Id), MAX(NumberOfEmployees) most FROM Account").json["records"]
    assert row == {"attributes": {"type": "AggregateResult"}, "expr0": 2, "most": 20}


def test_a_parent_is_nested_and_a_missing_one_is_null(org: Any) -> None:
    parent = org.create("Account", Name="Silverbrook")
    org.create("Account", Name="Silverbrook North", ParentId=parent)

    rows = org.query("SELECT Name, Parent.Name FROM Account ORDER BY Name").json["records"]

    assert rows[0]["Parent"] is None
    url = f"{V}/sobjects/Account/{parent}"
    assert rows[1]["Parent"] == {"attributes": {"type": "Account", "url": url}, "Name": "Silverbrook"}


def test_values_are_json_numbers_dates_and_stamps_of_thousandths(org: Any) -> None:
    org.create("Opportunity", Name="Deal", StageName="Closed Won", CloseDate="2026-03-31", Amount=1234.5)

    (row,) = org.query("SELECT Amount, CloseDate, IsWon, SystemModstamp, NextStep FROM Opportunity").json["records"]

    assert row["Amount"] == 1234.5
    assert (row["CloseDate"], row["IsWon"], row["NextStep"]) == ("2026-03-31", True, None)
    assert STAMP.fullmatch(row["SystemModstamp"])


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("CreatedDate >= 2020-01-01T00:00:00Z", 2),
        ("CreatedDate >= 2020-01-01T00:00:00.000+02:00", 2),
        ("CloseDate < 2026-02-01", 1),
        ("CloseDate IN (2026-01-15, 2026-05-15)", 2),
        ("name = 'ALPHA' OR (Amount > 150 AND (NOT Name LIKE 'A%'))", 2),
        ("Name LIKE '%et_'", 1),
        ("Amount = null", 0),
        ("Id NOT IN ('006000000000001AAA')", 2),
        ("StageName != 'Closed Won'", 2),
    ],
)
def test_conditions_mean_what_soql_means(org: Any, where: str, found: int) -> None:
    org.create("Opportunity", Name="Alpha", StageName="Prospecting", CloseDate="2026-01-15", Amount=100)
    org.create("Opportunity", Name="Beta", StageName="Prospecting", CloseDate="2026-05-15", Amount=200)

    assert org.query("SELECT Id FROM Opportunity WHERE", where).json["totalSize"] == found


@pytest.mark.parametrize(
    ("soql", "code", "message"),
    [
        ("SELECT Id, Foo FROM Account", "INVALID_FIELD", "No such column 'Foo' on entity 'Account'"),
        ("SELECT Id FROM Nothing__c", "INVALID_TYPE", "sObject type 'Nothing__c' is not supported"),
        ("SELECT Id FROM Account WHERE", "MALFORMED_QUERY", "unexpected token"),
        ("SELEKT Id FROM Account", "MALFORMED_QUERY", "unexpected token"),
        ("SELECT Id FROM Account WHERE CreatedDate > '2026-01-01T00:00:00Z'", "INVALID_FIELD", "enclosed in quotes"),
    ],
)
def test_a_query_that_cannot_be_is_400_with_code_and_place(org: Any, soql: str, code: str, message: str) -> None:
    answer = org.query(soql)

    assert answer.status == 400
    assert answer.error["errorCode"] == code
    assert message in answer.error["message"]


def test_an_unknown_column_is_pointed_at(org: Any) -> None:
    message = org.query("SELECT Id, Foo FROM Account").error["message"]

    assert "ERROR at Row:1:Column:12" in message
    assert "be sure to append the '__c'" in message


def test_long_addresses_are_414_or_431(org: Any) -> None:
    answer = org.query("SELECT Id FROM Account WHERE Name IN", f"('{'x' * 17_000}')")

    assert answer.status in (414, 431)


def test_the_command_line_tool_gets_its_columns(org: Any) -> None:
    answer = org.call("GET", f"{V}/query?q=SELECT+Id,+Name+FROM+Account&columns=true").json

    assert [c["columnName"] for c in answer["columnMetadata"]] == ["Id", "Name"]


def test_a_currency_code_exists_only_where_the_org_has_many(org: Any) -> None:
    assert org.query("SELECT CurrencyIsoCode FROM Account").status == 200

    org.world.settings.update("salesforce", {"multicurrency": False})

    assert org.query("SELECT CurrencyIsoCode FROM Account").error["errorCode"] == "INVALID_FIELD"


def test_limits_and_the_limits_header_say_what_is_left(org: Any) -> None:
    answer = org.call("GET", f"{V}/limits/")

    assert set(answer.json["DailyApiRequests"]) >= {"Max", "Remaining"}
    assert re.fullmatch(r"api-usage=\d+/\d+", answer.headers["sforce-limit-info"])
