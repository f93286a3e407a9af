"""Tables: normal forms of values, exact JSON, and what each status and code means."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from connectors.salesforce.errors import failure
from connectors.salesforce.ids import long_id
from connectors.salesforce.values import normal, to_send
from connectors.salesforce.wire import encode, number
from partnersync.errors import ConnectorError, QuotaError, RejectedError, UnauthorizedError, UnavailableError
from partnersync.records import Choice, FieldKind, FieldSchema

CHOICES = (Choice("Sourced", "Partner sourced"), Choice("Influenced", "Influenced"), Choice("Old", "Old", active=False))


def field(kind: FieldKind, **more: Any) -> FieldSchema:
    return FieldSchema("F__c", "F", kind, **more)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("100", 100),
        ("100.0", 100),
        ("1.0E2", 100),
        ("1E+2", 100),
        ("-0.0", 0),
        ("0.10", Decimal("0.1")),
        ("1.005E1", Decimal("10.05")),
        ("9999999999999999.99", Decimal("9999999999999999.99")),
        ("1E-7", Decimal("0.0000001")),
        ("1E999999999", Decimal("1E999999999")),
    ],
)
def test_a_number_is_the_same_however_it_was_written(text: str, expected: object) -> None:
    found = number(text)

    assert (found, str(found)) == (expected, str(expected))


@pytest.mark.parametrize("text", ["", "many", "NaN", "Infinity", "1,5", "1.x"])
def test_what_is_no_number_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="expected a number"):
        number(text)


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        (field("number", scale=2), "1250.5000", "1250.5"),
        (field("number", scale=2), "0.125", "0.13"),
        (field("number", scale=2), "-0.125", "-0.13"),
        (field("number", scale=2), "-0.001", "0"),
        (field("number", scale=0), "2.5", "3"),
        (field("number", scale=0), "1000", "1000"),
        (field("number", scale=2), "1E+3", "1000"),
        (field("number", scale=2), "9999999999999999.99", "9999999999999999.99"),
        (field("number"), "0.10", "0.1"),
        (field("number", scale=2), "many", "many"),
        (field("text", length=5), "  abcdefgh ", "abcde"),
        (field("text", length=5), "abcd  efg", "abcd"),
        (field("text"), "a\r\nb", "a\nb"),
        (field("text"), "   ", None),
        (field("text"), "", None),
        (field("text"), None, None),
        (field("boolean"), "True", "true"),
        (field("boolean"), None, "false"),
        (field("date"), "2026-09-30", "2026-09-30"),
        (field("date"), "2026-09-30T22:00:00Z", "2026-09-30"),
        (field("datetime"), "2026-09-30T22:00:00.123+0200", "2026-09-30T20:00:00Z"),
        (field("datetime"), "2026-09-30T20:00:00.000+0000", "2026-09-30T20:00:00Z"),
        (field("lookup"), "001000000000001", "001000000000001AAA"),
        (field("choice", choices=CHOICES), "sourced", "Sourced"),
        (field("choice", choices=CHOICES), "partner sourced", "Sourced"),
        (field("choice", choices=CHOICES), "other", "other"),
        (field("multichoice", choices=CHOICES), "influenced; Sourced;Sourced", "Sourced;Influenced"),
        (field("multichoice", choices=CHOICES), ";", None),
    ],
)
def test_a_value_has_one_normal_form_which_is_its_own(
    schema: FieldSchema, value: str | None, expected: str | None
) -> None:
    assert normal(schema, value) == expected
    assert normal(schema, expected) == expected


def test_numbers_are_sent_with_exactly_our_digits() -> None:
    body = {
        "a": to_send(field("number", scale=2), "9999999999999999.99"),
        "b": Decimal("0.10"),
        "c": [True, None, 'ü"'],
    }

    text = encode(body)

    assert text == '{"a":9999999999999999.99,"b":0.10,"c":[true,null,"\\u00fc\\""]}'
    assert json.loads(text, parse_float=Decimal)["a"] == Decimal("9999999999999999.99")


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("00D000000000001", "00D000000000001EAA"),
        ("006A000000Lk3jX", "006A000000Lk3jXIAR"),
        ("001000000000001AAA", "001000000000001AAA"),
        ("nonsense", "nonsense"),
    ],
)
def test_ids_are_keyed_by_their_long_form(short: str, long: str) -> None:
    assert long_id(short) == long


@pytest.mark.parametrize(
    ("status", "code", "message", "kind", "maybe_done"),
    [
        (401, "INVALID_SESSION_ID", "Session expired or invalid", UnauthorizedError, False),
        (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", QuotaError, False),
        (403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests Limit exceeded.", UnavailableError, False),
        (403, "API_DISABLED_FOR_ORG", "no", UnauthorizedError, False),
        (403, "INSUFFICIENT_ACCESS_OR_READONLY", "no", RejectedError, False),
        (403, None, "", UnauthorizedError, False),
        (400, "UNABLE_TO_LOCK_ROW", "locked", UnavailableError, False),
        (500, "UNABLE_TO_LOCK_ROW", "locked", UnavailableError, False),
        (400, "QUERY_TIMEOUT", "slow", UnavailableError, False),
        (400, "MALFORMED_QUERY", "unexpected token", RejectedError, False),
        (404, "NOT_FOUND", "gone", RejectedError, False),
        (404, "ENTITY_IS_DELETED", "gone", RejectedError, False),
        (406, None, "", UnavailableError, False),
        (410, None, "", RejectedError, False),
        (412, None, "", RejectedError, False),
        (420, None, "", UnavailableError, False),
        (429, None, "", UnavailableError, False),
        (500, "UNKNOWN_EXCEPTION", "unexpected", UnavailableError, True),
        (502, None, "", UnavailableError, True),
        (503, "SERVER_UNAVAILABLE", "busy", UnavailableError, False),
        (503, None, "", UnavailableError, True),
    ],
)
def test_what_each_answer_means_to_a_write(
    status: int, code: str | None, message: str, kind: type[ConnectorError], maybe_done: bool
) -> None:
    content: Any = [{"errorCode": code, "message": message}] if code else "<html>Sorry</html>"

    error = failure(status, content, safe=False)

    assert type(error) is kind
    assert (error.status, error.code) == (status, code)
    assert getattr(error, "maybe_done", False) is maybe_done
    assert not getattr(failure(status, content, safe=True), "maybe_done", False)
    assert "<html>" not in str(error)


EXCERPT = f"\nSELECT {', '.join(f'Partner_Attribution_Field_{n}__c' for n in range(12))}\n{' ' * 80}^\nERROR at Row:1:Column:80\n"


@pytest.mark.parametrize(
    "told",
    ["No such column 'Amount' on entity 'Opportunity'.", "Didn't understand relationship 'Owner' in field path."],
)
def test_what_is_missing_is_told_whatever_stands_before_it(told: str) -> None:
    error = failure(
        400, [{"errorCode": "INVALID_FIELD", "message": f"{EXCERPT}{told}{' Please look.' * 40}"}], safe=True
    )

    assert str(error).startswith(f"Salesforce: {told}")
    assert len(str(error)) < 220


def test_a_lock_that_a_trigger_met_is_a_lock_however_long_its_story() -> None:
    story = f"MyTrigger: {'line 41, column 1 ' * 30}UNABLE_TO_LOCK_ROW, unable to obtain exclusive access"

    error = failure(400, [{"errorCode": "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "message": story}], safe=False)

    assert (type(error), error.code) == (UnavailableError, "UNABLE_TO_LOCK_ROW")
