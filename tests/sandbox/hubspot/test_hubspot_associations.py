"""Associations and labels, in both families."""

import pytest

READ = "/crm/v4/associations/deals/companies/batch/read"


@pytest.fixture
def deal(portal):
    return portal.make("deals", dealname="x")


@pytest.fixture
def companies(portal):
    return portal.behind.load("companies", [{"name": f"c{n}"} for n in range(7)])


def link(portal, deal, company):
    return portal.put(f"/crm/v4/objects/deals/{deal}/associations/default/companies/{company}")


def test_the_first_company_is_primary_and_others_are_not(portal, deal, companies):
    for company in companies[:2]:
        link(portal, deal, company)
    [found] = portal.post(READ, {"inputs": [{"id": deal}]})["results"]

    primary = {"category": "HUBSPOT_DEFINED", "typeId": 5, "label": "Primary"}
    plain = {"category": "HUBSPOT_DEFINED", "typeId": 341, "label": None}
    assert found == {
        "from": {"id": deal},
        "to": [
            {"toObjectId": int(companies[0]), "associationTypes": [primary, plain]},
            {"toObjectId": int(companies[1]), "associationTypes": [plain]},
        ],
    }


def test_marking_another_company_primary_moves_the_mark(portal, deal, companies):
    for company in companies[:2]:
        link(portal, deal, company)
    spec = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 5}]
    made = portal.put(f"/crm/v4/objects/deals/{deal}/associations/companies/{companies[1]}", spec, 201)

    assert made["labels"] == ["Primary"]
    properties = portal.get(f"/crm/v3/objects/deals/{deal}", properties="hs_primary_associated_company")["properties"]
    assert properties["hs_primary_associated_company"] == companies[1]
    listed = portal.get(f"/crm/v3/objects/deals/{deal}/associations/company")["results"]
    assert [each["id"] for each in listed if each["type"] == "deal_to_company"] == [companies[1]]


def test_associating_again_by_default_answers_the_same(portal, deal, companies):
    first, second = link(portal, deal, companies[0]), link(portal, deal, companies[0])

    assert first["results"] == second["results"]
    assert [each["associationSpec"]["associationTypeId"] for each in first["results"]] == [341, 342]


def test_a_record_without_associations_is_an_error_entry_or_missing(portal, deal):
    body = portal.post(READ, {"inputs": [{"id": deal}]}, 207)

    assert body["results"] == []
    assert body["errors"] == [
        {
            "status": "error",
            "category": "OBJECT_NOT_FOUND",
            "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
            "message": f"No company is associated with deal {deal}.",
            "context": {"fromObjectId": [deal], "fromObjectType": ["deal"], "toObjectType": ["company"]},
        }
    ]
    portal.settings(association_none="missing")
    assert "errors" not in portal.post(READ, {"inputs": [{"id": deal}]})


def test_pages_are_per_record_and_continue_by_their_own_token(portal, deal, companies):
    portal.settings(association_page_size=3)
    portal.behind.associate_many("deals", "companies", [(deal, each) for each in companies])
    seen, entry = [], {"id": deal}
    while entry:
        [found] = portal.post(READ, {"inputs": [entry]})["results"]
        seen += [str(each["toObjectId"]) for each in found["to"]]
        after = found.get("paging", {}).get("next", {}).get("after")
        entry = {"id": deal, "after": after} if after else None

    assert seen == companies


def test_a_thousand_records_are_read_at_once_and_no_more(portal):
    assert portal.post(READ, {"inputs": [{"id": "1"}] * 1001}, 400)["category"] == "VALIDATION_ERROR"
    assert portal.post(READ, {"inputs": [{"id": "1"}] * 1000}, 207)["numErrors"] == 1000


@pytest.mark.parametrize(("family", "status"), [("/crm/v4/associations", 201), ("/crm/associations/2026-09", 200)])
def test_a_batch_of_associations_answers_by_version(portal, deal, companies, family, status):
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 341}]
    inputs = [{"from": {"id": deal}, "to": {"id": companies[0]}, "types": types}]
    body = portal.post(f"{family}/deals/companies/batch/create", {"inputs": inputs}, status)

    assert body["results"] == [
        {
            "fromObjectTypeId": "0-3",
            "fromObjectId": int(deal),
            "toObjectTypeId": "0-2",
            "toObjectId": int(companies[0]),
            "labels": [],
        }
    ]


