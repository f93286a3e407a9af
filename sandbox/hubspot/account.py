"""The account's details, its usage, and OAuth tokens."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import orjson

from sandbox.hubspot import refusals
from sandbox.hubspot.call import Call, ok
from sandbox.hubspot.refusals import Refusal
from sandbox.hubspot.tables import take
from sandbox.wire import Reply

USER = "integration@sandbox.example"


def details(call: Call) -> Reply:
    settings = call.settings
    now = datetime.fromtimestamp(call.ground.clock.now_ms() / 1000, UTC)
    offset = now.astimezone(ZoneInfo(settings.timezone)).utcoffset()
    seconds = int(offset.total_seconds()) if offset is not None else 0
    sign = "-" if seconds < 0 else "+"
    return ok(
        {
            "portalId": settings.portal_id,
            "accountType": settings.account_type,
            "timeZone": settings.timezone,
            "companyCurrency": settings.company_currency,
            "additionalCurrencies": list(settings.additional_currencies),
            "utcOffset": f"{sign}{abs(seconds) // 3600:02d}:{abs(seconds) % 3600 // 60:02d}",
            "utcOffsetMilliseconds": seconds * 1000,
            "uiDomain": settings.ui_domain,
            "dataHostingLocation": "na1",
        }
    )


def token(call: Call) -> Reply:
    """Hand out an access token for the portal's refresh token (or a first authorization code)."""
    settings, form = call.settings, call.request.form()
    if form.get("client_id") != settings.client_id or form.get("client_secret") != settings.client_secret:
        raise _refused("BAD_CLIENT_ID", "missing or invalid client id or secret")
    match form.get("grant_type"):
        case "refresh_token":
            if form.get("refresh_token") != settings.refresh_token:
                raise _refused("BAD_REFRESH_TOKEN", "missing or invalid refresh token")
        case "authorization_code":
            if not form.get("code"):
                raise _refused("BAD_AUTH_CODE", "missing or unknown auth code")
        case other:
            raise _refused("BAD_GRANT_TYPE", f"missing or unknown grant type: {other}")
    now = call.ground.clock.now_ms()
    with call.ground.store.write() as db:
        number = take(db, "stage")
        value = "sandbox-oauth-" + hashlib.sha256(f"{settings.portal_id}:{number}".encode()).hexdigest()[:40]
        scopes = settings.scopes.get("oauth")
        db.execute(
            "INSERT INTO hs_token VALUES (?, ?, ?, ?)",
            (
                value,
                now + settings.token_lifetime_s * 1000,
                settings.client_id,
                orjson.dumps(scopes).decode() if scopes is not None else None,
            ),
        )
    return ok(
        {
            "token_type": "bearer",
            "refresh_token": settings.refresh_token,
            "access_token": value,
            "hub_id": settings.portal_id,
            "scopes": list(scopes or ("oauth",)),
            "expires_in": settings.token_lifetime_s,
        }
    )


def access_token(call: Call) -> Reply:
    wanted, settings = call.params["token"], call.settings
    with call.ground.store.read() as db:
        row = db.execute("SELECT expires_at, scopes FROM hs_token WHERE token = ?", (wanted,)).fetchone()
    if row is None:
        raise refusals.refusal(404, "access token info not found", "OBJECT_NOT_FOUND")
    return ok(
        {
            "token": wanted,
            "user": USER,
            "hub_domain": "sandbox.example",
            "scopes": orjson.loads(row[1]) if row[1] else ["oauth"],
            "hub_id": settings.portal_id,
            "app_id": int(settings.integration_id),
            "expires_in": max(0, (row[0] - call.ground.clock.now_ms()) // 1000),
            "user_id": 76070032,
            "token_type": "access",
        }
    )


def refresh_token(call: Call) -> Reply:
    settings = call.settings
    if call.params["token"] != settings.refresh_token:
        raise refusals.refusal(404, "refresh token info not found", "OBJECT_NOT_FOUND")
    return ok(
        {
            "token": settings.refresh_token,
            "user": USER,
            "hub_domain": "sandbox.example",
            "scopes": ["oauth"],
            "hub_id": settings.portal_id,
            "client_id": settings.client_id,
            "user_id": 76070032,
            "token_type": "refresh",
        }
    )


def _refused(status: str, message: str) -> Refusal:
    return Refusal(400, {"status": status, "message": message})
