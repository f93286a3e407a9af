"""The ``connections:`` section: one model per CRM, told apart by ``crm``."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from connectors.connection import Connection
from connectors.registry import CRMS
from partnersync.units import Slug

if TYPE_CHECKING:
    AnyConnection = Connection
else:
    AnyConnection = Annotated[reduce(or_, (crm.settings for crm in CRMS.values())), Field(discriminator="crm")]

Connections = Annotated[dict[Slug, AnyConnection], Field(default_factory=dict)]
"""Connections by name; file sources need none."""
