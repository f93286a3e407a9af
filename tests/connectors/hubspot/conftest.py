"""A HubSpot portal in the sandbox, as a person changes it, and connectors to it with short pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
import requests

from connectors.base import Surroundings
from connectors.hubspot.changes import Reach
from connectors.hubspot.config import HubSpotConnection
from connectors.hubspot.connector import HubSpotConnector, connect
from connectors.hubspot.pulling import Pages
from connectors.retry import RetryPolicy
from sandbox.hubspot.tables import catalog_changed
from sandbox.server import Server

TOKEN = "pat-na1-sandbox-token"
QUICK = RetryPolicy(attempts=4, first_wait=0.01)
PERSON = "Dana Reyes"


@dataclass
class Portal:
    """The ``World`` of the contract."""

    server: Server
    surroundings: Surroundings
    version: str = "v3"
    pages: Pages = field(default_factory=lambda: Pages(listed=5, searched=Reach(page=5)))
    policy: RetryPolicy = QUICK
    token: str = TOKEN
    owner: str = ""
    account: str = "companies"
    opportunity: str = "deals"
    account_name: str = "name"
    more_than_a_page: int = 7
    idle_hot_calls: int = 2
    stages: tuple[str, str] = ("qualifiedtobuy", "closedwon")
    fields: Mapping[str, str] = field(
        default_factory=lambda: {
            "name": "dealname",
            "amount": "amount",
            "stage": "dealstage",
            "closes_on": "closedate",
            "note": "description",
            "score": "partner_score",
            "flag": "partner_flag",
        }
    )

    def __post_init__(self) -> None:
        hubspot = self.server.world.hubspot
        self.set(search_per_second=None, burst_limit=None)
        hubspot.add_field("deals", {"name": "partner_score", "type": "number"})
        hubspot.add_field("deals", {"name": "partner_flag", "type": "bool"})
        first, last = PERSON.split()
        self.owner = hubspot.add_owner({"email": "dana@acme.example", "firstName": first, "lastName": last})

    def set(self, **switches: Any) -> None:
        """Change switches of the portal."""
        self.server.world.settings.update("hubspot", switches)

    def connect(self, **settings: Any) -> HubSpotConnector:
        given = {
            "crm": "hubspot",
            "url": self.server.url,
            "token": "${env:HUBSPOT_TOKEN}",
            "api_version": self.version,
            **settings,
        }
        model = HubSpotConnection.model_validate(given)
        return connect("hubspot", model, lambda _: self.token, self.surroundings, self.policy, self.pages)

    def create(self, object_: str, values: Mapping[str, str | None]) -> str:
        given = {name: value for name, value in values.items() if value is not None}
        return self.server.world.hubspot.create(object_, given, PERSON)

    def create_tied(self, object_: str, rows: Sequence[Mapping[str, str | None]]) -> Sequence[str]:
        at = self.server.world.clock.now_ms()
        made = [{"properties": dict(row), "createdAt": at, "updatedAt": at} for row in rows]
        return self.server.world.hubspot.load(object_, made)

    def edit(self, object_: str, id_: str, values: Mapping[str, str | None]) -> None:
        self.server.world.hubspot.edit(object_, id_, {k: v if v is not None else "" for k, v in values.items()}, PERSON)

    def delete(self, object_: str, id_: str) -> None:
        self.server.world.hubspot.delete(object_, id_, PERSON)

    def restore(self, object_: str, id_: str) -> None:
        self.server.world.hubspot.restore(object_, id_, PERSON)

    def merge(self, object_: str, id_: str, *losers: str) -> str:
        """As a person; returns the survivor's id."""
        return self.server.world.hubspot.merge(object_, id_, losers, PERSON)

    def read(self, object_: str, id_: str) -> Mapping[str, object]:
        rows = self.server.world.hubspot.dump(object_, stamps=True)
        return next(values_of(row) for row in rows if str(row["id"]) == id_)

    def tasks(self) -> Sequence[Mapping[str, object]]:
        return [values_of(row) for row in self.server.world.hubspot.dump("tasks", stamps=True)]

    def hide(self, object_: str, field_: str) -> None:
        self.http("DELETE", f"/crm/v3/properties/{object_}/{field_}")

    def withdraw(self, kind: str, name: str) -> None:
        """A portal that never had one of HubSpot's own properties."""
        with self.server.world.store.write(hooked=False) as db:
            db.execute("UPDATE hs_property SET archived = 1 WHERE kind = ? AND name = ?", (kind, name))
            catalog_changed(db)

    def http(self, method: str, path: str, body: Any = None) -> Any:
        """A call beside the connector."""
        headers = {"Authorization": f"Bearer {TOKEN}"}
        answer = requests.request(method, f"{self.server.url}{path}", json=body, headers=headers, timeout=10)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def settle(self) -> None:
        """The sandbox's index does not lag unless a test says so."""

    def calls(self) -> int:
        return self.server.world.counters.total("hubspot")

    def forget_calls(self) -> None:
        self.server.world.counters.reset()

    def writer(self) -> str:
        return self.owner

    def fault(self, **rule: Any) -> None:
        """Put a fault in force."""
        answer = requests.post(f"{self.server.url}/_sandbox/faults", json={"vendor": "hubspot", **rule}, timeout=10)
        answer.raise_for_status()

    def lose_next_write(self, when: Literal["before_commit", "after_commit"]) -> None:
        self.fault(writes_only=True, nth=1, when=when, action="drop")

    def fail_next_call(self) -> None:
        self.fault(nth=1, action="html_503")


def values_of(row: Mapping[str, Any]) -> Mapping[str, object]:
    """The properties of a dumped record."""
    found: Mapping[str, object] = row.get("properties", row)
    return found


@pytest.fixture(params=["v3", "2026-09"])
def world(request: pytest.FixtureRequest, crm: Server, surroundings: Surroundings) -> Portal:
    """A portal that holds nothing yet, spoken to in both families of paths."""
    return Portal(crm, surroundings, request.param)


@pytest.fixture
def portal(crm: Server, surroundings: Surroundings) -> Portal:
    """A portal that holds nothing yet, with pages as long as HubSpot gives."""
    return Portal(crm, surroundings, pages=Pages())
