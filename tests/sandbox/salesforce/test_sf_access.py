"""Signing in, versions, describes, limits, replication windows."""

import base64
import time
from typing import Any
from urllib.parse import quote

import orjson
import pytest
import requests

JWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def _token(org: Any, auth: tuple[str, str] | None = None, **form: str) -> Any:
    return org.http.post(f"{org.server.url}/services/oauth2/token", data=form, auth=auth or _no_auth, timeout=10)


def _no_auth(request: Any) -> Any:
    request.headers.pop("Authorization", None)
    return request


def _assertion(**claims: Any) -> str:
    body = {"iss": "sandbox-client", "sub": "integration@sandbox.example", "exp": str(time.time() + 180)} | claims
    encoded = base64.urlsafe_b64encode(orjson.dumps(body)).rstrip(b"=").decode()
    return f"eyJhbGciOiJSUzI1NiJ9.{encoded}.signature"


CLIENT = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}


def test_a_token_answer_has_the_vendors_fields(org: Any) -> None:
    answer = _token(org, grant_type="client_credentials", **CLIENT).json()

    assert answer["access_token"].startswith("00D000000000001!AQ")
    assert answer["instance_url"] == org.server.url
    assert answer["token_type"] == "Bearer"
    assert answer["issued_at"] == "1772712000000"
    assert answer["id"] == f"{org.server.url}/id/00D000000000001EAA/{org.world.salesforce.integration_user}"
    assert set(answer) >= {"signature", "scope"}
    assert "refresh_token" not in answer


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "client_credentials", "client_id": "no", "client_secret": "x"}, "invalid_client_id"),
        ({"grant_type": "client_credentials", **CLIENT, "client_secret": "no"}, "invalid_client"),
        ({"grant_type": "password", **CLIENT, "username": "u", "password": "p"}, "invalid_grant"),
        ({"grant_type": "refresh_token", **CLIENT, "refresh_token": "old"}, "invalid_grant"),
        ({"grant_type": JWT, "assertion": "junk"}, "invalid_grant"),
        ({"grant_type": JWT, "assertion": _assertion(sub="who")}, "invalid_grant"),
        ({"grant_type": JWT, "assertion": _assertion(exp=5)}, "invalid_grant"),
        ({"grant_type": "magic", **CLIENT}, "unsupported_grant_type"),
    ],
)
def test_a_bad_grant_is_400_with_its_reason(org: Any, form: dict[str, str], error: str) -> None:
    answer = _token(org, **form)

    assert answer.status_code == 400
    assert answer.json()["error"] == error
    assert answer.json()["error_description"]


def test_every_flow_gives_a_session_that_works(org: Any) -> None:
    user = {"username": "integration@sandbox.example", "password": "sandbox-password"}
    answers = [
        _token(org, auth=("sandbox-client", "sandbox-secret"), grant_type="client_credentials"),
        _token(org, grant_type="password", **CLIENT, **user),
        _token(org, grant_type="refresh_token", client_id="sandbox-client", refresh_token="sandbox-refresh-token"),
        _token(org, grant_type=JWT, assertion=_assertion()),
    ]
    for answer in answers:
        header = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        assert org.call("GET", "limits", **header).status_code == 200


def test_a_rotated_refresh_token_works_once(org: Any) -> None:
    org.world.settings.update("salesforce", {"rotate_refresh_token": True})
    form = {"grant_type": "refresh_token", **CLIENT}
    fresh = _token(org, **form, refresh_token="sandbox-refresh-token").json()["refresh_token"]

    assert _token(org, **form, refresh_token="sandbox-refresh-token").json()["error"] == "invalid_grant"
    assert _token(org, **form, refresh_token=fresh).status_code == 200


def test_a_session_ends_after_its_lifetime_or_when_revoked(org: Any) -> None:
    expired = [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]
    org.world.clock.move(7200)
    answer = org.call("GET", "limits")
    assert (answer.status_code, answer.json()) == (401, expired)
    org.sign_in()
    assert org.call("GET", "limits").status_code == 200
    token = org.http.headers["Authorization"].removeprefix("Bearer ")
    org.http.post(f"{org.server.url}/services/oauth2/revoke", data={"token": token}, timeout=10)

    assert org.call("GET", "limits").status_code == 401
    assert org.call("GET", "limits", Authorization="").status_code == 401


