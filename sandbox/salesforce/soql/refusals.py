r"""Refusals of a query, with the caret under the place, as Salesforce prints them.

`SELECT Id, Foo FROM Account` with an unknown field says::

    \nSELECT Id, Foo FROM Account\n           ^\nERROR at Row:1:Column:12\nNo such column 'Foo' on entity 'Account'…

Of a long line only what stands around the place is quoted. What people paste into public issues fits one rule: thirty
characters each way, then on to the end of the word; words end at blanks and commas. The 3,146th character of a query
about cases was refused under `WebEmail__c, Case_Resolution_Summary__c, MW_Case_ID__c, Escalation_Helper_Contact__c`
(github.com/boomii/bdw/issues/94): two names before, for the second is not far enough, and one after.
"""

from sandbox.salesforce.errors import SalesforceError

_AROUND = 30
_WORD_ENDS = " \t,"
CUSTOM_FIELD_HINT = (
    " If you are attempting to use a custom field, be sure to append the '__c' after the custom field name."
    " Please reference your WSDL or the describe call for the appropriate names."
)


def refuse(code: str, message: str, soql: str | None = None, at: int = 0) -> SalesforceError:
    """A refusal; with the query's text, the line at fault and a caret come first."""
    if soql is None:
        return SalesforceError(code, message)
    return SalesforceError(code, f"{_caret(soql, at)}\n{message}")


def unknown_field(name: str, entity: str, soql: str, at: int) -> SalesforceError:
    """INVALID_FIELD for a field that does not exist, or that the user may not see."""
    return refuse("INVALID_FIELD", f"No such column '{name}' on entity '{entity}'.{CUSTOM_FIELD_HINT}", soql, at)


def unknown_relationship(name: str, soql: str, at: int) -> SalesforceError:
    """INVALID_FIELD for a relationship that does not exist."""
    return refuse(
        "INVALID_FIELD",
        f"Didn't understand relationship '{name}' in field path. If you are attempting to use a custom"
        " relationship, be sure to append the '__r' after the custom relationship name. Please reference your"
        " WSDL or the describe call for the appropriate names.",
        soql,
        at,
    )


def unknown_object(name: str, soql: str, at: int) -> SalesforceError:
    """INVALID_TYPE."""
    return refuse(
        "INVALID_TYPE",
        f"sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to"
        " append the '__c' after the entity name. Please reference your WSDL or the describe call for the"
        " appropriate names.",
        soql,
        at,
    )


def _caret(soql: str, at: int) -> str:
    row = soql.count("\n", 0, at) + 1
    line_start = soql.rfind("\n", 0, at) + 1
    column = at - line_start + 1
    line_end = soql.find("\n", at)
    line = soql[line_start : line_end if line_end >= 0 else len(soql)]
    start, end = max(0, column - 1 - _AROUND), column + _AROUND
    while start > 0 and line[start - 1] not in _WORD_ENDS:
        start -= 1
    while end < len(line) and line[end] not in _WORD_ENDS:
        end += 1
    return f"\n{line[start:end]}\n{' ' * (column - 1 - start)}^\nERROR at Row:{row}:Column:{column}"
