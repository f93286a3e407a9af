"""A portal to talk to over HTTP, without rate limits unless a test sets them."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from sandbox.hubspot import HubSpot
from sandbox.server import Server

TOKEN = "pat-na1-sandbox-token"


class Portal:
    """Sends calls as any client would."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.url = server.url
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {TOKEN}"

    @property
    def behind(self) -> HubSpot:
        """The portal itself, behind the clients' backs."""
        return self.server.world.hubspot

    def settings(self, **changes: Any) -> None:
        self.server.world.settings.update("hubspot", changes)

    def send(self, method: str, path: str, body: Any = None, **more: Any) -> requests.Response:
        return self.session.request(method, self.url + path, json=body, timeout=10, **more)

    def get(self, path: str, status: int = 200, **query: Any) -> Any:
        return _checked(self.send("GET", path, params=query or None), status)

    def post(self, path: str, body: Any, status: int = 200) -> Any:
        return _checked(self.send("POST", path, body), status)

    def patch(self, path: str, body: Any, status: int = 200) -> Any:
        return _checked(self.send("PATCH", path, body), status)

    def put(self, path: str, body: Any = None, status: int = 200) -> Any:
        return _checked(self.send("PUT", path, body), status)

    def delete(self, path: str, status: int = 204) -> Any:
        return _checked(self.send("DELETE", path), status)

    def make(self, plural: str, **properties: Any) -> str:
        """Create a record. Returns its id."""
        made = self.post(f"/crm/v3/objects/{plural}", {"properties": properties}, 201)
        return str(made["id"])

    def search(self, plural: str, *filters: tuple[Any, ...], **more: Any) -> Any:
        """Search with one group of (property, operator, value or values or two ends)."""
        return self.post(f"/crm/v3/objects/{plural}/search", search_body(*filters, **more))


def search_body(*filters: tuple[Any, ...], **more: Any) -> dict[str, Any]:
    found: list[dict[str, Any]] = []
    for name, operator, *values in filters:
        entry: dict[str, Any] = {"propertyName": name, "operator": operator}
        if operator in ("IN", "NOT_IN"):
            entry["values"] = values[0]
        elif operator == "BETWEEN":
            entry |= {"value": values[0], "highValue": values[1]}
        elif values:
            entry["value"] = values[0]
        found.append(entry)
    return {"filterGroups": [{"filters": found}] if found else [], **more}


def _checked(response: requests.Response, status: int) -> Any:
    assert response.status_code == status, response.text
    if not response.content:
        return None
    return response.json() if "json" in response.headers.get("Content-Type", "") else response.text


@pytest.fixture
def portal(sandbox: Server) -> Iterator[Portal]:
    found = Portal(sandbox)
    found.settings(burst_limit=None, search_per_second=None)
    yield found
    found.session.close()


@pytest.fixture
def ids() -> Callable[[Any], list[str]]:
    return lambda page: [each["id"] for each in page["results"]]
