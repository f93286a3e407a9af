"""Calls to one Salesforce org: signed, refreshed once on 401, retried by our policy, told in our errors.

simple-salesforce builds the URLs and parses the answers (decimals exact), always in its session-id mode, so that it never
signs in by itself: on a 401 the *whole* request is sent again here with its own headers. The server's time is kept from
its ``Date`` header and carried on by a monotonic clock; the machine's wall clock is not asked.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from threading import Event
from typing import Any, TypeVar
from urllib.parse import quote

import requests
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceError

from connectors.retry import RetryPolicy, seconds_to_wait
from connectors.salesforce.errors import failure
from connectors.salesforce.tokens import Token, Tokens
from connectors.salesforce.wire import encode, number
from connectors.transport import Line
from partnersync.errors import ConnectorError, UnauthorizedError, UnavailableError

MOST_PARTS = 25
MOST_QUERIES = 5
"""Of one composite call; sObject Collections count as queries."""
T = TypeVar("T")
NO_HEADERS: Mapping[str, str] = {}
_RETRIEVED = "composite/sobjects/"
_LISTED = ("query", "jobs/ingest?")
_ELSE = "Salesforce's answer is not what was asked for"


@dataclass(frozen=True, slots=True)
class Part:
    """One subrequest of a composite call: ``path`` is relative to the version's base; ``body`` is JSON-able."""

    name: str
    method: str
    path: str
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one subrequest: its body, or the failure it means."""

    name: str
    body: Any
    failure: ConnectorError | None = None


class Api:
    """One signed-in session; used by one thread at a time."""

    def __init__(
        self, tokens: Tokens, session: requests.Session, version: str, line: Line, policy: RetryPolicy
    ) -> None:
        self.tokens = tokens
        self.base = f"/services/data/v{version}/"
        self._session = session
        self._version = version
        self._line = line
        self._policy = policy
        self._client: tuple[Token, Salesforce] | None = None
        self._asked_at: tuple[datetime, float] | None = None
        self._patience: float | None = None
        session.hooks["response"] += [self._note_time, self._note_patience]

    @property
    def org(self) -> str:
        """The 18-character id of the org that this session opens."""
        return self.tokens.current().org

    def asked_at(self) -> datetime:
        """The server's time when the last answered request was sent; never later than it really was."""
        self.tokens.current()
        return self._asked_at[0] if self._asked_at else self._line.surroundings.clock.now()

    def now(self) -> datetime:
        """The server's time at present."""
        asked_at = self.asked_at()
        passed = time.monotonic() - self._asked_at[1] if self._asked_at else 0.0
        return asked_at + timedelta(seconds=passed)

    def get(self, path: str) -> Any:
        """The body of a GET: an object, and of a query a page."""
        return self._call("GET", path, None, idempotent=True, safe=True)

    def stream(self, path: str, accept: str) -> requests.Response:
        """A GET's answer whose body is still to be read; asked once, anew only where the session had ended."""
        return self._signed(lambda token: self._open(token, path, accept))

    def attempt(self, ask: Callable[[], T]) -> T:
        """What ``ask``, which only reads, gives: asked again while it fails for a passing reason."""
        return self._policy.call(ask, stop=self._line.surroundings.stop, idempotent=True)

    @property
    def stop(self) -> Event:
        """Set when the program ends."""
        return self._line.surroundings.stop

    @property
    def may_send(self) -> Callable[[], None]:
        """Asked before a write is tried again."""
        return self._line.surroundings.may_send

    @property
    def timeout(self) -> float:
        """Seconds that an answer may take."""
        return self._line.timeout

    def read(self, path: str, body: Any) -> Any:
        """The body of a POST that only reads."""
        return self._call("POST", path, body, idempotent=True, safe=True)

    def write(
        self, method: str, path: str, body: Any, *, idempotent: bool = False, headers: Mapping[str, str] = NO_HEADERS
    ) -> Any:
        """The body of a request that changes something."""
        return self._call(method, path, body, idempotent=idempotent, safe=False, headers=headers)

    def upload(self, path: str, content: bytes, *, idempotent: bool) -> None:
        """PUT rows of CSV into a bulk job."""
        self._policy.call(
            lambda: self._signed(lambda token: self._put(token, path, content)),
            stop=self._line.surroundings.stop,
            idempotent=idempotent,
            before_again=self.may_send,
        )

    def read_parts(
        self, parts: Sequence[Part], *, told: Callable[[UnavailableError], bool] = lambda _: False
    ) -> Mapping[str, Answer]:
        """All ``parts`` in one call that only reads.

        Asked again whole while any of them fails for a passing reason, unless that is one to be ``told`` as its answer.
        """

        def ask() -> dict[str, Answer]:
            answers = self._answers(self._once("POST", "composite", self._composite(parts), safe=True), safe=True)
            for part in parts:
                answer = answers.get(part.name)
                if answer is None or (answer.failure is None and not _is_whole(part.path, answer.body)):
                    raise UnavailableError(_ELSE)
                if isinstance(answer.failure, UnavailableError) and not told(answer.failure):
                    raise answer.failure
            return answers

        return self._policy.call(ask, stop=self._line.surroundings.stop, idempotent=True)

    def write_parts(self, parts: Sequence[Part], *, idempotent: bool = False) -> Mapping[str, Answer]:
        """All ``parts`` in one call; one part's failure leaves the others standing."""
        body = self._composite(parts)
        return self._answers(self.write("POST", "composite", body, idempotent=idempotent), safe=False)

    def query_path(self, soql: str, *, deleted_too: bool = False) -> str:
        """The subrequest path of a query."""
        return f"{'queryAll' if deleted_too else 'query'}/?q={quote(soql, safe='')}"

    def below(self, url: str) -> str:
        """A path that the server gave (``nextRecordsUrl``), relative to the version's base."""
        return url.partition(self.base)[2] or url.lstrip("/")

    def close(self) -> None:
        """Give back the sockets."""
        self._session.close()

    def _composite(self, parts: Sequence[Part]) -> Mapping[str, Any]:
        asked = []
        for part in parts:
            one = {"method": part.method, "url": self.base + part.path, "referenceId": part.name}
            more = {"body": part.body} if part.body is not None else {}
            asked.append({**one, **more, **({"httpHeaders": part.headers} if part.headers else {})})
        return {"allOrNone": False, "collateSubrequests": False, "compositeRequest": asked}

    def _answers(self, content: Any, *, safe: bool) -> dict[str, Answer]:
        answers = {}
        listed = content.get("compositeResponse") if isinstance(content, dict) else None
        for one in listed if isinstance(listed, list) else ():
            status, body = int(one["httpStatusCode"]), one.get("body")
            failed = failure(status, body, safe=safe) if status >= 300 else None
            answers[one["referenceId"]] = Answer(one["referenceId"], None if failed else body, failed)
        return answers

    def _call(
        self,
        method: str,
        path: str,
        body: Any,
        *,
        idempotent: bool,
        safe: bool,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> Any:
        return self._policy.call(
            lambda: self._once(method, path, body, safe=safe, headers=headers),
            stop=self._line.surroundings.stop,
            idempotent=idempotent,
            before_again=None if safe else self.may_send,
        )

    def _once(self, method: str, path: str, body: Any, *, safe: bool, headers: Mapping[str, str] = NO_HEADERS) -> Any:
        return self._signed(lambda token: self._send(token, method, path, body, safe, headers))

    def _signed(self, send: Callable[[Token], T]) -> T:
        """What ``send`` gives; sent again whole, with a new token, where the session had ended."""
        token = self.tokens.current()
        try:
            return send(token)
        except UnauthorizedError as error:
            if error.status != 401:
                raise
        return send(self.tokens.renew(token))

    def _send(self, token: Token, method: str, path: str, body: Any, safe: bool, headers: Mapping[str, str]) -> Any:
        try:
            sent = encode(body).encode() if body is not None else None
            found = self._signed_in(token).restful(path, method=method, data=sent, headers=dict(headers))
        except SalesforceError as error:
            raise self._refusal(error.status, error.content, safe=safe) from None
        except (requests.RequestException, ValueError) as error:
            raise UnavailableError("Salesforce's answer is not JSON", maybe_done=not safe) from error
        if safe and not _is_whole(path, found):
            raise UnavailableError(_ELSE)
        return found

    def _open(self, token: Token, path: str, accept: str) -> requests.Response:
        headers = {"Authorization": f"Bearer {token.access}", "Accept": accept}
        answer = self._session.get(f"{token.instance_url}{self.base}{path}", headers=headers, stream=True)
        if answer.status_code == HTTPStatus.OK:
            return answer
        raise self._refusal(answer.status_code, _content(answer), safe=True)

    def _put(self, token: Token, path: str, content: bytes) -> None:
        headers = {"Authorization": f"Bearer {token.access}", "Content-Type": "text/csv; charset=UTF-8"}
        answer = self._session.put(f"{token.instance_url}{self.base}{path}", data=content, headers=headers)
        if answer.status_code != HTTPStatus.CREATED:
            raise self._refusal(answer.status_code, _content(answer), safe=False)

    def _refusal(self, status: int, content: Any, *, safe: bool) -> ConnectorError:
        refused = failure(status, content, safe=safe)
        if isinstance(refused, UnavailableError):
            refused.retry_after = self._patience
        return self._line.refused(refused)

    def _signed_in(self, token: Token) -> Salesforce:
        if self._client is None or self._client[0] is not token:
            client = Salesforce(
                session_id=token.access,
                instance_url=token.instance_url,
                version=self._version,
                session=self._session,
                parse_float=number,
                object_pairs_hook=None,
            )
            self._client = (token, client)
        return self._client[1]

    def _note_patience(self, response: requests.Response, *_: Any, **__: Any) -> None:
        """What the last answer asks to wait: a maintenance page says when to come back."""
        now = self._line.surroundings.clock.now()
        self._patience = seconds_to_wait(response.headers.get("Retry-After"), now)

    def _note_time(self, response: requests.Response, *_: Any, **__: Any) -> None:
        try:
            answered_at = parsedate_to_datetime(response.headers.get("Date", ""))
        except ValueError:
            return
        sent_at = time.monotonic() - response.elapsed.total_seconds()
        self._asked_at = (answered_at.astimezone(UTC) - response.elapsed, sent_at)


def _is_whole(path: str, body: Any) -> bool:
    """Whether a good answer to a read is what was asked for, and not what something on the way made of it."""
    if path.startswith(_RETRIEVED):
        return isinstance(body, list) and all(each is None or isinstance(each, dict) for each in body)
    if not isinstance(body, dict) or not body:
        return False
    if path.startswith(_LISTED) and not isinstance(body.get("records"), list):
        return False
    return not path.startswith("query") or body.get("done") is True or isinstance(body.get("nextRecordsUrl"), str)


def _content(answer: requests.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return answer.text
