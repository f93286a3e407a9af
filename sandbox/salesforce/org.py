"""The parts of the org that every endpoint works with, and one authenticated call."""

from dataclasses import dataclass
from typing import Any

import orjson

from sandbox.clock import Clock
from sandbox.salesforce.errors import SalesforceError, malformed_json, not_found
from sandbox.salesforce.objects.model import SObject
from sandbox.salesforce.query import Queries
from sandbox.salesforce.records import Actor, Records
from sandbox.salesforce.schema import Schema
from sandbox.settings import SalesforceSettings, Settings
from sandbox.store import Store
from sandbox.wire import Request


@dataclass(frozen=True, slots=True)
class Org:
    """What an endpoint needs."""

    store: Store
    clock: Clock
    settings: Settings
    schema: Schema
    records: Records
    queries: Queries

    @property
    def switches(self) -> SalesforceSettings:
        """The current switches."""
        return self.settings.salesforce

    def replicates(self, sobject: SObject) -> bool:
        """Whether an object tells what was updated and deleted."""
        return sobject.replicateable and sobject.name not in self.switches.unreplicated

    def sobject(self, name: str) -> SObject:
        """An object named in a path. Raises: `SalesforceError` NOT_FOUND."""
        found = self.schema.find(name)
        if found is None:
            raise not_found()
        return found


@dataclass(frozen=True, slots=True)
class ApiCall:
    """One call to `/services/data/vXX.X/…`: the decoded path segments after the version, and who calls."""

    request: Request
    version: str
    segments: tuple[str, ...]
    actor: Actor

    @property
    def base(self) -> str:
        """`/services/data/vXX.X`."""
        return f"/services/data/v{self.version}"

    @property
    def method(self) -> str:
        """The HTTP method."""
        return self.request.method

    def param(self, name: str) -> str | None:
        """A query parameter."""
        return self.request.param(name)

    def header(self, name: str) -> str | None:
        """A header, by lower-case name."""
        return self.request.headers.get(name)

    def body(self) -> dict[str, Any]:
        """The body, a JSON object. Raises: `SalesforceError` JSON_PARSER_ERROR or 415."""
        kind = self.header("content-type")
        if kind is not None and "json" not in kind.lower():
            raise SalesforceError(
                "UNSUPPORTED_MEDIA_TYPE", f"The media type '{kind}' is not supported for this resource.", status=415
            )
        try:
            value = self.request.json()
        except orjson.JSONDecodeError as error:
            raise malformed_json(f"{error.msg} at [line:{error.lineno}, column:{error.colno}]") from error
        if not isinstance(value, dict):
            raise malformed_json("Unexpected token at [line:1, column:1]: expected a JSON object")
        return value
