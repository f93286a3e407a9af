"""Batches: all or nothing, trace ids, lost ids, and the order of results."""

import pytest
import requests

DEALS = "/crm/v3/objects/deals"
GOOD, BAD = {"dealname": "ok"}, {"dealname": "bad", "nope": "1"}


def test_a_batch_answers_complete_with_its_instants(portal):
    body = portal.post(f"{DEALS}/batch/create", {"inputs": [{"properties": GOOD}] * 3}, 201)

    assert list(body) == ["completedAt", "status", "startedAt", "results"]
    assert body["status"] == "COMPLETE"
    assert [each["properties"]["dealname"] for each in body["results"]] == ["ok"] * 3


@pytest.mark.parametrize("what", ["read", "create", "update", "upsert", "archive"])
def test_a_batch_holds_at_most_a_hundred(portal, what):
    inputs = [{"id": str(n), "properties": {}} for n in range(101)]
    body = portal.post(f"{DEALS}/batch/{what}", {"inputs": inputs}, 400)

    assert body["message"] == (
        "The maximum number of inputs supported in a batch is 100. Please reduce the number of items and try again"
    )
    assert body["category"] == "VALIDATION_ERROR"


def test_without_trace_ids_one_bad_input_refuses_the_batch(portal):
    body = portal.post(f"{DEALS}/batch/create", {"inputs": [{"properties": GOOD}, {"properties": BAD}] * 2}, 400)

    assert [each["code"] for each in body["errors"]] == ["PROPERTY_DOESNT_EXIST"] * 2
    assert portal.get(DEALS)["results"] == []


def test_with_a_trace_id_each_the_good_inputs_are_written(portal):
    inputs = [{"properties": GOOD, "objectWriteTraceId": "a"}, {"properties": BAD, "objectWriteTraceId": "b"}]
    body = portal.post(f"{DEALS}/batch/create", {"inputs": inputs}, 207)

    [made] = body["results"]
    assert made["objectWriteTraceId"] == "a"
    assert body["numErrors"] == 1
    assert body["errors"][0]["context"]["objectWriteTraceId"] == ["b"]
    assert body["errors"][0]["category"] == "VALIDATION_ERROR"
    assert [each["id"] for each in portal.get(DEALS)["results"]] == [made["id"]]


def test_results_may_come_without_the_trace_ids_that_errors_keep(portal):
    portal.settings(trace_ids_in_results=False)
    traced = [{"properties": each, "objectWriteTraceId": str(n)} for n, each in enumerate((GOOD, BAD))]
    created = portal.post(f"{DEALS}/batch/create", {"inputs": traced}, 207)
    changes = [{"id": created["results"][0]["id"], "properties": GOOD, "objectWriteTraceId": "2"}]
    updated = portal.post(f"{DEALS}/batch/update", {"inputs": changes})

    assert not [each for body in (created, updated) for each in body["results"] if "objectWriteTraceId" in each]
    assert created["errors"][0]["context"]["objectWriteTraceId"] == ["1"]


@pytest.mark.parametrize(
    ("switch", "create", "update"), [("writes", 207, 207), ("create", 207, 400), ("none", 400, 400)]
)
def test_trace_ids_spare_the_good_inputs_of_the_batches_that_a_switch_names(portal, switch, create, update):
    ids = [portal.make("deals", dealname="x") for _ in range(2)]
    portal.settings(partial_success=switch)
    traced = [{"properties": each, "objectWriteTraceId": str(n)} for n, each in enumerate((GOOD, BAD))]
    changes = [{"id": id_, **each} for id_, each in zip(ids, traced, strict=True)]

    portal.post(f"{DEALS}/batch/create", {"inputs": traced}, create)
    portal.post(f"{DEALS}/batch/update", {"inputs": changes}, update)

    assert len(portal.get(DEALS)["results"]) == 2 + (create == 207)
    assert (portal.get(f"{DEALS}/{ids[0]}")["properties"]["dealname"] == GOOD["dealname"]) == (update == 207)


