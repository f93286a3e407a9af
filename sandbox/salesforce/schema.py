"""The objects of the org: their tables, their custom fields, and what the API user may see of them."""

# ruff: noqa: S608 (only names from our own schema enter the SQL; values are parameters)

import sqlite3
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson

from sandbox.clock import Clock
from sandbox.salesforce.fields import NUMBERS, Choice, Field, custom_field, link, text
from sandbox.salesforce.objects import STANDARD
from sandbox.salesforce.objects.model import SObject, currency_field, system_fields
from sandbox.settings import SalesforceSettings, Settings
from sandbox.store import Store

_BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class _Rights:
    settings: SalesforceSettings
    hidden: frozenset[str]
    read_only: frozenset[str]


class Schema:
    """Every object, standard and custom."""

    def __init__(self, store: Store, settings: Settings, clock: Clock) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._changed_at = clock.now()
        self._lock = threading.Lock()
        self._objects: dict[str, SObject] = {}
        self._names: list[frozenset[str]] = []
        self._children: dict[str, list[tuple[SObject, Field]]] = {}
        self._rights = _rights(settings.salesforce)
        with store.write(hooked=False) as db:
            db.execute(
                "CREATE TABLE IF NOT EXISTS sf_custom_field (object TEXT NOT NULL, name TEXT NOT NULL,"
                " definition TEXT NOT NULL, PRIMARY KEY (object, name))"
            )
            for standard in STANDARD:
                self._install(db, standard)
            for name, definition in db.execute(
                "SELECT object, definition FROM sf_custom_field ORDER BY rowid"
            ).fetchall():
                self._extend(db, name, custom_field(orjson.loads(definition)))
        self._restate(self._rights.settings)

    def objects(self) -> list[SObject]:
        """The objects that exist for the API user, by name."""
        return sorted((o for o in self._objects.values() if self._exists(o)), key=lambda o: o.name)

    def find(self, name: str) -> SObject | None:
        """An object by name, whatever its case."""
        self._current()
        found = self._objects.get(name.lower())
        return found if found is not None and self._exists(found) else None

    def by_id(self, record_id: str) -> SObject | None:
        """The object whose key prefix an id bears."""
        prefix = record_id[:3]
        return next((o for o in self._objects.values() if o.prefix == prefix), None)

    def known(self) -> frozenset[str]:
        """The names of the objects that exist, and Group, which only describes mention."""
        self._current()
        kept = self._names
        if not kept:
            kept.append(frozenset(o.name for o in self.objects()) | {"Group"})
        return kept[0]

    def readable(self, sobject: SObject) -> list[Field]:
        """The fields the API user sees, in order."""
        return [field for field in sobject.fields if self._visible(sobject, field)]

    def field(self, sobject: SObject, name: str) -> Field | None:
        """A field the API user sees; a hidden one looks as if it did not exist."""
        found = sobject.find(name)
        return found if found is not None and self._visible(sobject, found) else None

    def editable(self, sobject: SObject, field: Field) -> bool:
        """Whether field-level security lets the API user write it."""
        return f"{sobject.name}.{field.name}".lower() not in self._current().read_only

    def shown(self, sobject: SObject, field: Field) -> dict[str, Any]:
        """The field's describe, rights applied."""
        if not self.editable(sobject, field):
            field = replace(field, createable=False, updateable=False)
        return field.describe(self.known())

    def children(self, sobject: SObject) -> list[tuple[SObject, Field]]:
        """The objects and lookup fields that point at this one."""
        self._current()
        kept = self._children  # of before, where another thread changes the objects meanwhile
        if sobject.name not in kept:
            kept[sobject.name] = [
                (other, field)
                for other in self.objects()
                for field in self.readable(other)
                if sobject.name in field.reference_to
            ]
        return kept[sobject.name]

    def add_field(self, object_name: str, definition: Mapping[str, Any]) -> Field:
        """Add a custom field; an unknown object ending in `__c` is created. Raises: `ValueError`."""
        name = "Task" if object_name.lower() == "activity" else object_name
        found = self._objects.get(name.lower())
        if found is None and not name.endswith("__c"):
            raise ValueError(f"no such object: {object_name}")
        field = custom_field(definition)
        if found is not None:
            name = found.name
            if found.find(field.name) is not None:
                raise ValueError(f"There is already a field named {field.name} on {found.name}.")
        with self._store.write(hooked=False) as db:
            self._extend(db, name, field)
            db.execute(
                "INSERT INTO sf_custom_field VALUES (?, ?, ?)", (name, field.name, orjson.dumps(dict(definition)))
            )
            self._changed_at = self._clock.now()
        return field

    def changed_at(self) -> datetime:
        """When the objects, or what the user may see of them, last changed."""
        self._current()
        return self._changed_at

    def _exists(self, sobject: SObject) -> bool:
        return sobject.name != "CurrencyType" or self._settings.salesforce.multicurrency

    def _visible(self, sobject: SObject, field: Field) -> bool:
        rights = self._current()
        if field.multicurrency_only and not rights.settings.multicurrency:
            return False
        return not rights.hidden or f"{sobject.name}.{field.name}".lower() not in rights.hidden

    def _current(self) -> _Rights:
        settings = self._settings.salesforce
        if self._rights.settings is not settings:
            self._restate(settings)
            self._rights = _rights(settings)
            self._changed_at = self._clock.now()
            self._forget()
        return self._rights

    def _restate(self, settings: SalesforceSettings) -> None:
        """The status of a task is one of those that the switch names; a new task has the first."""
        labels = [label for label, _ in settings.task_statuses]
        choices = tuple(Choice(label, default=label == labels[0]) for label in labels)
        with self._lock:
            task = self._objects["task"]
            status = replace(task.by_name["status"], picklist=choices, default=labels[0])
            by_name = {**task.by_name, "status": status}
            fields = tuple(by_name[field.name.lower()] for field in task.fields)
            self._objects["task"] = replace(task, fields=fields, by_name=by_name)

    def _forget(self) -> None:
        """What was made of the objects and of what the user may see of them is to be made anew."""
        self._names = []
        self._children = {}

    def _extend(self, db: sqlite3.Connection, object_name: str, field: Field) -> None:
        with self._lock:
            sobject = self._objects.get(object_name.lower())
            if sobject is None:
                sobject = self._new_object(object_name)
            self._install(db, replace(sobject, fields=(*sobject.fields, field), by_name={}))

    def _new_object(self, name: str) -> SObject:
        number = sum(o.custom for o in self._objects.values())
        label = name.removesuffix("__c").replace("_", " ")
        fields = (
            *system_fields(label),
            link("OwnerId", "User", "Group", label="Owner ID", nillable=False, defaulted=True),
            text("Name", 80, f"{label} Name", name_field=True, defaulted=True),
            currency_field(),
        )
        prefix = f"a{_BASE36[number // 36]}{_BASE36[number % 36]}"
        return SObject(name, prefix, fields, label, custom=True, mergeable=False)

    def _install(self, db: sqlite3.Connection, sobject: SObject) -> None:
        table = sobject.table
        present = {row[1] for row in db.execute(f"PRAGMA table_info({table})")}
        if not present:
            columns = ", ".join(_column(field) for field in sobject.fields)
            db.execute(f"CREATE TABLE {table} (rid INTEGER PRIMARY KEY, {columns}, _deleted_ms INTEGER)")
        else:
            for field in sobject.fields:
                if field.name not in present:
                    db.execute(f"ALTER TABLE {table} ADD COLUMN {_column(field)}")
                    if field.type == "boolean":
                        db.execute(f'UPDATE {table} SET "{field.name}" = ?', (int(bool(field.default)),))
        names = {field.name for field in sobject.fields}
        mark = ', "IsDeleted"' if "IsDeleted" in names else ""
        db.execute(f'CREATE UNIQUE INDEX IF NOT EXISTS "sf_{sobject.name}_Id" ON {table} ("Id")')
        db.execute(f'CREATE INDEX IF NOT EXISTS "sf_{sobject.name}_stamp" ON {table} ("SystemModstamp", "Id"{mark})')
        for field in sobject.fields:
            looked_up = field.type == "reference" and not field.name.endswith("ById")
            if looked_up or field.external_id or field.unique:
                db.execute(f'CREATE INDEX IF NOT EXISTS "sf_{sobject.name}_{field.name}" ON {table} ("{field.name}")')
        by_name = {field.name.lower(): field for field in sobject.fields}
        self._objects[sobject.name.lower()] = replace(sobject, by_name=by_name)
        self._forget()


def _column(field: Field) -> str:
    if field.type in NUMBERS:
        kind = "REAL"
    elif field.type in ("boolean", "int"):
        kind = "INTEGER"
    else:
        kind = "TEXT COLLATE NOCASE" if field.folds_case else "TEXT"
    return f'"{field.name}" {kind}'


def _rights(settings: SalesforceSettings) -> _Rights:
    return _Rights(
        settings,
        frozenset(name.lower() for name in settings.hidden_fields),
        frozenset(name.lower() for name in settings.read_only_fields),
    )