def test_bad_pairs_of_a_batch_are_listed(portal, deal, companies):
    inputs = [
        {"from": {"id": "abc"}, "to": {"id": companies[0]}, "types": []},
        {"from": {"id": deal}, "to": {"id": companies[0]}, "types": []},
        {"from": {"id": deal}, "to": {"id": "5"}, "types": []},
    ]
    body = portal.post("/crm/v4/associations/deals/companies/batch/create", {"inputs": inputs}, 207)
    itself = {"from": {"id": companies[0]}, "to": {"id": companies[0]}, "types": []}
    same = portal.post("/crm/v4/associations/companies/companies/batch/create", {"inputs": [itself]}, 207)

    assert [each["subCategory"] for each in body["errors"]] == [
        "crm.associations.INVALID_IDENTIFIER",
        "crm.associations.TO_OBJECT_NOT_FOUND",
    ]
    assert body["errors"][0]["message"] == "abc is not a valid ID"
    assert same["errors"][0]["message"] == f"Object {companies[0]} cannot be associated to itself ({companies[0]})"
    assert len(body["results"]) == 1


def test_ids_may_come_as_text(portal, deal, companies):
    portal.settings(association_ids="string")
    link(portal, deal, companies[0])

    assert portal.post(READ, {"inputs": [{"id": deal}]})["results"][0]["to"][0]["toObjectId"] == companies[0]


def test_a_label_has_an_id_per_direction_and_goes_with_its_associations(portal, deal, companies):
    labels = "/crm/associations/2026-09/deals/companies/labels"
    body = {"name": "reseller", "label": "Reseller", "inverseLabel": "Resold deal"}
    there, back = portal.post(labels, body)["results"]
    spec = [{"associationCategory": "USER_DEFINED", "associationTypeId": there["typeId"]}]
    portal.put(f"/crm/v4/objects/deals/{deal}/associations/companies/{companies[0]}", spec, 201)

    assert (there["label"], back["label"]) == ("Reseller", "Resold deal")
    backwards = portal.get(f"/crm/v4/objects/companies/{companies[0]}/associations/deals")["results"][0]
    assert back | {"label": "Resold deal"} in backwards["associationTypes"]
    portal.put(labels, {"associationTypeId": there["typeId"], "label": "Dealer"}, 204)
    listed = {each["typeId"]: each["label"] for each in portal.get(labels)["results"]}
    assert listed == {5: "Primary", 341: None, there["typeId"]: "Dealer"}
    portal.delete(f"{labels}/{there['typeId']}")
    types = portal.get(f"/crm/v4/objects/deals/{deal}/associations/companies")["results"][0]["associationTypes"]
    assert [each["typeId"] for each in types] == [5, 341]


def test_the_fifty_first_label_is_refused_with_437(portal):
    labels = "/crm/v4/associations/deals/companies/labels"
    for n in range(50):
        portal.post(labels, {"name": f"l{n}", "label": f"L{n}"})

    assert portal.post(labels, {"name": "last", "label": "Last"}, 437)["status"] == "error"


def test_listed_records_carry_their_associations_with_paging_of_their_own(portal, deal, companies):
    portal.settings(association_inline_page_size=2)
    portal.behind.associate_many("deals", "companies", [(deal, each) for each in companies])
    inline = portal.get("/crm/v3/objects/deals", associations="companies,contacts")["results"][0]["associations"]

    assert list(inline) == ["companies"]
    assert {each["type"] for each in inline["companies"]["results"]} == {"deal_to_company", "deal_to_company_unlabeled"}
    path = inline["companies"]["paging"]["next"]["link"].removeprefix(portal.url)
    rest = {each["id"] for each in portal.get(path)["results"]}
    assert rest == set(companies[2:])


