"""A task in the house's words and in HubSpot's: the body as HTML with our key in it, the due day as an instant."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from connectors.base import TaskDraft
from connectors.hubspot.records import instant
from partnersync.records import Value

TASKS = "tasks"
KEY_PROPERTY = "partnersync_key"
READ = (
    "hs_task_subject",
    "hs_task_body",
    "hs_timestamp",
    "hs_task_status",
    "hs_task_priority",
    "hubspot_owner_id",
    KEY_PROPERTY,
)
_PRIORITY = {"low": "LOW", "normal": "MEDIUM", "high": "HIGH"}
_MARK = re.compile(r"\[partnersync:([^\]\s]+)\]")
_BREAK = re.compile(r"<br\s*/?>|</p>\s*<p[^>]*>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-z][^>]*>", re.IGNORECASE)


def properties(draft: TaskDraft, timezone: str, *, keyed: bool) -> dict[str, str]:
    """HubSpot's properties of an open task; ``keyed``: the portal has the unique property for our key."""
    noon = datetime.combine(date.fromisoformat(draft.due_on), time(12), zone(timezone))
    body = draft.body if keyed else f"{draft.body}\n[partnersync:{draft.key}]".lstrip("\n")
    return {
        "hs_task_subject": draft.subject,
        "hs_task_body": html.escape(body, quote=False).replace("\n", "<br>"),
        "hs_timestamp": str(round(noon.timestamp() * 1000)),
        "hs_task_priority": _PRIORITY[draft.priority],
        "hubspot_owner_id": draft.owner or "",
    }


def told(json: Mapping[str, Any], timezone: str) -> dict[str, Value]:
    """A task's values under the house's names; ``key`` is None where it is no task of ours."""
    given = json.get("properties") or {}
    body = _plain(str(given.get("hs_task_body") or ""))
    if _MARK.search(body) is not None:
        body = _MARK.sub("", body).rstrip()
    return {
        "subject": given.get("hs_task_subject"),
        "body": body,
        "due_on": _day(given.get("hs_timestamp"), timezone),
        "owner": given.get("hubspot_owner_id") or None,
        "done": given.get("hs_task_status") == "COMPLETED",
        "key": key_in(json),
    }


def key_in(json: Mapping[str, Any]) -> str | None:
    """The key that a task carries, in its own property or in its body; None where it is no task of ours."""
    given = json.get("properties") or {}
    marked = _MARK.search(_plain(str(given.get("hs_task_body") or "")))
    return given.get(KEY_PROPERTY) or (marked[1] if marked is not None else None)


def zone(name: str) -> ZoneInfo:
    """A portal's timezone; UTC where it names none that exists."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def _day(stamp: Any, timezone: str) -> str | None:
    """The day on which a task is due, as people of the portal see it."""
    try:
        return instant(stamp).astimezone(UTC).astimezone(zone(timezone)).date().isoformat()
    except (ValueError, OverflowError):
        return None


def _plain(body: str) -> str:
    return html.unescape(_TAG.sub("", _BREAK.sub("\n", body)))