def test_trace_ids_that_repeat_count_as_none(portal):
    inputs = [{"properties": GOOD, "objectWriteTraceId": "a"}, {"properties": BAD, "objectWriteTraceId": "a"}]

    portal.post(f"{DEALS}/batch/create", {"inputs": inputs}, 400)


def test_a_clash_is_a_conflict_for_all_or_for_its_trace_id(portal):
    first = portal.make("contacts", email="a@x.example")
    inputs = [{"properties": {"email": f"{name}@x.example"}} for name in "ab"]
    create = "/crm/v3/objects/contacts/batch/create"

    assert portal.post(create, {"inputs": inputs}, 409)["category"] == "CONFLICT"
    traced = [{**each, "objectWriteTraceId": str(n)} for n, each in enumerate(inputs)]
    body = portal.post(create, {"inputs": traced}, 207)

    assert body["errors"] == [
        {
            "status": "error",
            "category": "CONFLICT",
            "message": f"Contact already exists. Existing ID: {first}",
            "context": {"objectWriteTraceId": ["0"], "existingId": [first]},
        }
    ]
    assert len(body["results"]) == 1


@pytest.mark.parametrize("what", ["read", "update"])
def test_ids_that_do_not_exist_are_listed_under_207(portal, what):
    deal = portal.make("deals", dealname="x")
    inputs = [{"id": deal, "properties": {"amount": "1"}}, {"id": "77", "properties": {"amount": "1"}}]
    body = portal.post(f"{DEALS}/batch/{what}", {"inputs": inputs}, 207)

    assert [each["id"] for each in body["results"]] == [deal]
    assert body["errors"] == [
        {
            "status": "error",
            "category": "OBJECT_NOT_FOUND",
            "message": "Could not get some DEAL objects, they may be deleted or not exist. Check that ids are valid.",
            "context": {"ids": ["77"]},
        }
    ]


def test_an_id_given_twice_refuses_the_update(portal):
    deal = portal.make("deals", dealname="x")
    inputs = [{"id": deal, "properties": {"amount": str(n)}, "objectWriteTraceId": str(n)} for n in (1, 2)]
    body = portal.post(f"{DEALS}/batch/update", {"inputs": inputs}, 400)

    assert body["message"] == f"Duplicate IDs found in batch input: [{deal}]. IDs must be unique"
    assert body["context"] == {"ids": [deal]}
    portal.settings(refuse_duplicate_ids=False)
    portal.post(f"{DEALS}/batch/update", {"inputs": inputs})


def test_a_merged_away_id_is_missing_from_the_results_without_an_error(portal):
    one, two = portal.make("companies", name="one"), portal.make("companies", name="two")
    portal.post("/crm/v3/objects/companies/merge", {"primaryObjectId": one, "objectIdToMerge": two})
    inputs = [{"id": each, "properties": {"phone": "1"}} for each in (one, two)]
    update = "/crm/v3/objects/companies/batch/update"

    body = portal.post(update, {"inputs": inputs})

    assert [each["id"] for each in body["results"]] == [one]
    assert "errors" not in body
    portal.settings(merged_in_update="not_found")
    assert portal.post(update, {"inputs": inputs}, 207)["errors"][0]["context"] == {"ids": [two]}


def test_results_come_by_id_or_shuffled_or_as_sent(portal, ids):
    deals = [portal.make("deals", dealname=str(n)) for n in range(6)]
    inputs = {"inputs": [{"id": each, "properties": {"amount": "1"}} for each in reversed(deals)]}
    orders = {}
    for order in ("id", "input", "shuffled"):
        portal.settings(batch_order=order)
        orders[order] = ids(portal.post(f"{DEALS}/batch/update", inputs))

    assert orders["id"] == deals
    assert orders["input"] == deals[::-1]
    assert sorted(orders["shuffled"]) == deals
    assert orders["shuffled"] not in (deals, deals[::-1])


def test_a_silent_update_writes_nothing_and_says_nothing(portal):
    deal = portal.make("deals", dealname="x")
    portal.settings(silent_empty_batch=True)
    body = portal.post(f"{DEALS}/batch/update", {"inputs": [{"id": deal, "properties": {"amount": "1"}}]})

    assert body["results"] == []
    assert portal.get(f"{DEALS}/{deal}")["properties"]["amount"] is None


