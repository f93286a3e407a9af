"""The sandbox's Salesforce as a person changes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from connectors.base import Surroundings
from connectors.registry import connect
from connectors.salesforce.config import SalesforceConnection
from connectors.salesforce.connector import SalesforceConnector
from sandbox.faults import Rule
from sandbox.server import Server

SECRETS = {"${env:ID}": "sandbox-client", "${env:SECRET}": "sandbox-secret"}
KEY_FIELD = {"name": "partnersync_key__c", "type": "string", "length": 64, "externalId": True, "unique": True}


def settings(url: str, **more: Any) -> SalesforceConnection:
    """A connection to the sandbox."""
    auth = {"flow": "client_credentials", "client_id": "${env:ID}", "client_secret": "${env:SECRET}"}
    return SalesforceConnection.model_validate({"crm": "salesforce", "url": url, "auth": auth, **more})


@dataclass
class SalesforceWorld:
    """What the contract needs of a CRM."""

    server: Server
    surroundings: Surroundings
    account: str = "Account"
    opportunity: str = "Opportunity"
    account_name: str = "Name"
    stages: tuple[str, str] = ("Prospecting", "Closed Won")
    more_than_a_page: int = 8
    idle_hot_calls: int = 1
    fields: Mapping[str, str] = field(
        default_factory=lambda: {
            "name": "Name",
            "amount": "Amount",
            "stage": "StageName",
            "closes_on": "CloseDate",
            "note": "Partner_Note__c",
            "score": "Partner_Score__c",
            "flag": "Partner_Flag__c",
        }
    )

    def __post_init__(self) -> None:
        org = self.server.world.salesforce
        org.add_field("Opportunity", {"name": "Partner_Note__c", "type": "textarea", "length": 500})
        org.add_field("Opportunity", {"name": "Partner_Score__c", "type": "double", "precision": 18, "scale": 2})
        org.add_field("Opportunity", {"name": "Partner_Flag__c", "type": "boolean"})
        (self.rep,) = org.load(
            "User",
            [{"FirstName": "Dana", "LastName": "Rep", "Username": "dana@acme.example", "Email": "dana@acme.example"}],
        )
        self.set(page_size=3)

    def set(self, **changes: Any) -> None:
        self.server.world.settings.update("salesforce", changes)

    def connect(self, **more: Any) -> SalesforceConnector:
        made = connect("sf", settings(self.server.url, **more), SECRETS.__getitem__, self.surroundings)
        assert isinstance(made, SalesforceConnector)
        return made

    def create(self, object_: str, values: Mapping[str, str | None]) -> str:
        return self.server.world.salesforce.create(object_, values, "Dana Rep")

    def create_tied(self, object_: str, rows: Sequence[Mapping[str, str | None]]) -> Sequence[str]:
        stamp = self.server.world.clock.now().strftime("%Y-%m-%dT%H:%M:%S.000+0000")
        stamps = {"CreatedDate": stamp, "LastModifiedDate": stamp, "SystemModstamp": stamp}
        amount = {"Amount": 100.0} if object_ == "Opportunity" else {}  # load takes values as they are stored
        return self.server.world.salesforce.load(object_, [{**row, **amount, **stamps} for row in rows])

    def edit(self, object_: str, id_: str, values: Mapping[str, str | None]) -> None:
        self.server.world.salesforce.edit(object_, id_, values, "Dana Rep")

    def delete(self, object_: str, id_: str) -> None:
        self.server.world.salesforce.delete(object_, id_, "Dana Rep")

    def restore(self, object_: str, id_: str) -> None:
        self.server.world.salesforce.restore(object_, id_, "Dana Rep")

    def read(self, object_: str, id_: str) -> Mapping[str, object]:
        return next(row for row in self.server.world.salesforce.dump(object_, True) if row["Id"] == id_)

    def tasks(self) -> Sequence[Mapping[str, object]]:
        return [row for row in self.server.world.salesforce.dump("Task", True) if not row["IsDeleted"]]

    def hide(self, object_: str, field_: str) -> None:
        self.set(hidden_fields=(f"{object_}.{field_}",))

    def settle(self) -> None:
        """Nothing lags here."""

    def calls(self) -> int:
        counters = self.server.world.counters
        return counters.total("salesforce") - counters.total("salesforce", "token")

    def forget_calls(self) -> None:
        self.server.world.counters.reset()

    def writer(self) -> str:
        return self.rep

    def fault(self, **rule: Any) -> None:
        self.server.world.faults.add(Rule.model_validate({"vendor": "salesforce", "times": 1, **rule}))

    def lose_next_write(self, when: Literal["before_commit", "after_commit"]) -> None:
        self.fault(writes_only=True, when=when, action="drop")

    def fail_next_call(self) -> None:
        self.fault(action="html_503")


@pytest.fixture
def world(crm: Server, surroundings: Surroundings) -> SalesforceWorld:
    return SalesforceWorld(crm, surroundings)
