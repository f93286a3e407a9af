"""Whatever a client sends is answered in the vendor's words, never with a defect of the sandbox."""

import json
import random

import pytest

from sandbox.wire import build_request

HEADERS = [("authorization", "Bearer pat-na1-sandbox-token"), ("host", "127.0.0.1")]
TYPES = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 341}]
PAIR = {"from": {"id": "{id}"}, "to": {"id": "{id}"}, "types": TYPES, "type": "deal_to_company"}
PROPERTY = {"name": "n", "label": "N", "type": "string", "fieldType": "text", "groupName": "dealinformation"}
STAGE = {"label": "S", "displayOrder": 1, "metadata": {"probability": "0.5"}}
CREATE = {"properties": {"dealname": "y", "amount": 5}, "associations": [{"to": {"id": "{id}"}, "types": TYPES}]}
WRITE = {"id": "{id}", "idProperty": "hs_object_id", "properties": {"amount": "1"}, "objectWriteTraceId": "t"}
FILTER = {"propertyName": "amount", "operator": "EQ", "value": "1", "values": ["1"], "highValue": "2"}
SORTS = [{"propertyName": "amount", "direction": "DESCENDING"}]
CALLS = [
    (
        "POST",
        "/crm/v3/objects/deals/search",
        {"filterGroups": [{"filters": [FILTER]}], "sorts": SORTS, "limit": 5, "after": "0", "properties": ["amount"]},
    ),
    ("POST", "/crm/v3/objects/deals", CREATE),
    ("POST", "/crm/v3/objects/deals/merge", {"primaryObjectId": "{id}", "objectIdToMerge": "{id}"}),
    ("PATCH", "/crm/v3/objects/deals/{id}", {"properties": {"closedate": "2026-01-01", "dealstage": "closedwon"}}),
    ("POST", "/crm/v3/objects/deals/batch/read", {"inputs": [{"id": "{id}"}], "properties": ["amount"]}),
    ("POST", "/crm/v3/objects/deals/batch/create", {"inputs": [CREATE]}),
    ("POST", "/crm/v3/objects/deals/batch/update", {"inputs": [WRITE]}),
    ("POST", "/crm/v3/objects/deals/batch/upsert", {"inputs": [WRITE]}),
    ("POST", "/crm/v3/objects/deals/batch/archive", {"inputs": [{"id": "{id}"}]}),
    ("POST", "/crm/v4/associations/deals/companies/batch/read", {"inputs": [{"id": "{id}", "after": "MC0x"}]}),
    ("POST", "/crm/v4/associations/deals/companies/batch/create", {"inputs": [PAIR]}),
    ("POST", "/crm/v4/associations/deals/companies/batch/archive", {"inputs": [{**PAIR, "to": [{"id": "{id}"}]}]}),
    ("POST", "/crm/v4/associations/deals/companies/batch/labels/archive", {"inputs": [PAIR]}),
    ("POST", "/crm/v4/associations/deals/companies/batch/associate/default", {"inputs": [PAIR]}),
    ("POST", "/crm/v3/associations/deals/companies/batch/read", {"inputs": [{"id": "{id}"}]}),
    ("POST", "/crm/v3/associations/deals/companies/batch/create", {"inputs": [PAIR]}),
    ("POST", "/crm/v3/associations/deals/companies/batch/archive", {"inputs": [PAIR]}),
    ("PUT", "/crm/v4/objects/deals/{id}/associations/companies/{id}", TYPES),
    ("POST", "/crm/v4/associations/deals/companies/labels", {"name": "l", "label": "L", "inverseLabel": "M"}),
    ("PUT", "/crm/v4/associations/deals/companies/labels", {"associationTypeId": 37, "label": "L"}),
    ("POST", "/crm/v3/properties/deals", {**PROPERTY, "options": [{"label": "a", "value": "a", "displayOrder": 1}]}),
    ("POST", "/crm/v3/properties/deals/batch/create", {"inputs": [PROPERTY]}),
    ("POST", "/crm/v3/properties/deals/batch/read", {"inputs": [{"name": "amount"}]}),
    ("POST", "/crm/v3/properties/deals/groups", {"name": "g", "label": "G", "displayOrder": 1}),
    ("PATCH", "/crm/v3/properties/deals/amount", {"label": "A", "type": "number", "fieldType": "number"}),
    ("POST", "/crm/v3/pipelines/deals", {"label": "P", "displayOrder": 1, "stages": [STAGE]}),
    ("PATCH", "/crm/v3/pipelines/deals/default", {"label": "P", "displayOrder": 1}),
    ("POST", "/crm/v3/pipelines/deals/default/stages", STAGE),
    ("POST", "/oauth/v1/token", {}),
]
WORDS = [
    "inputs",
    "id",
    "properties",
    "associations",
    "to",
    "from",
    "types",
    "associationTypeId",
    "associationCategory",
    "idProperty",
    "filterGroups",
    "filters",
    "propertyName",
    "operator",
    "value",
    "values",
    "highValue",
    "sorts",
    "limit",
    "after",
    "query",
    "name",
    "label",
    "type",
    "fieldType",
    "groupName",
    "options",
    "displayOrder",
    "stages",
    "metadata",
    "probability",
    "amount",
    "closedate",
    "dealname",
    "dealstage",
    "hs_object_id",
    "createdate",
    "objectWriteTraceId",
    "primaryObjectId",
    "objectIdToMerge",
    "associationTypeId",
    "propertiesWithHistory",
]
TEXTS = [
    "",
    "x",
    "-1",
    "1e400",
    "nan",
    "99999999999999999999",
    "2026-02-30",
    "EQ",
    "IN",
    "BETWEEN",
    "default",
    "٣",
    "0",
]


