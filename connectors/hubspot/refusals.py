"""The one table that turns HubSpot's refusals into our errors, by what the caller can do next.

HubSpot's bodies come in several shapes and every field of them is optional (error-handling guide): JSON with ``category``,
JSON with ``errorType`` and ``policyName``, HTML of a load balancer, or nothing. So the status decides, and the body only
tells the two 429s apart, names what a permission lacks and says why.

=================  ======================================================================================
429 daily          QuotaError: the day's calls are used up (``policyName`` DAILY); until midnight of the portal
429 otherwise      wait: ``Retry-After``, else ten seconds (rolling limit) or one (search, secondly)
477                the portal is being moved: up to a minute is waited, longer is a QuotaError (up to 24 h)
423                wait at least two seconds: a lock held by other writes
408, 5xx           wait; a write may have happened (503 never did, unless it creates)
401, 403, 530      UnauthorizedError: token wrong, expired, malformed, or scopes missing (``needs``)
everything else    RejectedError
errors in a read   a 2xx that lists errors for records of a batch: wait, unless there is no such record or nothing
                   is associated with it; what was not read must not look gone
=================  ======================================================================================
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any, Literal

from connectors.hubspot.task_texts import zone
from connectors.retry import seconds_to_wait
from partnersync.errors import ConnectorError, QuotaError, RejectedError, UnauthorizedError, UnavailableError

Effect = Literal["none", "fixed", "new"]
"""What a call does: reads; sets records to given values; or makes new ones."""

DAILY = "DAILY"
ROLLING = "TEN_SECONDLY_ROLLING"
LONGEST_WAIT = 60.0
_RULES = ("MISSING_CONDITIONAL_REQUIRED_PROPERTY", "MISSING_REQUIRED_PROPERTY")
_TRANSIENT = (408, 500, 502, 503, 504, *range(520, 527))
_NOTHING_HAPPENED = (503, 521, 523)
_NOT_THERE = ("OBJECT_NOT_FOUND", "crm.associations.NO_ASSOCIATIONS_FOUND")


def refusal(status: int, headers: Mapping[str, str], body: bytes, effect: Effect, now: datetime) -> ConnectorError:
    """The error that an answer outside 2xx stands for."""
    said = _parsed(body)
    code, message = error_code(said), f"HubSpot answered {status}{error_text(said)}"
    waits = seconds_to_wait(headers.get("Retry-After"), now)
    if status == 429:
        return _too_many(said, code, message, waits)
    if status == 477:
        if waits is None or waits > LONGEST_WAIT:
            return QuotaError(f"{message}: the portal is being moved", status=status, code=code, retry_after=waits)
        return UnavailableError(message, status=status, code=code, retry_after=waits)
    if status == 423:
        return UnavailableError(message, status=status, code=code, retry_after=max(2.0, waits or 0.0))
    if status in _TRANSIENT:
        maybe = effect == "new" or (effect == "fixed" and status not in _NOTHING_HAPPENED)
        return UnavailableError(message, status=status, code=code, retry_after=waits, maybe_done=maybe)
    if status in (401, 403, 530):
        needs = missing_scopes(said)
        lacks = f"; grant {', '.join(needs)}" if needs else ""
        return UnauthorizedError(f"{message}{lacks}", status=status, code=code, needs=needs)
    return RejectedError(message, status=status, code=code)


def unread(status: int, body: Mapping[str, Any]) -> UnavailableError | None:
    """The error for a batch read that lists records as neither read nor missing; None where it lists none."""
    for said in _unread(body):
        message = f"HubSpot answered {status} without a record that was asked for{error_text(said)}"
        return UnavailableError(message, status=status, code=error_code(said))
    return None


def unread_ids(body: Mapping[str, Any]) -> frozenset[str]:
    """The ids that a batch read lists as neither read nor missing; empty where it does not say so of each."""
    named = [[str(id_) for id_ in (said.get("context") or {}).get("ids") or ()] for said in _unread(body)]
    return frozenset(id_ for ids in named for id_ in ids) if all(named) else frozenset()


def _unread(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        said
        for said in _details(body)
        if said.get("category") not in _NOT_THERE and said.get("subCategory") not in _NOT_THERE
    ]


def error_code(said: Mapping[str, Any]) -> str | None:
    """The most telling code of an error object: a detail's, the sub-category, the category, the limit's policy."""
    details = said.get("errors")
    first = details[0] if isinstance(details, list) and details and isinstance(details[0], dict) else {}
    for value in (first.get("code"), said.get("subCategory"), said.get("category"), said.get("policyName")):
        if isinstance(value, str) and value:
            return value
    return said.get("errorType") if isinstance(said.get("errorType"), str) else None


def error_text(said: Mapping[str, Any]) -> str:
    """`` : why``, shortened to a line; empty where HubSpot said nothing."""
    message = said.get("message")
    required = _required(said)
    if required:
        return f": a rule of the portal requires {' and '.join(required)} here (enforced by API 2026-09 and later)"
    if not isinstance(message, str) or not message.strip():
        return ""
    line = re.sub(r"\s+", " ", message).strip()
    return f": {line[:300]}…" if len(line) > 300 else f": {line}"


def _required(said: Mapping[str, Any]) -> tuple[str, ...]:
    """The properties that a rule of the portal's admin asks for in this record."""
    found = [
        str(name)
        for each in _details(said)
        if each.get("code") in _RULES and isinstance(each.get("context"), dict)
        for name in each["context"].get("propertyName") or ()
    ]
    return tuple(dict.fromkeys(found))


def seconds_to_midnight(now: datetime, timezone: str) -> float:
    """How long until the day of the portal's timezone ends, when its daily limit begins anew; a minute more, to be sure."""
    local = now.astimezone(zone(timezone))
    following = datetime.combine(local.date() + timedelta(days=1), time(), local.tzinfo)
    return (following.astimezone(UTC) - now).total_seconds() + 60.0


def missing_scopes(said: Mapping[str, Any]) -> tuple[str, ...]:
    """The scopes that a 403 names, at the top or inside its details."""
    contexts = [said.get("context"), *(each.get("context") for each in _details(said))]
    found = [
        scope
        for context in contexts
        if isinstance(context, dict)
        for name in ("requiredGranularScopes", "requiredScopes")
        for scope in context.get(name) or ()
    ]
    return tuple(dict.fromkeys(found))


def _too_many(said: Mapping[str, Any], code: str | None, message: str, waits: float | None) -> ConnectorError:
    policy, told = str(said.get("policyName", "")), str(said.get("message", "")).lower()
    if policy == DAILY or "daily limit" in told:
        return QuotaError(message, status=429, code=DAILY, retry_after=waits)
    rolling = policy == ROLLING or "ten_secondly" in told
    code = ROLLING if rolling else code
    if waits is not None and waits > LONGEST_WAIT:
        return QuotaError(message, status=429, code=code, retry_after=waits)
    default = 10.0 if rolling else 1.0
    return UnavailableError(message, status=429, code=code, retry_after=default if waits is None else waits)


def _details(said: Mapping[str, Any]) -> list[dict[str, Any]]:
    details = said.get("errors")
    return [each for each in details if isinstance(each, dict)] if isinstance(details, list) else []


def _parsed(body: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
