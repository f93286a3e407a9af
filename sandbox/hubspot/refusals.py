"""Every refusal HubSpot gives, in the body form it gives it.

The forms differ on purpose: some errors carry no ``category``, some repeat themselves inside the
message as JSON, rate limits come in two shapes, and pipelines answer 404 in HTML. Clients parse these,
so each is built here once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

HTML_404 = (
    b'<html>\n<head>\n<meta http-equiv="Content-Type" content="text/html;charset=ISO-8859-1"/>\n'
    b"<title>Error 404 </title>\n</head>\n<body>\n<h2>HTTP ERROR: 404</h2>\n<p>Problem accessing the "
    b"requested resource. Reason:\n<pre>    Not Found</pre></p>\n</body>\n</html>\n"
)
HTML_414 = (
    b"<html>\r\n<head><title>414 Request-URI Too Large</title></head>\r\n<body>\r\n"
    b"<center><h1>414 Request-URI Too Large</h1></center>\r\n<hr><center>cloudflare</center>\r\n"
    b"</body>\r\n</html>\r\n"
)


class Refusal(Exception):
    """A request is not carried out: the status and the body that the caller gets."""

    def __init__(
        self,
        status: int,
        body: Mapping[str, Any] | None = None,
        *,
        raw: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status}: {(body or {}).get('message', '')}")
        self.status = status
        self.body = body
        self.raw = raw
        self.headers = dict(headers or {})


@dataclass(frozen=True, slots=True)
class Problem:
    """One property value that cannot be stored."""

    name: str
    code: str
    message: str


def refusal(status: int, message: str, category: str | None = None, **more: Any) -> Refusal:
    """An error body in vendor order: status, message, (correlationId), details, category, subCategory."""
    body: dict[str, Any] = {"status": "error", "message": message}
    sub_category = more.pop("subCategory", None)
    body.update(more)
    if category is not None:
        body["category"] = category
    if sub_category is not None:
        body["subCategory"] = sub_category
    return Refusal(status, body)


def invalid(message: str, **more: Any) -> Refusal:
    return refusal(400, message, "VALIDATION_ERROR", **more)


def malformed(message: str) -> Refusal:
    """A body that does not parse into the expected shape: no category."""
    return refusal(400, f"Invalid input JSON on {message}")


def unknown_type(name: str) -> Refusal:
    return refusal(400, f"Unable to infer object type from: {name}")


def record_missing(record_id: str) -> Refusal:
    if record_id.isdigit():
        return refusal(404, "resource not found")
    return refusal(
        404,
        "Object not found.  objectId are usually numeric.",
        "OBJECT_NOT_FOUND",
        context={"id": [record_id]},
    )


def route_missing() -> Refusal:
    return Refusal(404, raw=HTML_404, headers={"Content-Type": "text/html;charset=iso-8859-1"})


def uri_too_long() -> Refusal:
    return Refusal(414, raw=HTML_414, headers={"Content-Type": "text/html"})


def wrong_method(allowed: Iterable[str]) -> Refusal:
    return Refusal(405, raw=b"", headers={"Allow": ",".join(sorted(allowed))})


def invalid_values(problems: Sequence[Problem]) -> Refusal:
    """The property-value error, which repeats its list inside the message as compact JSON."""
    listed = [{"isValid": False, "message": each.message, "error": each.code, "name": each.name} for each in problems]
    return invalid(
        "Property values were not valid: " + json.dumps(listed, separators=(",", ":"), ensure_ascii=False),
        errors=[
            {"message": each.message, "code": each.code, "context": {"propertyName": [each.name]}} for each in problems
        ],
    )


def missing_required(problems: Sequence[Problem]) -> Refusal:
    """Admin validation rules, enforced on writes from 2026-09 on."""
    return invalid(
        "; ".join(each.message for each in problems),
        errors=[
            {"message": each.message, "code": each.code, "context": {"propertyName": [each.name]}} for each in problems
        ],
    )


def unauthenticated() -> Refusal:
    return refusal(
        401,
        "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find "
        "more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview",
        "INVALID_AUTHENTICATION",
    )


def expired(expires_ms: int, now_ms: int) -> Refusal:
    days = max(0, (now_ms - expires_ms) // 86_400_000)
    return refusal(
        401,
        f"This oauth-token is expired! expiresAt: {expires_ms}, now: {now_ms}",
        "EXPIRED_AUTHENTICATION",
        errors=[{"message": f"The OAuth token used to make this call expired {days} day(s) ago."}],
    )


def missing_scopes(scopes: Sequence[str]) -> Refusal:
    return refusal(
        403,
        "One or more of the following scopes are required.",
        "MISSING_SCOPES",
        context={"requiredGranularScopes": list(scopes), "links": ["https://developers.hubspot.com/scopes"]},
    )


def conflict(label: str, existing_id: str | None) -> Refusal:
    suffix = f". Existing ID: {existing_id}" if existing_id else ""
    return refusal(409, f"{label} already exists{suffix}", "CONFLICT")


def ten_secondly(form: str, group: str) -> Refusal:
    message = "You have reached your ten_secondly_rolling limit."
    if form == "category":
        return refusal(429, message, "RATE_LIMITS")
    return refusal(429, message, errorType="RATE_LIMIT", policyName="TEN_SECONDLY_ROLLING", groupName=group)


def search_secondly() -> Refusal:
    return refusal(429, "You have reached your secondly limit.", "RATE_LIMITS")


def daily(request_id: str) -> Refusal:
    return refusal(
        429,
        "You have reached your daily limit.",
        errorType="RATE_LIMIT",
        policyName="DAILY",
        requestId=request_id,
    )
