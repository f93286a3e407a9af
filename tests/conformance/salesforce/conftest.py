"""A bare HTTP client of one Salesforce org: no vendor library stands between a test and the bytes."""

import http.client
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from sandbox.server import Server, start
from sandbox.world import World

V = "/services/data/v66.0"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
GRANT = b"grant_type=client_credentials&client_id=sandbox-client&client_secret=sandbox-secret"


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, its header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> Any:
        """The only element of an error array."""
        (error,) = self.json
        return error


class Org:
    """A bare HTTP client of one org: no vendor library stands between the test and the bytes."""

    def __init__(self, server: Server) -> None:
        self.world: World = server.world
        self.url = server.url
        self.token = self._sign_in()

    def call(
        self,
        method: str,
        target: str,
        body: Any = None,
        *,
        signed: bool = True,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        sent = {"Authorization": f"Bearer {self.token}"} if signed else {}
        payload: bytes | None = None
        if isinstance(body, bytes):
            payload = body
        elif body is not None:
            payload, sent = json.dumps(body).encode(), sent | {"Content-Type": "application/json"}
        return self.raw(method, target, payload, sent | dict(headers or {}))

    def raw(self, method: str, target: str, body: Any, headers: Mapping[str, str], chunked: bool = False) -> Answer:
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=20)
        try:
            connection.request(method, target, body, dict(headers), encode_chunked=chunked)
            reply = connection.getresponse()
            return Answer(reply.status, {k.lower(): v for k, v in reply.getheaders()}, reply.read())
        finally:
            connection.close()

    def query(self, *soql: str, resource: str = "query", **headers: str) -> Answer:
        return self.call("GET", f"{V}/{resource}?q={quote(' '.join(soql))}", headers=headers)

    def create(self, sobject: str, **fields: Any) -> str:
        answer = self.call("POST", f"{V}/sobjects/{sobject}", fields)
        assert answer.status == 201, answer.body
        return str(answer.json["id"])

    def _sign_in(self) -> str:
        answer = self.raw("POST", "/services/oauth2/token", GRANT, FORM)
        return str(answer.json["access_token"])


@pytest.fixture(scope="session")
def _server() -> Iterator[Server]:
    first = World.open()
    with start(first, 0) as server:
        yield server
    first.close()


@pytest.fixture
def org(_server: Server) -> Iterator[Org]:
    """An empty org with two custom fields, signed in to."""
    world = World.open()
    code = {"name": "Code__c", "type": "string", "length": 20, "externalId": True, "unique": True}
    grade = {"name": "Grade__c", "type": "picklist", "picklistValues": ["A", "B"], "restrictedPicklist": True}
    for definition in (code, grade):
        world.salesforce.add_field("Account", definition)
    _server.serve(world)
    yield Org(_server)
    world.close()
