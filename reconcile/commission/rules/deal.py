"""What a rule is given and what it gives back. Amounts are in minor units of the plan's currency, exact."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Deal:
    """A deal at its place in the pool.

    ``basis`` is B, None where the deal has no amount; ``share`` the partner's part of the credit; ``before`` is R₀, what
    the deals before it sum to, ``after`` is R₀ + B; ``total`` is R of the whole pool.
    """

    basis: Fraction | None
    share: Fraction
    before: Fraction
    after: Fraction
    total: Fraction


class Part(NamedTuple):
    """One step of the computation: ``rate`` of ``of``, for the revenue from ``lower`` (None: no bound) to ``upper``."""

    rate: Fraction
    of: Fraction
    lower: Fraction | None = None
    upper: Fraction | None = None


class Earned(NamedTuple):
    """D before rounding, and the parts that sum to it."""

    exact: Fraction
    parts: tuple[Part, ...]


Rule = Callable[[Deal], Earned]
NOTHING = Earned(Fraction(0), ())
