"""Creating, changing and deleting single records, by the vendor's rules.

Every method joins the write transaction it is called in. Checks come before the first statement that writes, so
a refused record leaves nothing behind.
"""

# ruff: noqa: S608 (only names from our own schema enter the SQL; values are parameters)

import random
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.clock import Clock
from sandbox.injection import current_call
from sandbox.salesforce.checks import Checks
from sandbox.salesforce.derive import derived
from sandbox.salesforce.errors import MESSAGES, SalesforceError, not_found
from sandbox.salesforce.fields import Field
from sandbox.salesforce.ids import mint
from sandbox.salesforce.moments import stamp, stamp_ms
from sandbox.salesforce.objects.model import SObject
from sandbox.salesforce.schema import Schema
from sandbox.salesforce.values import stored_value
from sandbox.settings import Settings
from sandbox.store import Store

_SYSTEM = frozenset(
    ("Id", "IsDeleted", "CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", "SystemModstamp")
)
_TRACKED = ("StageName", "Amount", "Probability", "CloseDate")
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who writes: a user, whether through the API (whose rights are checked), whether duplicates may be saved."""

    user_id: str
    api: bool = True
    saves_duplicates: bool = False


class Records:
    """The rows of every object."""

    def __init__(self, store: Store, schema: Schema, clock: Clock, settings: Settings) -> None:
        self._store = store
        self._schema = schema
        self._clock = clock
        self._settings = settings
        self._drawn = 0
        self._checks = Checks(schema)

    def find(self, db: sqlite3.Connection, sobject: SObject, record_id: str) -> Row | None:
        """A row as stored, deleted or not."""
        cursor = db.execute(f'SELECT * FROM {sobject.table} WHERE "Id" = ?', (record_id,))
        row = cursor.fetchone()
        if row is None:
            return None
        return dict(zip((column[0] for column in cursor.description), row, strict=True))

    def create(self, sobject: SObject, body: Mapping[str, Any], actor: Actor) -> str:
        """Insert a record. Returns its id. Raises: `SalesforceError`."""
        with self._store.write() as db:
            self._meet_fault()
            if actor.api and not sobject.createable:
                raise SalesforceError(
                    "INVALID_TYPE_FOR_OPERATION", f"entity type cannot be inserted: {sobject.label or sobject.name}"
                )
            values = self._accepted(db, sobject, body, actor, creating=True)
            values |= self._flows(sobject, values)
            set_by_caller = frozenset(values)
            self._fill(sobject, values, actor)
            missing = [f.name for f in sobject.fields if f.required and values.get(f.name) is None]
            if missing:
                raise _missing(missing)
            now = self._stamp()
            values |= derived(db, self._settings.salesforce, sobject, values, set_by_caller, now)
            self._checks.references(db, sobject, values, set_by_caller)
            self._checks.unique(db, sobject, values, None)
            self._meet_duplicate_rules(db, sobject, values, None, actor)
            (record_id,) = mint(db, sobject.prefix)
            values |= self._system(sobject, record_id, actor, now)
            columns = ", ".join(f'"{name}"' for name in values)
            marks = ", ".join("?" * len(values))
            db.execute(f"INSERT INTO {sobject.table} ({columns}) VALUES ({marks})", tuple(values.values()))
            if sobject.name == "Opportunity":
                self._track(db, values, {}, actor, now)
            return record_id

    def update(
        self,
        sobject: SObject,
        record_id: str,
        body: Mapping[str, Any],
        actor: Actor,
        precondition: Callable[[Row], None] | None = None,
        missing: SalesforceError | None = None,
    ) -> None:
        """Change a record; its stamps move even where nothing differs. Raises: `SalesforceError`."""
        with self._store.write() as db:
            self._meet_fault()
            before = self._living(db, sobject, record_id, missing)
            if precondition is not None:
                precondition(before)
            if actor.api and not sobject.updateable:
                raise SalesforceError(
                    "INVALID_TYPE_FOR_OPERATION", f"entity type cannot be updated: {sobject.label or sobject.name}"
                )
            values = self._accepted(db, sobject, body, actor, creating=False)
            emptied = [
                name for name, value in values.items() if value is None and not self._field(sobject, name).nillable
            ]
            if emptied:
                raise _missing(emptied)
            values |= self._flows(sobject, values)
            now = self._stamp(before)
            changed = frozenset(n for n, v in values.items() if before.get(n) != v)
            values |= derived(db, self._settings.salesforce, sobject, {**before, **values}, changed, now)
            self._checks.references(db, sobject, values, changed)
            self._checks.unique(db, sobject, values, record_id)
            self._meet_duplicate_rules(db, sobject, values, record_id, actor)
            values |= {"LastModifiedDate": now, "LastModifiedById": actor.user_id, "SystemModstamp": now}
            self._set(db, sobject, record_id, values)
            if sobject.name == "Opportunity":
                self._track(db, {**before, **values}, before, actor, now)

    def delete(self, sobject: SObject, record_id: str, actor: Actor, missing: SalesforceError | None = None) -> None:
        """Put a record, and what belongs to it, into the recycle bin. Raises: `SalesforceError`."""
        with self._store.write() as db:
            self._meet_fault()
            before = self._living(db, sobject, record_id, missing)
            if not sobject.deletable or sobject.find("IsDeleted") is None:
                raise SalesforceError("INSUFFICIENT_ACCESS_OR_READONLY", "entity type cannot be deleted", [])
            now = self._stamp(before)
            self._bin(db, sobject, record_id, actor, now, self._deleted_ms(now))

    def undelete(self, sobject: SObject, record_id: str, actor: Actor) -> None:
        """Bring a record, and what went with it, back. Raises: `SalesforceError`."""
        with self._store.write() as db:
            row = self.find(db, sobject, record_id)
            if row is None or not row.get("IsDeleted"):
                raise SalesforceError("UNDELETE_FAILED", "entity is not in the recycle bin", [])
            self._unbin(db, sobject, record_id, actor, self._stamp(row), row["_deleted_ms"])

    def merge(self, sobject: SObject, winner: str, losers: Sequence[str], actor: Actor) -> None:
        """Fold records into one: children move, the losers are deleted and name it as their master."""
        with self._store.write() as db:
            if not sobject.mergeable:
                raise SalesforceError("INVALID_TYPE_FOR_OPERATION", f"{sobject.name} cannot be merged")
            now = self._stamp(self._living(db, sobject, winner, None))
            now_ms = self._deleted_ms(now)
            touched = {"LastModifiedDate": now, "LastModifiedById": actor.user_id, "SystemModstamp": now}
            for loser in losers:
                self._living(db, sobject, loser, None)
                for other, lookup in self._schema.children(sobject):
                    if lookup.name != "MasterRecordId" and other.find("LastModifiedDate") is not None:
                        db.execute(
                            f'UPDATE {other.table} SET "{lookup.name}" = ?, "LastModifiedDate" = ?,'
                            f' "LastModifiedById" = ?, "SystemModstamp" = ? WHERE "{lookup.name}" = ?',
                            (winner, now, actor.user_id, now, loser),
                        )
                gone = {"IsDeleted": 1, "MasterRecordId": winner, "_deleted_ms": now_ms}
                self._set(db, sobject, loser, {**touched, **gone})
            self._set(db, sobject, winner, touched)

    def _accepted(
        self, db: sqlite3.Connection, sobject: SObject, body: Mapping[str, Any], actor: Actor, creating: bool
    ) -> Row:
        values: Row = {}
        refused: list[str] = []
        for name, value in body.items():
            if name == "attributes":
                continue
            field = self._schema.field(sobject, name) if actor.api else sobject.find(name)
            if field is None and isinstance(value, Mapping):
                field, value = self._checks.related(db, sobject, name, value)
            if field is None:
                raise SalesforceError("INVALID_FIELD", f"No such column '{name}' on sobject of type {sobject.name}")
            if field.name in _SYSTEM and not actor.api:
                raise ValueError(f"{field.name} is the system's own")
            allowed = field.createable if creating else field.updateable
            if actor.api and not (allowed and self._schema.editable(sobject, field)):
                refused.append(field.name)
                continue
            values[field.name] = stored_value(sobject, field, value)
        if refused:
            raise SalesforceError(
                "INVALID_FIELD_FOR_INSERT_UPDATE",
                f"Unable to create/update fields: {', '.join(refused)}. Please check the security settings of this"
                " field and verify that it is read/write for your profile or permission set.",
                refused,
            )
        return values

    def _fill(self, sobject: SObject, values: Row, actor: Actor) -> None:
        for field in sobject.fields:
            if values.get(field.name) is not None:
                continue
            if field.type == "boolean":
                values[field.name] = int(bool(field.default))
            elif field.name == "OwnerId":
                values[field.name] = actor.user_id
            elif field.name == "CurrencyIsoCode":
                values[field.name] = self._settings.salesforce.corporate_currency
            elif field.default is not None:
                values[field.name] = stored_value(sobject, field, field.default)

    def _system(self, sobject: SObject, record_id: str, actor: Actor, now: str) -> Row:
        values: Row = {
            "Id": record_id,
            "IsDeleted": 0,
            "CreatedDate": now,
            "CreatedById": actor.user_id,
            "LastModifiedDate": now,
            "LastModifiedById": actor.user_id,
            "SystemModstamp": now,
        }
        return {name: value for name, value in values.items() if sobject.find(name) is not None}

    def _living(self, db: sqlite3.Connection, sobject: SObject, record_id: str, missing: SalesforceError | None) -> Row:
        row = self.find(db, sobject, record_id)
        if row is None:
            raise missing or not_found()
        if row.get("IsDeleted"):
            raise SalesforceError("ENTITY_IS_DELETED", fields=[])
        return row

    def _set(self, db: sqlite3.Connection, sobject: SObject, record_id: str, values: Row) -> None:
        assignments = ", ".join(f'"{name}" = ?' for name in values)
        db.execute(f'UPDATE {sobject.table} SET {assignments} WHERE "Id" = ?', (*values.values(), record_id))

    def _bin(
        self, db: sqlite3.Connection, sobject: SObject, record_id: str, actor: Actor, now: str, now_ms: int
    ) -> None:
        touched = {"LastModifiedDate": now, "LastModifiedById": actor.user_id, "SystemModstamp": now}
        self._set(db, sobject, record_id, {"IsDeleted": 1, "_deleted_ms": now_ms, **touched})
        for other, lookup in self._schema.children(sobject):
            if lookup.cascade:
                for (child,) in db.execute(
                    f'SELECT "Id" FROM {other.table} WHERE "{lookup.name}" = ? AND "IsDeleted" = 0', (record_id,)
                ).fetchall():
                    self._bin(db, other, child, actor, now, now_ms)

    def _unbin(
        self, db: sqlite3.Connection, sobject: SObject, record_id: str, actor: Actor, now: str, deleted_ms: int
    ) -> None:
        touched = {"LastModifiedDate": now, "LastModifiedById": actor.user_id, "SystemModstamp": now}
        self._set(db, sobject, record_id, {"IsDeleted": 0, "_deleted_ms": None, **touched})
        for other, lookup in self._schema.children(sobject):
            if lookup.cascade:
                for (child,) in db.execute(
                    f'SELECT "Id" FROM {other.table} WHERE "{lookup.name}" = ? AND _deleted_ms = ?',
                    (record_id, deleted_ms),
                ).fetchall():
                    self._unbin(db, other, child, actor, now, deleted_ms)

    def _track(self, db: sqlite3.Connection, after: Row, before: Row, actor: Actor, now: str) -> None:
        if before and all(after.get(name) == before.get(name) for name in _TRACKED):
            return
        (history_id,) = mint(db, "008")
        db.execute(
            'INSERT INTO "sf_OpportunityHistory" ("Id", "IsDeleted", "CreatedDate", "CreatedById", "SystemModstamp",'
            ' "OpportunityId", "StageName", "Amount", "ExpectedRevenue", "CloseDate", "Probability",'
            ' "ForecastCategory", "PrevAmount", "PrevCloseDate", "CurrencyIsoCode")'
            " VALUES (?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                history_id,
                now,
                actor.user_id,
                now,
                after["Id"],
                *(after.get(n) for n in ("StageName", "Amount", "ExpectedRevenue", "CloseDate", "Probability")),
                after.get("ForecastCategory"),
                before.get("Amount"),
                before.get("CloseDate"),
                after.get("CurrencyIsoCode"),
            ),
        )

    def _field(self, sobject: SObject, name: str) -> Field:
        field = sobject.find(name)
        assert field is not None
        return field

    def _stamp(self, before: Row | None = None) -> str:
        """The stamp of a change that commits now: never before the record's last, since a save locks its row."""
        switches = self._settings.salesforce
        delay_ms = switches.late_commit_s * 1000
        if switches.late_commit_seed is None:
            return stamp(self._clock.now_ms() - delay_ms)
        self._drawn += 1
        drawn = random.Random(f"{switches.late_commit_seed}:{self._drawn}").randint(0, delay_ms)
        at = stamp(self._clock.now_ms() - drawn)
        return max(at, str(before["SystemModstamp"])) if before else at

    def _deleted_ms(self, now: str) -> int:
        """When a deletion stamped ``now`` counts as made."""
        drawn = self._settings.salesforce.late_commit_seed is not None
        return stamp_ms(now) if drawn else self._clock.now_ms()

    def _flows(self, sobject: SObject, values: Mapping[str, Any]) -> dict[str, Any]:
        """What flows that run before a record is saved make of its fields."""
        capitals = {field for object_, field in self._settings.salesforce.capitals if object_ == sobject.name}
        return {name: values[name].upper() for name in capitals & values.keys() if isinstance(values[name], str)}

    def _meet_duplicate_rules(
        self, db: sqlite3.Connection, sobject: SObject, values: Row, record_id: str | None, actor: Actor
    ) -> None:
        if not actor.api or actor.saves_duplicates:
            return
        for object_name, field_name in self._settings.salesforce.duplicate_rules:
            if object_name == sobject.name and values.get(field_name) is not None:
                self._checks.duplicates(db, sobject, field_name, values[field_name], record_id)

    def _meet_fault(self) -> None:
        call = current_call.get()
        fault = call.record_error() if call is not None else None
        if fault is not None:
            status = None
            if fault.code == "UNABLE_TO_LOCK_ROW":
                status = self._settings.salesforce.lock_row_status
            elif fault.code == "INSUFFICIENT_ACCESS_OR_READONLY":
                status = self._settings.salesforce.insufficient_access_status
            raise SalesforceError(fault.code, fault.message or MESSAGES.get(fault.code), [], status)


def _missing(names: list[str]) -> SalesforceError:
    return SalesforceError("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(names)}]", names)
