"""What a field is, how describe shows it, and short ways to write one down."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

SOAP_TYPES = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "currency": "xsd:double",
    "double": "xsd:double",
    "percent": "xsd:double",
    "int": "xsd:int",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
}
TEXTS = frozenset(
    ("string", "textarea", "picklist", "multipicklist", "combobox", "email", "phone", "url", "encryptedstring")
)
NUMBERS = frozenset(("currency", "double", "percent"))
TYPES = TEXTS | NUMBERS | {"id", "reference", "boolean", "int", "date", "datetime"}


@dataclass(frozen=True, slots=True)
class Choice:
    """One picklist value."""

    value: str
    label: str = ""
    active: bool = True
    default: bool = False

    def describe(self) -> dict[str, Any]:
        """The describe form."""
        return {
            "active": self.active,
            "defaultValue": self.default,
            "label": self.label or self.value,
            "validFor": None,
            "value": self.value,
        }


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an object."""

    name: str
    type: str
    label: str = ""
    length: int = 0
    precision: int = 0
    scale: int = 0
    nillable: bool = True
    createable: bool = True
    updateable: bool = True
    defaulted: bool = False
    """Salesforce fills it in when it is left out of a create."""
    calculated: bool = False
    external_id: bool = False
    id_lookup: bool = False
    unique: bool = False
    case_sensitive: bool = False
    name_field: bool = False
    custom: bool = False
    picklist: tuple[Choice, ...] = ()
    restricted: bool = False
    reference_to: tuple[str, ...] = ()
    relationship: str | None = None
    children: str | None = None
    """The name of the child relationship on the parent (`Contacts` for Contact.AccountId)."""
    cascade: bool = False
    """Deleting the parent deletes this record."""
    default: Any = None
    multicurrency_only: bool = False
    formula: str | None = None
    html: bool = False

    @property
    def required(self) -> bool:
        """Whether a create must name it."""
        return not self.nillable and not self.defaulted and self.createable and self.type != "boolean"

    @property
    def folds_case(self) -> bool:
        """Whether comparisons ignore case."""
        return self.type in TEXTS and not self.case_sensitive

    def describe(self, known: frozenset[str]) -> dict[str, Any]:
        """Every key of a describe answer; `known` are the objects that exist here."""
        kind = self.type
        text, number = kind in TEXTS, kind in NUMBERS
        long_text = kind == "textarea" and self.length > 255
        targets = [target for target in self.reference_to if target in known]
        length = self.length if text else 18 if kind in ("id", "reference") else 0
        comparable = not long_text and kind not in ("multipicklist", "encryptedstring")
        poly = len(self.reference_to) > 1
        return {
            "aggregatable": comparable and kind != "boolean",
            "aiPredictionField": False,
            "autoNumber": False,
            "byteLength": length * 3 if text else length,
            "calculated": self.calculated,
            "calculatedFormula": self.formula,
            "cascadeDelete": self.cascade,
            "caseSensitive": self.case_sensitive,
            "compoundFieldName": None,
            "controllerName": None,
            "createable": self.createable,
            "custom": self.custom,
            "defaultValue": self.default if self.default is not None else (False if kind == "boolean" else None),
            "defaultValueFormula": None,
            "defaultedOnCreate": self.defaulted or kind == "boolean",
            "dependentPicklist": False,
            "deprecatedAndHidden": False,
            "digits": self.precision if kind == "int" else 0,
            "displayLocationInDecimal": False,
            "encrypted": kind == "encryptedstring",
            "externalId": self.external_id,
            "extraTypeInfo": "plaintextarea" if kind == "textarea" else None,
            "filterable": not long_text and kind != "encryptedstring",
            "filteredLookupInfo": None,
            "formulaTreatNullNumberAsZero": self.formula is not None and number,
            "groupable": comparable and kind not in ("currency", "double", "percent", "datetime"),
            "highScaleNumber": False,
            "htmlFormatted": self.html,
            "idLookup": self.id_lookup or self.external_id or kind == "id",
            "inlineHelpText": None,
            "label": self.label or self.name,
            "length": length,
            "mask": None,
            "maskType": None,
            "name": self.name,
            "nameField": self.name_field,
            "namePointing": poly,
            "nillable": self.nillable and kind not in ("boolean", "id"),
            "permissionable": self.nillable and kind not in ("id", "boolean") and not self.name_field,
            "picklistValues": [choice.describe() for choice in self.picklist],
            "polymorphicForeignKey": poly,
            "precision": self.precision if number else 0,
            "queryByDistance": False,
            "referenceTargetField": None,
            "referenceTo": targets or list(self.reference_to),
            "relationshipName": self.relationship,
            "relationshipOrder": 0 if self.cascade and self.custom else None,
            "restrictedDelete": False,
            "restrictedPicklist": self.restricted,
            "scale": self.scale if number else 0,
            "searchPrefilterable": kind == "reference",
            "soapType": SOAP_TYPES.get(kind, "xsd:string"),
            "sortable": comparable,
            "type": kind,
            "unique": self.unique,
            "updateable": self.updateable,
            "writeRequiresMasterRead": False,
        }


