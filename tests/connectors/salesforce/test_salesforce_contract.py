"""Salesforce keeps the contract: with our key field on tasks, and without it."""

from __future__ import annotations

import pytest

from tests.connectors.contract import ConnectorContract
from tests.connectors.salesforce.conftest import KEY_FIELD, SalesforceWorld


class TestSalesforce(ConnectorContract):
    """Tasks carry their key in their text."""


class TestSalesforceWithKeyField(ConnectorContract):
    """Tasks carry their key in a unique field."""

    @pytest.fixture(autouse=True)
    def _key_field(self, world: SalesforceWorld) -> None:
        world.server.world.salesforce.add_field("Activity", KEY_FIELD)
