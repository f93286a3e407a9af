"""Bounty: a fixed amount F per deal, times the partner's share of the credit unless the plan ignores it.

Three deals at 250.00 are 750.00. Three partners with a third of the credit each get 83.33 each, every one rounded alone:
a bounty is a price per partner, not a pot that must add up. With ``share: ignore`` each gets 250.00.

It pays for the event, not the money: also on a deal of zero and on one whose amount nobody filled in. On a negative deal (a
credit note written as an opportunity) it pays nothing: nothing was introduced.
"""

from __future__ import annotations

from fractions import Fraction

from reconcile.commission.rules.deal import NOTHING, Deal, Earned, Part, Rule


def bounty(amount: Fraction, *, by_share: bool) -> Rule:
    """The rule that pays ``amount`` minor units per deal."""

    def pay(deal: Deal) -> Earned:
        if deal.basis is not None and deal.basis < 0:
            return NOTHING
        share = deal.share if by_share else Fraction(1)
        return Earned(amount * share, (Part(share, amount),))

    return pay
