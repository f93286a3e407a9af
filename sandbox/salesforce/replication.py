"""getUpdated and getDeleted: the ids that changed or went in a window, and up to when that is certain.

Windows go back 30 days for changes and 15 for deletions; seconds of start and end are ignored (a switch). The log of
deletions may be purged before that, but for the last two hours: `earliestDateAvailable` tells from when on it is whole. With a
transaction in flight since 12:00:30, a window ending at 12:05 answers `latestDateCovered` 12:00:30: the caller
starts its next window there.
"""

# ruff: noqa: S608 (only names from our own schema enter the SQL; values are parameters)

from datetime import datetime, timedelta
from typing import Any

from sandbox.salesforce.errors import SalesforceError
from sandbox.salesforce.moments import instant_text, parse_instant
from sandbox.salesforce.objects.model import SObject
from sandbox.salesforce.org import ApiCall, Org

_UPDATED_DAYS, _DELETED_DAYS = 30, 15
_NEVER_PURGED_S = 7200
_MOST_IDS = 600_000


def updated(org: Org, call: ApiCall, sobject: SObject) -> dict[str, Any]:
    """`GET /sobjects/X/updated`. Raises: `SalesforceError`."""
    start, end = _window(org, call, sobject, _UPDATED_DAYS)
    living = ' AND "IsDeleted" = 0' if sobject.find("IsDeleted") is not None else ""
    with org.store.read() as db:
        rows = db.execute(
            f'SELECT "Id" FROM {sobject.table} WHERE "SystemModstamp" >= ? AND "SystemModstamp" <= ?{living}'
            f' ORDER BY "SystemModstamp", "Id" LIMIT {_MOST_IDS + 1}',
            (instant_text(start), instant_text(end)),
        ).fetchall()
    if len(rows) > _MOST_IDS:
        raise SalesforceError("EXCEEDED_ID_LIMIT", f"The limit of {_MOST_IDS} ids is exceeded")
    return {"ids": [row[0] for row in rows], "latestDateCovered": instant_text(_covered(org, end))}


def deleted(org: Org, call: ApiCall, sobject: SObject) -> dict[str, Any]:
    """`GET /sobjects/X/deleted`. Raises: `SalesforceError`."""
    start, end = _window(org, call, sobject, _DELETED_DAYS)
    earliest = _logged_since(org)
    with org.store.read() as db:
        rows = db.execute(
            f'SELECT "Id", _deleted_ms FROM {sobject.table} WHERE _deleted_ms >= ? AND _deleted_ms <= ?'
            " ORDER BY _deleted_ms, rid",
            (_ms(max(start, earliest)), _ms(end)),
        ).fetchall()
    epoch = datetime.fromtimestamp(0, tz=start.tzinfo)
    return {
        "deletedRecords": [
            {"id": row[0], "deletedDate": instant_text((epoch + timedelta(milliseconds=row[1])).replace(microsecond=0))}
            for row in rows
        ],
        "earliestDateAvailable": instant_text(earliest),
        "latestDateCovered": instant_text(_covered(org, end)),
    }


def _window(org: Org, call: ApiCall, sobject: SObject, days: int) -> tuple[datetime, datetime]:
    if not org.replicates(sobject):
        raise SalesforceError("INVALID_TYPE_FOR_OPERATION", f"object type {sobject.name} is not replicable")
    start, end = (_instant(call, name) for name in ("start", "end"))
    now = org.clock.now()
    if org.switches.updated_minute_truncation:
        start, end = (at.replace(second=0, microsecond=0) for at in (start, end))
    if end <= start:
        raise SalesforceError("INVALID_REPLICATION_DATE", "endDate must be at least one minute greater than startDate")
    if start < now - timedelta(days=days):
        raise SalesforceError("INVALID_REPLICATION_DATE", f"startDate cannot be more than {days} days ago")
    return start, end


def _instant(call: ApiCall, name: str) -> datetime:
    text = call.param(name)
    if not text:
        raise SalesforceError("MISSING_ARGUMENT", f"{name} is required")
    head, plus, offset = text.rpartition(" ")
    at = parse_instant(f"{head}+{offset}" if plus else text)
    if at is None:
        raise SalesforceError("INVALID_REPLICATION_DATE", f"Invalid dateTime: {text}")
    return at


def _logged_since(org: Org) -> datetime:
    """From when on every deletion is in the log."""
    kept = timedelta(seconds=max(org.switches.delete_log_s, _NEVER_PURGED_S))
    return (org.clock.now() - min(kept, timedelta(days=_DELETED_DAYS))).replace(second=0, microsecond=0)


def _covered(org: Org, end: datetime) -> datetime:
    """What is certainly complete: not past the start of a transaction in flight, nor past now."""
    switches = org.switches
    held = max(switches.in_flight_s, switches.late_commit_s)
    return min(end, (org.clock.now() - timedelta(seconds=held)).replace(microsecond=0))


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
