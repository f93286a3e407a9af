"""Which CRMs there are: adding one is a folder and a line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, cast

from connectors.base import Connector, Surroundings
from connectors.connection import Connection
from connectors.hubspot.config import HubSpotConnection
from connectors.salesforce.config import SalesforceConnection

Secrets = Callable[[str], str]
"""Turns a reference such as ``${env:NAME}`` into its present value; asked anew whenever the secret is needed."""


class Factory(Protocol):
    """``connect`` of a CRM's module."""

    def __call__(self, name: str, settings: Connection, secrets: Secrets, surroundings: Surroundings) -> Connector:
        """A connector named ``name``; nothing is sent yet."""
        ...


@dataclass(frozen=True, slots=True)
class Crm:
    """A CRM: the model of its settings, and the module whose ``connect`` makes its connector (loaded when first used)."""

    settings: type[Connection]
    module: str


CRMS: Mapping[str, Crm] = {
    "salesforce": Crm(SalesforceConnection, "connectors.salesforce.connector"),
    "hubspot": Crm(HubSpotConnection, "connectors.hubspot.connector"),
}


def connect(
    name: str,
    settings: Connection,
    secrets: Secrets,
    surroundings: Surroundings,
    crms: Mapping[str, Crm] = CRMS,
) -> Connector:
    """The connector of one configured connection; nothing is sent yet.

    Raises:
        KeyError: no such CRM (the settings model admits only known ones).
    """
    make = cast("Factory", import_module(crms[settings.crm].module).connect)
    return make(name, settings, secrets, surroundings)
