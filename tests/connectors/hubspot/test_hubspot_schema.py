"""What the portal says of itself, and the properties that partnersync adds to it."""

from __future__ import annotations

from typing import Any

import pytest

from partnersync.errors import UnauthorizedError
from partnersync.records import Choice, FieldSchema


def test_the_portal_tells_its_currency_and_timezone(portal: Any) -> None:
    identity = portal.connect().identify()

    assert (identity.crm, identity.org, identity.currency) == ("hubspot", "44000001", "USD")
    assert identity.timezone == "US/Eastern"


def test_owners_who_left_are_people_too_and_not_active(portal: Any) -> None:
    gone = portal.server.world.hubspot.add_owner({"email": "left@acme.example", "firstName": "Lee", "archived": True})

    people = {person.ref.id: person for person in portal.connect().people()}

    assert (people[gone].active, people[portal.owner].active) == (False, True)
    assert people[portal.owner].name == "Dana Reyes"


def test_many_owners_are_paged(portal: Any) -> None:
    for n in range(520):
        portal.server.world.hubspot.add_owner({"email": f"person{n}@acme.example", "firstName": f"P{n}"})

    assert len(portal.connect().people()) == 521


def test_stages_are_choices_of_every_pipeline(portal: Any) -> None:
    stages = [{"id": "first_call", "label": "First call", "probability": "0.1"}]
    portal.server.world.hubspot.add_pipeline("deals", {"id": "renewals", "label": "Renewals", "stages": stages})

    fields = portal.connect().describe(["deals"])["deals"].fields

    assert Choice("first_call", "Renewals: First call") in fields["dealstage"].choices
    assert {"default", "renewals"} <= {choice.value for choice in fields["pipeline"].choices}
    assert "closedwon" in {choice.value for choice in fields["dealstage"].choices}


def test_kinds_and_what_may_be_written_are_told(portal: Any) -> None:
    fields = portal.connect().describe(["deals"])["deals"].fields

    assert fields["amount"].kind == "number"
    assert fields["closedate"].kind == "datetime"
    assert fields["hubspot_owner_id"].kind == "lookup"
    assert fields["partner_flag"].kind == "boolean"
    assert fields["dealname"].updatable
    assert not fields["hs_is_closed_won"].updatable


def test_a_missing_scope_says_what_to_grant(portal: Any) -> None:
    portal.set(scopes={"pat-na1-sandbox-token": ("crm.objects.companies.read",)})

    with pytest.raises(UnauthorizedError, match=r"grant crm\.objects\.owners\.read"):
        portal.connect().people()


def test_fields_of_every_kind_are_created_once_and_can_be_written(world: Any) -> None:
    choices = (Choice("sourced", "Sourced"), Choice("influenced", "Influenced"))
    wanted = [
        FieldSchema("partnersync_partner", "Partner", "text"),
        FieldSchema("partnersync_commission", "Commission", "number"),
        FieldSchema("partnersync_credited_on", "Credited on", "date"),
        FieldSchema("partnersync_seen_at", "Seen at", "datetime"),
        FieldSchema("partnersync_locked", "Locked", "boolean"),
        FieldSchema("partnersync_role", "Role", "choice", choices=choices),
        FieldSchema("partnersync_roles", "Roles", "multichoice", choices=choices),
        FieldSchema("partnersync_serial", "Serial", "text", unique=True),
    ]
    connector = world.connect()

    first = {one.key: one.status for one in connector.create_fields("deals", wanted)}
    world.forget_calls()
    second = {one.key: one.status for one in connector.create_fields("deals", wanted)}

    assert first == second == {field.name: "applied" for field in wanted}
    assert world.calls() == 1
    described = connector.describe(["deals"])["deals"].fields
    assert {field.name: described[field.name].kind for field in wanted} == {field.name: field.kind for field in wanted}
    assert described["partnersync_role"].choices == choices
    assert described["partnersync_serial"].unique


def test_an_existing_field_of_another_type_is_told(portal: Any) -> None:
    portal.server.world.hubspot.add_field("deals", {"name": "partnersync_commission", "type": "string"})

    wanted = [
        FieldSchema("partnersync_commission", "Commission", "number"),
        FieldSchema("partnersync_partner", "Partner", "text"),
    ]
    outcomes = {one.key: one for one in portal.connect().create_fields("deals", wanted)}

    assert outcomes["partnersync_partner"].status == "applied"
    assert (outcomes["partnersync_commission"].status, outcomes["partnersync_commission"].code) == (
        "rejected",
        "OTHER_TYPE",
    )


def test_choices_that_an_existing_field_lacks_are_added_to_its_own(portal: Any) -> None:
    connector = portal.connect()
    list(connector.create_fields("deals", [FieldSchema("role", "Role", "choice", choices=(Choice("old", "Old"),))]))

    wanted = FieldSchema("role", "Role", "choice", choices=(Choice("new", "New"),))
    (outcome,) = connector.create_fields("deals", [wanted])

    assert outcome.status == "applied"
    choices = connector.describe(["deals"])["deals"].fields["role"].choices
    assert choices == (Choice("old", "Old"), Choice("new", "New"))


def test_one_bad_field_does_not_keep_the_others_from_being_made(portal: Any) -> None:
    wanted = [FieldSchema("Not A Name", "Bad", "text"), FieldSchema("partnersync_partner", "Partner", "text")]

    outcomes = {one.key: one.status for one in portal.connect().create_fields("deals", wanted)}

    assert outcomes == {"Not A Name": "rejected", "partnersync_partner": "applied"}


def test_a_field_that_was_archived_can_be_made_again(portal: Any) -> None:
    field = FieldSchema("partnersync_partner", "Partner", "text")
    connector = portal.connect()
    list(connector.create_fields("deals", [field]))
    portal.hide("deals", field.name)

    (outcome,) = connector.create_fields("deals", [field])

    assert outcome.status == "applied"
    assert field.name in connector.describe(["deals"])["deals"].fields
