"""HubSpot's JSON records as raw records, merges and deletions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from partnersync.clock import parse_instant
from partnersync.ids import Ref
from partnersync.records import Gone, Merged, RawRecord, Unreadable, Value

CRM = "hubspot"
MERGED_IDS = "hs_merged_object_ids"
UPDATED_BY = "hs_updated_by_user_id"
ALWAYS_READ = (MERGED_IDS, UPDATED_BY)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

Json = Mapping[str, Any]


def raw_record(portal: str, object_: str, json: Json, fields: Sequence[str], now: datetime) -> RawRecord | Unreadable:
    """One record with the fields asked for; a field that HubSpot left out of it is absent, an empty one is None.

    One that cannot be read is dated ``now``, when it was met.
    """
    ref = Ref(CRM, portal, object_, str(json.get("id") or ""))
    properties = json.get("properties")
    try:
        if not ref.id or not isinstance(properties, Mapping):
            raise ValueError("it has no id or no properties")
        stamp = instant(json["updatedAt"])
        created = instant(json["createdAt"]) if json.get("createdAt") else None
    except (KeyError, ValueError) as error:
        payload: dict[str, Value] = {"record": str(dict(json))[:2_000]}
        return Unreadable(ref, f"HubSpot's {object_} {ref.id or '?'} cannot be read: {error}", payload, now)
    values = {name: _value(properties[name]) for name in fields if name in properties}
    author = properties.get(UPDATED_BY)
    return RawRecord(ref, values, stamp, created, str(author) if author else None)


def merges(portal: str, object_: str, json: Json, now: datetime) -> Iterator[Merged]:
    """The records that were merged into this one, dated ``now`` where it does not say when it was last changed."""
    losers = str((json.get("properties") or {}).get(MERGED_IDS) or "")
    survivor = str(json.get("id") or "")
    for loser in losers.split(";"):
        if loser.strip() and loser.strip() != survivor:
            own = Ref(CRM, portal, object_, survivor)
            yield Merged(Ref(CRM, portal, object_, loser.strip()), own, _first_instant((json.get("updatedAt"),), now))


def deletion(portal: str, object_: str, json: Json, now: datetime) -> Gone:
    """An archived record, gone since ``now`` where it does not say when."""
    at = _first_instant((json.get("archivedAt"), json.get("updatedAt")), now)
    return Gone(Ref(CRM, portal, object_, str(json["id"])), at)


def stamp_ms(json: Json) -> int:
    """When a record was last changed, in milliseconds since 1970; 0 where it does not say."""
    try:
        return milliseconds(instant(json["updatedAt"]))
    except (KeyError, ValueError):
        return 0


def taken(json: Json, since: int) -> bool:
    """Whether a record was last changed before ``since``; one that does not say when may have been changed at any time."""
    return 0 < stamp_ms(json) < since


def instant(text: Any) -> datetime:
    """HubSpot's ISO stamps, with or without milliseconds, or epoch milliseconds.

    Raises:
        ValueError: neither.
    """
    try:
        if isinstance(text, str) and "T" in text:
            return parse_instant(text)
        if isinstance(text, int) or (isinstance(text, str) and text.lstrip("-").isdecimal()):
            return _EPOCH + timedelta(milliseconds=int(text))
    except OverflowError as error:
        raise ValueError(f"{text!r} is out of range") from error
    raise ValueError(f"{text!r} is no instant")


def milliseconds(at: datetime) -> int:
    """Milliseconds since 1970, exact."""
    return (at - _EPOCH) // _MILLISECOND


def _first_instant(texts: Sequence[Any], otherwise: datetime) -> datetime:
    for text in texts:
        with suppress(ValueError):
            return instant(text)
    return otherwise


def _value(given: Any) -> Value:
    if isinstance(given, str):
        return given or None
    if given is None or isinstance(given, (bool, int, Decimal)):
        return given
    return str(given)