@pytest.mark.parametrize(("verb", "status"), [("create", 201), ("upsert", 200)])
def test_other_silent_writes_make_nothing_and_say_nothing(portal, verb, status):
    portal.settings(silent_empty_batch=True)
    key = {"idProperty": "hs_object_id", "id": "1"} if verb == "upsert" else {}

    answer = portal.post(f"{DEALS}/batch/{verb}", {"inputs": [{**key, "properties": GOOD}]}, status)

    assert (answer["results"], portal.get(DEALS)["results"]) == ([], [])


def test_from_2026_09_on_an_admins_rules_bind_each_input_of_a_batch(portal):
    ids = [portal.make("deals", dealname="x") for _ in range(2)]
    portal.settings(conditional_required=[["deals", "dealstage", "closedlost", "closed_lost_reason"]])
    stages = ("closedlost", "closedwon")
    inputs = [
        {"id": id_, "properties": {"dealstage": stage}, "objectWriteTraceId": stage}
        for id_, stage in zip(ids, stages, strict=True)
    ]

    body = portal.post("/crm/objects/2026-09/deals/batch/update", {"inputs": inputs}, 207)

    [error] = body["errors"]
    assert error["context"]["objectWriteTraceId"] == ["closedlost"]
    assert [(each["code"], each["context"]) for each in error["errors"]] == [
        ("MISSING_CONDITIONAL_REQUIRED_PROPERTY", {"propertyName": ["closed_lost_reason"]})
    ]
    assert [each["id"] for each in body["results"]] == [ids[1]]


@pytest.mark.parametrize("code", [423, 477, 500, 502, 503, 504, 521, 530])
@pytest.mark.parametrize(("when", "written"), [("before_commit", False), ("after_commit", True)])
def test_a_batch_can_fail_in_every_recorded_way_with_and_without_effect(portal, code, when, written):
    id_ = portal.make("deals", dealname="x")
    headers = {"Retry-After": "86400"} if code == 477 else {}
    rule = {"endpoint": "batch.update.deals", "when": when, "times": 1}
    portal.post("/_sandbox/faults", {**rule, "action": {"kind": "status", "code": code, "headers": headers}})

    answer = portal.send("POST", f"{DEALS}/batch/update", {"inputs": [{"id": id_, "properties": {"dealname": "y"}}]})

    assert (answer.status_code, answer.headers.get("Retry-After")) == (code, headers.get("Retry-After"))
    assert (portal.get(f"{DEALS}/{id_}")["properties"]["dealname"] == "y") == written


@pytest.mark.parametrize(("when", "written"), [("before_commit", False), ("after_commit", True)])
def test_a_batch_whose_connection_is_lost_is_written_or_not(portal, when, written):
    id_ = portal.make("deals", dealname="x")
    rule = {"endpoint": "batch.update.deals", "when": when, "times": 1, "action": "drop"}
    portal.post("/_sandbox/faults", rule)

    with pytest.raises(requests.ConnectionError):
        portal.send("POST", f"{DEALS}/batch/update", {"inputs": [{"id": id_, "properties": {"dealname": "y"}}]})

    assert (portal.get(f"{DEALS}/{id_}")["properties"]["dealname"] == "y") == written


def test_an_upsert_says_what_is_new(portal):
    portal.behind.add_property("deals", {"name": "our_key", "hasUniqueValue": True})
    inputs = [
        {"idProperty": "our_key", "id": key, "properties": {"dealname": key}, "objectWriteTraceId": key}
        for key in ("k1", "k2")
    ]
    first = portal.post(f"{DEALS}/batch/upsert", {"inputs": inputs[:1]})["results"]
    both = portal.post(f"{DEALS}/batch/upsert", {"inputs": inputs})["results"]

    assert [each["new"] for each in first] == [True]
    assert {each["objectWriteTraceId"]: each["new"] for each in both} == {"k1": False, "k2": True}
    assert first[0]["id"] in {each["id"] for each in both}
    found = portal.post(
        f"{DEALS}/batch/read", {"inputs": [{"id": "k2"}], "idProperty": "our_key", "properties": ["our_key"]}
    )
    assert found["results"][0]["properties"]["our_key"] == "k2"


