"""Signing in: client credentials or a JWT, by our own POST to the org's own address; refreshed once for all who wait.

simple-salesforce's logins are not used: they force a host of their own making, drop the caller's headers when they sign
in again, and one of them never ends when the session stays refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Lock

import jwt
import requests

from connectors.connection import is_reference
from connectors.retry import RetryPolicy, seconds_to_wait
from connectors.salesforce.config import JwtBearer, SalesforceConnection
from connectors.salesforce.errors import sign_in_failure
from connectors.salesforce.ids import long_id
from connectors.transport import Line
from partnersync.errors import RejectedError, UnauthorizedError, UnavailableError

_JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclass(frozen=True, slots=True)
class Token:
    """An access token, where it is valid, whose org it opens, as which user. Its text never shows in a repr."""

    access: str = field(repr=False)
    instance_url: str
    org: str
    user: str = ""


class Tokens:
    """Holds the present token of one connection; safe to share between threads."""

    def __init__(
        self,
        settings: SalesforceConnection,
        secrets: Callable[[str], str],
        line: Line,
        session: requests.Session,
        policy: RetryPolicy,
    ) -> None:
        self._settings = settings
        self._secrets = secrets
        self._line = line
        self._session = session
        self._policy = policy
        self._lock = Lock()
        self._token: Token | None = None

    def current(self) -> Token:
        """The present token, signing in if there is none."""
        with self._lock:
            if self._token is None:
                self._token = self._sign_in()
            return self._token

    def renew(self, refused: Token) -> Token:
        """A token other than the one that was refused; of many who ask, one signs in."""
        with self._lock:
            if self._token is None or self._token.access == refused.access:
                self._token = self._sign_in()
            return self._token

    def _sign_in(self) -> Token:
        with self._line.calls("token"):
            return self._policy.call(self._ask, stop=self._line.surroundings.stop, idempotent=True)

    def _ask(self) -> Token:
        url = f"{self._settings.url}/services/oauth2/token"
        answer = self._session.post(url, data=self._grant(), headers={"Accept": "application/json"})
        try:
            content = answer.json()
        except ValueError:
            content = None
        if answer.status_code != 200:
            failure = sign_in_failure(answer.status_code, content)
            if isinstance(failure, UnavailableError):
                now = self._line.surroundings.clock.now()
                failure.retry_after = seconds_to_wait(answer.headers.get("Retry-After"), now)
            raise failure
        if not isinstance(content, dict) or not content.get("access_token"):
            raise UnavailableError("Salesforce sign-in answered without a token", status=200)
        return self._token_of(content)

    def _token_of(self, content: Mapping[str, str]) -> Token:
        instance = str(content.get("instance_url") or self._settings.url)
        try:
            instance = self._line.hosts.check(instance)
        except ValueError as error:
            raise RejectedError(f"Salesforce sent us to a host we do not trust: {error}") from error
        identity = str(content.get("id") or "").rstrip("/").split("/")
        org = identity[-2] if len(identity) >= 2 else content["access_token"].partition("!")[0]
        user = identity[-1] if len(identity) >= 2 else ""
        return Token(content["access_token"], instance, long_id(org), long_id(user))

    def _grant(self) -> dict[str, str]:
        auth = self._settings.auth
        if isinstance(auth, JwtBearer):
            return {"grant_type": _JWT_GRANT, "assertion": self._assertion(auth)}
        return {
            "grant_type": "client_credentials",
            "client_id": self._plain(auth.client_id),
            "client_secret": self._secrets(auth.client_secret),
        }

    def _assertion(self, auth: JwtBearer) -> str:
        expires = self._line.surroundings.clock.now() + timedelta(minutes=3)
        claims = {
            "iss": self._plain(auth.client_id),
            "sub": self._plain(auth.username),
            "aud": auth.audience,
            "exp": int(expires.timestamp()),
        }
        try:
            return jwt.encode(claims, self._secrets(auth.private_key), algorithm="RS256")
        except (ValueError, TypeError, jwt.PyJWTError) as error:
            raise UnauthorizedError(
                "the private key of the Salesforce connection is not a PEM key that can sign",
                needs=("an RSA private key in PEM form",),
            ) from error

    def _plain(self, text: str) -> str:
        """A setting that is no secret and may stand in the file, or refer to elsewhere all the same."""
        return self._secrets(text) if is_reference(text) else text
