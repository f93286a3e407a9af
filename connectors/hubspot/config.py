"""The settings of a HubSpot connection."""

from __future__ import annotations

from typing import ClassVar, Literal

from connectors.connection import Connection
from partnersync.units import SecretRef


class HubSpotConnection(Connection):
    """One HubSpot portal, opened with a private app's token."""

    host_pattern: ClassVar[str] = r"api(?:-[a-z0-9]+)?\.hubapi\.com"
    host_example: ClassVar[str] = "https://api.hubapi.com"

    crm: Literal["hubspot"]
    url: str = "https://api.hubapi.com"
    token: SecretRef
