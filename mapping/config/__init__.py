"""The sections ``sources``, ``programs``, ``partners``, ``registrations`` and ``attribution`` of the config file."""

from mapping.config.checks import MappingSections, faults, vocabulary
from mapping.config.parties import InlinePartner, Partners, Program, Programs, RosterInline, RosterSource, TierSource
from mapping.config.rules import (
    Attribution,
    AttributionRule,
    FieldRule,
    Lookback,
    RegistrationRule,
    Registrations,
    TouchpointRule,
)
from mapping.config.section import SourceName
from mapping.config.sources import (
    AccountSource,
    ExtraField,
    OpportunitySource,
    OverrideSource,
    RegistrationSource,
    Source,
    Sources,
    Stages,
    TouchpointSource,
)

__all__ = [
    "AccountSource",
    "Attribution",
    "AttributionRule",
    "ExtraField",
    "FieldRule",
    "InlinePartner",
    "Lookback",
    "MappingSections",
    "OpportunitySource",
    "OverrideSource",
    "Partners",
    "Program",
    "Programs",
    "RegistrationRule",
    "RegistrationSource",
    "Registrations",
    "RosterInline",
    "RosterSource",
    "Source",
    "SourceName",
    "Sources",
    "Stages",
    "TierSource",
    "TouchpointRule",
    "TouchpointSource",
    "faults",
    "vocabulary",
]
