"""What a SOQL query finds."""

# ruff: noqa: S608 (SOQL written by the test itself)

from typing import Any

import pytest


@pytest.fixture
def deals(org: Any) -> Any:
    account = org.create("Account", Name="Acme", Website="acme.example", Industry="Energy")
    org.deal("alpha", Amount=100, AccountId=account, StageName="Closed Won", CloseDate="2026-03-05")
    org.deal("Beta", Amount=200.5, StageName="Closed Lost", CloseDate="2026-03-04", NextStep="call 100% sure")
    org.deal("gamma", CloseDate="2026-04-01", Type="New Customer")
    org.deal("O'Neil", Amount=50, AccountId=account, CloseDate="2025-12-31", Type="Éclair")
    return org


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("Name = 'ALPHA'", ["alpha"]),
        ("Name = 'O\\'Neil'", ["O'Neil"]),
        ("Name != 'alpha'", ["Beta", "gamma", "O'Neil"]),
        ("Name <> 'alpha'", ["Beta", "gamma", "O'Neil"]),
        ("Type != 'New Customer'", ["alpha", "Beta", "O'Neil"]),
        ("Type = 'éCLAIR'", ["O'Neil"]),
        ("Type IN ('éCLAIR', 'x')", ["O'Neil"]),
        ("Type LIKE 'ÉC%'", ["O'Neil"]),
        ("(NOT Type = 'New Customer')", ["alpha", "Beta", "O'Neil"]),
        ("NOT Amount > 100", ["alpha", "gamma", "O'Neil"]),
        ("Amount > 100", ["Beta"]),
        ("Amount >= 1e2 AND Amount < +200.6", ["alpha", "Beta"]),
        ("Amount <= 100", ["alpha", "O'Neil"]),
        ("Amount = null", ["gamma"]),
        ("Amount != null", ["alpha", "Beta", "O'Neil"]),
        ("Name IN ('Alpha', 'gamma')", ["alpha", "gamma"]),
        ("Name NOT IN ('alpha','beta')", ["gamma", "O'Neil"]),
        ("Name LIKE '%a'", ["alpha", "Beta", "gamma"]),
        ("Name LIKE '_eta'", ["Beta"]),
        ("NextStep LIKE '%100\\%%'", ["Beta"]),
        ("IsWon = true", ["alpha"]),
        ("IsClosed = FALSE", ["gamma", "O'Neil"]),
        ("(Name = 'alpha' OR Name = 'beta') AND IsWon = false", ["Beta"]),
        ("Account.Name = 'acme'", ["alpha", "O'Neil"]),
        ("Account.Industry != 'Energy'", ["Beta", "gamma"]),
        ("AccountId IN (SELECT Id FROM Account WHERE Website LIKE 'acme%')", ["alpha", "O'Neil"]),
        ("AccountId NOT IN (SELECT Id FROM Account)", ["Beta", "gamma"]),
        ("CloseDate = TODAY", ["alpha"]),
        ("CloseDate = YESTERDAY", ["Beta"]),
        ("CloseDate = LAST_N_DAYS:1", ["alpha", "Beta"]),
        ("CloseDate = THIS_MONTH", ["alpha", "Beta"]),
        ("CloseDate > THIS_MONTH", ["gamma"]),
        ("CloseDate <= LAST_YEAR", ["O'Neil"]),
        ("CloseDate = NEXT_N_MONTHS:1", ["gamma"]),
        ("CloseDate IN (TODAY, 2026-04-01)", ["alpha", "gamma"]),
        ("CloseDate >= 2026-03-05", ["alpha", "gamma"]),
        ("CreatedDate = 2026-03-05T13:00:00+01:00", ["alpha", "Beta", "gamma", "O'Neil"]),
        ("CreatedDate > 2026-03-05T12:00:00.000Z", []),
        ("CreatedDate >= 2026-03-05T07:00:00-05:00", ["alpha", "Beta", "gamma", "O'Neil"]),
    ],
)
def test_a_condition_finds_the_deals_it_describes(deals: Any, where: str, expected: list[str]) -> None:
    assert deals.names(f"SELECT Name FROM Opportunity WHERE {where} ORDER BY CreatedDate, Id") == expected


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        ("ORDER BY Name", ["alpha", "Beta", "gamma", "O'Neil"]),
        ("ORDER BY Amount", ["gamma", "O'Neil", "alpha", "Beta"]),
        ("ORDER BY Amount NULLS LAST", ["O'Neil", "alpha", "Beta", "gamma"]),
        ("ORDER BY Amount DESC", ["gamma", "Beta", "alpha", "O'Neil"]),
        ("ORDER BY Amount DESC NULLS LAST", ["Beta", "alpha", "O'Neil", "gamma"]),
        ("ORDER BY Account.Name NULLS LAST, Name DESC", ["O'Neil", "alpha", "gamma", "Beta"]),
        ("ORDER BY Name LIMIT 2", ["alpha", "Beta"]),
        ("ORDER BY Name LIMIT 2 OFFSET 1", ["Beta", "gamma"]),
    ],
)
def test_order_limit_and_offset(deals: Any, tail: str, expected: list[str]) -> None:
    assert deals.names(f"select Name from opportunity {tail}") == expected


