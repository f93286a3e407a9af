"""Signing in: the OAuth token endpoint, SOAP login, and the sessions both give out."""

import base64
import binascii
import hashlib
import hmac
import html
import re
import secrets
import threading
import time
from typing import Any
from urllib.parse import unquote_plus

import orjson

from sandbox.salesforce.errors import SalesforceError
from sandbox.salesforce.ids import full_id
from sandbox.salesforce.org import Org
from sandbox.wire import Reply, Request, json_reply

_JWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_SOAP_END = 65.0


class _Refused(Exception):
    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.reply = json_reply(400, {"error": error, "error_description": description})


class SignIn:
    """Gives out sessions and knows which still hold."""

    def __init__(self, org: Org, user_id: str) -> None:
        self._org = org
        self._user_id = user_id
        self._lock = threading.Lock()
        with org.store.write(hooked=False) as db:
            db.execute(
                "CREATE TABLE IF NOT EXISTS sf_session"
                " (token TEXT PRIMARY KEY, user_id TEXT NOT NULL, issued_ms INTEGER NOT NULL)"
            )
            rows = db.execute("SELECT token, user_id, issued_ms FROM sf_session").fetchall()
        self._sessions: dict[str, tuple[str, int]] = {token: (user, issued) for token, user, issued in rows}
        self._refresh: str | None = None

    def user_of(self, request: Request) -> str:
        """The user whose session the call bears. Raises: `SalesforceError` INVALID_SESSION_ID."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        session = self._sessions.get(token.strip()) if scheme.lower() in ("bearer", "oauth") else None
        if session is None:
            raise SalesforceError("INVALID_SESSION_ID")
        user, issued_ms = session
        if self._org.clock.now_ms() - issued_ms >= self._org.switches.token_lifetime_s * 1000:
            raise SalesforceError("INVALID_SESSION_ID")
        return user

    def answer(self, request: Request) -> Reply:
        """Answer `/services/oauth2/…`, `/services/Soap/u/…` and `/id/…`."""
        path = request.path.rstrip("/")
        match path.removeprefix("/services/oauth2/"):
            case "token":
                return self._token(request)
            case "revoke":
                return self._revoke(request)
            case "userinfo":
                return self._identity(request, userinfo=True)
        if path.startswith("/id/"):
            return self._identity(request, userinfo=False)
        if path.startswith("/services/Soap/u/"):
            return self._soap(request)
        return json_reply(404, [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}])

    def revoke_all(self) -> int:
        """End every session, as an administrator can. Returns how many there were."""
        with self._lock, self._org.store.write(hooked=False) as db:
            number = len(self._sessions)
            self._sessions.clear()
            db.execute("DELETE FROM sf_session")
        return number

    def _token(self, request: Request) -> Reply:
        if request.method != "POST":
            return json_reply(400, {"error": "invalid_request", "error_description": "must use HTTP POST"})
        form = {name: values[0] for name, values in request.query.items()} | request.form()
        try:
            extra = self._granted(form, request)
        except _Refused as refused:
            return refused.reply
        token, issued = self._issue()
        identity = f"{request.base_url}/id/{full_id(self._org.switches.org_id)}/{self._user_id}"
        key = self._org.switches.client_secret.encode()
        signature = hmac.new(key, f"{identity}{issued}".encode(), hashlib.sha256).digest()
        return json_reply(
            200,
            {
                "access_token": token,
                "signature": base64.b64encode(signature).decode(),
                "scope": "api",
                "instance_url": request.base_url,
                "id": identity,
                "token_type": "Bearer",
                "issued_at": str(issued),
                **extra,
            },
            {"cache-control": "no-cache, no-store"},
        )

    def _granted(self, form: dict[str, str], request: Request) -> dict[str, Any]:
        switches = self._org.switches
        match form.get("grant_type"):
            case "client_credentials":
                self._check_client(form, request)
                return {}
            case "password":
                self._check_client(form, request)
                passwords = (switches.password, switches.password + switches.security_token)
                if form.get("username") != switches.username or form.get("password") not in passwords:
                    raise _Refused("invalid_grant", "authentication failure")
                return {}
            case "refresh_token":
                self._check_client(form, request, secret_needed=False)
                return self._refreshed(form.get("refresh_token"))
            case kind if kind == _JWT:
                self._check_assertion(form.get("assertion", ""))
                return {}
            case None:
                raise _Refused("unsupported_grant_type", "grant type not supported")
            case _:
                raise _Refused("unsupported_grant_type", "grant type not supported")

    def _check_client(self, form: dict[str, str], request: Request, secret_needed: bool = True) -> None:
        client, secret = form.get("client_id"), form.get("client_secret")
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                client, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                raise _Refused("invalid_client", "invalid client credentials") from None
            if client != self._org.switches.client_id:
                client, secret = unquote_plus(client), unquote_plus(secret)
        if client != self._org.switches.client_id:
            raise _Refused("invalid_client_id", "client identifier invalid")
        if (secret_needed or secret) and secret != self._org.switches.client_secret:
            raise _Refused("invalid_client", "invalid client credentials")

    def _refreshed(self, token: str | None) -> dict[str, Any]:
        switches = self._org.switches
        with self._lock:
            if token != (self._refresh or switches.refresh_token):
                raise _Refused("invalid_grant", "expired access/refresh token")
            if not switches.rotate_refresh_token:
                return {}
            self._refresh = "5Aep861" + secrets.token_hex(32)
            return {"refresh_token": self._refresh}

    def _check_assertion(self, assertion: str) -> None:
        """The claims must fit; the signature is not checked, for the sandbox knows no certificate."""
        try:
            payload = assertion.split(".")[1]
            claims = orjson.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
            expires = float(claims["exp"])
        except (IndexError, ValueError, KeyError, TypeError):
            raise _Refused("invalid_grant", "invalid assertion") from None
        if claims.get("iss") != self._org.switches.client_id:
            raise _Refused("invalid_client_id", "client identifier invalid")
        if claims.get("sub") != self._org.switches.username:
            raise _Refused("invalid_grant", "user hasn't approved this consumer")
        if expires < min(time.time(), self._org.clock.now_ms() / 1000):
            raise _Refused("invalid_grant", "expired authorization code")

    def _issue(self) -> tuple[str, int]:
        org_id = self._org.switches.org_id[:15]
        token = f"{org_id}!AQ{secrets.token_hex(24)}.{secrets.token_hex(20)}"
        issued = self._org.clock.now_ms()
        with self._lock, self._org.store.write(hooked=False) as db:
            self._sessions[token] = (self._user_id, issued)
            db.execute("INSERT INTO sf_session VALUES (?, ?, ?)", (token, self._user_id, issued))
        return token, issued

    def _soap_logout(self, token: str) -> Reply:
        if not self._ended(token):
            return _fault("INVALID_SESSION_ID", "Invalid Session ID found in SessionHeader")
        return Reply(200, _SOAP_LOGGED_OUT.encode(), {"content-type": "text/xml; charset=utf-8"})

    def _ended(self, token: str) -> bool:
        """End a session; whether there was one."""
        with self._lock, self._org.store.write(hooked=False) as db:
            db.execute("DELETE FROM sf_session WHERE token = ?", (token,))
            return self._sessions.pop(token, None) is not None

    def _revoke(self, request: Request) -> Reply:
        token = request.form().get("token") or request.param("token") or ""
        if not self._ended(token):
            return json_reply(400, {"error": "invalid_token", "error_description": "invalid token"})
        return Reply(200)

    def _identity(self, request: Request, userinfo: bool) -> Reply:
        try:
            user_id = self.user_of(request)
        except SalesforceError:
            return Reply(403, b"Bad_OAuth_Token", {"content-type": "text/html;charset=UTF-8"})
        user = self._org.schema.find("User")
        assert user is not None
        with self._org.store.read() as db:
            row = self._org.records.find(db, user, user_id) or {}
        org_id = full_id(self._org.switches.org_id)
        base = request.base_url
        value: dict[str, Any] = {
            "sub" if userinfo else "id": f"{base}/id/{org_id}/{user_id}",
            "user_id": user_id,
            "organization_id": org_id,
            "preferred_username" if userinfo else "username": row.get("Username"),
            "name" if userinfo else "display_name": row.get("Name"),
            "email": row.get("Email"),
            "email_verified": True,
            "active": bool(row.get("IsActive")),
            "user_type": "STANDARD",
            "zoneinfo" if userinfo else "timezone": self._org.switches.timezone,
            "locale": "en_US",
            "urls": {
                "rest": f"{base}/services/data/v{{version}}/",
                "sobjects": f"{base}/services/data/v{{version}}/sobjects/",
                "query": f"{base}/services/data/v{{version}}/query/",
            },
        }
        if not userinfo:
            value["asserted_user"] = True
        return json_reply(200, value)

    def _soap(self, request: Request) -> Reply:
        version = request.path.removeprefix("/services/Soap/u/").split("/")[0]
        text = request.body.decode("utf-8", "replace")
        switches = self._org.switches
        if re.search(r"<(?:\w+:)?logout[\s/>]", text):
            return self._soap_logout(_tag(text, "sessionId") or "")
        if not switches.soap_login or not _is_below(version, _SOAP_END):
            return _fault("UNSUPPORTED_API_VERSION", "SOAP API login() is not available in this API version")
        username, password = _tag(text, "username"), _tag(text, "password")
        accepted = (switches.password + switches.security_token, switches.password)
        if username != switches.username or password not in accepted:
            return _fault("INVALID_LOGIN", "Invalid username, password, security token; or user locked out.")
        token, _ = self._issue()
        org_id = full_id(switches.org_id)
        body = _SOAP_OK.format(
            url=html.escape(f"{request.base_url}/services/Soap/u/{version}/{org_id}"),
            token=token,
            user=self._user_id,
            org=org_id,
            name=html.escape(switches.username),
            seconds=switches.token_lifetime_s,
        )
        return Reply(200, body.encode(), {"content-type": "text/xml; charset=utf-8"})


_SOAP_OK = (
    '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope'
    ' xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:partner.soap.sforce.com"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body><loginResponse><result>'
    "<metadataServerUrl>{url}</metadataServerUrl><passwordExpired>false</passwordExpired><sandbox>false</sandbox>"
    "<serverUrl>{url}</serverUrl><sessionId>{token}</sessionId><userId>{user}</userId><userInfo>"
    "<organizationId>{org}</organizationId><sessionSecondsValid>{seconds}</sessionSecondsValid>"
    "<userId>{user}</userId><userName>{name}</userName></userInfo></result></loginResponse>"
    "</soapenv:Body></soapenv:Envelope>"
)


_SOAP_LOGGED_OUT = (
    '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope'
    ' xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:partner.soap.sforce.com">'
    "<soapenv:Body><logoutResponse/></soapenv:Body></soapenv:Envelope>"
)


def _fault(code: str, message: str) -> Reply:
    body = (
        '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope'
        ' xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:sf="urn:fault.partner.soap.sforce.com"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body><soapenv:Fault>'
        f"<faultcode>{code}</faultcode><faultstring>{code}: {message}</faultstring><detail>"
        f'<sf:LoginFault xsi:type="sf:LoginFault"><sf:exceptionCode>{code}</sf:exceptionCode>'
        f"<sf:exceptionMessage>{message}</sf:exceptionMessage></sf:LoginFault></detail></soapenv:Fault>"
        "</soapenv:Body></soapenv:Envelope>"
    )
    return Reply(500, body.encode(), {"content-type": "text/xml; charset=utf-8"})


def _tag(text: str, name: str) -> str | None:
    found = re.search(rf"<(?:\w+:)?{name}>(.*?)</(?:\w+:)?{name}>", text, re.DOTALL)
    return html.unescape(found.group(1)).strip() if found else None


def _is_below(version: str, limit: float) -> bool:
    try:
        return float(version) < limit
    except ValueError:
        return False
