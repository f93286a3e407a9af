"""The first and second versions, which Singer's tap and Airbyte's source still read."""

import pytest


@pytest.mark.parametrize(
    "path", ["/properties/v1/deals/properties", "/properties/v2/deal/properties", "/properties/v2/0-3/properties"]
)
def test_properties_are_a_bare_list(portal, path):
    listed = {each["name"]: each for each in portal.get(path)}

    assert listed["amount"]["type"] == "number"
    assert (listed["hs_object_id"]["readOnlyValue"], listed["amount"]["readOnlyValue"]) == (True, False)
    assert [option["value"] for option in listed["dealtype"]["options"]] == ["newbusiness", "existingbusiness"]
    assert portal.get("/properties/v2/deal/properties/named/amount")["name"] == "amount"
    portal.get("/properties/v2/deal/properties/named/nope", 404)


def test_companies_are_paged_by_offset_with_values_and_their_stamps(portal):
    ids = portal.behind.load("companies", [{"name": f"c{n}", "updatedAt": 1_700_000_000_000 + n} for n in range(5)])
    first = portal.get("/companies/v2/companies/paged", limit=3, properties=["name", "domain"])
    rest = portal.get("/companies/v2/companies/paged", limit=3, offset=first["offset"], properties="name")
    shown = first["companies"][0]["properties"]
    modified = portal.get(f"/companies/v2/companies/{ids[0]}")["properties"]["hs_lastmodifieddate"]

    assert [str(each["companyId"]) for each in first["companies"] + rest["companies"]] == ids
    assert (first["has-more"], rest["has-more"]) == (True, False)
    assert (shown["name"]["value"], "domain" in shown) == ("c0", False)
    assert (modified["value"], modified["timestamp"]) == ("1700000000000", 1_700_000_000_000)
    portal.get("/companies/v2/companies/1", 404)


def test_recently_modified_records_come_newest_first(portal):
    portal.behind.load("companies", [{"name": f"c{n}", "updatedAt": 1_700_000_000_000 + n} for n in range(4)])
    portal.behind.load("deals", [{"dealname": f"d{n}", "updatedAt": 1_700_000_000_000 + n} for n in range(4)])
    page = portal.get("/companies/v2/companies/recent/modified", since=1_700_000_000_001, count=2)
    deals = portal.get("/deals/v1/deal/recent/modified", count=2, offset=2)

    assert [each["properties"]["name"]["value"] for each in page["results"]] == ["c3", "c2"]
    assert (page["total"], page["hasMore"], page["offset"]) == (3, True, 2)
    assert [each["properties"]["dealname"]["value"] for each in deals["results"]] == ["d1", "d0"]
    assert deals["hasMore"] is False


def test_deals_show_their_associations_and_only_what_was_asked_for(portal):
    (deal,) = portal.behind.load("deals", [{"dealname": "d", "amount": "5"}])
    (company,) = portal.behind.load("companies", [{"name": "c"}])
    portal.behind.associate_many("deals", "companies", [(deal, company)])
    (plain,) = portal.get("/deals/v1/deal/paged", includeAssociations="true")["deals"]
    (whole,) = portal.get("/deals/v1/deal/paged", includeAllProperties="true")["deals"]

    assert plain["associations"]["associatedCompanyIds"] == [int(company)]
    assert (plain["dealId"], plain["properties"]) == (int(deal), {})
    assert whole["properties"]["amount"]["value"] == "5"
    assert portal.get(f"/deals/v1/deal/{deal}")["associations"]["associatedCompanyIds"] == [int(company)]


def test_a_value_that_changed_has_the_stamp_of_its_change(portal):
    deal = portal.make("deals", dealname="a", amount="1")
    portal.server.world.clock.move(3600)
    portal.patch(f"/crm/v3/objects/deals/{deal}", {"properties": {"amount": "2"}})
    values = portal.get(f"/deals/v1/deal/{deal}")["properties"]

    assert values["amount"]["timestamp"] - values["dealname"]["timestamp"] >= 3_600_000
    assert values["amount"]["source"] == "INTEGRATION"


def test_pipelines_and_owners_have_their_old_names(portal):
    portal.behind.add_owner({"id": "64", "email": "a@x.example", "firstName": "A", "lastName": "B", "userId": 7})
    (old,) = portal.get("/deals/v1/pipelines")
    (newer,) = portal.get("/crm-pipelines/v1/pipelines/deals")["results"]
    (owner,) = portal.get("/owners/v2/owners")
    won = next(stage for stage in old["stages"] if stage["stageId"] == "closedwon")

    assert (old["pipelineId"], newer["pipelineId"], len(newer["stages"])) == ("default", "default", 7)
    assert (won["closedWon"], won["probability"]) == (True, 1.0)
    assert (owner["ownerId"], owner["activeUserId"], owner["email"]) == (64, 7, "a@x.example")


@pytest.mark.parametrize(
    "kind", ["quotes", "leads", "communications", "postal_mail", "goal_targets", "taxes", "0-136", "deal_split", "form"]
)
def test_rarer_standard_objects_exist_and_are_empty(portal, kind):
    assert portal.get(f"/crm/v3/objects/{kind}")["results"] == []
    assert portal.search(kind)["total"] == 0
    assert "hs_object_id" in {each["name"] for each in portal.get(f"/crm/v3/properties/{kind}")["results"]}
