"""What an object is, and the system fields that every object has."""

from dataclasses import dataclass, field
from typing import Any

from sandbox.salesforce.fields import Field, fixed, flag, link, moment


@dataclass(frozen=True, slots=True)
class SObject:
    """One object: its fields in order and what may be done with it."""

    name: str
    prefix: str
    fields: tuple[Field, ...]
    label: str = ""
    plural: str = ""
    createable: bool = True
    updateable: bool = True
    deletable: bool = True
    undeletable: bool = True
    mergeable: bool = False
    replicateable: bool = True
    searchable: bool = True
    layoutable: bool = True
    custom: bool = False
    by_name: dict[str, Field] = field(default_factory=dict, compare=False)
    """Fields by lower-case name, filled by the schema."""

    @property
    def table(self) -> str:
        """The SQLite table that holds it, quoted."""
        return f'"sf_{self.name}"'

    def find(self, name: str) -> Field | None:
        """A field by name, whatever its case."""
        return self.by_name.get(name.lower())

    def abilities(self) -> dict[str, Any]:
        """The keys that the global describe and the object describe share."""
        return {
            "activateable": False,
            "associateEntityType": None,
            "associateParentEntity": None,
            "createable": self.createable,
            "custom": self.custom,
            "customSetting": False,
            "deepCloneable": False,
            "deletable": self.deletable,
            "deprecatedAndHidden": False,
            "feedEnabled": False,
            "hasSubtypes": False,
            "isInterface": False,
            "isSubtype": False,
            "keyPrefix": self.prefix,
            "label": self.label or self.name,
            "labelPlural": self.plural or f"{self.label or self.name}s",
            "layoutable": self.layoutable,
            "mergeable": self.mergeable,
            "mruEnabled": self.layoutable,
            "name": self.name,
            "queryable": True,
            "replicateable": self.replicateable,
            "retrieveable": True,
            "searchable": self.searchable,
            "triggerable": self.layoutable,
            "undeletable": self.undeletable,
            "updateable": self.updateable,
        }


def system_fields(prefix: str, deleted: bool = True) -> tuple[Field, ...]:
    """The record's id, its authors and stamps, and (where it can be deleted) the mark of deletion."""
    fields = (
        fixed(Field("Id", "id", f"{prefix} ID", nillable=False, defaulted=True, id_lookup=True)),
        fixed(flag("IsDeleted", "Deleted")),
        fixed(moment("CreatedDate", "Created Date", nillable=False, defaulted=True)),
        fixed(link("CreatedById", "User", label="Created By ID", nillable=False, defaulted=True)),
        fixed(moment("LastModifiedDate", "Last Modified Date", nillable=False, defaulted=True)),
        fixed(link("LastModifiedById", "User", label="Last Modified By ID", nillable=False, defaulted=True)),
        fixed(moment("SystemModstamp", "System Modstamp", nillable=False, defaulted=True)),
    )
    return fields if deleted else (fields[0], *fields[2:])


def currency_field() -> Field:
    """`CurrencyIsoCode`, which exists only in a multicurrency org."""
    return Field(
        "CurrencyIsoCode", "picklist", "Currency ISO Code", 3, defaulted=True, restricted=True, multicurrency_only=True
    )
