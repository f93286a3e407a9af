"""A property definition: how values of it are read, and what may be defined at all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.hubspot import given as sent
from sandbox.hubspot.refusals import Refusal, invalid, refusal

TYPES = {
    "bool": {"booleancheckbox", "calculation_equation", "radio", "select"},
    "date": {"date"},
    "datetime": {"date"},
    "enumeration": {"booleancheckbox", "checkbox", "radio", "select", "calculation_equation"},
    "number": {"number", "calculation_equation"},
    "phone_number": {"phonenumber", "text"},
    "string": {"file", "html", "phonenumber", "text", "textarea", "calculation_equation"},
}
_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")


@dataclass(frozen=True, slots=True)
class Property:
    """What reading, writing and searching a value needs to know of its definition."""

    name: str
    type: str
    field_type: str
    options: frozenset[str]
    external: bool
    read_only: bool
    unique: bool

    @property
    def multiple(self) -> bool:
        return self.type == "enumeration" and self.field_type == "checkbox"


def property_of(definition: Mapping[str, Any]) -> Property:
    metadata = definition.get("modificationMetadata") or {}
    return Property(
        definition["name"],
        definition["type"],
        definition["fieldType"],
        frozenset(str(option["value"]) for option in definition.get("options") or ()),
        bool(definition.get("externalOptions")),
        bool(metadata.get("readOnlyValue")) or bool(definition.get("calculated")),
        bool(definition.get("hasUniqueValue")),
    )


def already_exists(name: str) -> Refusal:
    return refusal(
        409,
        f"A property named '{name}' already exists.",
        "OBJECT_ALREADY_EXISTS",
        context={"name": [name]},
        subCategory="Properties.PROPERTY_WITH_NAME_EXISTS",
    )


def missing(name: str) -> Refusal:
    return refusal(
        404,
        f"Property with name: {name} not found",
        "OBJECT_NOT_FOUND",
        context={"propertyName": [name]},
    )


def new_definition(body: Mapping[str, Any], groups: set[str], at: str, user_id: str) -> dict[str, Any]:
    """The stored definition of a property that a client creates. Raises: `Refusal` 400."""
    absent = [field for field in ("name", "label", "type", "fieldType", "groupName") if not body.get(field)]
    if absent:
        raise invalid(
            f"Invalid input JSON on line 1, column 1: Some required fields were not set: {absent}".replace("'", "")
        )
    name, type_, field_type = str(body["name"]), str(body["type"]), str(body["fieldType"])
    if not _NAME.fullmatch(name):
        raise invalid(
            f"Property name '{name}' is invalid. Names must start with a lower-case letter and hold only "
            "lower-case letters, numbers and underscores.",
            context={"name": [name]},
            subCategory="PropertyValidationError.INVALID_PROPERTY_NAME",
        )
    _check_types(type_, field_type)
    if str(body["groupName"]) not in groups:
        raise invalid(
            f'Property group "{body["groupName"]}" does not exist',
            context={"groupName": [str(body["groupName"])]},
            subCategory="PropertyValidationError.PROPERTY_GROUP_DOESNT_EXIST",
        )
    options = new_options(body.get("options") or [])
    if type_ == "bool":
        _check_boolean(options)
    definition: dict[str, Any] = {
        "updatedAt": at,
        "createdAt": at,
        "name": name,
        "label": str(body["label"]),
        "type": type_,
        "fieldType": field_type,
        "description": str(body.get("description") or ""),
        "groupName": str(body["groupName"]),
        "options": options,
        "createdUserId": user_id,
        "updatedUserId": user_id,
        "displayOrder": sent.whole(body.get("displayOrder", -1), "displayOrder"),
        "calculated": field_type == "calculation_equation",
        "externalOptions": bool(body.get("externalOptions", False)),
        "archived": False,
        "hasUniqueValue": bool(body.get("hasUniqueValue", False)),
        "hidden": bool(body.get("hidden", False)),
        "modificationMetadata": {
            "archivable": True,
            "readOnlyDefinition": False,
            "readOnlyValue": field_type == "calculation_equation",
        },
        "formField": bool(body.get("formField", False)),
        "dataSensitivity": str(body.get("dataSensitivity") or "non_sensitive"),
    }
    if field_type == "calculation_equation":
        definition["calculationFormula"] = str(body.get("calculationFormula") or "")
    return definition


def changed_definition(
    definition: Mapping[str, Any], body: Mapping[str, Any], groups: set[str], at: str, user_id: str
) -> dict[str, Any]:
    """The definition after a PATCH: options are replaced whole, `hasUniqueValue` is ignored."""
    changed = dict(definition)
    type_ = str(body.get("type") or changed["type"])
    field_type = str(body.get("fieldType") or changed["fieldType"])
    if "type" in body or "fieldType" in body:
        _check_types(type_, field_type)
    if body.get("groupName") and str(body["groupName"]) not in groups:
        raise invalid(f'Property group "{body["groupName"]}" does not exist')
    changed |= {"type": type_, "fieldType": field_type, "updatedAt": at, "updatedUserId": user_id}
    for field in ("label", "description", "groupName"):
        if body.get(field) is not None:
            changed[field] = str(body[field])
    for field in ("hidden", "formField"):
        if body.get(field) is not None:
            changed[field] = bool(body[field])
    if body.get("displayOrder") is not None:
        changed["displayOrder"] = sent.whole(body["displayOrder"], "displayOrder")
    if body.get("options") is not None:
        changed["options"] = new_options(body["options"])
        if type_ == "bool":
            _check_boolean(changed["options"])
    return changed


def new_options(given: Any) -> list[dict[str, Any]]:
    """Options as stored; one without a display order comes after those that have one."""
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise invalid("Invalid input JSON on line 1, column 1: Cannot deserialize value of `options`")
    numbered = [
        sent.whole(each["displayOrder"], "displayOrder") for each in given if each.get("displayOrder") is not None
    ]
    after = max(numbered, default=-1)
    found: list[dict[str, Any]] = []
    seen: set[str] = set()
    for each in given:
        value, label = str(each.get("value", "")), str(each.get("label", ""))
        if not value or value in seen:
            raise invalid(
                f"Property option values must be unique and not empty: '{value}'",
                subCategory="PropertyValidationError.DUPLICATE_OPTION_VALUES",
            )
        seen.add(value)
        order = each.get("displayOrder")
        if order is None:
            after += 1
            order = after
        option = {"label": label, "value": value}
        if each.get("description") is not None:
            option["description"] = str(each["description"])
        found.append(option | {"displayOrder": int(order), "hidden": bool(each.get("hidden", False))})
    return found


def _check_types(type_: str, field_type: str) -> None:
    if type_ not in TYPES:
        raise invalid(
            f"Invalid input JSON on line 1, column 1: Enum type must be one of: {sorted(TYPES)}".replace("'", "")
        )
    if field_type not in TYPES[type_]:
        raise invalid(
            f"Field type '{field_type}' is not valid for property type '{type_}'",
            context={"fieldType": [field_type], "type": [type_]},
            subCategory="PropertyValidationError.INVALID_FIELD_TYPE",
        )


def _check_boolean(options: list[dict[str, Any]]) -> None:
    if {option["value"] for option in options} != {"true", "false"} or len(options) != 2:
        raise invalid(
            "Boolean properties must have exactly two options, with values 'true' and 'false'",
            subCategory="PropertyValidationError.INVALID_BOOLEAN_OPTION",
        )
