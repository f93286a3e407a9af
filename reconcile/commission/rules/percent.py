"""Percent: the same share of every deal, D = B·r.

12,345.67 at 10 % is 1,234.567, posted as 1,234.57; a credit note of −12,345.67 is −1,234.57. A deal without an amount earns
nothing until it has one.
"""

from __future__ import annotations

from fractions import Fraction

from reconcile.commission.rules.deal import NOTHING, Deal, Earned, Part, Rule


def percent(rate: Fraction) -> Rule:
    """The rule that pays ``rate`` of B."""

    def pay(deal: Deal) -> Earned:
        if deal.basis is None:
            return NOTHING
        return Earned(deal.basis * rate, (Part(rate, deal.basis),))

    return pay
