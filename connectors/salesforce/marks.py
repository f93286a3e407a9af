"""What the server is sure of: ``updated`` and ``deleted`` with their ``latestDateCovered``.

``latestDateCovered`` is the start of the oldest transaction still running, so no row can appear before it any more
(developer.salesforce.com, getUpdated). Salesforce looks at whole minutes, so spans are widened to them; that may reach
into the coming minute, and therefore nothing later than the call itself is ever believed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import quote

from connectors.salesforce import soql
from connectors.salesforce.api import Answer, Part
from connectors.salesforce.cursor import OVERLAP
from connectors.salesforce.wire import instant

UNSURE = timedelta(minutes=10)
"""How long a transaction may have run where the server does not say: the limit of a synchronous one."""
OLDEST_UPDATED = timedelta(days=29)
OLDEST_DELETED = timedelta(days=14)
"""A day less than Salesforce's own limits of 30 and 15 days."""
NO_LOG = frozenset(
    {
        "INVALID_REPLICATION_DATE",
        "EXCEEDED_ID_LIMIT",
        "INSUFFICIENT_ACCESS",
        "INVALID_TYPE",
        "INVALID_TYPE_FOR_OPERATION",
        "NOT_FOUND",
        "METHOD_NOT_ALLOWED",
    }
)
"""Refusals that mean: this object, or this span, is not logged for us."""


def mark_part(object_: str, what: Literal["updated", "deleted"], since: datetime, now: datetime) -> Part:
    """Ask what was updated or deleted from ``since`` (less the overlap) until now."""
    begin = min(max(since, now - OLDEST_UPDATED), now) - OVERLAP
    end = max(now, begin)
    start, stop = begin.replace(second=0, microsecond=0), end.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return Part(what, "GET", f"sobjects/{soql.name(object_)}/{what}/?start={_quoted(start)}&end={_quoted(stop)}")


def covered(answer: Answer | None, asked_at: datetime) -> datetime:
    """Up to when an answer is complete; where the server does not say, up to ten minutes before the call.

    Raises:
        ConnectorError: the question failed for a reason that says more than that there is no log.
    """
    if answer is None:
        return asked_at - UNSURE
    if answer.failure is not None:
        if answer.failure.code not in NO_LOG:
            raise answer.failure
        return asked_at - UNSURE
    return min(asked_at, instant(answer.body["latestDateCovered"]))


def deletions(answer: Answer | None) -> Iterator[tuple[str, datetime]]:
    """Each id that ``deleted`` names, and when."""
    if answer is not None and answer.failure is None:
        body: Mapping[str, list[Mapping[str, str]]] = answer.body
        for gone in body.get("deletedRecords") or ():
            yield gone["id"], instant(gone["deletedDate"])


def purged(answer: Answer, since: datetime) -> bool:
    """Whether the log of deletions no longer reaches back to ``since``: one that grew too large is cut at its old end."""
    earliest = answer.body.get("earliestDateAvailable")
    return earliest is not None and instant(earliest) > since


def updates(answer: Answer | None) -> int:
    """How many ids ``updated`` names; unanswered counts as one, so that the rows are asked for."""
    return 1 if answer is None or answer.failure is not None else len(answer.body.get("ids") or ())


def _quoted(at: datetime) -> str:
    return quote(at.strftime("%Y-%m-%dT%H:%M:%S+00:00"), safe="")
