"""Pages, locators, and what edits between pages do to them."""

# ruff: noqa: S608 (SOQL written by the test itself)

from typing import Any

import pytest


@pytest.fixture
def accounts(org: Any) -> Any:
    org.world.salesforce.load("Account", [{"Name": f"a{n:04d}"} for n in range(4500)])
    return org


def _pages(org: Any, soql: str, **headers: str) -> list[dict[str, Any]]:
    pages = [org.query(soql, **headers)]
    while not pages[-1]["done"]:
        pages.append(org.call("GET", pages[-1]["nextRecordsUrl"]).json())
    return pages


def test_pages_hold_2000_rows_and_the_last_names_no_next(accounts: Any) -> None:
    pages = _pages(accounts, "SELECT Name FROM Account")

    assert [len(page["records"]) for page in pages] == [2000, 2000, 500]
    assert {page["totalSize"] for page in pages} == {4500}
    assert pages[0]["nextRecordsUrl"].startswith("/services/data/v66.0/query/01g")
    assert pages[0]["nextRecordsUrl"].endswith("-2000")
    assert pages[1]["nextRecordsUrl"].endswith("-4000")
    assert "nextRecordsUrl" not in pages[2]


def test_the_batch_size_header_is_kept_within_200_and_2000(accounts: Any) -> None:
    asked = {
        size: accounts.query("SELECT Id FROM Account", Sforce_Query_Options=f"batchSize={size}")
        for size in (1, 500, 9999)
    }

    assert {size: len(page["records"]) for size, page in asked.items()} == {1: 200, 500: 500, 9999: 2000}
    pages = _pages(accounts, "SELECT Id FROM Account", Sforce_Query_Options="batchSize=1500")
    assert [len(page["records"]) for page in pages] == [1500, 1500, 1500]


def test_a_result_keeps_its_rows_while_people_edit_and_delete(accounts: Any) -> None:
    first = accounts.query("SELECT Id, Name FROM Account WHERE Name LIKE 'a%' ORDER BY Name")
    second_page = accounts.query("SELECT Id FROM Account WHERE Name IN ('a2000', 'a2001') ORDER BY Name")["records"]
    accounts.world.salesforce.edit("Account", second_page[0]["Id"], {"Name": "zz"}, "Rita Rep")
    accounts.world.salesforce.delete("Account", second_page[1]["Id"], "Rita Rep")
    accounts.create("Account", Name="a0000b")

    rest = accounts.call("GET", first["nextRecordsUrl"]).json()

    assert rest["totalSize"] == 4500
    assert [record["Name"] for record in rest["records"][:3]] == ["zz", "a2001", "a2002"]


def test_a_locator_lives_two_days(accounts: Any) -> None:
    url = accounts.query("SELECT Id FROM Account")["nextRecordsUrl"]
    accounts.world.settings.update("salesforce", {"token_lifetime_s": 10_000_000})
    accounts.world.clock.move(48 * 3600 - 1)
    assert accounts.call("GET", url).status_code == 200
    accounts.world.clock.move(2)
    answer = accounts.call("GET", url)

    assert answer.status_code == 400
    assert answer.json() == [{"message": "invalid query locator", "errorCode": "INVALID_QUERY_LOCATOR"}]


@pytest.mark.parametrize("locator", ["01gxx0000000000AAA-2000", "nonsense", "01g-x"])
def test_an_unknown_locator_is_refused(org: Any, locator: str) -> None:
    assert org.call("GET", f"query/{locator}").json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"


def test_pages_may_be_shorter_at_the_servers_discretion(accounts: Any) -> None:
    accounts.world.settings.update("salesforce", {"page_jitter_seed": 7})
    pages = _pages(accounts, "SELECT Name FROM Account ORDER BY Name")

    assert len(pages) > 3
    assert [r["Name"] for page in pages for r in page["records"]] == [f"a{n:04d}" for n in range(4500)]


def test_query_all_sees_the_recycle_bin_for_fifteen_days(org: Any) -> None:
    gone = org.create("Account", Name="gone")
    org.create("Account", Name="here")
    assert org.call("DELETE", f"sobjects/Account/{gone}").status_code == 204

    assert org.names("SELECT Name FROM Account") == ["here"]
    assert org.names("SELECT Name FROM Account WHERE IsDeleted = true", "queryAll") == ["gone"]
    org.world.settings.update("salesforce", {"token_lifetime_s": 10_000_000})
    org.world.clock.move(15 * 86_400 + 1)
    assert org.names("SELECT Name FROM Account", "queryAll") == ["here"]


def test_a_keyset_walk_over_ties_meets_every_row_once(org: Any) -> None:
    ids = org.world.salesforce.load("Account", [{"Name": f"a{n}"} for n in range(1000)])
    stamp, last, seen = "2000-01-01T00:00:00Z", "000000000000000", []
    while True:
        soql = (
            f"SELECT Id, SystemModstamp FROM Account WHERE (SystemModstamp = {stamp} AND Id > '{last}')"
            f" OR SystemModstamp > {stamp} ORDER BY SystemModstamp, Id LIMIT 300"
        )
        rows = org.query(soql)["records"]
        if not rows:
            break
        seen += [row["Id"] for row in rows]
        stamp, last = rows[-1]["SystemModstamp"].replace("+0000", "Z"), rows[-1]["Id"]

    assert seen == sorted(ids)


def test_columns_true_explains_instead_of_answering(org: Any) -> None:
    answer = org.call("GET", "query?q=SELECT+Id,Amount,Account.Name+FROM+Opportunity&columns=true").json()

    assert [column["columnName"] for column in answer["columnMetadata"]] == ["Id", "Amount", "Account.Name"]
    assert answer["columnMetadata"][1]["numberType"] is True
