"""Merging records: a new id for deals, the primary's own id for everything else.

Deals 11 and 12 merge into 13: reading 11 or 12 answers 13, `hs_merged_object_ids` of 13 is `11;12`, and
neither 11 nor 12 is in any list, archived or not. Companies 21 and 22 merge into 21.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sandbox.hubspot import derived, links, records, refusals
from sandbox.hubspot.desk import Desk
from sandbox.hubspot.kinds import DEAL, TICKET, Kind
from sandbox.hubspot.records import Record
from sandbox.hubspot.tables import LIVE, MERGED, take


def merge(desk: Desk, kind: Kind, primary_id: str, other_ids: Sequence[str]) -> Record:
    """Merge records into the survivor, which is returned. Raises: `Refusal`."""
    primary = _live(desk, kind, primary_id)
    for other_id in other_ids:
        other = _live(desk, kind, other_id)
        if other.id == primary.id:
            raise refusals.invalid("Cannot merge an object with itself", context={"id": [other_id]})
        primary = _merge_two(desk, kind, primary, other)
    return primary


def _merge_two(desk: Desk, kind: Kind, primary: Record, other: Record) -> Record:
    props = {**other.props, **primary.props}
    absorbed = [
        *primary.props.get("hs_merged_object_ids", "").split(";"),
        *other.props.get("hs_merged_object_ids", "").split(";"),
    ]
    makes_new = kind in (DEAL, TICKET)
    absorbed += [str(primary.id), str(other.id)] if makes_new else [str(other.id)]
    props["hs_merged_object_ids"] = ";".join(dict.fromkeys(each for each in absorbed if each))
    created = min(primary.created, other.created)
    for name, value in derived.calculated(desk, kind, created, props).items():
        if value is None:
            props.pop(name, None)
        else:
            props[name] = value
    if makes_new:
        survivor = Record(take(desk.db, "id"), LIVE, created, desk.now, None, None, props)
        records.insert(desk, kind, survivor)
        losers = [primary, other]
    else:
        survivor = replace(records.change(desk, kind, primary, props), created=primary.created)
        losers = [other]
    for loser in losers:
        links.moved(desk, kind, loser.id, survivor.id)
        current = records.find_all(desk.db, kind, [loser.id])[loser.id]
        records.set_state(desk, kind, current, MERGED, merged_into=survivor.id)
    return records.find_all(desk.db, kind, [survivor.id])[survivor.id]


def _live(desk: Desk, kind: Kind, record_id: str) -> Record:
    record = records.survivor(desk.db, kind, records.find(desk.db, kind, record_id))
    if record is None or not record.live:
        raise refusals.record_missing(record_id)
    return record
