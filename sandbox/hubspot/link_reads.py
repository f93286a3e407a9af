"""Reading the associations of a record, page by page."""

from __future__ import annotations

import base64
import binascii
import sqlite3
from dataclasses import dataclass
from typing import Any

from sandbox.hubspot import links
from sandbox.hubspot.desk import Desk
from sandbox.hubspot.given import identifier
from sandbox.hubspot.kinds import LINE_ITEM, Kind
from sandbox.hubspot.link_types import LinkType
from sandbox.hubspot.tables import LIVE

_INLINE_NAMES = {LINE_ITEM: "line items"}
"""The types that stand under another name than their plural in the `associations` of a record."""


@dataclass(frozen=True, slots=True)
class LinkPage:
    """Some associated records with the types of each, and where the next page starts."""

    to: list[tuple[int, list[LinkType]]]
    after: str | None


def page(db: sqlite3.Connection, kind: Kind, record_id: int, to_kind: Kind, after: str | None, limit: int) -> LinkPage:
    """The live records associated with one record, by id, beyond the token `after`."""
    types = links.types_between(db, kind, to_kind)
    rows = db.execute(
        "SELECT a.to_id, group_concat(a.type_id) FROM hs_association a"
        " JOIN hs_record r ON r.kind = a.to_kind AND r.id = a.to_id"
        " WHERE a.from_kind = ? AND a.from_id = ? AND a.to_kind = ? AND a.to_id > ? AND r.state = ?"
        " GROUP BY a.to_id ORDER BY a.to_id LIMIT ?",
        (kind.type_id, record_id, to_kind.type_id, _offset(after), LIVE, limit + 1),
    ).fetchall()
    found = [
        (to_id, [types[each] for each in sorted(map(int, ids.split(","))) if each in types])
        for to_id, ids in rows[:limit]
    ]
    return LinkPage(found, _token(found[-1][0]) if len(rows) > limit else None)


def with_labels(desk: Desk, found: LinkPage) -> list[dict[str, Any]]:
    """The `to` list of the v4 family; ids on the wire are numbers unless the switch says strings."""
    return [
        {
            "toObjectId": wire_id(desk, to_id),
            "associationTypes": [
                {"category": each.category, "typeId": each.type_id, "label": each.label} for each in types
            ],
        }
        for to_id, types in found.to
    ]


def with_names(found: LinkPage) -> list[dict[str, Any]]:
    """The `to` list of the v3 family: one entry per type."""
    return [{"id": str(to_id), "type": each.name} for to_id, types in found.to for each in types]


def wire_id(desk: Desk, record_id: int) -> int | str:
    return record_id if desk.settings.association_ids == "int" else str(record_id)


def inline(desk: Desk, kind: Kind, record_id: int, to_kinds: list[Kind], base_link: str) -> dict[str, Any]:
    """The `associations` of a listed record: at most a page per type, with its own paging."""
    shown: dict[str, Any] = {}
    for to_kind in to_kinds:
        found = page(desk.db, kind, record_id, to_kind, None, desk.settings.association_inline_page_size)
        if not found.to:
            continue
        entry: dict[str, Any] = {"results": with_names(found)}
        if found.after is not None:
            link = f"{base_link}/{kind.plural}/{record_id}/associations/{to_kind.plural}?after={found.after}"
            entry["paging"] = {"next": {"after": found.after, "link": link}}
        shown[_INLINE_NAMES.get(to_kind, to_kind.plural)] = entry
    return shown


def _token(last: int) -> str:
    return base64.urlsafe_b64encode(f"0-{last}".encode()).decode().replace("=", "%3D")


def _offset(token: str | None) -> int:
    if not token:
        return 0
    try:
        text = base64.urlsafe_b64decode(token.replace("%3D", "=")).decode().removeprefix("0-")
    except (ValueError, binascii.Error):
        text = token
    return identifier(text) or 0
