"""The rule that a ``rate:`` of the config means, with its amounts in minor units of the plan's currency."""

from __future__ import annotations

from fractions import Fraction

from partnersync.money import exponent
from reconcile.commission.config import BountyRate, GraduatedRate, PercentRate
from reconcile.commission.rules.bounty import bounty
from reconcile.commission.rules.deal import Rule
from reconcile.commission.rules.graduated import graduated
from reconcile.commission.rules.percent import percent


def rule_of(rate: PercentRate | BountyRate | GraduatedRate, currency: str) -> Rule:
    """The rule of a rate."""
    scale = 10 ** exponent(currency)
    match rate:
        case PercentRate():
            return percent(rate.percent)
        case BountyRate():
            return bounty(Fraction(rate.bounty.amount) * scale, by_share=rate.bounty.share == "credit")
        case GraduatedRate():
            brackets = rate.graduated.brackets
            bounds = [Fraction(bracket.to) * scale for bracket in brackets if bracket.to is not None]
            return graduated(bounds, [bracket.rate for bracket in brackets])