def anything(draw, deal, depth=0):
    """A JSON value that looks a little like a request."""
    choice = draw.random()
    if depth < 4 and choice < 0.45:
        return {draw.choice(WORDS): anything(draw, deal, depth + 1) for _ in range(draw.randint(0, 4))}
    if depth < 4 and choice < 0.65:
        return [anything(draw, deal, depth + 1) for _ in range(draw.randint(0, 3))]
    return draw.choice([None, True, 0, -5, 1.5, 10**25, deal, draw.choice(TEXTS), draw.choice(WORDS)])


def broken(draw, deal, value):
    """A valid value with one part of it replaced by anything."""
    if draw.random() < 0.25 or not isinstance(value, (dict, list)) or not value:
        return anything(draw, deal)
    if isinstance(value, dict):
        key = draw.choice(list(value))
        return {**value, key: broken(draw, deal, value[key])}
    return [broken(draw, deal, value[0]), *value[1:]]


@pytest.mark.parametrize("seed", range(3))
def test_no_body_makes_the_sandbox_fail(portal, seed):
    draw = random.Random(seed)
    deal = portal.make("deals", dealname="x")
    statuses = set()
    for method, path, valid in CALLS:
        for _ in range(60):
            body = json.dumps(broken(draw, deal, valid)).replace("{id}", draw.choice([deal, "5"]))
            target = path.replace("{id}", draw.choice([deal, "x", "99999999999999999999"]))
            reply = portal.behind.answer(build_request(method, target, HEADERS, body.encode()))
            assert reply.status < 500, (method, target, body)
            statuses.add(reply.status)

    assert {200, 201, 204, 207, 400, 404} <= statuses


@pytest.mark.parametrize(
    "path",
    [
        "/crm/v3/objects/deals?after=99999999999999999999999",
        "/crm/v3/objects/deals?limit=x",
        "/crm/v3/owners?after=abc",
        "/crm/v3/objects/deals?associations=butterflies",
    ],
)
def test_a_query_that_cannot_be_is_refused(portal, path):
    assert portal.get(path, 400)["status"] == "error"


def test_text_that_no_encoding_holds_is_malformed(portal):
    body = b'{"properties": {"dealname": "\\ud800"}}'
    response = portal.session.post(portal.url + "/crm/v3/objects/deals", data=body, timeout=5)

    assert response.status_code == 400
    assert response.json()["message"].startswith("Invalid input JSON")
