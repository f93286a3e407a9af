"""Create the properties that partnersync writes to, in a group of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.hubspot.calls import Calls
from connectors.hubspot.refusals import error_code, error_text
from connectors.hubspot.schema import field_schema
from partnersync.changes import Outcome
from partnersync.errors import RejectedError, UnavailableError
from partnersync.records import Choice, FieldKind, FieldSchema

GROUP = "partnersync"
_TYPES: Mapping[FieldKind, tuple[str, str]] = {
    "text": ("string", "text"),
    "id": ("string", "text"),
    "lookup": ("string", "text"),
    "number": ("number", "number"),
    "date": ("date", "date"),
    "datetime": ("datetime", "date"),
    "boolean": ("bool", "booleancheckbox"),
    "choice": ("enumeration", "select"),
    "multichoice": ("enumeration", "checkbox"),
}
_YES_NO = (Choice("true", "Yes"), Choice("false", "No"))


@dataclass(frozen=True, slots=True)
class Properties:
    """Makes what is missing; a property that is there is left as it is, but for choices it lacks."""

    calls: Calls

    def create(self, object_: str, fields: Sequence[FieldSchema]) -> Iterator[Outcome]:
        """One outcome per field, under its name."""
        existing = {str(each["name"]): each for each in self.calls.properties(object_).results}
        missing = [field for field in fields if field.name not in existing]
        for field in fields:
            if field.name in existing:
                yield self._fitted(object_, field, existing[field.name])
        if not missing:
            return
        self._ensure_group(object_)
        try:
            answer = self.calls.create_properties(object_, [_definition(field) for field in missing])
            made = {str(each["name"]) for each in answer.results}
        except RejectedError:
            made = set()
        for field in missing:
            yield Outcome(field.name, "applied") if field.name in made else self._alone(object_, field)

    def _alone(self, object_: str, field: FieldSchema) -> Outcome:
        """One property by itself, for its own outcome; somebody may have made it meanwhile."""
        try:
            answer = self.calls.create_properties(object_, [_definition(field)])
            if any(str(each["name"]) == field.name for each in answer.results):
                return Outcome(field.name, "applied")
            refusals: Sequence[Mapping[str, Any]] = answer.body.get("errors") or ({},)
            code, message = error_code(refusals[0]), f"HubSpot refused it{error_text(refusals[0])}"
        except RejectedError as error:
            code, message = error.code, str(error)
        try:
            found = self.calls.property(object_, field.name).body
        except RejectedError:
            return Outcome(field.name, "rejected", code=code or "REFUSED", message=message)
        return self._fitted(object_, field, found)

    def _fitted(self, object_: str, field: FieldSchema, definition: Mapping[str, Any]) -> Outcome:
        """Whether an existing property can hold what we write; choices that it lacks are added to its own."""
        known = field_schema(definition)
        wanted_type = _TYPES[field.kind][0]
        if str(definition.get("type")) != wanted_type:
            message = f"{object_}.{field.name} is there as {definition.get('type')}, expected {wanted_type}"
            return Outcome(field.name, "rejected", code="OTHER_TYPE", message=message)
        lacking = [each for each in field.choices if each.value not in {choice.value for choice in known.choices}]
        if field.kind not in ("choice", "multichoice") or not lacking:
            return Outcome(field.name, "applied")
        options = [*(definition.get("options") or ()), *_options(lacking, len(known.choices))]
        try:
            self.calls.change_property(object_, field.name, {"options": options})
        except RejectedError as error:
            return Outcome(field.name, "rejected", code=error.code or "REFUSED", message=str(error))
        except UnavailableError as error:
            return Outcome(field.name, "unknown" if error.maybe_done else "retry", code=error.code, message=str(error))
        return Outcome(field.name, "applied")

    def _ensure_group(self, object_: str) -> None:
        if any(each.get("name") == GROUP for each in self.calls.groups(object_).results):
            return
        try:
            self.calls.create_group(object_, {"name": GROUP, "label": GROUP, "displayOrder": -1})
        except RejectedError as error:
            if error.status != 409:
                raise


def _definition(field: FieldSchema) -> dict[str, Any]:
    type_, field_type = _TYPES[field.kind]
    choices = _YES_NO if field.kind == "boolean" else field.choices
    definition: dict[str, Any] = {
        "name": field.name,
        "label": field.label,
        "type": type_,
        "fieldType": field_type,
        "groupName": GROUP,
        "description": "Kept by partnersync.",
        "options": _options(choices, 0),
    }
    return {**definition, "hasUniqueValue": True} if field.unique else definition


def _options(choices: Sequence[Choice], first: int) -> list[dict[str, Any]]:
    return [
        {"label": each.label, "value": each.value, "displayOrder": order, "hidden": not each.active}
        for order, each in enumerate(choices, first)
    ]
