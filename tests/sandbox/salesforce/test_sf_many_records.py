"""sObject Collections and composite calls: many records or many calls in one."""

from typing import Any

import pytest


def _accounts(*names: str | None) -> list[dict[str, Any]]:
    return [{"attributes": {"type": "Account"}, **({"Name": name} if name else {})} for name in names]


def _count(org: Any) -> int:
    return int(org.query("SELECT COUNT() FROM Account")["totalSize"])


def test_each_record_of_a_collection_has_its_own_result(org: Any) -> None:
    answer = org.call("POST", "composite/sobjects", {"allOrNone": False, "records": _accounts("a", None, "c")})

    assert answer.status_code == 200
    good, bad, last = answer.json()
    assert good["success"] is last["success"] is True
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
    assert _count(org) == 2


def test_all_or_none_undoes_the_good_ones_too(org: Any) -> None:
    results = org.call("POST", "composite/sobjects", {"allOrNone": True, "records": _accounts("a", None)}).json()

    assert [result["success"] for result in results] == [False, False]
    assert results[0]["errors"][0]["statusCode"] == "ALL_OR_NONE_OPERATION_ROLLED_BACK"
    assert results[1]["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"
    assert _count(org) == 0


def test_more_than_200_records_or_ten_chunks_are_refused_whole(org: Any) -> None:
    many = org.call("POST", "composite/sobjects", {"records": _accounts(*["a"] * 201)})
    kinds = ({"type": "Account"}, {"type": "Contact"})
    mixed = [{"attributes": kinds[n % 2], "Name": "a", "LastName": "b"} for n in range(12)]
    chunks = org.call("POST", "composite/sobjects", {"records": mixed})

    assert (many.status_code, many.json()[0]["errorCode"]) == (400, "EXCEEDED_ID_LIMIT")
    assert chunks.status_code == 400
    assert org.call("POST", "composite/sobjects", {"records": [{"Name": "x"}]}).status_code == 400
    assert _count(org) == 0


def test_a_collection_update_tells_unknown_repeated_and_deleted_ids(org: Any) -> None:
    first, gone = org.create("Account", Name="a"), org.create("Account", Name="g")
    org.call("DELETE", f"sobjects/Account/{gone}")
    ids = (first, first[:15], "001000000000001AAA", gone, "xyz", None)
    records = [{"attributes": {"type": "Account"}, "id": one, "Name": "b"} for one in ids]
    results = org.call("PATCH", "composite/sobjects", {"records": records}).json()

    assert results[0] == {"id": first, "success": True, "errors": []}
    assert [result["errors"][0]["statusCode"] for result in results[1:]] == [
        "DUPLICATE_VALUE",
        "INVALID_CROSS_REFERENCE_KEY",
        "ENTITY_IS_DELETED",
        "MALFORMED_ID",
        "MISSING_ARGUMENT",
    ]
    assert "id" not in results[2]


def test_a_collection_upsert_says_what_was_created(org: Any) -> None:
    org.field("Task", name="Key__c", type="string", externalId=True, unique=True)
    records = [{"attributes": {"type": "Task"}, "Key__c": key, "Subject": "s"} for key in ("a", "b", "b", None)]
    results = org.call("PATCH", "composite/sobjects/Task/Key__c", {"records": records[:2]}).json()
    assert [result["created"] for result in results] == [True, True]
    again = org.call("PATCH", "composite/sobjects/Task/Key__c", {"records": records}).json()

    assert again[0] == {"id": results[0]["id"], "success": True, "errors": [], "created": False}
    assert [r["errors"][0]["statusCode"] for r in again[1:]] == [
        "DUPLICATE_VALUE",
        "DUPLICATE_VALUE",
        "MISSING_ARGUMENT",
    ]


def test_collections_are_read_and_deleted_by_ids(org: Any) -> None:
    ids = [org.create("Account", Name=name) for name in "abc"]
    listed = ",".join([ids[0], "001000000000001AAA"])
    read = org.call("GET", f"composite/sobjects/Account?ids={listed}&fields=Name").json()
    posted = org.call("POST", "composite/sobjects/Account", {"ids": [ids[1]], "fields": ["Id", "Name"]}).json()
    assert [row and row["Name"] for row in read] == ["a", None]
    assert posted[0]["Name"] == "b"
    undone = org.call("DELETE", f"composite/sobjects?ids={listed}&allOrNone=true").json()
    assert [result["success"] for result in undone] == [False, False]
    deleted = org.call("DELETE", f"composite/sobjects?ids={listed}").json()

    assert [result["success"] for result in deleted] == [True, False]
    assert _count(org) == 2


def _composite(org: Any, *subs: dict[str, Any], all_or_none: bool = False) -> Any:
    body = {"allOrNone": all_or_none, "compositeRequest": list(subs)}
    return org.call("POST", "composite", body)


def _sub(name: str, method: str, path: str, body: Any = None, **headers: str) -> dict[str, Any]:
    sub = {"method": method, "url": f"/services/data/v66.0/{path}", "referenceId": name, "body": body}
    return {**sub, "httpHeaders": {key.replace("_", "-"): value for key, value in headers.items()}} if headers else sub


def test_later_subrequests_name_the_results_of_earlier_ones(org: Any) -> None:
    deal = {"Name": "d", "StageName": "Prospecting", "CloseDate": "2026-06-30", "AccountId": "@{acc.id}"}
    answer = _composite(
        org,
        _sub("acc", "POST", "sobjects/Account", {"Name": "Acme"}),
        _sub("deal", "POST", "sobjects/Opportunity", deal),
        _sub("find", "GET", "query/?q=SELECT+Id,Account.Name+FROM+Opportunity"),
        _sub("read", "GET", "sobjects/Account/@{acc.id}?fields=Name"),
        _sub("first", "PATCH", "sobjects/Opportunity/@{find.records[0].Id}", {"Name": "@{read.Name} deal"}),
    ).json()["compositeResponse"]

    assert [sub["httpStatusCode"] for sub in answer] == [201, 201, 200, 200, 204]
    assert [sub["referenceId"] for sub in answer] == ["acc", "deal", "find", "read", "first"]
    assert answer[0]["httpHeaders"]["Location"].endswith(answer[0]["body"]["id"])
    assert answer[4]["body"] is None
    assert answer[2]["body"]["records"][0]["Account"]["Name"] == "Acme"
    assert org.names("SELECT Name FROM Opportunity") == ["Acme deal"]


def test_a_failed_reference_halts_only_what_needs_it(org: Any) -> None:
    answer = _composite(
        org,
        _sub("bad", "POST", "sobjects/Account", {}),
        _sub("needs", "GET", "sobjects/Account/@{bad.id}"),
        _sub("free", "POST", "sobjects/Account", {"Name": "a"}),
    ).json()["compositeResponse"]

    assert [sub["httpStatusCode"] for sub in answer] == [400, 400, 201]
    assert answer[0]["body"][0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert answer[1]["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert _count(org) == 1


def test_all_or_none_rolls_a_composite_back(org: Any) -> None:
    answer = _composite(
        org,
        _sub("good", "POST", "sobjects/Account", {"Name": "a"}),
        _sub("bad", "POST", "sobjects/Account", {}),
        _sub("never", "POST", "sobjects/Account", {"Name": "c"}),
        all_or_none=True,
    ).json()["compositeResponse"]

    assert [sub["body"][0]["errorCode"] for sub in answer] == [
        "PROCESSING_HALTED",
        "REQUIRED_FIELD_MISSING",
        "PROCESSING_HALTED",
    ]
    assert answer[0]["body"][0]["message"] == (
        "The transaction was rolled back since another operation in the same transaction failed."
    )
    assert _count(org) == 0


def test_a_composite_takes_25_subrequests_and_five_queries(org: Any) -> None:
    queries = [_sub(f"q{n}", "GET", "query?q=SELECT+Id+FROM+Account") for n in range(6)]
    limits = [_sub(f"l{n}", "GET", "limits") for n in range(26)]
    updated = "sobjects/Account/updated?start=2026-03-05T11:00:00Z&end=2026-03-05T12:00:00Z"

    assert _composite(org, *queries[:5], _sub("u", "GET", updated)).status_code == 200
    assert _composite(org, *queries).status_code == 400
    assert _composite(org, *limits).status_code == 400
    assert _composite(org, limits[0], limits[0]).status_code == 400
    collection = _sub("c", "POST", "composite/sobjects", {"records": _accounts("a")})
    assert _composite(org, *queries[:5], collection).status_code == 400
    org.world.settings.update("salesforce", {"collections_share_query_cap": False})
    assert _composite(org, *queries[:5], collection).status_code == 200


def test_conditions_travel_in_a_subrequests_headers(org: Any) -> None:
    record_id = org.create("Account", Name="a")
    sub = _sub(
        "a",
        "PATCH",
        f"sobjects/Account/{record_id}",
        {"Name": "b"},
        If_Unmodified_Since="Thu, 05 Mar 2026 11:00:00 GMT",
    )
    answer = _composite(org, sub).json()["compositeResponse"]

    assert answer[0]["httpStatusCode"] == 412


def test_a_composite_is_one_api_call_and_a_batch_one_for_each(org: Any) -> None:
    def used() -> int:
        return int(org.call("GET", "limits").headers["Sforce-Limit-Info"].removeprefix("api-usage=").split("/")[0])

    before = used()
    _composite(org, *[_sub(f"l{n}", "GET", "limits") for n in range(5)])
    between = used()
    batch = {"batchRequests": [{"method": "GET", "url": "v66.0/limits"} for _ in range(5)]}
    org.call("POST", "composite/batch", batch)

    assert between - before == 2
    assert used() - between == 7


def test_a_batch_goes_on_after_an_error_unless_told_to_halt(org: Any) -> None:
    subs = [
        {"method": "GET", "url": "v66.0/sobjects/Nope/describe"},
        {"method": "POST", "url": "v66.0/sobjects/Account", "richInput": {"Name": "a"}},
    ]
    answer = org.call("POST", "composite/batch", {"batchRequests": subs}).json()
    assert answer["hasErrors"] is True
    assert [result["statusCode"] for result in answer["results"]] == [404, 201]
    halted = org.call("POST", "composite/batch", {"haltOnError": True, "batchRequests": subs}).json()

    assert [result["statusCode"] for result in halted["results"]] == [404, 412]
    assert _count(org) == 1


@pytest.mark.parametrize("body", [{}, {"compositeRequest": []}, {"compositeRequest": [{"method": "GET"}]}])
def test_a_malformed_composite_is_refused(org: Any, body: dict[str, Any]) -> None:
    assert org.call("POST", "composite", body).status_code == 400
