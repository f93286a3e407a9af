"""The settings of a Salesforce connection."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from connectors.connection import Connection, Text
from partnersync.units import SecretRef, Whole

OLDEST, NEWEST = 46, 68
"""API versions this connector speaks: upserts tell created from updated since 46; 68 is the newest known."""


def _version(value: Any) -> str:
    match = re.fullmatch(r"v?(\d{2})(?:\.0)?", value.strip()) if isinstance(value, str) else None
    if match is None or not OLDEST <= int(match[1]) <= NEWEST:
        raise ValueError(f"expected an API version from {OLDEST}.0 to {NEWEST}.0 such as 66.0, found {value!r}")
    return f"{match[1]}.0"


def _field_name(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z]\w{0,79}", value.strip()):
        raise ValueError(f"expected a field name such as partnersync_key__c, found {value!r}")
    return value.strip()


class ClientCredentials(BaseModel):
    """An external client app that runs as its integration user."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    flow: Literal["client_credentials"]
    client_id: Text
    client_secret: SecretRef


class JwtBearer(BaseModel):
    """An external client app with a certificate: ``private_key`` is its PEM key, ``username`` who it acts as."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    flow: Literal["jwt_bearer"]
    client_id: Text
    username: Text
    private_key: SecretRef
    audience: Literal["https://login.salesforce.com", "https://test.salesforce.com"] = "https://login.salesforce.com"


class SalesforceConnection(Connection):
    """One Salesforce org. ``task_key`` is the external-id, unique field on Activity that makes our tasks come once.

    ``bulk_from``: an object of so many records or more is read in full by a bulk job (0: never);
    ``bulk_writes_from``: so many writes to one object, or more, are sent by bulk jobs (0: never).
    ``create_fields``: whether ``partnersync setup --yes`` makes missing fields or leaves them to an administrator.
    ``duplicates``: whether an update that a duplicate rule objects to is refused, or saved where the rule lets us.
    """

    host_pattern: ClassVar[str] = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9-]+)*\.salesforce\.com"
    host_example: ClassVar[str] = "https://acme.my.salesforce.com"
    field_pattern: ClassVar[str] = r"[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*(?:__p?c)?"
    refuses_if_modified: ClassVar[bool] = True

    crm: Literal["salesforce"]
    url: Annotated[str, Field(examples=["https://acme.my.salesforce.com"])]
    api_version: Annotated[str, BeforeValidator(_version)] = "66.0"
    auth: Annotated[ClientCredentials | JwtBearer, Field(discriminator="flow")]
    bulk_from: Whole = 50_000
    bulk_writes_from: Whole = 0
    task_key: Annotated[str, BeforeValidator(_field_name)] = "partnersync_key__c"
    duplicates: Literal["refuse", "save"] = "refuse"
    create_fields: Literal["by_hand", "tooling"] = "by_hand"

    @field_validator("bulk_from", "bulk_writes_from")
    @classmethod
    def _number_of_records(cls, value: int) -> int:
        if value < 0:
            raise ValueError(f"expected a number of records such as 50000, or 0 for never, found {value}")
        return value
