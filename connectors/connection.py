"""What every connection's settings share: schedule, timeout, the people's share of the allowance, address rules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from fractions import Fraction
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationInfo, field_validator

from connectors.hosts import Hosts
from partnersync.units import Duration, Percent, TimeOfDay

_REFERENCE = re.compile(r"\$\{(env|file):[^}]+\}")


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("expected a text")
    return value.strip()


Text = Annotated[str, BeforeValidator(_text)]
"""A text that may also be a reference such as ``${env:NAME}``."""


def is_reference(text: str) -> bool:
    """Whether ``text`` stands for a value kept outside the file."""
    return _REFERENCE.fullmatch(text) is not None


class Connection(BaseModel):
    """The settings of one connection that do not depend on its CRM; each CRM's model adds its own.

    ``lands_within`` is how long a task's creation whose answer was lost may still be running in a CRM that does not hold our
    key unique: so long we wait before it is made again.
    ``paces`` is (calls, in how many seconds) by bucket, for limits that the CRM does not tell in its headers.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    host_pattern: ClassVar[str]
    host_example: ClassVar[str]
    paces: ClassVar[Mapping[str, tuple[int, float]]] = {}
    field_pattern: ClassVar[str] = r"[A-Za-z]\w*"
    """What the name of a field that we write to looks like in this CRM."""
    refuses_if_modified: ClassVar[bool] = False
    """Whether this CRM can refuse a write to a record that was modified since it was read."""

    crm: Any
    allow_host: Text | None = None  # before url, whose check reads it
    url: str
    every: Duration = timedelta(minutes=15)
    warm_every: Duration = timedelta(hours=1)
    cold_at: TimeOfDay = (2, 30)
    timeout: Duration = timedelta(seconds=60)
    keep_for_people: Percent = Fraction(20, 100)
    lands_within: Duration = timedelta(minutes=2)

    @property
    def hosts(self) -> Hosts:
        """Where this connection's credential may be sent."""
        return Hosts(self.host_pattern, self.host_example, self.allow_host)

    @field_validator("every", "warm_every")
    @classmethod
    def _at_least_a_second(cls, value: timedelta) -> timedelta:
        if value < timedelta(seconds=1):
            raise ValueError("expected at least 1s")
        return value

    @field_validator("timeout")
    @classmethod
    def _usable_timeout(cls, value: timedelta) -> timedelta:
        if not timedelta(seconds=1) <= value <= timedelta(minutes=10):
            raise ValueError("expected between 1s and 10m")
        return value

    @field_validator("lands_within")
    @classmethod
    def _worth_the_wait(cls, value: timedelta) -> timedelta:
        if not timedelta(seconds=1) <= value <= timedelta(minutes=15):
            raise ValueError("expected between 1s and 15m")
        return value

    @field_validator("keep_for_people")
    @classmethod
    def _leaves_something(cls, value: Fraction) -> Fraction:
        if not 0 <= value <= Fraction(95, 100):
            raise ValueError("expected between 0% and 95%")
        return value

    @field_validator("allow_host")
    @classmethod
    def _bare_host(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?", value.lower()):
            raise ValueError(f"expected a host name such as crm-proxy.acme.example, found {value!r}")
        return value

    @field_validator("url")
    @classmethod
    def _known_host(cls, value: str, known: ValidationInfo) -> str:
        return Hosts(cls.host_pattern, cls.host_example, known.data.get("allow_host")).check(value)
