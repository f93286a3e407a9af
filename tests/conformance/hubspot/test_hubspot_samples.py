"""The HubSpot sandbox answers key for key as HubSpot was recorded.

Runs only where SAMPLES names the folder of recordings (`make conformance SAMPLES=…`); nothing recorded is kept
here. A recording and an answer agree if every object has the same keys and every value the same JSON type.
Maps of property values hold what a record happens to have; there only the types of the values are compared.
"""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.server import Application, Server
from sandbox.world import World

SAMPLES = os.environ.get("SAMPLES")
pytestmark = pytest.mark.skipif(not SAMPLES, reason="SAMPLES does not name a folder of recordings")

TOKEN = "pat-na1-sandbox-token"
V3, DATED = "/crm/v3/objects/contacts", "/crm/objects/2026-03/contacts"
OPTIONAL = {
    "url",
    "archivedAt",
    "objectWriteTraceId",
    "readOnlyOptions",
    "hubspotDefined",
    "archived",
    "paging",
    "link",
}
FREE = {"properties", "context"}
NOT_SERVED = "campaigns"
PAYLOADS = ("payload", "req-payload")


class Portal:
    def __init__(self, url: str) -> None:
        self.url = url

    def call(self, method: str, path: str, body: Any = None, token: str = TOKEN) -> Any:
        headers = {"Authorization": f"Bearer {token}"}
        return requests.request(method, self.url + path, json=body, headers=headers, timeout=10).json()

    def made(self, kind: str, **properties: Any) -> str:
        return str(self.call("POST", f"/crm/v3/objects/{kind}", {"properties": properties})["id"])


@pytest.fixture
def world() -> Iterator[World]:
    opened = World.open()
    opened.settings.update("hubspot", {"search_per_second": None, "burst_limit": None})
    yield opened
    opened.close()


@pytest.fixture
def portal(world: World) -> Iterator[Portal]:
    server = Server(Application(world), "127.0.0.1", 0)
    yield Portal(server.url)
    server.stop()


def sample(name: str) -> Any:
    return json.loads((Path(SAMPLES or "") / f"{name}.json").read_text())


def differences(recorded: Any, answered: Any, path: str = "") -> list[str]:
    """Where keys or types differ; entries of a list count as one, with every key any of them has."""
    found: list[str] = []
    match recorded, answered:
        case dict(), dict():
            if path.rpartition(".")[2] not in FREE:
                missing = set(recorded) - set(answered) - OPTIONAL
                extra = set(answered) - set(recorded) - OPTIONAL
                found += [f"{path}.{key} is missing" for key in sorted(missing)]
                found += [f"{path}.{key} was never recorded" for key in sorted(extra)]
            for key in sorted(set(recorded) & set(answered)):
                found += differences(recorded[key], answered[key], f"{path}.{key}")
        case list(), list():
            if bool(recorded) != bool(answered) and path in (".results", ".errors"):
                found.append(f"{path}: one list is empty")
            for each in answered:
                found += min((differences(model, each, f"{path}[]") for model in recorded), key=len, default=[])
        case (None, _) | (_, None):
            pass
        case _ if type(recorded) is not type(answered):
            found.append(f"{path}: {type(recorded).__name__} was recorded, {type(answered).__name__} answered")
        case _:
            pass
    return found


def _batch(portal: Portal, what: str, *inputs: dict[str, Any], **more: Any) -> Any:
    return portal.call("POST", f"{V3}/batch/{what}", {"inputs": list(inputs), **more})


def _bad(record: str | None = None) -> dict[str, Any]:
    entry: dict[str, Any] = {"properties": {"first000name": "a", "last000name": "b"}}
    return entry | ({"id": record} if record else {})


def _associated(portal: Portal) -> Any:
    contact, companies = portal.made("contacts", email="a@x.example"), [portal.made("companies", name=n) for n in "ab"]
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}]
    inputs = [{"from": {"id": contact}, "to": {"id": company}, "types": types} for company in companies]
    return portal.call("POST", "/crm/associations/2026-03/contacts/companies/batch/create", {"inputs": inputs})


def _badly_associated(portal: Portal) -> Any:
    contact = portal.made("contacts", email="a@x.example")
    inputs = [
        {"from": {"id": "unknown_id"}, "to": {"id": contact}, "types": []},
        {"from": {"id": contact}, "to": {"id": contact}, "types": []},
    ]
    return portal.call("POST", "/crm/associations/2026-03/contacts/contacts/batch/create", {"inputs": inputs})


