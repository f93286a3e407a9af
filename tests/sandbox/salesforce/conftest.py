"""A signed-in plain HTTP client of the sandbox's Salesforce."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
import requests

from sandbox.server import Server

START = datetime(2026, 3, 5, 12, 0, 0, tzinfo=UTC)


class Org:
    """Calls `/services/data/v66.0/…` with a session of its own."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.world = server.world
        self.base = "/services/data/v66.0"
        self.http = requests.Session()
        self.sign_in()

    def sign_in(self) -> None:
        form = {
            "grant_type": "client_credentials",
            "client_id": "sandbox-client",
            "client_secret": "sandbox-secret",
        }
        answer = self.http.post(f"{self.server.url}/services/oauth2/token", data=form, timeout=10).json()
        self.http.headers["Authorization"] = f"Bearer {answer['access_token']}"

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        url = self.server.url + (path if path.startswith("/services") else f"{self.base}/{path}")
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.request(method, url, json=body, headers=sent, timeout=10)

    def query(self, soql: str, kind: str = "query", **headers: str) -> Any:
        answer = self.call("GET", f"{kind}?q={quote(soql, safe='')}", **headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refused(self, soql: str) -> dict[str, Any]:
        answer = self.call("GET", f"query?q={quote(soql, safe='')}")
        assert answer.status_code == 400, answer.text
        (error,) = answer.json()
        return dict(error)

    def names(self, soql: str, kind: str = "query") -> list[Any]:
        return [record["Name"] for record in self.query(soql, kind)["records"]]

    def create(self, sobject: str, **fields: Any) -> str:
        answer = self.call("POST", f"sobjects/{sobject}", fields)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def get(self, sobject: str, record_id: str) -> dict[str, Any]:
        answer = self.call("GET", f"sobjects/{sobject}/{record_id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def deal(self, name: str = "Deal", **fields: Any) -> str:
        return self.create(
            "Opportunity", **{"Name": name, "StageName": "Prospecting", "CloseDate": "2026-06-30"} | fields
        )

    def field(self, sobject: str, **definition: Any) -> None:
        self.world.salesforce.add_field(sobject, definition)


@pytest.fixture
def org(sandbox: Server) -> Iterator[Org]:
    """A signed-in client of an empty org where it is 5 March 2026, noon UTC, and time stands still."""
    sandbox.world.clock.freeze()
    sandbox.world.clock.set(START)
    client = Org(sandbox)
    yield client
    client.http.close()