def test_identity_and_userinfo_name_the_user(org: Any) -> None:
    identity = org.call("GET", "").json()["identity"]
    answer = org.http.get(identity, timeout=10).json()
    info = org.http.get(f"{org.server.url}/services/oauth2/userinfo", timeout=10).json()

    assert answer["username"] == info["preferred_username"] == "integration@sandbox.example"
    assert answer["user_id"] == org.world.salesforce.integration_user
    assert info["organization_id"] == "00D000000000001EAA"


def test_versions_31_to_68_are_served_without_a_session(org: Any) -> None:
    versions = org.call("GET", "/services/data/", Authorization="").json()
    label = {version["version"]: version["label"] for version in versions}

    assert (versions[0]["version"], versions[-1]["version"]) == ("31.0", "68.0")
    assert (label["65.0"], label["66.0"], label["67.0"], label["68.0"]) == (
        "Winter '26",
        "Spring '26",
        "Summer '26",
        "Winter '27",
    )
    assert org.call("GET", "/services/data/v31.0/").status_code == 200
    assert org.call("GET", "/services/data/v30.0/limits").status_code == 410
    assert org.call("GET", "/services/data/v69.0/limits").status_code == 404
    assert org.call("GET", "/services/data/latest/limits").status_code == 404


def test_describe_lists_every_key_of_a_field(org: Any) -> None:
    org.field("Account", name="Key__c", type="string", length=64, externalId=True, unique=True)
    answer = org.call("GET", "sobjects/account/describe/").json()
    fields = {field["name"]: field for field in answer["fields"]}

    assert (answer["name"], answer["keyPrefix"], answer["queryable"]) == ("Account", "001", True)
    assert "Opportunities" in {child["relationshipName"] for child in answer["childRelationships"]}
    wanted = (
        "aggregatable autoNumber byteLength calculated calculatedFormula caseSensitive compoundFieldName controllerName"
        " createable custom defaultValue defaultedOnCreate dependentPicklist deprecatedAndHidden digits externalId"
        " extraTypeInfo filterable groupable htmlFormatted idLookup inlineHelpText label length mask name nameField"
        " namePointing nillable permissionable picklistValues polymorphicForeignKey precision referenceTo"
        " relationshipName relationshipOrder restrictedPicklist scale soapType sortable type unique updateable"
        " writeRequiresMasterRead"
    )
    for field in fields.values():
        assert set(wanted.split()) <= set(field), field["name"]
    key = fields["Key__c"]
    assert (key["externalId"], key["idLookup"], key["unique"], key["custom"], key["length"]) == (
        True,
        True,
        True,
        True,
        64,
    )
    assert fields["OwnerId"]["referenceTo"] == ["User"]
    task = {field["name"]: field for field in org.call("GET", "sobjects/Task/describe").json()["fields"]}
    assert (task["OwnerId"]["referenceTo"], task["OwnerId"]["namePointing"]) == (["User", "Group"], True)


def test_describe_answers_304_until_a_field_is_added(org: Any) -> None:
    org.field("Account", name="Old__c", type="date")
    modified = org.call("GET", "sobjects/Account/describe").headers["Last-Modified"]
    assert org.call("GET", "sobjects/Account/describe", If_Modified_Since=modified).status_code == 304
    org.world.clock.move(5)
    org.field("Account", name="New__c", type="date")

    assert org.call("GET", "sobjects/Account/describe", If_Modified_Since=modified).status_code == 200


def test_the_global_describe_lists_objects_with_their_urls(org: Any) -> None:
    answer = org.call("GET", "sobjects/").json()
    account = next(sobject for sobject in answer["sobjects"] if sobject["name"] == "Account")

    assert (answer["encoding"], answer["maxBatchSize"]) == ("UTF-8", 200)
    assert account["urls"] == {
        "sobject": "/services/data/v66.0/sobjects/Account",
        "describe": "/services/data/v66.0/sobjects/Account/describe",
        "rowTemplate": "/services/data/v66.0/sobjects/Account/{ID}",
    }


def test_an_org_with_one_currency_has_no_currency_field(org: Any) -> None:
    org.world.settings.update("salesforce", {"multicurrency": False})

    assert "No such column 'CurrencyIsoCode'" in org.refused("SELECT CurrencyIsoCode FROM Account")["message"]
    assert org.refused("SELECT Id FROM CurrencyType")["errorCode"] == "INVALID_TYPE"


