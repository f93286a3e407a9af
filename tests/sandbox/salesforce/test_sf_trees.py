"""composite/tree: parents and their children in one call, all or nothing."""

from typing import Any


def account(reference: str, name: str, **children: Any) -> dict[str, Any]:
    return {"attributes": {"type": "Account", "referenceId": reference}, "Name": name} | children


def deal(reference: str, **fields: Any) -> dict[str, Any]:
    attributes = {"type": "Opportunity", "referenceId": reference}
    return {"attributes": attributes, "Name": reference, "StageName": "Prospecting", "CloseDate": "2026-06-30"} | fields


def test_children_are_created_under_their_parents(org):
    body = {"records": [account("a", "A", Opportunities={"records": [deal("d1"), deal("d2")]}), account("b", "B")]}
    answer = org.call("POST", "composite/tree/Account/", body)
    ids = {result["referenceId"]: result["id"] for result in answer.json()["results"]}

    assert (answer.status_code, answer.json()["hasErrors"], list(ids)) == (201, False, ["a", "b", "d1", "d2"])
    assert org.get("Opportunity", ids["d2"])["AccountId"] == ids["a"]


def test_one_bad_record_undoes_all_and_is_named(org):
    body = {"records": [account("a", "A", Opportunities={"records": [deal("d", StageName=None)]})]}
    answer = org.call("POST", "composite/tree/Account", body)
    (result,) = answer.json()["results"]

    assert (answer.status_code, answer.json()["hasErrors"]) == (400, True)
    assert (result["referenceId"], result["errors"][0]["statusCode"]) == ("d", "REQUIRED_FIELD_MISSING")
    assert org.query("SELECT COUNT() FROM Account")["totalSize"] == 0


def test_trees_that_are_no_trees_are_refused(org):
    for records in ([], [{"Name": "a"}], [account("a", "A"), account("a", "B")], [account("a", "A")] * 201):
        answer = org.call("POST", "composite/tree/Account", {"records": records})
        assert answer.status_code == 400, records[:2]
    other = org.call("POST", "composite/tree/Account", {"records": [deal("d")]})

    assert other.json()["results"][0]["errors"][0]["statusCode"] == "INVALID_INPUT"
    assert org.call("GET", "composite/tree/Account").status_code == 405
    assert org.query("SELECT COUNT() FROM Account")["totalSize"] == 0
