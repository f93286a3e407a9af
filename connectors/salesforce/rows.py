"""Rows of a query as raw records: values under the names they were asked by, numbers exact, one bad row alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from connectors.salesforce.ids import is_id, long_id
from connectors.salesforce.shapes import Selection
from connectors.salesforce.wire import encode, instant
from partnersync.ids import Ref
from partnersync.records import RawRecord, Unreadable, Value

CRM = "salesforce"


def ref(org: str, object_: str, id_: str) -> Ref:
    """The identity of a record."""
    return Ref(CRM, org, object_, long_id(id_))


def read_rows(
    rows: Iterable[Mapping[str, Any]], selection: Selection, org: str, at: datetime
) -> tuple[tuple[RawRecord, ...], tuple[Unreadable, ...]]:
    """The records, and those rows that could not be read (each blocks only itself)."""
    records, unreadable = [], []
    shown = [field for field in selection.asked if field not in selection.hidden]
    for row in rows:
        try:
            records.append(_record(row, selection, shown, org))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            id_ = str(row.get("Id") or "") if isinstance(row, Mapping) else ""
            payload = {"row": encode(row)[:4000]}
            unreadable.append(Unreadable(ref(org, selection.object, id_), str(error)[:200], payload, at))
    return tuple(records), tuple(unreadable)


def _record(row: Mapping[str, Any], selection: Selection, shown: Iterable[str], org: str) -> RawRecord:
    if not is_id(row["Id"]):
        raise ValueError("the row has no usable Id")
    created = row.get("CreatedDate")
    return RawRecord(
        ref=ref(org, selection.object, row["Id"]),
        values={field: _value(row, field) for field in shown},
        stamp=instant(row[selection.stamp]),
        created_at=instant(created) if created else None,
        author=row.get("LastModifiedById"),
        life="deleted" if row.get("IsDeleted") else "live",
    )


def _value(row: Mapping[str, Any], field: str) -> Value:
    parent, dot, inner = field.partition(".")
    if dot:
        held = row[parent]
        return _plain(held[inner]) if held else None
    return _plain(row[field])


def _plain(value: Any) -> Value:
    # A compound field (an address, a geolocation) is a group of values: kept as text, since a record is flat.
    return encode(value) if isinstance(value, (dict, list)) else value
