"""What SOQL refuses, and in which words."""

from typing import Any

import pytest

HINT = (
    " If you are attempting to use a custom field, be sure to append the '__c' after the custom field name."
    " Please reference your WSDL or the describe call for the appropriate names."
)


def test_an_unknown_field_is_named_with_a_caret_under_it(org: Any) -> None:
    assert org.refused("SELECT Id, Foo FROM Account") == {
        "message": "\nSELECT Id, Foo FROM Account\n           ^\nERROR at Row:1:Column:12\n"
        f"No such column 'Foo' on entity 'Account'.{HINT}",
        "errorCode": "INVALID_FIELD",
    }


def test_the_caret_points_into_the_line_at_fault(org: Any) -> None:
    message = org.refused("SELECT Id\nFROM Account\nWHERE Nope = 1")["message"]

    assert message.startswith("\nWHERE Nope = 1\n      ^\nERROR at Row:3:Column:7\n")


@pytest.mark.parametrize(
    ("soql", "shown", "column", "name"),
    [
        (
            "SELECT Id, WebEmail__c, Case_Resolution_Summary__c, MW_Case_ID__c, Escalation_Helper_Contact__c, A FROM Lead",
            "WebEmail__c, Case_Resolution_Summary__c, MW_Case_ID__c, Escalation_Helper_Contact__c",
            53,
            "MW_Case_ID__c",
        ),
        (
            "SELECT Id,CreatedById,OCE__ActualCap__c,TPI_Product__c,Name,OCE__JobId__c,Phone FROM Lead",
            "CreatedById,OCE__ActualCap__c,TPI_Product__c,Name,OCE__JobId__c",
            41,
            "TPI_Product__c",
        ),
        (
            "select Id, Company,Email,LastName,SF_date__c, ConvertedContactId from Lead where Phone = null",
            "select Id, Company,Email,LastName,SF_date__c, ConvertedContactId from",
            35,
            "SF_date__c",
        ),
        (
            "SELECT Id, DepProbeField__c FROM Account LIMIT 1",
            "SELECT Id, DepProbeField__c FROM Account LIMIT",
            12,
            "DepProbeField__c",
        ),
    ],
)
def test_some_thirty_characters_each_way_are_quoted_and_no_word_is_cut(
    org: Any, soql: str, shown: str, column: int, name: str
) -> None:
    for known in ("WebEmail__c", "Case_Resolution_Summary__c", "OCE__ActualCap__c"):
        org.field("Lead", name=known)

    message = org.refused(soql)["message"]

    caret = f"{' ' * shown.index(name)}^"
    assert message.startswith(f"\n{shown}\n{caret}\nERROR at Row:1:Column:{column}\nNo such column '{name}'")


@pytest.mark.parametrize(
    ("soql", "code", "part"),
    [
        ("SELECT Id FROM Foo", "INVALID_TYPE", "sObject type 'Foo' is not supported."),
        ("SELECT Foo.Name FROM Account", "INVALID_FIELD", "Didn't understand relationship 'Foo' in field path."),
        ("SELECT Id FROM Account WHERE A = 1 AND B = 2 OR C = 3", "MALFORMED_QUERY", "unexpected token: 'OR'"),
        ("SELECT Id FROM Account WHERE Name = 'a' AND NOT Name = 'b'", "MALFORMED_QUERY", "unexpected token: 'NOT'"),
        ("SELECT Id FROM Account WHERE", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
        ("SELECT Id FROM Account LIMIT x", "MALFORMED_QUERY", "unexpected token: 'x'"),
        ("SELECT Id FROM Account; DROP", "MALFORMED_QUERY", "';'"),
        ("SELECT Id FROM Account WHERE Name = 'x", "MALFORMED_QUERY", "mismatched character '<EOF>'"),
        ("SELECT Name n FROM Account", "MALFORMED_QUERY", "only aggregate expressions use field aliasing"),
        ("SELECT Id, Id FROM Account", "INVALID_FIELD", "duplicate field selected: Id"),
        ("SELECT Name, COUNT(Id) FROM Account", "MALFORMED_QUERY", "Field must be grouped or aggregated: Name"),
        ("SELECT FIELDS(ALL) FROM Account", "MALFORMED_QUERY", "must have a LIMIT of at most 200"),
        ("SELECT Id FROM Account OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000"),
        (
            "SELECT Id FROM Account WHERE CreatedDate > '2026-01-01T00:00:00Z'",
            "INVALID_FIELD",
            "value of filter criterion for field 'CreatedDate' must be of type dateTime and should not be enclosed",
        ),
        (
            "SELECT Id FROM Account WHERE CreatedDate > 2026-01-01",
            "INVALID_FIELD",
            "value of filter criterion for field 'CreatedDate' must be of type dateTime",
        ),
        (
            "SELECT Id FROM Opportunity WHERE CloseDate > 2026-01-01T00:00:00Z",
            "INVALID_FIELD",
            "value of filter criterion for field 'CloseDate' must be of type date and should not be enclosed",
        ),
        (
            "SELECT Id FROM Account WHERE Name = 5",
            "INVALID_FIELD",
            "value of filter criterion for field 'Name' must be of type string and should be enclosed in quotes",
        ),
        ("SELECT Id FROM Account WHERE Id = 'nonsense'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: nonsense"),
        ("SELECT Id FROM Account WHERE Description = 'x'", "INVALID_FIELD", "can not be filtered in a query call"),
        ("SELECT Id FROM Account WHERE CreatedDate = LAST_N_DAY", "MALFORMED_QUERY", "unexpected token: 'LAST_N_DAY'"),
    ],
)
def test_a_bad_query_is_refused_in_the_vendors_words(org: Any, soql: str, code: str, part: str) -> None:
    error = org.refused(soql)

    assert error["errorCode"] == code
    assert part in error["message"]


def test_a_thousand_parentheses_are_too_complicated_not_a_crash(org: Any) -> None:
    soql = "SELECT Id FROM Account WHERE " + "(" * 1000 + "Name = 'a'" + ")" * 1000

    assert org.refused(soql)["errorCode"] == "QUERY_TOO_COMPLICATED"


def test_a_hidden_field_looks_as_if_it_did_not_exist(org: Any) -> None:
    org.world.settings.update("salesforce", {"hidden_fields": ["Opportunity.Amount"]})

    assert "No such column 'Amount' on entity 'Opportunity'" in org.refused("SELECT Amount FROM Opportunity")["message"]
    described = org.call("GET", "sobjects/Opportunity/describe").json()["fields"]
    assert "Amount" not in {field["name"] for field in described}


def test_an_overlong_uri_is_431_or_414(org: Any) -> None:
    assert org.call("GET", "query?q=" + "x" * 17_000).status_code == 414
    assert org.call("GET", "limits", x_padding="y" * 16_500).status_code == 431