def test_parents_are_nested_and_null_where_absent(deals: Any) -> None:
    rows = deals.query("SELECT o.Name, Account.Name, Owner.Email, Account.Website FROM Opportunity o ORDER BY o.Name")[
        "records"
    ]

    account = rows[0]["Account"]
    assert account["attributes"]["type"] == "Account"
    assert account["attributes"]["url"].startswith("/services/data/v66.0/sobjects/Account/001")
    assert account["Name"] == "Acme"
    assert list(rows[0]) == ["attributes", "Name", "Account", "Owner"]
    assert rows[1]["Account"] is None
    assert rows[0]["Owner"]["Email"] == "integration@sandbox.example"


def test_a_task_names_what_it_is_about_whatever_that_is(deals: Any) -> None:
    account = deals.query("SELECT Id FROM Account")["records"][0]["Id"]
    deal = deals.query("SELECT Id FROM Opportunity WHERE Name = 'Beta'")["records"][0]["Id"]
    for target in (account, deal):
        deals.create("Task", Subject="Call", WhatId=target)

    rows = deals.query("SELECT What.Name, What.Type FROM Task ORDER BY Id")["records"]

    assert [(row["What"]["Name"], row["What"]["Type"]) for row in rows] == [
        ("Acme", "Account"),
        ("Beta", "Opportunity"),
    ]
    assert rows[1]["What"]["attributes"]["type"] == "Opportunity"


def test_children_are_listed_below_their_parent(deals: Any) -> None:
    soql = "SELECT Name, (SELECT Name FROM Opportunities ORDER BY Name DESC LIMIT 1) FROM Account"
    (row,) = deals.query(soql)["records"]

    assert row["Opportunities"]["totalSize"] == 1
    assert row["Opportunities"]["records"][0]["Name"] == "O'Neil"


def test_counts_and_groups(deals: Any) -> None:
    assert deals.query("SELECT COUNT() FROM Opportunity WHERE Amount > 60") == {
        "totalSize": 2,
        "done": True,
        "records": [],
    }
    soql = "SELECT IsWon, COUNT(Id), SUM(Amount) total, MAX(Amount) FROM Opportunity GROUP BY IsWon ORDER BY IsWon"
    rows = deals.query(soql)["records"]
    assert rows == [
        {
            "attributes": {"type": "AggregateResult"},
            "IsWon": False,
            "expr0": 3,
            "total": 250.5,
            "expr1": 200.5,
        },
        {"attributes": {"type": "AggregateResult"}, "IsWon": True, "expr0": 1, "total": 100.0, "expr1": 100.0},
    ]
    soql = "SELECT CALENDAR_YEAR(CloseDate) y, COUNT(Id) n FROM Opportunity GROUP BY CALENDAR_YEAR(CloseDate)"
    assert {row["y"]: row["n"] for row in deals.query(soql)["records"]} == {2025: 1, 2026: 3}
    soql = "SELECT AccountId FROM Opportunity GROUP BY AccountId HAVING COUNT(Id) > 5"
    assert deals.query(soql)["records"] == []


