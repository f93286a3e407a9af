"""Which generation of a deal earns: a deal that is won again is a new sale, at that date's plan, tier and rate.

    won, USD     generation 1
    lost         still 1: what it earned is taken back under its own key
    won, USD     2: it turned won after not being won
    won, EUR     3: its currency changed

Counting starts when the deal first had something to earn (D ≠ 0): a deal that was won and lost before any partner had to do
with it is in its first generation when it first pays. Judged between successive versions of the deal's facts, not between
cycles, so that a workspace that slept for a week counts what one that ran every minute counts. Both changes at once count
once. A deletion and its restore are no versions: the deal before and the deal after are compared.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from partnersync.facts import Opportunity, Version

FIRST = 1


def generation(history: Sequence[Version[Opportunity]], earned: Callable[[int], bool]) -> int:
    """The generation of the newest version; ``earned(i)`` says whether version ``i`` had D ≠ 0 while it stood."""
    count = FIRST
    ever = False
    before: Opportunity | None = None
    currency: str | None = None
    for at, version in enumerate(history):
        deal = version.fact
        if deal is None:
            continue
        if before is not None:
            won_again = deal.outcome == "won" and before.outcome != "won"
            other_money = deal.currency is not None and currency is not None and deal.currency != currency
            if won_again or other_money:
                ever = ever or _any_earned(history, at, earned)
                count += 1 if ever else 0
        before, currency = deal, deal.currency or currency
    return count


def _any_earned(history: Sequence[Version[Opportunity]], until: int, earned: Callable[[int], bool]) -> bool:
    """Whether any version before ``until`` had D ≠ 0; asked only for deals whose history turned, because it costs."""
    return any(earned(at) for at in range(until) if (deal := history[at].fact) is not None and deal.outcome == "won")
