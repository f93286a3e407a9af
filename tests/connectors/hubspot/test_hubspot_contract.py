"""HubSpot keeps the promises of every connector, in both families of API paths."""

from __future__ import annotations

from tests.connectors.contract import ConnectorContract


class TestHubSpot(ConnectorContract):
    """The contract against the sandbox's portal."""