def test_fields_all_selects_every_readable_field(deals: Any) -> None:
    (row,) = deals.query("SELECT FIELDS(ALL) FROM Account LIMIT 200")["records"]

    assert set(row) - {"attributes"} == {
        f["name"] for f in deals.call("GET", "sobjects/Account/describe").json()["fields"]
    }


def test_numbers_dates_and_flags_come_in_the_vendors_spelling(deals: Any) -> None:
    text = deals.call(
        "GET", "query?q=SELECT+Amount,IsWon,CloseDate,CreatedDate,FiscalYear+FROM+Opportunity+LIMIT+1"
    ).text

    assert '"Amount":100.0,"IsWon":true,"CloseDate":"2026-03-05","CreatedDate":"2026-03-05T12:00:00.000+0000"' in text
    assert '"FiscalYear":2026' in text


def test_multi_select_picklists_include_and_exclude(org: Any) -> None:
    org.field("Account", name="Regions__c", type="multipicklist", picklistValues=["EU", "US", "JP"])
    for name, regions in (("a", "EU;US"), ("b", "JP"), ("c", None)):
        org.create("Account", Name=name, Regions__c=regions)

    assert org.names("SELECT Name FROM Account WHERE Regions__c INCLUDES ('EU;US', 'JP') ORDER BY Name") == ["a", "b"]
    assert org.names("SELECT Name FROM Account WHERE Regions__c INCLUDES ('EU;JP') ORDER BY Name") == []
    assert org.names("SELECT Name FROM Account WHERE Regions__c EXCLUDES ('JP') ORDER BY Name") == ["a", "c"]


def test_day_literals_follow_the_users_timezone(org: Any) -> None:
    org.world.settings.update("salesforce", {"timezone": "Asia/Tokyo"})
    org.create("Account", Name="before midnight in Tokyo")
    org.world.clock.move(4 * 3600)  # 16:00 UTC is 01:00 of 6 March in Tokyo
    org.sign_in()
    org.create("Account", Name="after it")

    assert org.names("SELECT Name FROM Account WHERE CreatedDate = TODAY") == ["after it"]
    assert org.names("SELECT Name FROM Account WHERE CreatedDate < TODAY") == ["before midnight in Tokyo"]


def test_amounts_convert_by_the_orgs_rates(org: Any) -> None:
    org.deal("euro", Amount=92, CurrencyIsoCode="EUR")
    org.deal("dollar", Amount=90)

    rows = org.query("SELECT Name, convertCurrency(Amount) FROM Opportunity ORDER BY Name")["records"]
    assert [(row["Name"], row["Amount"]) for row in rows] == [("dollar", 90.0), ("euro", 100.0)]
    assert org.names("SELECT Name FROM Opportunity WHERE Amount > USD95") == ["euro"]
    assert org.query("SELECT SUM(Amount) FROM Opportunity")["records"][0]["expr0"] == pytest.approx(190)


def test_ids_compare_in_either_length_and_by_case(org: Any) -> None:
    record_id = org.create("Account", Name="Acme")

    assert org.names(f"SELECT Name FROM Account WHERE Id = '{record_id[:15]}'") == ["Acme"]
    assert org.names(f"SELECT Name FROM Account WHERE Id IN ('{record_id}')") == ["Acme"]
    assert org.names(f"SELECT Name FROM Account WHERE Id > '{record_id}'") == []


def test_long_lists_of_ids_are_found(org: Any) -> None:
    rows = org.world.salesforce.load("Account", [{"Name": f"a{n}"} for n in range(300)])
    listed = ",".join(f"'{one}'" for one in rows[:250])
    found = org.query(f"SELECT Id FROM Account WHERE Id IN ({listed})")

    assert found["totalSize"] == 250