def _conflict(portal: Portal) -> Any:
    portal.made("contacts", email="a@x.example")
    return _batch(portal, "create", {"properties": {"email": "a@x.example"}})


def _partly_created(portal: Portal) -> Any:
    portal.made("contacts", email="a@x.example")
    inputs = [{"properties": {"email": f"{n}@x.example"}, "objectWriteTraceId": n} for n in "ab"]
    return _batch(portal, "create", *inputs)


def _partly_updated(portal: Portal) -> Any:
    contact = portal.made("contacts", firstname="a")
    return _batch(portal, "update", *({"id": each, "properties": {"firstname": "b"}} for each in (contact, "unknown")))


def _updated(portal: Portal) -> Any:
    contacts = [portal.made("contacts", firstname=name) for name in "ab"]
    return _batch(portal, "update", *({"id": each, "properties": {"firstname": "b"}} for each in contacts))


def _twice(portal: Portal) -> Any:
    contact = portal.made("contacts", firstname="a")
    return _batch(portal, "update", *[{"id": contact, "properties": {"firstname": "b"}}] * 2)


def _group(portal: Portal) -> Any:
    payload = sample("test__custom__create__1-payload-create-property-group")
    return portal.call("POST", "/crm/v3/properties/contacts/groups", payload)


def _properties(portal: Portal) -> Any:
    _group(portal)
    payload = sample("test__custom__create__3-payload-batch-create-properties")
    return portal.call("POST", "/crm/v3/properties/contacts/batch/create", payload)


def _more_properties(portal: Portal) -> Any:
    _properties(portal)
    payload = sample("test__custom__update__2-payload-batch-create-properties")
    return portal.call("POST", "/crm/v3/properties/contacts/batch/create", payload)


def _property(portal: Portal, name: str, payload: str) -> Any:
    _properties(portal)
    return portal.call("PATCH", f"/crm/v3/properties/contacts/{name}", sample(payload))


def _contact_properties(portal: Portal) -> Any:
    _more_properties(portal)
    return portal.call("GET", "/crm/v3/properties/contacts")


def _page(portal: Portal) -> Any:
    for n in range(3):
        portal.made("contacts", email=f"{n}@x.example")
    return portal.call("GET", f"{V3}?limit=2&properties=email")


def _search(portal: Portal, page: int) -> Any:
    for n in range(3):
        portal.made("contacts", firstname=f"Johnnie {n}")
    return portal.call("POST", f"{V3}/search", {"limit": 2, "after": str(2 * page)})


def _payload(portal: Portal, name: str) -> Any:
    portal.made("contacts", email="a@x.example")
    return portal.call("POST", f"{V3}/search", sample(name))


def _associations(portal: Portal) -> Any:
    contacts = [portal.made("contacts", firstname=n) for n in "ab"]
    company = portal.made("companies", name="c")
    portal.call("PUT", f"/crm/v4/objects/contacts/{contacts[0]}/associations/default/companies/{company}")
    inputs = [{"id": each} for each in contacts]
    return portal.call("POST", "/crm/v4/associations/contacts/companies/batch/read", {"inputs": inputs})


ANSWERS: dict[str, Callable[[Portal], Any]] = {
    "internal__associations__test__contact-to-company-resp": _associated,
    "internal__associations__test__err-contact-to-contact": _badly_associated,
    "test__batch__create__contacts__err-conflict": _conflict,
    "test__batch__create__contacts__err-many-invalid-properties": lambda p: _batch(p, "create", _bad(), _bad()),
    "test__batch__create__contacts__err-partial-success": _partly_created,
    "test__batch__create__contacts__success": lambda p: _batch(
        p, "create", *({"properties": {"email": f"{n}@x.example", "firstname": n, "lastname": n}} for n in "ab")
    ),
    "test__batch__update__contacts__err-duplicate-ids": _twice,
    "test__batch__update__contacts__err-many-invalid-properties": lambda p: _batch(
        p, "update", _bad(p.made("contacts", firstname="a")), _bad(p.made("contacts", firstname="b"))
    ),
    "test__batch__update__contacts__err-partial-success": _partly_updated,
    "test__batch__update__contacts__success": _updated,
    "test__custom__create__2-response-create-property-group": _group,
    "test__custom__create__4-response-batch-create-properties": _properties,
    "test__custom__update__1-read-property-group": _group,
    "test__custom__update__3-response-batch-create-properties": _more_properties,
    "test__custom__update__5-response-update-property-age": lambda p: _property(
        p, "age__c", "test__custom__update__4-payload-update-property-age"
    ),
    "test__custom__update__7-response-update-property-interests": lambda p: _property(
        p, "interests__c", "test__custom__update__6-payload-update-property-interests"
    ),
    "test__metadata-contacts-external-pipelines": lambda p: p.call("GET", "/crm/v3/pipelines/contacts"),
    "test__metadata-contacts-properties-sampled": _contact_properties,
    "test__metadata-deals-external-pipelines": lambda p: p.call("GET", "/crm/v3/pipelines/deals"),
    "test__post-auth__account-info": lambda p: p.call("GET", "/account-info/v3/details"),
    "test__read-via-search__contacts-response": lambda p: _payload(p, "test__read-via-search__contacts-payload"),
    "test__read__objects-api__contacts-batch": lambda p: _batch(p, "read", {"id": p.made("contacts", firstname="a")}),
    "test__read__objects-api__contacts-response": _page,
    "test__search__contacts__1-first-page": lambda p: _search(p, 0),
    "test__search__contacts__2-second-page": lambda p: _search(p, 1),
    "test__search__contacts__contacts-to-companies": _associations,
    "test__search__error-invalid-object": lambda p: p.call("POST", "/crm/v3/objects/butterflies/search", {}),
}


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_an_answer_has_the_keys_and_types_that_were_recorded(portal: Portal, name: str) -> None:
    answered = ANSWERS[name](portal)

    assert differences(sample(name), answered) == []


