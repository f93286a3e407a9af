"""Exports: a list of records as a CSV behind a link that holds for five minutes and asks for no token."""

import csv
import io

import pytest
import requests
from hubspot import HubSpot

START = "/crm/v3/exports/export/async"
SPEC = {
    "exportType": "VIEW",
    "format": "CSV",
    "exportName": "Deals",
    "language": "EN",
    "objectType": "DEAL",
    "objectProperties": ["dealname", "amount"],
    "associatedObjectType": "COMPANY",
}


def rows_of(link):
    answer = requests.get(link, timeout=10)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith("text/csv")
    return list(csv.reader(io.StringIO(answer.text)))


def test_every_record_is_a_line_with_its_associations(portal):
    deals = portal.behind.load("deals", [{"dealname": 'a "b", c', "amount": "5"}, {"dealname": "d"}])
    (company,) = portal.behind.load("companies", [{"name": "c"}])
    portal.behind.associate_many("deals", "companies", [(deals[0], company)])
    task = portal.post(START, SPEC, 202)["id"]
    status = portal.get(f"{START}/tasks/{task}/status")

    assert status["status"] == "COMPLETE"
    assert rows_of(status["result"]) == [
        ["Record ID", "Deal name", "Amount", "Associated Company IDs"],
        [deals[0], 'a "b", c', "5", company],
        [deals[1], "d", "", ""],
    ]


def test_a_search_narrows_an_export_and_it_shows_what_was_then(portal):
    portal.behind.load("deals", [{"dealname": "x", "amount": "5"}, {"dealname": "y", "amount": "50"}])
    filters = [{"propertyName": "amount", "operator": "GT", "value": "9"}]
    task = portal.post(START, {**SPEC, "publicCrmSearchRequest": {"filters": filters, "sorts": []}}, 202)["id"]
    portal.behind.load("deals", [{"dealname": "z", "amount": "99"}])
    link = portal.get(f"{START}/tasks/{task}/status")["result"]

    assert [row[1] for row in rows_of(link)[1:]] == ["y"]


def test_the_link_ends_after_five_minutes_and_the_status_gives_a_new_one(portal):
    task = portal.post(START, SPEC, 202)["id"]
    link = portal.get(f"{START}/tasks/{task}/status")["result"]
    portal.server.world.clock.move(301)

    assert requests.get(link, timeout=10).status_code == 403
    assert requests.get(portal.get(f"{START}/tasks/{task}/status")["result"], timeout=10).status_code == 200


@pytest.mark.parametrize("missing", ["exportType", "format", "objectType", "objectProperties"])
def test_what_cannot_be_exported_is_refused(portal, missing):
    portal.post(START, {name: value for name, value in SPEC.items() if name != missing}, 400)
    portal.post(START, {**SPEC, "format": "PDF"}, 400)
    portal.get(f"{START}/tasks/999/status", 404)


def test_the_vendors_own_client_starts_and_follows_an_export(portal):
    api = HubSpot(access_token="pat-na1-sandbox-token", host=portal.url).crm.exports.public_exports_api
    started = api.start(SPEC)

    assert api.get_status(started.id).status == "COMPLETE"
