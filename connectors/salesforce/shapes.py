"""What describe says, in the house's words; and which fields of an object a pull may select."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from partnersync.records import Choice, FieldKind, FieldSchema, ObjectSchema

_KINDS: Mapping[str, FieldKind] = {
    "id": "id",
    "reference": "lookup",
    "double": "number",
    "currency": "number",
    "percent": "number",
    "int": "number",
    "long": "number",
    "date": "date",
    "datetime": "datetime",
    "boolean": "boolean",
    "picklist": "choice",
    "multipicklist": "multichoice",
}
_STRUCTURED = frozenset({"address", "location", "anyType", "complexvalue", "base64"})
STAMPS = ("SystemModstamp", "LastModifiedDate", "CreatedDate")
"""The first of these that an object has orders its changes; history objects have the last alone."""
_BESIDES = ("CreatedDate", "LastModifiedById", "IsDeleted", "MasterRecordId")


@dataclass(frozen=True, slots=True)
class Shape:
    """One described object: its schema, whether it logs deletions, and the parents that dotted names may lead through,
    with the objects that each refers to. ``structured`` are fields whose values CSV does not tell as JSON does.
    """

    schema: ObjectSchema
    parents: Mapping[str, tuple[str, ...]]
    replicates: bool
    structured: frozenset[str] = frozenset()

    def has(self, field: str) -> bool:
        """Whether a field may be selected; a parent's field is taken on trust where the parent exists."""
        parent, dot, _ = field.partition(".")
        return parent in self.parents if dot else field in self.schema.fields


@dataclass(frozen=True, slots=True)
class Selection:
    """What one pull selects of an object: fields that were asked for, those of them that are hidden, system fields."""

    object: str
    asked: tuple[str, ...]
    hidden: tuple[str, ...]
    stamp: str
    system: tuple[str, ...]
    replicates: bool

    @classmethod
    def of(cls, shape: Shape, asked: Iterable[str], hidden: Iterable[str] = ()) -> Selection:
        """What of ``asked`` this object lets us see; ``hidden`` are known from experience."""
        known = shape.schema.fields
        wanted = tuple(sorted(set(asked)))
        unseen = set(hidden)
        return cls(
            object=shape.schema.object,
            asked=wanted,
            hidden=tuple(field for field in wanted if field in unseen or not shape.has(field)),
            stamp=next((field for field in STAMPS if field in known), "Id"),
            system=tuple(field for field in _BESIDES if field in known),
            replicates=shape.replicates,
        )

    def less(self, hidden: Iterable[str], system: tuple[str, ...]) -> Selection:
        """The same without fields that turned out to be out of sight."""
        unseen = {*self.hidden, *hidden}
        return replace(self, hidden=tuple(field for field in self.asked if field in unseen), system=system)

    @property
    def fields(self) -> tuple[str, ...]:
        """Everything to select, each once."""
        shown = [field for field in self.asked if field not in self.hidden]
        return tuple(dict.fromkeys(("Id", self.stamp, *self.system, *shown)))


def seen_again(before: Selection, shape: Shape) -> Selection:
    """The same question put to a newer shape; a parent's field, once hidden, is not trusted again."""
    return Selection.of(shape, before.asked, hidden=(field for field in before.hidden if "." in field))


def came_into_sight(before: Selection, shape: Shape) -> bool:
    """Whether a field that was hidden can be read by now, so that every record must be read again."""
    return bool(set(before.hidden) - set(seen_again(before, shape).hidden))


def shape_of(described: Mapping[str, Any]) -> Shape:
    """Read one describe answer; a field that the user may not see is not in it."""
    fields = {field["name"]: _field(field) for field in described["fields"]}
    schema = ObjectSchema(
        object=described["name"],
        label=described.get("label") or described["name"],
        fields=fields,
        creatable=bool(described.get("createable")),
        updatable=bool(described.get("updateable")),
    )
    parents = {
        field["relationshipName"]: tuple(field.get("referenceTo") or ())
        for field in described["fields"]
        if field.get("relationshipName")
    }
    structured = frozenset(field["name"] for field in described["fields"] if field["type"] in _STRUCTURED)
    return Shape(schema, parents, bool(described.get("replicateable")), structured)


def _field(field: Mapping[str, Any]) -> FieldSchema:
    kind = _KINDS.get(field["type"], "text")
    creatable = bool(field.get("createable"))
    is_number = kind == "number"
    return FieldSchema(
        name=field["name"],
        label=field.get("label") or field["name"],
        kind=kind,
        creatable=creatable,
        updatable=bool(field.get("updateable")),
        required=creatable and not field.get("nillable", True) and not field.get("defaultedOnCreate", False),
        unique=bool(field.get("unique")),
        external_id=bool(field.get("externalId")),
        calculated=bool(field.get("calculated")),
        length=int(field.get("length") or 0) or None,
        scale=int(field.get("scale") or 0) if is_number else None,
        choices=_choices(field.get("picklistValues") or ()),
        restricted=bool(field.get("restrictedPicklist")),
        refers_to=tuple(field.get("referenceTo") or ()),
        case_sensitive=bool(field.get("caseSensitive")),
    )


def _choices(values: Sequence[Mapping[str, Any]]) -> tuple[Choice, ...]:
    return tuple(
        Choice(value["value"], value.get("label") or value["value"], bool(value.get("active", True)))
        for value in values
    )