def text(name: str, length: int = 255, label: str = "", **more: Any) -> Field:
    """A text field."""
    return Field(name, more.pop("type", "string"), label or name, length, **more)


def pick(name: str, values: Sequence[str], label: str = "", default: str | None = None, **more: Any) -> Field:
    """A picklist."""
    choices = tuple(Choice(value, default=value == default) for value in values)
    more.setdefault("length", 255 if more.get("type") == "combobox" else 40)
    return Field(
        name,
        more.pop("type", "picklist"),
        label or name,
        picklist=choices,
        default=default,
        defaulted=default is not None,
        **more,
    )


def flag(name: str, label: str = "", **more: Any) -> Field:
    """A checkbox."""
    more.setdefault("default", False)
    return Field(name, "boolean", label or name, nillable=False, defaulted=True, **more)


def money(name: str, label: str = "", **more: Any) -> Field:
    """A currency field of 18 digits, two of them decimals."""
    return Field(name, "currency", label or name, precision=18, scale=2, **more)


def number(name: str, precision: int = 18, scale: int = 0, label: str = "", **more: Any) -> Field:
    """A number field."""
    return Field(name, more.pop("type", "double"), label or name, precision=precision, scale=scale, **more)


def whole(name: str, label: str = "", **more: Any) -> Field:
    """An int field."""
    return Field(name, "int", label or name, precision=9, **more)


def day(name: str, label: str = "", **more: Any) -> Field:
    """A date field."""
    return Field(name, "date", label or name, **more)


def moment(name: str, label: str = "", **more: Any) -> Field:
    """A datetime field."""
    return Field(name, "datetime", label or name, **more)


def link(name: str, *targets: str, label: str = "", relationship: str | None = None, **more: Any) -> Field:
    """A lookup; the relationship is the name without `Id` unless given."""
    return Field(
        name,
        "reference",
        label or name,
        reference_to=targets,
        relationship=relationship or name.removesuffix("Id"),
        **more,
    )


def fixed(field: Field) -> Field:
    """The same field, filled in by Salesforce alone."""
    return replace(field, createable=False, updateable=False)


def custom_field(definition: Mapping[str, Any]) -> Field:
    """A custom field from a describe-like definition.

    Keys: `name` (`…__c`), `type`, and as they apply `label`, `length`, `precision`, `scale`, `required`,
    `externalId`, `unique`, `caseSensitive`, `picklistValues` (texts or describe values),
    `restrictedPicklist`, `referenceTo`, `relationshipName`, `childRelationshipName`, `defaultValue`,
    `calculated`, `calculatedFormula`. Raises: `ValueError` naming what is wrong.
    """
    name, kind = str(definition.get("name", "")), str(definition.get("type", "string"))
    if not name.endswith("__c"):
        raise ValueError(f"a custom field's name ends in __c: {name or '(none)'}")
    if kind not in TYPES - {"id"}:
        raise ValueError(f"{name}: unknown type {kind}; one of {', '.join(sorted(TYPES - {'id'}))}")
    targets = definition.get("referenceTo") or ()
    targets = (targets,) if isinstance(targets, str) else tuple(targets)
    if kind == "reference" and not targets:
        raise ValueError(f"{name}: a reference needs referenceTo")
    calculated = bool(definition.get("calculated") or definition.get("calculatedFormula"))
    default = definition.get("defaultValue")
    lengths = {"textarea": 32768, "multipicklist": 4099, "email": 80, "phone": 40}
    return Field(
        name=name,
        type=kind,
        label=str(definition.get("label") or name.removesuffix("__c").replace("_", " ")),
        length=int(definition.get("length") or (lengths.get(kind, 255) if kind in TEXTS else 0)),
        precision=int(definition.get("precision") or (9 if kind == "int" else 18)),
        scale=int(definition.get("scale", 2 if kind == "currency" else 0) or 0),
        nillable=not definition.get("required", False) and kind != "boolean",
        createable=not calculated,
        updateable=not calculated,
        defaulted=default is not None or kind == "boolean",
        calculated=calculated,
        external_id=bool(definition.get("externalId")),
        id_lookup=bool(definition.get("externalId")),
        unique=bool(definition.get("unique")),
        case_sensitive=bool(definition.get("caseSensitive")),
        custom=True,
        picklist=tuple(_choice(value) for value in definition.get("picklistValues") or ()),
        restricted=bool(definition.get("restrictedPicklist")),
        reference_to=targets,
        relationship=(definition.get("relationshipName") or name.removesuffix("c") + "r")
        if kind == "reference"
        else None,
        children=definition.get("childRelationshipName"),
        default=default if default is not None else (False if kind == "boolean" else None),
        formula=definition.get("calculatedFormula"),
    )


def _choice(value: Any) -> Choice:
    if isinstance(value, Mapping):
        return Choice(
            str(value["value"]),
            str(value.get("label") or value["value"]),
            bool(value.get("active", True)),
            bool(value.get("defaultValue", False)),
        )
    return Choice(str(value))
