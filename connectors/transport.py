"""The way out: one place where every exchange with a CRM is timed out, counted, kept to its hosts and told as our errors.

``Line`` knows the connection: its meter, its hosts, and what the calls at hand are for (``with line.calls("hot")``). It
serves any client: ``before`` each send, ``after`` each answer, ``failed`` for what the network did. ``session`` puts it
under a ``requests`` session, with the client's own retries, redirects, proxies and environment switched off.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from threading import local
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    LocationValueError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
    SSLError,
)

from connectors.base import Budget, Freshness, Surroundings
from connectors.hosts import LOOPBACK, Hosts
from partnersync.errors import ConnectorError, QuotaError, RejectedError, UnavailableError

CONNECT_TIMEOUT = 5.0
E = TypeVar("E", bound=ConnectorError)
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_NEVER_SENT = (NewConnectionError, NameResolutionError, ConnectTimeoutError, SSLError, ProxyError, LocationValueError)


class Dialect(Protocol):
    """What a vendor's calls are called and what its answers tell about the allowance."""

    def endpoint(self, method: str, path: str) -> str:
        """A stable name of the call for counters, without ids: ``composite``, ``search.deals``."""
        ...

    def bucket(self, method: str, path: str) -> str | None:
        """Which allowance the call draws on; None: none."""
        ...

    def budgets(self, headers: Mapping[str, str], line: Line) -> Iterable[Budget]:
        """What the answer's headers (any case) say is left."""
        ...


class _Purpose(local):
    freshness: Freshness = "check"


@dataclass(slots=True)
class Line:
    """One connection's way out; each thread that uses it says what its own calls are for."""

    connection: str
    hosts: Hosts
    dialect: Dialect
    surroundings: Surroundings
    timeout: float = 60.0
    _purpose: _Purpose = field(default_factory=_Purpose)

    @property
    def freshness(self) -> Freshness:
        """What this thread's calls are counted as."""
        return self._purpose.freshness

    @contextmanager
    def calls(self, freshness: Freshness) -> Iterator[None]:
        """Calls made inside, by this thread, are counted as ``freshness``."""
        before, self._purpose.freshness = self.freshness, freshness
        try:
            yield
        finally:
            self._purpose.freshness = before

    def before(self, method: str, url: str) -> None:
        """Keep to the hosts, then wait for a place in the call's bucket.

        Raises:
            RejectedError: the URL leads elsewhere.
            QuotaError: the share of the allowance that is reserved for people would be touched.
            UnavailableError: the stop signal came while waiting.
        """
        parts = urlsplit(url)
        if not self.hosts.allows(url):
            raise RejectedError(f"refused to call {parts.hostname}: it is not a host of connection {self.connection}")
        bucket = self.dialect.bucket(method, parts.path)
        if bucket is None:
            return
        meter, stop = self.surroundings.meter, self.surroundings.stop
        while (seconds := meter.wait(self.connection, bucket)) > 0:
            if stop.wait(seconds):
                raise UnavailableError("stopped while waiting for the rate limit")

    def after(self, method: str, url: str, status: int | None, headers: Mapping[str, str]) -> None:
        """Count one exchange (``status`` None: no answer came) and learn what is left."""
        path = urlsplit(url).path
        bucket = self.dialect.bucket(method, path)
        if bucket is not None:
            self.surroundings.meter.answered(self.connection, bucket)
        endpoint = self.dialect.endpoint(method, path)
        self.surroundings.meter.count(self.connection, self.freshness, endpoint, status)
        if status is not None:
            for budget in self.dialect.budgets(headers, self):
                self.surroundings.meter.learn(self.connection, budget)

    def refused(self, error: E) -> E:
        """Let the connection rest where its allowance is used up; gives the error back, to be raised."""
        if isinstance(error, QuotaError):
            self.surroundings.meter.rest(self.connection, error.retry_after, str(error))
        return error

    def failed(self, method: str, url: str, error: BaseException) -> UnavailableError | RejectedError:
        """What a network exception means: count it and tell whether the request may have taken effect."""
        self.after(method, url, None, {})
        cause, host = _root(error), urlsplit(url).hostname
        if isinstance(cause, (SSLError, ssl.SSLCertVerificationError)) and "CERTIFICATE" in str(cause).upper():
            return RejectedError(f"the certificate of {host} cannot be verified", code="certificate")
        maybe_done = method.upper() not in SAFE_METHODS and not isinstance(cause, _NEVER_SENT)
        told = "never reached" if isinstance(cause, _NEVER_SENT) else "no whole answer from"
        return UnavailableError(f"{told} {host}: {type(cause).__name__}", code="network", maybe_done=maybe_done)


def _root(error: BaseException) -> BaseException:
    """The network library's own reason under the wrappers of ``requests`` and of urllib3's retry loop."""
    seen = error
    while True:
        inner = seen.reason if isinstance(seen, MaxRetryError) else seen.args[0] if seen.args else None
        if not isinstance(inner, (HTTPError, MaxRetryError, ssl.SSLError)):
            return seen
        seen = inner


class _Adapter(HTTPAdapter):
    """Sends through the line; reads the whole body within the timeout, so that no failure surfaces later.

    Only where a caller asks for a stream is a good answer's body left to it (``streaming.lines``).
    """

    def __init__(self, line: Line, plain_loopback: bool) -> None:
        self._line = line
        self._plain_loopback = plain_loopback
        super().__init__(max_retries=0, pool_connections=4, pool_maxsize=4)

    def send(self, request: requests.PreparedRequest, stream: bool = False, *_: Any, **__: Any) -> requests.Response:
        line, method = self._line, request.method or "GET"
        url = request.url = self._address(request.url or "")
        line.before(method, url)
        limit = time.monotonic() + line.timeout
        try:
            response = super().send(request, stream=True, timeout=(CONNECT_TIMEOUT, line.timeout), verify=True)
            if not (stream and response.status_code == HTTPStatus.OK):
                _read_whole(response, limit)
        except (requests.RequestException, HTTPError) as error:
            raise line.failed(method, url, error) from error
        line.after(method, url, response.status_code, response.headers)
        if response.is_redirect:
            target = urlsplit(response.headers["location"]).hostname or "another path"
            raise RejectedError(
                f"{urlsplit(url).hostname} redirects to {target}; write that address into url",
                status=response.status_code,
                code="redirect",
            )
        return response

    def _address(self, url: str) -> str:
        parts = urlsplit(url)
        if self._plain_loopback and parts.scheme == "https" and parts.hostname in LOOPBACK:
            return parts._replace(scheme="http").geturl()
        return url


def _read_whole(response: requests.Response, limit: float) -> None:
    """Load the body; a server that drips bytes cannot hold the connection beyond the timeout."""
    chunks = []
    while chunk := response.raw.read1(1 << 16, decode_content=True):
        chunks.append(chunk)
        if time.monotonic() > limit:
            response.close()
            raise requests.ReadTimeout("the answer took too long")
    response.raw.release_conn()
    response._content = b"".join(chunks)
    response._content_consumed = True  # type: ignore[attr-defined]


def session(line: Line, *, plain_loopback: bool = False) -> requests.Session:
    """A ``requests`` session whose every exchange goes through ``line``.

    With ``plain_loopback``, clients that force https get plain http on this machine, where the sandbox listens.
    """
    made = requests.Session()
    made.trust_env = False
    made.max_redirects = 0
    made.headers["User-Agent"] = "partnersync"
    adapter = _Adapter(line, plain_loopback)
    for prefix in ("https://", "http://"):
        made.mount(prefix, adapter)
    return made
