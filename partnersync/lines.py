"""The ledger's words: what a deal brings to a pool, the key under which money is owed, and the lines that say so.

D(key) is what is owed as of now, rounded once; a line is D minus everything already posted for the key, and is never
rounded itself (DOMAIN §6, §7).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

from partnersync.ids import Ref

Component = Literal["commission", "clawback", "cap", "reserve", "manual"]
LineKind = Literal[
    "earned",
    "adjustment",
    "bonus",
    "clawback",
    "cap",
    "reserve",
    "reserve_release",
    "fx_diff",
    "write_off",
    "transfer",
    "opening",
    "payout",
    "payout_return",
]
PeriodState = Literal["future", "open", "soft_closed", "locked"]


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A named span of days ``[starts_on, ends_on)`` in a programme's calendar; labels such as ``2026-Q1``."""

    starts_on: date
    ends_on: date
    label: str


@dataclass(frozen=True, slots=True, order=True)
class Pool:
    """Everything that is computed together: one partner's deals under one plan in one period, in their order.

    ``measure`` names what R sums (today always ``revenue``); ``currency`` is the plan's.
    """

    program: str
    plan: str
    partner: str
    measure: str
    period: str
    currency: str


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate of exchange: one unit of ``base`` is ``value`` units of ``quote`` on ``on``; ``path`` says how it was found."""

    base: str
    quote: str
    on: date
    value: Fraction
    path: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One deal's part in one pool, in the pool's currency and not yet rounded.

    ``basis`` is B in minor units of the pool's currency, exact (None for a deal without an amount: a bounty still pays).
    ``blocked`` names why it has no D (``close_date``, ``fx_missing``, ``currency_missing``); it is then not in R either.
    A deal that is not won, was deleted, or lost its credit has no entry. ``facts`` are hashes of what it rests on;
    ``context`` holds what rules and the explanation need (version, tier, share, source amount …), JSON-able. ``cites`` is what
    it rests on (source stamps, evidence with fact hashes): like ``facts``, it may change without changing what is earned.
    """

    pool: Pool
    opportunity: Ref
    generation: int
    version: str
    rule: str
    role: str
    effective_on: date | None
    created_at: datetime
    source_key: str
    basis: Fraction | None
    share: Fraction
    rate: Rate | None = None
    blocked: str | None = None
    facts: tuple[str, ...] = ()
    context: Mapping[str, Any] = field(default_factory=dict)
    good_until: datetime | None = None
    cites: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """What identifies an amount owed. Bracket, tier, rate, plan version and credit are not part of it (DOMAIN §7)."""

    program: str
    partner: str
    plan: str
    rule: str
    role: str
    opportunity: Ref
    generation: int
    period: str
    currency: str
    component: Component


@dataclass(frozen=True, slots=True)
class Owed:
    """D(key) in minor units, the exact value before rounding, and the compact explanation (numbers and fact hashes)."""

    key: Key
    minor: int
    exact: Fraction
    explanation: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One append-only row of the ledger; ``sequence`` counts lines of its key from 1."""

    key: Key
    kind: LineKind
    minor: int
    sequence: int
    posted_period: str
    caused_by: str
    actor: str
    stamp: datetime
    explanation: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RateRow:
    """One published rate: on ``on`` one ``base`` is ``value`` ``quote``."""

    on: date
    base: str
    quote: str
    value: Decimal


@dataclass(frozen=True, slots=True)
class FrozenRate:
    """A rate as it was first used for a deal: every later D of this generation, pair and rate date uses it again.

    ``asked_on`` is the rate date (the deal's close date); ``rate.on`` is the day on which the rate had been published.
    """

    opportunity: Ref
    generation: int
    asked_on: date
    rate: Rate


@dataclass(frozen=True, slots=True)
class Posted:
    """What the ledger holds for a key of a pool: the sum of its lines in minor units, and how many there are."""

    minor: int
    count: int


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What a person took back of a commission key, by rolling a run back: ``minor``, for as long as D(key) is ``owed``.

    Once D is another, or a person released it (``ended``), nothing of it is taken back any more.
    """

    key: Key
    owed: int
    minor: int
    run: int
    actor: str
    ended: bool = False

    @property
    def cause(self) -> str:
        """Why, in words."""
        return f"run {self.run} was rolled back"
