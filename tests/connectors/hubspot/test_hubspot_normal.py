"""The normal form of each kind of HubSpot property."""

from __future__ import annotations

import pytest

from connectors.hubspot.normal import normal
from partnersync.records import FieldKind, FieldSchema


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("text", "  Acme ", "Acme"),
        ("text", "   ", None),
        ("text", "", None),
        ("text", None, None),
        ("text", "x" * 70_000, "x" * 65_536),
        ("number", "1250.5000", "1250.5"),
        ("number", "100", "100"),
        ("number", "-0.00", "0"),
        ("number", "1E+3", "1000"),
        ("number", "99999999999999999.99", "99999999999999999.99"),
        ("number", "0.10", "0.1"),
        ("number", "ten", "ten"),
        ("number", "NaN", "NaN"),
        ("date", "2026-10-30", "2026-10-30"),
        ("date", "1793318400000", "2026-10-30"),
        ("date", "2026-10-30T00:00:00Z", "2026-10-30"),
        ("date", "2026-10-30T00:00:00.000Z", "2026-10-30"),
        ("date", "soon", "soon"),
        ("datetime", "2026-10-30T12:00:00Z", "2026-10-30T12:00:00.000Z"),
        ("datetime", "2026-10-30T14:00:00.5+02:00", "2026-10-30T12:00:00.500Z"),
        ("datetime", "2026-10-30", "2026-10-30T00:00:00.000Z"),
        ("datetime", "1793318400001", "2026-10-30T00:00:00.001Z"),
        ("boolean", "TRUE", "true"),
        ("boolean", "false", "false"),
        ("choice", "Closed Won", "Closed Won"),
        ("choice", "closed won", "closed won"),
        ("multichoice", "b;a;b", "a;b"),
        ("multichoice", ";b", "b"),
        ("lookup", " 123 ", "123"),
    ],
)
def test_a_value_has_one_normal_form(kind: FieldKind, value: str | None, expected: str | None) -> None:
    schema = FieldSchema("p", "P", kind)

    form = normal(schema, value)

    assert form == expected
    assert normal(schema, form) == form