def test_line_items_stand_under_their_name_with_a_blank(portal, deal):
    portal.settings(association_inline_page_size=1)
    items = portal.behind.load("line_items", [{"name": f"i{n}"} for n in range(2)])
    portal.behind.associate_many("deals", "line_items", [(deal, each) for each in items])
    [listed] = portal.get("/crm/v3/objects/deals", associations="line_items")["results"]
    read = portal.get(f"/crm/v3/objects/deals/{deal}", associations="line_item")

    assert list(listed["associations"]) == list(read["associations"]) == ["line items"]
    path = read["associations"]["line items"]["paging"]["next"]["link"].removeprefix(portal.url)
    assert path.partition("?")[0] == f"/crm/v3/objects/deals/{deal}/associations/line_items"
    assert [each["id"] for each in portal.get(path)["results"]] == items[1:]


def test_archived_records_leave_the_associations_and_come_back_with_them(portal, deal, companies):
    link(portal, deal, companies[0])
    portal.delete(f"/crm/v3/objects/companies/{companies[0]}")
    assert portal.get(f"/crm/v4/objects/deals/{deal}/associations/companies")["results"] == []
    portal.behind.restore("companies", companies[0], "Rita Rep")

    assert len(portal.get(f"/crm/v4/objects/deals/{deal}/associations/companies")["results"]) == 1


def test_an_association_is_taken_away_for_both_sides(portal, deal, companies):
    link(portal, deal, companies[0])
    portal.delete(f"/crm/v4/objects/companies/{companies[0]}/associations/deals/{deal}")

    assert portal.get(f"/crm/v4/objects/deals/{deal}/associations/companies")["results"] == []
    found = portal.get(f"/crm/v3/objects/deals/{deal}", properties="hs_primary_associated_company")
    assert found["properties"]["hs_primary_associated_company"] is None


def test_association_edits_move_stamps_only_by_switch(portal, deal, companies):
    clock = portal.server.world.clock

    def stamp():
        return portal.get(f"/crm/v3/objects/deals/{deal}")["updatedAt"]

    before = stamp()
    clock.move(60)
    link(portal, deal, companies[0])
    assert stamp() == before
    portal.settings(association_edit_bumps=True)
    link(portal, deal, companies[1])
    assert stamp() > before


def test_the_v3_family_names_types(portal, deal, companies):
    base = "/crm/v3/associations/deals/companies"
    pair = {"from": {"id": deal}, "to": {"id": companies[0]}, "type": "deal_to_company"}
    assert portal.post(f"{base}/batch/create", {"inputs": [pair]}, 201)["results"] == [pair]
    [found] = portal.post(f"{base}/batch/read", {"inputs": [{"id": deal}]})["results"]

    assert {"id": companies[0], "type": "deal_to_company"} in found["to"]
    assert {"id": "5", "name": "deal_to_company"} in portal.get(f"{base}/types")["results"]
    portal.post(f"{base}/batch/archive", {"inputs": [pair]}, 204)


@pytest.mark.parametrize("named", ["deal_to_company", "5"])
def test_associating_by_a_type_in_the_path_answers_the_record(portal, deal, companies, named):
    body = portal.put(f"/crm/v3/objects/deals/{deal}/associations/companies/{companies[0]}/{named}")

    assert body == portal.get(f"/crm/v3/objects/deals/{deal}", associations="companies")
    assert {"id": companies[0], "type": "deal_to_company"} in body["associations"]["companies"]["results"]


@pytest.mark.parametrize(("kind", "type_id"), [("companies", 192), ("contacts", 204), ("deals", 216)])
def test_tasks_are_associated_by_their_recorded_types(portal, kind, type_id):
    target = portal.make(kind, **({"email": "a@b.example"} if kind == "contacts" else {}))
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id}]
    task = portal.post(
        "/crm/objects/2026-09/tasks",
        {"properties": {"hs_timestamp": "2026-01-01"}, "associations": [{"to": {"id": target}, "types": types}]},
        201,
    )["id"]

    assert portal.get(f"/crm/v4/objects/{kind}/{target}/associations/tasks")["results"][0]["toObjectId"] == int(task)


def test_from_2026_09_on_editing_associations_needs_leave_and_lacks_it_with_400(portal, deal, companies):
    portal.settings(edit_associations_allowed=False)
    path = f"associations/default/companies/{companies[0]}"
    body = portal.put(f"/crm/objects/2026-09/deals/{deal}/{path}", status=400)

    assert body["message"] == "Missing 'Edit Associations' permission."
    portal.put(f"/crm/v4/objects/deals/{deal}/{path}")