def test_a_created_contact_has_exactly_the_recorded_properties(portal: Portal) -> None:
    name = "test__batch__create__contacts__success"

    recorded, answered = sample(name)["results"][0], ANSWERS[name](portal)["results"][0]
    assert sorted(answered["properties"]) == sorted(recorded["properties"])


def test_the_default_pipelines_are_the_recorded_ones_to_the_letter(portal: Portal) -> None:
    for name in ("test__metadata-contacts-external-pipelines", "test__metadata-deals-external-pipelines"):
        assert ANSWERS[name](portal) == sample(name)


def test_created_properties_are_the_recorded_ones_to_the_letter(portal: Portal) -> None:
    name = "test__custom__create__4-response-batch-create-properties"
    recorded, answered = sample(name)["results"], ANSWERS[name](portal)["results"]

    assert answered == recorded


def test_deal_stage_and_pipeline_are_defined_as_recorded(portal: Portal) -> None:
    found = {each["name"]: each for each in portal.call("GET", "/crm/v3/properties/deals")["results"]}

    for recorded in sample("test__metadata-deals-properties-sampled")["results"]:
        assert differences(recorded, found[recorded["name"]]) == []


def test_a_schema_has_the_recorded_keys(portal: Portal) -> None:
    answered = portal.call("GET", "/crm-object-schemas/v3/schemas/contacts")
    recorded = sample("internal__associations__test__contacts-schema-resp")
    for lists in ("properties", "searchableProperties"):
        answered[lists] = recorded[lists]

    assert differences(recorded, answered) == []
    names = {each["name"]: each["id"] for each in answered["associations"]}
    assert names["CONTACT_TO_COMPANY_UNLABELED"] == "279"
    assert names["CONTACT_TO_DEAL"] == "4"


def test_a_missing_scope_is_refused_as_recorded(portal: Portal, world: World) -> None:
    world.settings.update("hubspot", {"scopes": {"narrow": []}})
    answered = portal.call("GET", "/crm-object-schemas/v3/schemas", token="narrow")
    recorded = sample("test__metadata-err-schemas-scope")

    assert differences(recorded, answered) == []
    assert answered["message"] == recorded["message"]
    assert answered["context"] == recorded["context"]


@pytest.mark.parametrize(
    "name",
    [
        "test__read__objects-api__contacts-req-payload-since",
        "test__read__objects-api__contacts-req-payload-since-until",
        "test__read__objects-api__contacts-req-payload-until",
        "test__read-via-search__contacts-payload",
    ],
)
def test_recorded_searches_are_understood(portal: Portal, name: str) -> None:
    assert "total" in _payload(portal, name)


def test_every_recording_is_held_against_something() -> None:
    elsewhere = (
        "test__metadata-err-schemas-scope",
        "test__metadata-deals-properties-sampled",
        "internal__associations__test__contacts-schema-resp",
    )
    unused = [
        path.stem
        for path in sorted(Path(SAMPLES or "").glob("*.json"))
        if path.stem not in ANSWERS
        and path.stem not in elsewhere
        and NOT_SERVED not in path.stem
        and not any(word in path.stem for word in PAYLOADS)
    ]

    assert unused == []
