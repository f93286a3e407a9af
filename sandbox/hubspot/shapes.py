"""A record as HubSpot's JSON shows it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sandbox.hubspot import history, moments
from sandbox.hubspot.desk import Desk
from sandbox.hubspot.kinds import CONTACT, DEAL, Kind
from sandbox.hubspot.records import Record
from sandbox.hubspot.tables import ARCHIVED
from sandbox.hubspot.values import shown

_AFTER_UPDATE = ("hs_object_source", "hs_object_source_id", "hs_object_source_label")
_AFTER_UPDATE_OF = {
    CONTACT: ("hs_is_unworked", "hs_pipeline", "lifecyclestage"),
    DEAL: (
        "amount_in_home_currency",
        "hs_closed_amount",
        "hs_closed_amount_in_home_currency",
        "hs_deal_stage_probability",
        "hs_is_closed",
        "hs_is_closed_lost",
        "hs_is_closed_won",
        "hs_projected_amount",
    ),
}


def values_of(kind: Kind, record: Record) -> dict[str, str]:
    """Everything set on a record, with its id and stamps."""
    return {
        **record.props,
        "hs_object_id": str(record.id),
        kind.created: moments.iso(record.created),
        kind.modified: moments.iso(record.modified),
    }


def read(
    desk: Desk,
    kind: Kind,
    record: Record,
    names: Sequence[str] = (),
    with_history: Sequence[str] = (),
    associations: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A record as a read returns it: what was asked for (null where unset) and the system properties."""
    known = desk.properties(kind)
    wanted = {name for name in (names or kind.defaults) if name in known}
    shape = _shape(desk, kind, record, sorted(wanted.union(kind.system)), nulls=True)
    if with_history:
        shape["propertiesWithHistory"] = _histories(desk, kind, record, with_history)
    if associations:
        shape["associations"] = dict(associations)
    return shape


def created(desk: Desk, kind: Kind, record: Record) -> dict[str, Any]:
    """A record as its creation answers: every value it has."""
    return _shape(desk, kind, record, sorted(values_of(kind, record)), nulls=False)


def updated(desk: Desk, kind: Kind, record: Record, changed: Iterable[str]) -> dict[str, Any]:
    """A record as an update answers: what was sent, and what the system keeps beside it."""
    always = {*kind.system, *_AFTER_UPDATE, *_AFTER_UPDATE_OF.get(kind, ())} - _missing(record)
    names = sorted({name for name in changed if name in desk.properties(kind)} | always)
    return _shape(desk, kind, record, names, nulls=True)


def _missing(record: Record) -> set[str]:
    """System values that this record does not have, and an update therefore does not list."""
    listed = {*_AFTER_UPDATE, *(name for names in _AFTER_UPDATE_OF.values() for name in names)}
    return {name for name in listed if name not in record.props}


def _shape(
    desk: Desk,
    kind: Kind,
    record: Record,
    names: Iterable[str],
    *,
    nulls: bool,
) -> dict[str, Any]:
    known = desk.properties(kind)
    values = values_of(kind, record)
    date_format = desk.settings.date_format
    properties = {name: shown(known.get(name), values.get(name), date_format) for name in names}
    if not nulls:
        properties = {name: value for name, value in properties.items() if value is not None}
    settings = desk.settings
    shape: dict[str, Any] = {
        "id": str(record.id),
        "properties": properties,
        "createdAt": moments.iso(record.created),
        "updatedAt": moments.iso(record.modified),
        "archived": record.state == ARCHIVED,
    }
    if record.state == ARCHIVED and record.archived_at is not None:
        shape["archivedAt"] = moments.iso(record.archived_at)
    shape["url"] = f"https://{settings.ui_domain}/contacts/{settings.portal_id}/record/{kind.type_id}/{record.id}"
    return shape


def _histories(desk: Desk, kind: Kind, record: Record, names: Sequence[str]) -> dict[str, Any]:
    known = desk.properties(kind)
    return history.entries(
        desk.db,
        kind,
        record.id,
        record.created,
        values_of(kind, record),
        [name for name in names if name in known],
    )
