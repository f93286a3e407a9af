"""The normal form of each kind of HubSpot property."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.hubspot.normal import normal
from partnersync.changes import Write
from partnersync.ids import Ref
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


@pytest.mark.parametrize("date_format", ["iso", "epoch_ms"])
@pytest.mark.parametrize("cleared", ["null", "empty"])
def test_what_was_set_and_what_was_cleared_read_back_the_same_in_either_form(
    portal: Any, date_format: str, cleared: str
) -> None:
    """Nobody could verify which of the two HubSpot answers with; neither makes a value look like somebody else's."""
    portal.server.world.hubspot.add_field("deals", {"name": "partner_on", "type": "date"})
    id_ = portal.create("deals", {"dealname": "Deal", "dealstage": "qualifiedtobuy", "description": "old"})
    portal.set(date_format=date_format, cleared_value=cleared)
    connector = portal.connect()
    write = Write("ps-1", Ref("hubspot", "44000001", "deals", id_), {"partner_on": "2026-10-30", "description": None})

    (outcome,) = connector.send([write])

    schema = connector.describe(["deals"])["deals"].fields
    stored = connector.fetch("deals", [id_], ["partner_on", "description"])[id_].values
    assert outcome.status == "applied"
    for values in (stored, outcome.echo or {}):
        said = {name: connector.normal(schema[name], values[name]) for name in write.fields if name in values}
        assert said == {name: write.fields[name] for name in said}
    assert stored["description"] is None
