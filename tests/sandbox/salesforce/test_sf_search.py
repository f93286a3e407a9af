"""SOSL and parameterized search: which records hold words, object by object."""

from urllib.parse import quote

import pytest


@pytest.fixture
def found(org):
    org.create("Account", Name="Acme Söhne", Website="acme.example", AccountNumber="7 ocean")
    org.create("Account", Name="Ocean Trading", Phone="555-0100")
    org.deal("Ocean renewal", Amount=5)

    def search(sosl):
        answer = org.call("GET", f"search/?q={quote(sosl, safe='')}")
        assert answer.status_code == 200, answer.text
        return [(each["attributes"]["type"], each.get("Name")) for each in answer.json()["searchRecords"]]

    return search


def test_each_object_is_asked_for_its_own_fields(found):
    hits = found("FIND {ocean} IN ALL FIELDS RETURNING Account(Id, Name), Opportunity(Name WHERE Amount > 1)")

    assert hits == [("Account", "Acme Söhne"), ("Account", "Ocean Trading"), ("Opportunity", "Ocean renewal")]


def test_name_fields_stars_limits_and_order(found):
    assert found("FIND {oce*} IN NAME FIELDS RETURNING Account(Name)") == [("Account", "Ocean Trading")]
    assert found("FIND {ocean trading} IN NAME FIELDS RETURNING Account(Name)") == [("Account", "Ocean Trading")]
    assert found("FIND {555*} IN PHONE FIELDS RETURNING Account(Name)") == [("Account", "Ocean Trading")]
    assert found("FIND {ocean or acme} RETURNING Account(Name ORDER BY Name DESC LIMIT 1)") == [
        ("Account", "Ocean Trading")
    ]
    assert found("FIND {ocean} RETURNING Account(Name), Opportunity(Name) LIMIT 1") == [("Account", "Acme Söhne")]
    assert found("FIND {cean} RETURNING Account(Name)") == []


def test_ids_alone_come_without_fields_and_everything_without_returning(found):
    assert found("FIND {ocean} RETURNING Account") == [("Account", None), ("Account", None)]
    assert len(found("FIND {ocean}")) == 3


def test_a_word_of_signs_means_itself(found, org):
    org.create("Account", Name="100% Wool_Co")

    assert found("FIND {100% wool_co} RETURNING Account(Name)") == [("Account", "100% Wool_Co")]
    assert found("FIND {O'Neil} RETURNING Account(Name)") == []
    assert found(r"FIND {Wool\-Co} RETURNING Account(Name)") == []


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_parameterized_search_takes_a_query_string_or_a_body(found, org, method):
    body = {"q": "ocean", "fields": ["Name"], "sobjects": [{"name": "Account", "limit": 1}], "in": "NAME"}
    path = "parameterizedSearch/?q=ocean&sobject=Account&Account.fields=Name&Account.limit=1&in=NAME"
    answer = org.call(method, path if method == "GET" else "parameterizedSearch", body if method == "POST" else None)
    (hit,) = answer.json()["searchRecords"]

    assert hit["Name"] == "Ocean Trading"


@pytest.mark.parametrize(
    ("sosl", "code"),
    [
        ("SELECT Id FROM Account", "MALFORMED_SEARCH"),
        ("FIND {a} RETURNING Account", "MALFORMED_SEARCH"),
        ("FIND {ocean", "MALFORMED_SEARCH"),
        ("FIND {ocean} RETURNING Nope(Id)", "INVALID_TYPE"),
        ("FIND {ocean} RETURNING Account(Nope)", "INVALID_FIELD"),
        ("FIND {ocean} RETURNING Account(Id) SIDEWAYS", "MALFORMED_SEARCH"),
        ("", "MALFORMED_SEARCH"),
    ],
)
def test_what_cannot_be_searched_is_refused(org, sosl, code):
    answer = org.call("GET", f"search?q={quote(sosl, safe='')}")

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, code)


def test_the_resources_name_what_is_served(org):
    resources = org.call("GET", "").json()

    assert {"search", "parameterizedSearch", "composite", "tooling"} <= set(resources)
    for path in set(resources.values()) - {resources["identity"], resources["parameterizedSearch"], resources["jobs"]}:
        answer = org.call("GET", path)
        assert answer.status_code in (200, 400), path  # some want a parameter, none is missing
