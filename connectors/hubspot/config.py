"""The settings of a HubSpot connection."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, field_validator

from connectors.connection import Connection
from partnersync.units import Duration, SecretRef


def _version(value: Any) -> str:
    if isinstance(value, str) and re.fullmatch(r"v3|20\d\d-(03|09)", value.strip()):
        return value.strip()
    raise ValueError(f"expected v3 or a dated API version such as 2026-09, found {value!r}")


class HubSpotConnection(Connection):
    """One HubSpot portal, opened with the token of a private app or service key.

    ``api_version`` is ``v3`` (with v4 associations) or a dated one. ``overlap`` is how far each search reaches back before
    the newest stamp seen, because HubSpot's search index lags behind its records (30 s recorded).
    """

    host_pattern: ClassVar[str] = r"api(?:-[a-z0-9]+)?\.hubapi\.com"
    host_example: ClassVar[str] = "https://api.hubapi.com"
    field_pattern: ClassVar[str] = r"[a-z][a-z0-9_]*"
    paces: ClassVar[Mapping[str, tuple[int, float]]] = {"search": (5, 1.02)}  # for the whole account; no header says so

    crm: Literal["hubspot"]
    url: str = "https://api.hubapi.com"
    token: SecretRef
    api_version: Annotated[str, BeforeValidator(_version)] = "v3"
    overlap: Duration = timedelta(minutes=2)

    @field_validator("overlap")
    @classmethod
    def _covers_the_lag(cls, value: timedelta) -> timedelta:
        if not timedelta(minutes=1) <= value <= timedelta(days=1):
            raise ValueError("expected between 1m and 1d: search lags up to half a minute behind")
        return value
