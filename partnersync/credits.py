"""Who gets credit for an opportunity, how much, and what proves it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Literal

from partnersync.ids import Ref
from partnersync.money import Money

Role = Literal["sourced", "influenced", "resale", "services", "distribution", "technology"]
ROLES: tuple[Role, ...] = ("sourced", "influenced", "resale", "services", "distribution", "technology")
UNASSIGNED = "unassigned"
"""The reserved party that holds whatever no partner holds, so that shares always sum to exactly 100 %."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that proves (or was set aside for) a credit; ``fact`` is the hash of the fact version it rests on.

    ``kind`` is registration, touchpoint, field, override, duplicate_of or account; ``note`` is the sentence shown to people;
    ``late`` marks evidence recorded after the win, which is shown and never counted.
    """

    kind: str
    ref: Ref
    fact: str
    at: datetime | None = None
    author: str | None = None
    note: str = ""
    late: bool = False


@dataclass(frozen=True, slots=True)
class Credit:
    """A party's share of one opportunity in one role; ``amount`` is the credited part of the deal in its own currency.

    ``amount`` is None where the deal has no amount or no currency. ``rule`` is the id of the attribution rule.
    ``good_until`` is the instant after which time alone may change the answer (None: never).
    """

    opportunity: Ref
    role: Role
    partner: str
    share: Fraction
    amount: Money | None
    rule: str
    program: str
    evidence: tuple[Evidence, ...] = ()
    good_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A data-quality finding or a reason that something is blocked (DOMAIN §9): shown, never silent."""

    code: str
    ref: Ref
    message: str
    severity: Literal["info", "warning", "error"] = "warning"
