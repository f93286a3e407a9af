"""Salesforce's statuses and error codes as our errors: the one table of this connector.

Codes decide before statuses, because one status means several things: 403 is REQUEST_LIMIT_EXCEEDED (come back later) as
well as INSUFFICIENT_ACCESS (ask an admin), 400 is UNABLE_TO_LOCK_ROW (try again) as well as a validation rule (never).
"""

from __future__ import annotations

import re
from typing import Any

from partnersync.errors import ConnectorError, QuotaError, RejectedError, UnauthorizedError, UnavailableError

LOCKED = "UNABLE_TO_LOCK_ROW"
PASSING = frozenset(
    {
        LOCKED,
        "QUERY_TIMEOUT",
        "SERVER_UNAVAILABLE",
        "UNKNOWN_EXCEPTION",
        "TXN_SECURITY_METERING_ERROR",
        "REQUEST_RUNNING_TOO_LONG",
    }
)
"""Codes that waiting helps against."""
TOO_LONG = frozenset({"QUERY_TIMEOUT", "REQUEST_RUNNING_TOO_LONG"})
"""Those of them against which asking for less helps more."""
NO_ACCESS = frozenset(
    {
        "INVALID_SESSION_ID",
        "INVALID_AUTH_HEADER",
        "API_DISABLED_FOR_ORG",
        "API_CURRENTLY_DISABLED",
        "INSUFFICIENT_ACCESS",
        "INVALID_LOGIN",
        "LOGIN_MUST_USE_SECURITY_TOKEN",
    }
)
"""Codes that an admin has to lift."""
NOT_TAKEN = frozenset({"REQUEST_LIMIT_EXCEEDED", "INVALID_SESSION_ID", LOCKED, "SERVER_UNAVAILABLE"})
"""Refusals that come before anything is done."""
WAIT_STATUSES = frozenset({406, 408, 420, 429, 500, 502, 503, 504})
_LONG = re.compile(r"\s+")
_TELLING = re.compile(r"No such column|Didn't understand relationship")


def failure(status: int, content: Any, *, safe: bool) -> ConnectorError:
    """What an answer of ``status`` with this body (parsed JSON or text) means.

    ``safe`` tells that the request could not have changed anything; otherwise a 5xx without a code that says so may have
    taken effect all the same.
    """
    code, message = _first(content)
    shown = f"Salesforce: {message}" if message else f"Salesforce answered {status}"
    if code == "REQUEST_LIMIT_EXCEEDED":
        if "concurrent" in message.lower():
            return UnavailableError(shown, status=status, code=code)
        return QuotaError(shown, status=status, code=code)
    if status == 401 or code in NO_ACCESS:
        return UnauthorizedError(shown, status=status, code=code)
    if code in PASSING or status in WAIT_STATUSES:
        maybe_done = not safe and status >= 500 and code not in NOT_TAKEN
        return UnavailableError(shown, status=status, code=code, maybe_done=maybe_done)
    if status == 403 and not code:
        return UnauthorizedError(shown, status=status)
    return RejectedError(shown, status=status, code=code)


def sign_in_failure(status: int, content: Any) -> ConnectorError:
    """What a refusal of the token endpoint means; its body is ``{"error", "error_description"}``."""
    told = content if isinstance(content, dict) else {}
    code, message = str(told.get("error") or ""), short(told.get("error_description"))
    if status in WAIT_STATUSES:
        return UnavailableError(f"Salesforce sign-in answered {status}", status=status, code=code or None)
    return UnauthorizedError(
        f"Salesforce refused the sign-in: {message or code or status}",
        status=status,
        code=code or None,
        needs=("an external client app whose flow is enabled, with its id and secret or certificate",),
    )


def short(text: Any, limit: int = 200) -> str:
    """A vendor's message on one line, cut: bodies are never kept whole."""
    line = _LONG.sub(" ", str(text or "")).strip()
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _first(content: Any) -> tuple[str | None, str]:
    found = content[0] if isinstance(content, list) and content else content
    if not isinstance(found, dict):
        return None, ""
    code = found.get("errorCode") or found.get("statusCode") or found.get("error")
    text = str(found.get("message") or found.get("error_description") or "")
    telling = _TELLING.search(text)
    # An excerpt of the query stands before the name of the field, long enough that cutting would leave nothing else.
    return (cause(str(code), text) if code else None), short(text[telling.start() :] if telling else text)


def cause(code: str, text: str) -> str:
    """What was really the matter: a trigger that meets a locked row fails with a code of its own, and names the lock."""
    return LOCKED if LOCKED in text else code
