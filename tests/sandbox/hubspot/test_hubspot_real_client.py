"""The vendor's own Python client works against the sandbox unmodified."""

import pytest
from hubspot import HubSpot
from hubspot.crm.deals import ApiException

TOKEN = "pat-na1-sandbox-token"


@pytest.fixture
def client(portal):
    return HubSpot(access_token=TOKEN, host=portal.url, base_url=portal.url, retry=False)


def test_records_are_created_read_listed_updated_and_archived(client):
    deal = client.crm.deals.basic_api.create({"properties": {"dealname": "x", "amount": 10.5}})
    assert deal.properties["amount"] == "10.5"
    client.crm.deals.basic_api.update(deal.id, {"properties": {"amount": "11"}})
    found = client.crm.deals.basic_api.get_by_id(
        deal.id, properties=["amount", "dealname"], properties_with_history=["amount"], associations=["companies"]
    )
    assert found.properties["amount"] == "11"
    assert [each.value for each in found.properties_with_history["amount"]] == ["11", "10.5"]
    assert [each.id for each in client.crm.deals.get_all()] == [deal.id]
    client.crm.deals.basic_api.archive(deal.id)

    with pytest.raises(ApiException) as missing:
        client.crm.deals.basic_api.get_by_id(deal.id)
    assert missing.value.status == 404


def test_search_pages_with_the_clients_models(client, portal):
    portal.behind.load("companies", [{"name": f"c{n}", "domain": f"c{n}.example"} for n in range(25)])
    request = {
        "filterGroups": [{"filters": [{"propertyName": "domain", "operator": "CONTAINS_TOKEN", "value": "example"}]}],
        "sorts": [{"propertyName": "createdate", "direction": "ASCENDING"}],
        "properties": ["name"],
        "limit": 20,
    }
    first = client.crm.companies.search_api.do_search(request)
    rest = client.crm.companies.search_api.do_search({**request, "after": first.paging.next.after})

    assert (first.total, len(first.results), len(rest.results), rest.paging) == (25, 20, 5, None)
    assert first.results[0].updated_at.tzinfo is not None


def test_batches_tell_what_failed_in_the_clients_models(client):
    inputs = [
        {"properties": {"dealname": "a"}, "objectWriteTraceId": "0"},
        {"properties": {"nope": "b"}, "objectWriteTraceId": "1"},
    ]
    created = client.crm.deals.batch_api.create({"inputs": inputs})
    assert type(created).__name__ == "BatchResponseSimplePublicObjectWithErrors"
    assert (created.num_errors, len(created.results)) == (1, 1)
    deal = created.results[0].id
    updated = client.crm.deals.batch_api.update({"inputs": [{"id": deal, "properties": {"amount": "1"}}]})
    assert updated.results[0].properties["amount"] == "1"
    read = client.crm.deals.batch_api.read({"inputs": [{"id": deal}, {"id": "5"}], "properties": ["amount"]})
    assert read.errors[0].context == {"ids": ["5"]}
    client.crm.properties.core_api.create(
        "deals",
        {
            "name": "our_key",
            "label": "Key",
            "type": "string",
            "fieldType": "text",
            "groupName": "dealinformation",
            "hasUniqueValue": True,
        },
    )
    upserted = client.crm.deals.batch_api.upsert(
        {"inputs": [{"idProperty": "our_key", "id": "k", "properties": {"dealname": "c"}}]}
    )
    assert upserted.results[0].new is True
    client.crm.deals.batch_api.archive({"inputs": [{"id": deal}]})