def test_wrong_methods_and_places_are_refused(org: Any) -> None:
    assert org.call("PUT", "sobjects/Account", {}).status_code == 405
    assert org.call("POST", "query?q=SELECT+Id+FROM+Account").json()[0]["errorCode"] == "METHOD_NOT_ALLOWED"
    assert org.call("GET", "sobjects/Nope/describe").json()[0]["errorCode"] == "NOT_FOUND"
    assert org.call("GET", "nowhere").status_code == 404
    assert org.call("GET", "query").status_code == 400


def test_the_daily_quota_is_shown_and_enforced_over_24_hours(org: Any) -> None:
    switches = {"daily_limit": 4, "enforce_daily_limit": True, "token_lifetime_s": 10_000_000}
    org.world.settings.update("salesforce", switches)
    answers = [org.call("GET", "limits") for _ in range(5)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 403]
    assert answers[0].headers["Sforce-Limit-Info"] == "api-usage=1/4"
    assert answers[3].json()["DailyApiRequests"] == {"Max": 4, "Remaining": 0}
    assert answers[4].json() == [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}]
    org.world.clock.move(25 * 3600)
    org.world.settings.update("salesforce", {"limit_info": "per_app"})
    assert org.call("GET", "limits").headers["Sforce-Limit-Info"] == (
        "api-usage=1/4; per-app-api-usage=1/4(appName=sandbox)"
    )


def _window(org: Any, kind: str, start: str, end: str, sobject: str = "Account") -> Any:
    return org.call("GET", f"sobjects/{sobject}/{kind}/?start={start}&end={end}")


def test_updated_lists_what_changed_since_and_how_far_it_is_sure(org: Any) -> None:
    old = org.create("Account", Name="old")
    org.world.clock.move(600)
    new = org.create("Account", Name="new")
    answer = _window(org, "updated", "2026-03-05T12:05:59%2B00:00", "2026-03-05T12:10:59Z").json()
    assert answer == {"ids": [new], "latestDateCovered": "2026-03-05T12:10:00.000+0000"}
    both = _window(org, "updated", "2026-03-05T12:00:30Z", "2026-03-05T12:11:00Z").json()
    assert set(both["ids"]) == {old, new}
    org.world.settings.update("salesforce", {"in_flight_s": 90})

    held = _window(org, "updated", "2026-03-05T12:00:00Z", "2026-03-05T12:10:00Z").json()
    assert held["latestDateCovered"] == "2026-03-05T12:08:30.000+0000"


def test_deleted_lists_what_went(org: Any) -> None:
    gone = org.create("Account", Name="gone")
    org.world.clock.move(61)
    org.call("DELETE", f"sobjects/Account/{gone}")
    answer = _window(org, "deleted", "2026-03-05T12:00:00Z", "2026-03-05T12:02:00Z").json()

    assert answer["deletedRecords"] == [{"id": gone, "deletedDate": "2026-03-05T12:01:01.000+0000"}]
    assert answer["earliestDateAvailable"] == "2026-02-18T12:01:00.000+0000"
    assert _window(org, "updated", "2026-03-05T12:00:00Z", "2026-03-05T12:02:00Z").json()["ids"] == []


@pytest.mark.parametrize(
    ("kept_s", "remembered", "earliest"),
    [(3 * 3600, 2, "2026-03-05T13:01:00.000+0000"), (0, 1, "2026-03-05T14:01:00.000+0000")],
)
def test_the_log_of_deletions_may_be_purged_but_for_the_last_two_hours(
    org: Any, kept_s: int, remembered: int, earliest: str
) -> None:
    org.world.settings.update("salesforce", {"delete_log_s": kept_s, "token_lifetime_s": 86_400})
    gone = [org.create("Account", Name=f"gone {number}") for number in range(3)]
    for account, wait_s in zip(gone, (5400, 5400, 3690), strict=True):
        org.call("DELETE", f"sobjects/Account/{account}")
        org.world.clock.move(wait_s)

    answer = _window(org, "deleted", "2026-03-05T11:00:00Z", "2026-03-05T16:02:00Z").json()

    assert [record["id"] for record in answer["deletedRecords"]] == gone[-remembered:]
    assert answer["earliestDateAvailable"] == earliest
    assert org.query("SELECT Id FROM Account WHERE IsDeleted = true", "queryAll")["totalSize"] == 3


