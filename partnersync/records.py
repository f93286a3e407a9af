"""What a connector hands over: raw records as the source gave them, before any mapping."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from partnersync.frozen import frozen
from partnersync.ids import Ref

Value = str | int | Decimal | bool | None
"""One field as received: numbers exact (never a binary float), stamps and dates as the source's text."""

Life = Literal["live", "deleted"]


@frozen()
class RawRecord:
    """One record of a source.

    ``values`` holds the fields that were asked for under the names they were asked by (parent fields dotted:
    ``Account.Name``); a field that the source hid is absent, which is not the same as None. ``stamp`` is the source's
    own modification instant, ``author`` who made it where the source tells (a user id or name).
    """

    ref: Ref
    values: Mapping[str, Value]
    stamp: datetime
    created_at: datetime | None = None
    author: str | None = None
    life: Life = "live"


@dataclass(frozen=True, slots=True)
class Gone:
    """The source says this record was deleted (absence from a page never is)."""

    ref: Ref
    at: datetime


@dataclass(frozen=True, slots=True)
class Merged:
    """``loser`` now lives on as ``survivor`` (Salesforce MasterRecordId, HubSpot hs_merged_object_ids)."""

    loser: Ref
    survivor: Ref
    at: datetime


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record or row that the connector could not read: it blocks only itself."""

    ref: Ref
    reason: str
    payload: Mapping[str, Value]
    at: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """A page of one object, and the cursor to store in the same transaction.

    ``cursor`` is JSON text that only its connector understands; None leaves the stored one alone. ``done`` is true on
    the object's last page of this pull. ``full`` marks pages of a complete read; on its last page ``total`` is how many
    live records the whole read saw. ``tick`` is the time within which two changes of a record may bear one stamp, where the
    page shows the later of them for sure: a second in Salesforce.
    """

    object: str
    records: tuple[RawRecord, ...] = ()
    gone: tuple[Gone, ...] = ()
    merged: tuple[Merged, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    cursor: str | None = None
    done: bool = False
    full: bool = False
    total: int | None = None
    tick: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Wanted:
    """One object to pull, the fields to bring, and where the last pull of it stopped (None: never pulled)."""

    object: str
    fields: tuple[str, ...]
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """Which org or portal a credential opens; a database is bound to it.

    ``user`` is who we are there, as ``RawRecord.author`` says it; empty where the source does not tell who wrote a record.
    """

    crm: str
    org: str
    name: str = ""
    currency: str | None = None
    timezone: str | None = None
    user: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """A CRM user or owner who can own records and tasks."""

    ref: Ref
    name: str
    email: str
    active: bool
    manager_id: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a picklist, enumeration or stage list."""

    value: str
    label: str
    active: bool = True


FieldKind = Literal["text", "number", "date", "datetime", "boolean", "choice", "multichoice", "lookup", "id"]


@dataclass(frozen=True, slots=True)
class FieldSchema:
    """What the CRM says of one field; ``scale`` is decimals kept, ``length`` characters kept (None: not told)."""

    name: str
    label: str
    kind: FieldKind
    readable: bool = True
    creatable: bool = True
    updatable: bool = True
    required: bool = False
    unique: bool = False
    external_id: bool = False
    calculated: bool = False
    length: int | None = None
    scale: int | None = None
    choices: tuple[Choice, ...] = ()
    restricted: bool = False
    refers_to: tuple[str, ...] = ()
    case_sensitive: bool = False


@dataclass(frozen=True, slots=True)
class ObjectSchema:
    """What the CRM says of one object; ``fields`` by the CRM's own field name."""

    object: str
    label: str
    fields: Mapping[str, FieldSchema] = field(default_factory=dict)
    creatable: bool = True
    updatable: bool = True
