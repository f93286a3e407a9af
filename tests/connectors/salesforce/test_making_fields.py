"""Custom fields over the Tooling API: only where the settings say so, and what a person still has to do."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.salesforce.connector import SalesforceConnector
from partnersync.changes import Outcome
from partnersync.records import Choice, FieldSchema
from tests.connectors.salesforce.conftest import SalesforceWorld

FIELDS = (
    FieldSchema("P_Name__c", "Partner", "text", length=80),
    FieldSchema("P_Paid__c", "Paid", "number", scale=2),
    FieldSchema("P_On__c", "On", "date"),
    FieldSchema("P_Flag__c", "Flag", "boolean"),
    FieldSchema("P_Role__c", "Role", "choice", choices=(Choice("a", "A"), Choice("b", "B")), restricted=True),
    FieldSchema("P_Account__c", "Account", "lookup", refers_to=("Account",)),
)
KEY = FieldSchema("partnersync_key__c", "partnersync key", "text", unique=True, external_id=True, length=64)


def making(world: SalesforceWorld) -> SalesforceConnector:
    return world.connect(create_fields="tooling")


def made(connector: SalesforceConnector, object_: str, fields: Sequence[FieldSchema]) -> dict[str, Outcome]:
    return {outcome.key: outcome for outcome in connector.create_fields(object_, fields)}


def test_every_kind_of_field_is_made_as_it_was_asked_for(world: SalesforceWorld) -> None:
    connector = making(world)

    outcomes = made(connector, "Opportunity", FIELDS)

    assert {outcome.status for outcome in outcomes.values()} == {"applied"}
    found = connector.describe(["Opportunity"])["Opportunity"].fields
    assert [found[field.name].kind for field in FIELDS] == [field.kind for field in FIELDS]
    assert (found["P_Name__c"].length, found["P_Paid__c"].scale) == (80, 2)
    assert [choice.value for choice in found["P_Role__c"].choices] == ["a", "b"]
    assert found["P_Account__c"].refers_to == ("Account",)


def test_it_is_told_that_somebody_has_to_grant_them(world: SalesforceWorld) -> None:
    (outcome,) = made(making(world), "Opportunity", FIELDS[:1]).values()

    assert "FieldPermissions" in outcome.message
    assert "Opportunity.P_Name__c" in outcome.message


def test_the_key_of_tasks_is_made_on_activity_and_makes_tasks_come_once(world: SalesforceWorld) -> None:
    connector = making(world)
    before = connector.lands_within()

    (outcome,) = made(connector, "Task", [KEY]).values()

    assert outcome.status == "applied"
    assert before
    assert not connector.lands_within()


def test_a_field_that_is_there_and_hidden_is_told_to_be_so(world: SalesforceWorld) -> None:
    world.set(new_fields_hidden=True)
    connector = making(world)

    (first,) = made(connector, "Opportunity", FIELDS[:1]).values()
    seen = "P_Name__c" in connector.describe(["Opportunity"])["Opportunity"].fields
    (second,) = made(connector, "Opportunity", FIELDS[:1]).values()

    assert first.status == "applied"
    assert not seen
    assert (second.status, second.code) == ("rejected", "HIDDEN")
    assert "permission set" in second.message


def test_one_refusal_or_lost_answer_leaves_the_others_made(world: SalesforceWorld) -> None:
    connector = making(world)
    body = [{"errorCode": "INSUFFICIENT_ACCESS", "message": "no"}]
    world.fault(endpoint="tooling", nth=1, action={"kind": "status", "code": 403, "body": body})
    world.fault(endpoint="tooling", nth=2, action={"kind": "drop"})

    outcomes = made(connector, "Opportunity", (*FIELDS[:3], FieldSchema("Standard", "S", "text")))

    assert [outcome.status for outcome in outcomes.values()] == ["rejected", "unknown", "applied", "rejected"]
    assert "Customize Application" in outcomes["P_Name__c"].message
    assert outcomes["Standard"].code == "NOT_CUSTOM"