def test_an_upsert_by_a_property_that_is_not_unique_is_refused(portal):
    inputs = [{"idProperty": "dealname", "id": "x", "properties": {}}]
    body = portal.post(f"{DEALS}/batch/upsert", {"inputs": inputs}, 400)

    assert body["message"] == "Unable to perform update/upsert by non-unique 0-3 property dealname"


def test_a_custom_unique_value_is_held_by_one_record(portal):
    portal.behind.add_property("tasks", {"name": "our_key", "hasUniqueValue": True})
    portal.make("tasks", hs_timestamp="2026-01-01", our_key="k")
    body = portal.post("/crm/v3/objects/tasks", {"properties": {"hs_timestamp": "2026-01-01", "our_key": "k"}}, 400)

    assert body["errors"][0]["code"] == "CONFLICTING_UNIQUE_VALUE"


def test_archiving_a_batch_is_quiet_about_ids_that_do_not_exist(portal):
    deal = portal.make("deals", dealname="x")

    assert portal.post(f"{DEALS}/batch/archive", {"inputs": [{"id": deal}, {"id": "5"}]}, 204) is None
    assert portal.get(DEALS)["results"] == []


def test_records_are_created_with_their_associations(portal):
    company = portal.make("companies", name="Acme")

    def deal(to, type_id=341):
        types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id}]
        return {"properties": GOOD, "associations": [{"to": {"id": to}, "types": types}]}

    made = portal.post(f"{DEALS}/batch/create", {"inputs": [deal(company)]}, 201)["results"][0]
    missing = portal.post(f"{DEALS}/batch/create", {"inputs": [deal("42")]}, 400)
    backwards = portal.post(f"{DEALS}/batch/create", {"inputs": [deal(company, 342)]}, 400)

    assert made["properties"]["hs_primary_associated_company"] == company
    assert missing["context"]["INVALID_OBJECT_IDS"] == ["COMPANY=42 is not valid"]
    assert backwards["message"] == "invalid from object type 0-3 for associations to be created. expected: 0-2"


def test_a_record_error_fault_refuses_one_input_of_a_batch(portal):
    rule = {"vendor": "hubspot", "when": "record", "nth": 2, "action": {"kind": "record_error", "code": "LOCKED"}}
    portal.post("/_sandbox/faults", rule)
    inputs = [{"properties": GOOD, "objectWriteTraceId": str(n)} for n in range(3)]
    body = portal.post(f"{DEALS}/batch/create", {"inputs": inputs}, 207)

    assert [each["objectWriteTraceId"] for each in body["results"]] == ["0", "2"]
    assert body["errors"][0]["category"] == "LOCKED"


@pytest.mark.parametrize(
    ("path", "endpoint"),
    [
        (f"{DEALS}/batch/read", "batch.read.deals"),
        ("/crm/v4/associations/deals/companies/batch/read", "associations*"),
        ("/crm/v3/associations/deals/companies/batch/read", "associations*"),
    ],
)
def test_a_read_error_fault_leaves_one_record_out_of_a_batch_read(portal, path, endpoint):
    company = portal.make("companies", name="Acme")
    deals = [portal.make("deals", **GOOD) for _ in range(3)]
    portal.behind.associate_many("deals", "companies", [(each, company) for each in deals])
    rule = {"endpoint": endpoint, "when": "record", "nth": 2, "action": "read_error"}
    portal.post("/_sandbox/faults", rule)

    first = portal.post(path, {"inputs": [{"id": each} for each in deals]}, 207)
    second = portal.post(path, {"inputs": [{"id": each} for each in deals]}, 200)

    assert (len(first["results"]), len(second["results"])) == (2, 3)
    assert [(each["category"], each["context"]["ids"]) for each in first["errors"]] == [("INTERNAL_ERROR", [deals[1]])]
