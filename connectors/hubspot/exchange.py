"""Send one call: stands below hubspot-api-client where its own ``ApiClient`` would be.

The problem: the client has no timeout, retries GETs behind our back, keeps the token it was built with, opens a connection
per attribute access, silences loggers of the whole process, answers None where a dated API version says 200 for 201, and
speaks only v3 and v4, which end in 2027 (measured in hubspot-api-python 12.0.0; its issues 331, 460, 495).

The choice: its API objects are kept for what they are good at, naming the calls; ``api_factory`` hands each of them this
``Exchange`` as its client. Everything below is ours: one pool, a timeout for each call and for the whole body, no retries,
the token asked anew for each call, raw JSON with exact decimals, and **one seam for the API version**:

    /crm/v3/objects/deals/search           v3
    /crm/objects/2026-09/deals/search      2026-09
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from threading import local
from typing import Any
from urllib.parse import quote, urlencode

import urllib3

from connectors.hubspot.dialect import BURST_BUCKET, BURST_SECONDS, LEAST_BURST
from connectors.hubspot.refusals import DAILY, ROLLING, Effect, refusal, seconds_to_midnight
from connectors.transport import CONNECT_TIMEOUT, Line
from partnersync.errors import ConnectorError, QuotaError, UnavailableError

AT_ONCE = 12
"""Calls that are worth having under way together: at 60 ms each they use up any portal's allowance."""
_CRM_PATH = re.compile(r"^/crm/v\d/([\w-]+)(.*)$")
_ACCOUNT_PATH = re.compile(r"^/account-info/v\d/(.*)$")


def versioned(path: str, version: str) -> str:
    """The path of a v3 or v4 call in another API version; ``v3`` leaves it as it is.

    >>> versioned("/crm/v3/owners/", "2026-09")
    '/crm/owners/2026-09'
    """
    if version == "v3":
        return path
    dated = _CRM_PATH.sub(rf"/crm/\1/{version}\2", path)
    return _ACCOUNT_PATH.sub(rf"/account-info/{version}/\1", dated).rstrip("/")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back with a 2xx: the JSON object (empty where there was none) and the server's own time."""

    status: int
    body: Mapping[str, Any]
    server_time: datetime | None

    @property
    def results(self) -> Sequence[Mapping[str, Any]]:
        """The list every HubSpot collection and batch answers with."""
        return self.body.get("results") or ()

    @property
    def after(self) -> str | None:
        """Where the next page starts; None on the last one. A short or empty page may have a next one."""
        following = (self.body.get("paging") or {}).get("next") or {}
        after = following.get("after")
        return str(after) if after not in (None, "") else None


class _Sending(local):
    """What the call of this thread does to the CRM."""

    effect: Effect = "none"


class Exchange:
    """An ``ApiClient`` to the API objects of hubspot-api-client. Up to ``AT_ONCE`` threads may read at the same time."""

    client_side_validation = False

    def __init__(self, line: Line, url: str, token: Callable[[], str], version: str) -> None:
        self.sending = _Sending()
        self.timezone: str | None = None
        self.line = line
        self._url = line.hosts.check(url)
        self._token = token
        self._version = version
        self._pool = urllib3.PoolManager(num_pools=1, maxsize=AT_ONCE, cert_reqs="CERT_REQUIRED")

    def select_header_accept(self, accepts: Sequence[str]) -> str:
        """Asked by the API objects."""
        return "application/json"

    def select_header_content_type(self, content_types: Sequence[str], method: str = "", body: Any = None) -> str:
        """Asked by the API objects."""
        return "application/json"

    def call_api(
        self,
        resource_path: str,
        method: str,
        path_params: Mapping[str, Any] | None = None,
        query_params: Sequence[tuple[str, Any]] | None = None,
        header_params: Mapping[str, str] | None = None,
        body: Any = None,
        **_: Any,
    ) -> Answer:
        """Send and tell the answer.

        Raises:
            ConnectorError: as ``refusals`` says for an answer, as ``transport`` says for none.
        """
        path = versioned(resource_path, self._version)
        for name, value in (path_params or {}).items():
            path = path.replace(f"{{{name}}}", quote(str(value), safe=""))
        query = urlencode([(name, _text(value)) for name, given in query_params or () for value in _each(given)])
        return self.send(method, f"{path}?{query}" if query else path, body)

    def send(self, method: str, target: str, body: Any = None) -> Answer:
        """Send to a path of the version's own; ``call_api`` is the same for paths that the client knows."""
        url = self._url + target
        line = self.line
        line.before(method, url)
        headers = {
            "Authorization": f"Bearer {self._token()}",
            "Accept": "application/json",
            "User-Agent": "partnersync",
        }
        content = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        try:
            response = self._pool.request(
                method,
                url,
                body=content,
                headers=headers,
                timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT, read=line.timeout),
                retries=False,
                redirect=False,
                preload_content=False,
            )
            received = _whole(response, line.timeout)
        except urllib3.exceptions.HTTPError as error:
            raise line.failed(method, url, error) from error
        line.after(method, url, response.status, response.headers)
        return self._told(response.status, response.headers, received)

    def close(self) -> None:
        """Give back the sockets."""
        self._pool.clear()

    def _refused(self, error: ConnectorError, *, told_when: bool) -> ConnectorError:
        """Tell the meter what a 429 or 477 means for the calls to come."""
        if isinstance(error, QuotaError) and error.code == DAILY and error.retry_after is None and self.timezone:
            error.retry_after = seconds_to_midnight(self._now(), self.timezone)
        if error.code == ROLLING and not told_when:
            self.line.surroundings.meter.full(self.line.connection, BURST_BUCKET, LEAST_BURST, BURST_SECONDS)
        return self.line.refused(error)

    def _now(self) -> datetime:
        return self.line.surroundings.clock.now()

    def _told(self, status: int, headers: Mapping[str, str], received: bytes) -> Answer:
        if not 200 <= status <= 299:
            error = refusal(status, headers, received, self.sending.effect, self._now())
            raise self._refused(error, told_when="Retry-After" in headers)
        if not received.strip():
            return Answer(status, {}, _server_time(headers))
        try:
            body = json.loads(received, parse_float=Decimal)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise UnavailableError(
                f"HubSpot answered {status} with something that is not a JSON object",
                status=status,
                code="unreadable_answer",
                maybe_done=self.sending.effect != "none",
            )
        return Answer(status, body, _server_time(headers))


def _whole(response: urllib3.BaseHTTPResponse, timeout: float) -> bytes:
    """The body; a server that drips bytes cannot hold the call beyond its timeout."""
    limit, chunks = time.monotonic() + timeout, []
    for chunk in response.stream(1 << 16):
        chunks.append(chunk)
        if time.monotonic() > limit:
            response.close()
            raise urllib3.exceptions.TimeoutError("the answer took too long")
    response.release_conn()
    return b"".join(chunks)


def _server_time(headers: Mapping[str, str]) -> datetime | None:
    try:
        return parsedate_to_datetime(headers["Date"])
    except (KeyError, ValueError):
        return None


def _each(value: Any) -> Sequence[Any]:
    return value if isinstance(value, (list, tuple)) else (value,)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
