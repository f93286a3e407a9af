"""What a portal says of itself: its account, its people, its properties with stages as choices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connectors.hubspot.calls import Calls
from connectors.hubspot.normal import LONGEST_TEXT
from connectors.hubspot.records import CRM
from partnersync.errors import RejectedError
from partnersync.ids import Ref
from partnersync.records import Choice, FieldKind, FieldSchema, Identity, ObjectSchema, Person

OWNERS = "owners"
_KINDS: Mapping[str, FieldKind] = {"number": "number", "date": "date", "datetime": "datetime", "bool": "boolean"}
_STAGED = {"deals": ("pipeline", "dealstage"), "tickets": ("hs_pipeline", "hs_pipeline_stage")}


def identity(calls: Calls) -> Identity:
    """Which portal the token opens."""
    account = calls.account().body
    portal = str(account["portalId"])
    return Identity(CRM, portal, f"portal {portal}", account.get("companyCurrency"), account.get("timeZone"))


def people(calls: Calls, portal: str) -> tuple[Person, ...]:
    """Every owner, those who left included."""
    return tuple(_person(portal, owner) for archived in (False, True) for owner in _owners(calls, archived))


def described(calls: Calls, object_: str) -> ObjectSchema | None:
    """An object's properties; None where HubSpot does not know the object."""
    try:
        found = calls.properties(object_).results
    except RejectedError:
        return None
    choices = _stages(calls, object_) if object_ in _STAGED else {}
    fields = {str(each["name"]): field_schema(each, choices.get(str(each["name"]))) for each in found}
    return ObjectSchema(object_, object_.replace("_", " ").capitalize(), fields)


def field_schema(definition: Mapping[str, Any], stages: tuple[Choice, ...] | None = None) -> FieldSchema:
    """One property; ``stages`` are its choices where a pipeline keeps them."""
    limits = definition.get("modificationMetadata") or {}
    calculated = bool(definition.get("calculated"))
    writable = not calculated and not limits.get("readOnlyValue")
    kind = "choice" if stages is not None else _kind(definition)
    unique = bool(definition.get("hasUniqueValue"))
    return FieldSchema(
        name=str(definition["name"]),
        label=str(definition.get("label") or definition["name"]),
        kind=kind,
        creatable=writable,
        updatable=writable,
        unique=unique,
        external_id=unique,
        calculated=calculated,
        length=LONGEST_TEXT if kind == "text" else None,
        choices=stages if stages is not None else _options(definition),
        restricted=kind in ("choice", "multichoice"),
        refers_to=(OWNERS,) if kind == "lookup" else (),
        case_sensitive=True,
    )


def _kind(definition: Mapping[str, Any]) -> FieldKind:
    type_ = str(definition.get("type"))
    if type_ != "enumeration":
        return _KINDS.get(type_, "text")
    if definition.get("externalOptions"):
        return "lookup" if str(definition.get("referencedObjectType", "OWNER")).upper() == "OWNER" else "text"
    return "multichoice" if definition.get("fieldType") == "checkbox" else "choice"


def _options(definition: Mapping[str, Any]) -> tuple[Choice, ...]:
    return tuple(
        Choice(str(each["value"]), str(each.get("label") or each["value"]), not each.get("hidden"))
        for each in definition.get("options") or ()
    )


def _stages(calls: Calls, object_: str) -> dict[str, tuple[Choice, ...]]:
    """The pipelines, and all their stages as ``Pipeline: Stage``; HubSpot does not sort them."""
    pipelines = sorted(calls.pipelines(object_).results, key=_shown_order)
    pipeline_property, stage_property = _STAGED[object_]
    return {
        pipeline_property: tuple(Choice(str(each["id"]), str(each["label"]), _live(each)) for each in pipelines),
        stage_property: tuple(
            Choice(str(stage["id"]), f"{each['label']}: {stage['label']}", _live(each) and _live(stage))
            for each in pipelines
            for stage in sorted(each.get("stages") or (), key=_shown_order)
        ),
    }


def _shown_order(given: Mapping[str, Any]) -> tuple[int, str]:
    return int(given.get("displayOrder") or 0), str(given.get("id"))


def _live(given: Mapping[str, Any]) -> bool:
    return not given.get("archived")


def _owners(calls: Calls, archived: bool) -> Iterator[Mapping[str, Any]]:
    after: str | None = None
    while True:
        answer = calls.owners(archived=archived, after=after)
        yield from answer.results
        after = answer.after
        if after is None:
            return


def _person(portal: str, owner: Mapping[str, Any]) -> Person:
    names: Sequence[str] = [str(owner[part]) for part in ("firstName", "lastName") if owner.get(part)]
    email = str(owner.get("email") or "")
    active = not owner.get("archived") and owner.get("type", "PERSON") == "PERSON"
    return Person(Ref(CRM, portal, OWNERS, str(owner["id"])), " ".join(names) or email, email, active)
