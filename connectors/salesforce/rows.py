"""Rows of a query as raw records: values under the names they were asked by, numbers exact, one bad row alone.

A first load reads tens of thousands of rows, so what does not differ between the rows of a page is settled once per page:
which fields are shown, and whether any leads through a parent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from connectors.salesforce.ids import is_id, long_id
from connectors.salesforce.shapes import Selection
from connectors.salesforce.wire import encode, instant
from partnersync.ids import Ref
from partnersync.records import RawRecord, Unreadable, Value

CRM = "salesforce"
Row = Mapping[str, Any]
_GROUPS = frozenset({dict, list})


def ref(org: str, object_: str, id_: str) -> Ref:
    """The identity of a record."""
    return Ref(CRM, org, object_, long_id(id_))


def read_rows(
    rows: Iterable[Row], selection: Selection, org: str, at: datetime
) -> tuple[tuple[RawRecord, ...], tuple[Unreadable, ...]]:
    """The records, and those rows that could not be read (each blocks only itself)."""
    records, unreadable = [], []
    values = _values(tuple(field for field in selection.asked if field not in selection.hidden))
    object_, stamp = selection.object, selection.stamp
    for row in rows:
        try:
            id_ = row["Id"]
            if not is_id(id_):
                raise ValueError("the row has no usable Id")
            created = row.get("CreatedDate")
            records.append(
                RawRecord(
                    Ref(CRM, org, object_, long_id(id_)),
                    values(row),
                    instant(row[stamp]),
                    instant(created) if created else None,
                    row.get("LastModifiedById"),
                    "deleted" if row.get("IsDeleted") else "live",
                )
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            known = str(row.get("Id") or "") if isinstance(row, Mapping) else ""
            payload = {"row": encode(row)[:4000]}
            unreadable.append(Unreadable(ref(org, object_, known), str(error)[:200], payload, at))
    return tuple(records), tuple(unreadable)


def _values(shown: tuple[str, ...]) -> Callable[[Row], Mapping[str, Value]]:
    """How the shown fields are taken from a row."""
    dotted = any("." in field for field in shown)

    def take(row: Row) -> Mapping[str, Value]:
        found = {field: _field(row, field) for field in shown} if dotted else {field: row[field] for field in shown}
        if not _GROUPS.isdisjoint(map(type, found.values())):
            # A compound field (an address, a geolocation) is a group of values: kept as text, since a record is flat.
            return {field: encode(held) if isinstance(held, (dict, list)) else held for field, held in found.items()}
        return found

    return take


def _field(row: Row, field: str) -> Any:
    parent, dot, inner = field.partition(".")
    if not dot:
        return row[field]
    held = row[parent]
    return held[inner] if held else None
