"""Graduated: each part of the cumulative revenue R at the rate of its own bracket, like income tax.

Brackets 0–50,000 at 10 %, to 100,000 at 12 %, above at 15 %; deals of 40,000, 30,000 and 45,000 in this order:

    40,000   R 0 → 40,000          40,000 × 10 %                         =  4,000
    30,000   R 40,000 → 70,000     10,000 × 10 % + 20,000 × 12 %         =  3,400
    45,000   R 70,000 → 115,000    30,000 × 12 % + 15,000 × 15 %         =  5,850
                                                                           13,250 = C(115,000)

D = C(R₀ + B) − C(R₀): the marginal amount at the deal's place. The sum is C(R) whatever the order, so every change to one
deal moves the deals after it: 20,000 off the first one is −2,000, −400, −450; without it −4,000, −400, −850.

The first bracket reaches down to −∞, so a pool that stands below zero (more credit notes than sales) owes at the first rate.
A negative deal walks the same brackets downwards. Computed from the pieces between R₀ and R₀ + B alone, so that a deal
costs as many steps as it touches brackets, and not as many as there are.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from reconcile.commission.rules.deal import NOTHING, Deal, Earned, Part, Rule


def graduated(bounds: Sequence[Fraction], rates: Sequence[Fraction]) -> Rule:
    """The rule of rates with rising bounds between them (one fewer than rates), in minor units."""

    def pay(deal: Deal) -> Earned:
        if not deal.basis:
            return NOTHING
        rising = deal.basis > 0
        low, high = (deal.before, deal.after) if rising else (deal.after, deal.before)
        first, last = bisect_right(bounds, low), bisect_left(bounds, high)
        if first >= last:
            rate = rates[first]
            return Earned(deal.basis * rate, (Part(rate, deal.basis, *_bracket(bounds, first)),))
        edges = (low, *bounds[first:last], high)
        sign = 1 if rising else -1
        parts = [
            Part(rates[at], sign * (upper - lower), *_bracket(bounds, at))
            for at, (lower, upper) in enumerate(pairwise(edges), first)
        ]
        return Earned(sum((part.rate * part.of for part in parts), Fraction(0)), tuple(parts[::sign]))

    return pay


def _bracket(bounds: Sequence[Fraction], at: int) -> tuple[Fraction | None, Fraction | None]:
    return (bounds[at - 1] if at else None), (bounds[at] if at < len(bounds) else None)
