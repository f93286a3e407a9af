"""What travels between the HTTP server and a vendor: one request in, one reply out."""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

import orjson

JSON = "application/json;charset=UTF-8"


@dataclass(frozen=True, slots=True)
class Request:
    """One call as the client made it; header names are lower-case, `path` is decoded and has no query."""

    method: str
    path: str
    query: Mapping[str, list[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    base_url: str = "http://127.0.0.1"
    target: str = ""
    """The request target as sent: percent-encoded path and query (so that `%2F` inside an id can be told)."""
    peer_port: int = 0

    def json(self) -> Any:
        """The body as JSON. Raises: `orjson.JSONDecodeError` (a `ValueError`)."""
        return orjson.loads(self.body)

    def param(self, name: str, default: str | None = None) -> str | None:
        """The first value of a query parameter."""
        values = self.query.get(name)
        return values[0] if values else default

    def form(self) -> dict[str, str]:
        """The body as a urlencoded form, first value of each name."""
        pairs = parse_qs(self.body.decode("utf-8", "replace"), keep_blank_values=True)
        return {name: values[0] for name, values in pairs.items()}

    def raw_path(self) -> str:
        """The percent-encoded path, without the query."""
        return self.target.split("?", 1)[0] if self.target else self.path


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer; `body` is sent as it is."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def json_reply(status: int, value: Any, headers: Mapping[str, str] | None = None) -> Reply:
    """An answer holding `value` as JSON."""
    return Reply(status, orjson.dumps(value), {"content-type": JSON, **(headers or {})})


def build_request(
    method: str,
    target: str,
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
    base_url: str | None = None,
    peer_port: int = 0,
) -> Request:
    """Take a raw request target and headers apart; also used for the subrequests of a composite call."""
    if target.startswith(("http://", "https://")):  # the absolute form, which proxies are sent
        parts = urlsplit(target)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    raw_path, _, raw_query = target.partition("?")
    lowered = {name.lower(): value for name, value in headers}
    query = parse_qs(raw_query, keep_blank_values=True) if raw_query else {}
    scheme = "https" if lowered.get("x-forwarded-proto", "").lower() == "https" else "http"
    base = base_url or f"{scheme}://{lowered.get('host', '127.0.0.1')}"
    return Request(method.upper(), unquote(raw_path), query, lowered, body, base, target, peer_port)


def decoded(body: bytes, coding: str) -> bytes:
    """A body without its content coding. Raises: `ValueError` where it is not so coded."""
    try:
        match coding.strip().lower():
            case "gzip" | "x-gzip":
                return zlib.decompress(body, wbits=zlib.MAX_WBITS | 16)
            case "deflate":
                return zlib.decompress(body)
            case _:
                return body
    except zlib.error as error:
        raise ValueError(f"the body is not {coding}") from error


class Vendor(Protocol):
    """One CRM: what the server, the control endpoint and the generator ask of it."""

    @property
    def name(self) -> str:
        """`salesforce` or `hubspot`."""

    def owns(self, path: str) -> bool:
        """Whether calls to this path are this vendor's."""

    def endpoint(self, request: Request) -> str:
        """A stable label for counters and fault rules, such as `query` or `batch.update.deals`."""

    def is_write(self, request: Request) -> bool:
        """Whether the call would change records."""

    def answer(self, request: Request) -> Reply:
        """Do what the call asks. Runs in a worker thread."""

    def rate_limited(self, form: str, request: Request) -> Reply:
        """The vendor's refusal for too many calls, in one of its forms (`default` always exists)."""

    def load(self, object_name: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        """Store many rows fast, unchecked; ids and stamps may be given. Returns the ids in order."""

    def add_field(self, object_name: str, definition: Mapping[str, Any]) -> None:
        """Add a custom field (Salesforce) or property (HubSpot)."""

    def create(self, object_name: str, fields: Mapping[str, Any], person: str) -> str:
        """Create a record as the named person. Returns its id."""

    def edit(self, object_name: str, record_id: str, fields: Mapping[str, Any], person: str) -> None:
        """Change a record as the named person; stamps move."""

    def delete(self, object_name: str, record_id: str, person: str) -> None:
        """Delete (archive) a record as the named person."""

    def restore(self, object_name: str, record_id: str, person: str) -> None:
        """Bring a deleted record back."""

    def merge(self, object_name: str, winner_id: str, loser_ids: Sequence[str], person: str) -> str:
        """Merge records. Returns the id of the survivor (HubSpot makes a new one)."""

    def objects(self) -> list[str]:
        """The objects a dump can list."""

    def dump(self, object_name: str, stamps: bool) -> list[dict[str, Any]]:
        """Every row of an object, deleted ones too, by id; without stamps and authors if asked."""