@pytest.mark.parametrize(
    ("kind", "start", "end"),
    [
        ("updated", "2026-03-05T12:00:10Z", "2026-03-05T12:00:50Z"),
        ("updated", "2026-03-05T13:00:00Z", "2026-03-05T12:00:00Z"),
        ("updated", "2026-02-03T11:00:00Z", "2026-03-05T12:00:00Z"),
        ("deleted", "2026-02-18T11:00:00Z", "2026-03-05T12:00:00Z"),
        ("updated", "soon", "2026-03-05T12:00:00Z"),
    ],
)
def test_a_window_must_be_in_order_and_recent(org: Any, kind: str, start: str, end: str) -> None:
    answer = _window(org, kind, start, end)

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "INVALID_REPLICATION_DATE")


def test_late_commits_appear_behind_stamps_already_seen(org: Any) -> None:
    seen = org.get("Account", org.create("Account", Name="first"))["SystemModstamp"]
    org.world.settings.update("salesforce", {"late_commit_s": 30})
    late = org.get("Account", org.create("Account", Name="late"))["SystemModstamp"]

    assert late == "2026-03-05T11:59:30.000+0000" < seen
    covered = _window(org, "updated", "2026-03-05T11:00:00Z", "2026-03-05T12:00:00Z").json()["latestDateCovered"]
    assert covered == "2026-03-05T11:59:30.000+0000"


def test_custom_fields_are_made_and_listed_by_the_tooling_api(org: Any) -> None:
    metadata = {"type": "Text", "label": "Partner Key", "length": 64, "externalId": True, "unique": True}
    body = {"FullName": "Opportunity.Partner_Key__c", "Metadata": metadata}
    first = org.call("POST", "tooling/sobjects/CustomField", body)
    again = org.call("POST", "tooling/sobjects/CustomField", body)
    listed = org.call(
        "GET", "tooling/query?q=SELECT+DeveloperName+FROM+CustomField+WHERE+TableEnumOrId='Opportunity'"
    ).json()

    assert (first.status_code, again.status_code) == (201, 400)
    assert [record["DeveloperName"] for record in listed["records"]] == ["Partner_Key"]
    assert org.get("Opportunity", org.deal(Partner_Key__c="k"))["Partner_Key__c"] == "k"


def test_a_soap_logout_ends_the_session(org: Any) -> None:
    token = str(org.http.headers["Authorization"]).removeprefix("Bearer ")
    body = (
        '<se:Envelope xmlns:se="http://schemas.xmlsoap.org/soap/envelope/"><se:Header>'
        f'<SessionHeader xmlns="urn:partner.soap.sforce.com"><sessionId>{token}</sessionId></SessionHeader>'
        '</se:Header><se:Body><logout xmlns="urn:partner.soap.sforce.com"/></se:Body></se:Envelope>'
    )
    url = f"{org.server.url}/services/Soap/u/59.0"
    answers = [requests.post(url, data=body, headers={"Content-Type": "text/xml"}, timeout=10) for _ in range(2)]

    assert "<logoutResponse/>" in answers[0].text
    assert org.call("GET", "limits").status_code == 401
    assert (answers[1].status_code, "INVALID_SESSION_ID" in answers[1].text) == (500, True)


def test_a_custom_field_keeps_the_id_it_was_created_with(org: Any) -> None:
    body = {"FullName": "Opportunity.Key__c", "Metadata": {"type": "Text", "label": "Key", "length": 20}}
    created = org.call("POST", "tooling/sobjects/CustomField", body).json()
    soql = "SELECT Id, DeveloperName FROM CustomField WHERE TableEnumOrId = 'Opportunity' AND DeveloperName = 'Key'"
    (listed,) = org.call("GET", f"tooling/query?q={quote(soql)}").json()["records"]

    assert listed["Id"] == created["id"]
    assert org.call("GET", f"tooling/sobjects/CustomField/{created['id']}").json()["FullName"] == "Opportunity.Key__c"
    assert [each["name"] for each in org.call("GET", "tooling/sobjects").json()["sobjects"]] == ["CustomField"]


def test_a_query_is_explained_without_being_run(org: Any) -> None:
    org.create("Account", Name="a")
    soql = "SELECT Id FROM Account WHERE Name = 'b'"
    plan = org.call("GET", f"query?explain={quote(soql)}").json()["plans"][0]

    assert (plan["cardinality"], plan["sobjectCardinality"], plan["sobjectType"]) == (0, 1, "Account")
