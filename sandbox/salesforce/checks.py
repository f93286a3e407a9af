"""Checks of a write against other rows: lookups must lead somewhere, unique values must be so."""

# ruff: noqa: S608 (only names from our own schema enter the SQL; values are parameters)

import sqlite3
from collections.abc import Mapping
from typing import Any

from sandbox.salesforce.errors import SalesforceError
from sandbox.salesforce.fields import Field
from sandbox.salesforce.objects.model import SObject
from sandbox.salesforce.schema import Schema


class Checks:
    """Looks at the rows a write refers to."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema

    def references(
        self, db: sqlite3.Connection, sobject: SObject, values: Mapping[str, Any], changed: frozenset[str]
    ) -> None:
        """Every lookup that changes must lead to a living record of a fitting object."""
        for name in sorted(changed):
            field, target_id = sobject.find(name), values.get(name)
            if field is None or field.type != "reference" or target_id is None:
                continue
            target = self._schema.by_id(target_id)
            if target is None or target.name not in field.reference_to:
                raise SalesforceError("MALFORMED_ID", f"{field.label}: id value of incorrect type: {target_id}", [name])
            columns = {"User": '"IsActive"', "Organization": "1"}.get(target.name)
            columns = columns or ('1 - "IsDeleted"' if target.find("IsDeleted") else "1")
            row = db.execute(f'SELECT {columns} FROM {target.table} WHERE "Id" = ?', (target_id,)).fetchone()
            if row is None:
                raise SalesforceError("INVALID_CROSS_REFERENCE_KEY", fields=[name])
            if not row[0] and target.name == "User" and name == "OwnerId":
                raise SalesforceError(
                    "INACTIVE_OWNER_OR_USER",
                    f"operation performed with inactive user [{target_id[:15]}] as owner of {sobject.name.lower()}",
                    [name],
                )
            if not row[0] and target.name != "User":
                raise SalesforceError("ENTITY_IS_DELETED", fields=[name], status=400)

    def unique(
        self, db: sqlite3.Connection, sobject: SObject, values: Mapping[str, Any], record_id: str | None
    ) -> None:
        """No other living record may hold a value of a unique field."""
        living = ' AND "IsDeleted" = 0' if sobject.find("IsDeleted") is not None else ""
        for field in sobject.fields:
            value = values.get(field.name)
            if not field.unique or value is None:
                continue
            row = db.execute(
                f'SELECT "Id" FROM {sobject.table} WHERE "{field.name}" = ? AND "Id" IS NOT ?{living}',
                (value, record_id),
            ).fetchone()
            if row is not None:
                raise SalesforceError(
                    "DUPLICATE_VALUE",
                    f"duplicate value found: {field.name} duplicates value on record with id: {row[0][:15]}",
                    [],
                )

    def duplicates(
        self, db: sqlite3.Connection, sobject: SObject, field_name: str, value: Any, record_id: str | None
    ) -> None:
        """What a duplicate rule on one field says to a record that looks like another living one."""
        living = ' AND "IsDeleted" = 0' if sobject.find("IsDeleted") is not None else ""
        twin = db.execute(
            f'SELECT "Id" FROM {sobject.table} WHERE "{field_name}" = ? AND "Id" IS NOT ?{living}', (value, record_id)
        ).fetchone()
        if twin is None:
            return
        match = {"record": {"attributes": {"type": sobject.name}, "Id": twin[0]}, "matchConfidence": 100.0}
        result = {
            "allowSave": True,
            "duplicateRule": f"Standard_{sobject.name}_Duplicate_Rule",
            "duplicateRuleEntityType": sobject.name,
            "errorMessage": "Use one of these records?",
            "matchResults": [{"entityType": sobject.name, "matchRecords": [match], "success": True}],
        }
        raise SalesforceError("DUPLICATES_DETECTED", "Use one of these records?", [], extra={"duplicateResult": result})

    def related(
        self, db: sqlite3.Connection, sobject: SObject, relationship: str, value: Mapping[str, Any]
    ) -> tuple[Field | None, str | None]:
        """A lookup given by external id: `{"Account": {"Ext__c": "x"}}` → (AccountId, its id)."""
        keys = {name: key for name, key in value.items() if name != "attributes"}
        for field in self._schema.readable(sobject):
            if (field.relationship or "").lower() != relationship.lower() or len(keys) != 1:
                continue
            ((name, key),) = keys.items()
            for target_name in field.reference_to:
                target = self._schema.find(target_name)
                external = self._schema.field(target, name) if target is not None else None
                if target is None or external is None or not (external.external_id or external.id_lookup):
                    continue
                found = db.execute(
                    f'SELECT "Id" FROM {target.table} WHERE "{external.name}" = ? LIMIT 2', (key,)
                ).fetchall()
                if len(found) != 1:
                    raise SalesforceError(
                        "INVALID_FIELD",
                        f"Foreign key external ID: {key} not found for field {external.name} in entity {target.name}",
                        [],
                    )
                return field, str(found[0][0])
        return None, None