def test_associations_labels_and_their_paging(client, portal):
    deal = client.crm.deals.basic_api.create({"properties": {"dealname": "x"}}).id
    companies = portal.behind.load("companies", [{"name": f"c{n}"} for n in range(3)])
    definitions = client.crm.associations.v4.schema.definitions_api
    made = definitions.create("deals", "companies", {"name": "reseller", "label": "Reseller"})
    spec = [{"associationCategory": "USER_DEFINED", "associationTypeId": made.results[0].type_id}]
    v4 = client.crm.associations.v4
    pair = v4.basic_api.create("deals", deal, "companies", companies[0], spec)
    assert pair.labels == ["Reseller"]
    v4.basic_api.create_default("deals", deal, "companies", companies[1])
    batch = {"inputs": [{"from": {"id": deal}, "to": {"id": companies[2]}, "types": []}]}
    assert v4.batch_api.create("deals", "companies", batch).results[0].to_object_id == companies[2]
    assert v4.batch_api.create_default("deals", "companies", batch).status == "COMPLETE"
    read = v4.batch_api.get_page("deals", "companies", {"inputs": [{"id": deal}]})
    assert [str(each.to_object_id) for each in read.results[0].to] == companies
    assert len(v4.basic_api.get_page("deals", deal, "companies").results) == 3
    v4.basic_api.archive("deals", deal, "companies", companies[0])
    v4.batch_api.archive("deals", "companies", {"inputs": [{"from": {"id": deal}, "to": [{"id": companies[1]}]}]})
    assert len(v4.basic_api.get_page("deals", deal, "companies").results) == 1
    assert {each.label for each in definitions.get_all("deals", "companies").results} == {None, "Primary", "Reseller"}


def test_owners_pipelines_and_properties(client, portal):
    portal.behind.add_owner({"id": "64", "email": "a@x.example", "firstName": "A", "lastName": "B", "userId": 7})

    assert client.crm.owners.owners_api.get_page(email="a@x.example", limit=10).results[0].id == "64"
    assert client.crm.owners.owners_api.get_by_id(64).user_id == 7
    [pipeline] = client.crm.pipelines.pipelines_api.get_all("deals").results
    assert len(pipeline.stages) == 7
    assert client.crm.pipelines.pipeline_stages_api.get_by_id("deals", "default", "closedwon").label == "Closed Won"
    names = {each.name for each in client.crm.properties.core_api.get_all("companies").results}
    assert {"domain", "name", "hubspot_owner_id"} <= names
    text = {"label": "N", "type": "string", "fieldType": "text", "groupName": "companyinformation"}
    made = client.crm.properties.batch_api.create("companies", {"inputs": [{**text, "name": "note_a"}]})
    assert made.results[0].name == "note_a"
    read = client.crm.properties.batch_api.read("companies", {"inputs": [{"name": "note_a"}], "archived": False})
    assert read.results[0].label == "N"
    assert client.crm.properties.groups_api.get_all("companies").results
    assert client.crm.schemas.core_api.get_by_id("deals").object_type_id == "0-3"


def test_tasks_and_generic_objects(client):
    task = client.crm.objects.tasks.basic_api.create(
        {"properties": {"hs_timestamp": "2026-01-01T00:00:00Z", "hs_task_subject": "Call"}}
    )
    found = client.crm.objects.basic_api.get_by_id("tasks", task.id, properties=["hs_task_status"])

    assert found.properties["hs_task_status"] == "NOT_STARTED"
    assert client.crm.objects.search_api.do_search("tasks", {"query": "call"}).total == 1
    page = client.crm.objects.tasks.basic_api.get_page(limit=5, properties=["hs_task_subject", "hs_timestamp"])
    assert page.results[0].properties["hs_task_subject"] == "Call"


def test_merging_deals(client):
    one, two = (client.crm.deals.basic_api.create({"properties": {"dealname": name}}).id for name in "ab")
    merged = client.crm.deals.basic_api.merge({"primaryObjectId": one, "objectIdToMerge": two})

    assert client.crm.deals.basic_api.get_by_id(one).id == merged.id


def test_an_oauth_token_is_refreshed(client):
    token = client.oauth.tokens_api.create(
        grant_type="refresh_token",
        refresh_token="sandbox-refresh-token",
        client_id="sandbox-client",
        client_secret="sandbox-secret",
    )
    client.access_token = token.access_token

    assert token.expires_in == 1800
    assert client.crm.deals.basic_api.get_page().results == []


def test_a_raw_request_of_the_client_reaches_the_account(client):
    answer = client.api_request({"path": "/account-info/v3/details"})

    assert answer.json()["companyCurrency"] == "USD"
