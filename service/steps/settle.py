"""Settle: what is owed in every pool that changed, first to know it, then, once the plan may be applied, to post it.

Lines are never taken back, so nothing is posted before the guards have seen what it would come to. The first pass only adds
up; posting computes the same again, pool by pool, from the same entries. A pool with an entry older than the config waits alone:
it stays marked, nothing of it is posted, and the log says what to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import structlog

from partnersync.clock import local_day
from partnersync.ids import Ref
from partnersync.lines import Line, Posted
from partnersync.money import Money
from reconcile.commission.calendar import Periods
from reconcile.commission.settle import Settled, StaleEntryError, settle
from reconcile.writeback.asked import one_amount
from service.shop import Shop
from service.steps.rules import Rules
from state.database import Fence
from state.ledger import Ledger
from state.pools import PooledDeals, Pools
from state.reversals import Reversals

ACTOR = "partnersync"


@dataclass(slots=True)
class Moved:
    """What settling would post: gross by currency in minor units, the sum by deal, partner and currency, and counts.

    ``waiting`` are keys without an open period, ``stale`` pools with an entry older than the config; ``pools`` are the others.
    """

    gross: dict[str, int] = field(default_factory=dict)
    by_deal: dict[Ref, dict[tuple[str, str], int]] = field(default_factory=dict)
    lines: int = 0
    pools: int = 0
    waiting: int = 0
    stale: int = 0

    def amounts(self) -> tuple[Money, ...]:
        """The gross amounts, by currency."""
        return tuple(Money(minor, currency) for currency, minor in sorted(self.gross.items()))


def preview(shop: Shop, rules: Rules, tell: Callable[[int], None] = lambda _: None) -> Moved:
    """What would be posted now."""
    moved = Moved()
    for pool, settled in _settled(shop, rules):
        if isinstance(settled, StaleEntryError):
            moved.stale += 1
            log = structlog.get_logger("partnersync.settle")
            log.warning("pool waits", partner=pool.pool.partner, period=pool.pool.period, error=str(settled))
            continue
        moved.pools += 1
        moved.waiting += len(settled.waiting)
        for line in settled.lines:
            add(moved, line)
        tell(moved.pools)
    return moved


def post(shop: Shop, fence: Fence, rules: Rules, run: int, tell: Callable[[int], None] = lambda _: None) -> int:
    """Post every line that is due; gives their number.

    Raises:
        ConflictError: the lease is lost, or a person halted the workspace; what was posted before stays.
    """
    ledger, count = Ledger(shop.database), 0
    for pool, settled in _settled(shop, rules):
        if isinstance(settled, StaleEntryError):
            continue
        fence.check()
        if settled.ended:
            Reversals(shop.database).end(fence, settled.ended, rules.as_of)
        ledger.append(fence, settled.lines, rules.config, [pool.pool], run)
        count += len(settled.lines)
        tell(count)
        if shop.stop.is_set():
            break
    return count


def _settled(shop: Shop, rules: Rules) -> Iterator[tuple[PooledDeals, Settled | StaleEntryError]]:
    """Every pool that changed, settled, or why it waits."""
    for pool in Pools(shop.database).stream("dirty", rules.as_of):
        settled: Settled | StaleEntryError
        try:
            settled = settle_pool(rules, pool)
        except StaleEntryError as error:
            settled = error
        yield pool, settled


def settle_pool(rules: Rules, pool: PooledDeals) -> Settled:
    """What one pool owes and the lines that are due.

    Raises:
        StaleEntryError: it waits, for an entry is older than the config.
    """
    terms = rules.plans.terms.get(pool.pool.program)
    calendar = terms.calendar if terms else rules.periods.calendar
    periods = Periods(calendar, local_day(rules.as_of, calendar.timezone))
    return settle(
        rules.plans,
        pool.pool,
        pool.entries,
        {each.key: Posted(each.minor, each.count) for each in pool.posted},
        periods,
        rules.as_of,
        actor=ACTOR,
        changed=pool.changed,
        reason=f"config {rules.config[:12]}",
        taken_back=pool.taken_back,
    )


def add(moved: Moved, line: Line) -> None:
    """Count a line that is due."""
    key = line.key
    moved.lines += 1
    moved.gross[key.currency] = moved.gross.get(key.currency, 0) + abs(line.minor)
    held = moved.by_deal.setdefault(key.opportunity, {})
    held[key.partner, key.currency] = held.get((key.partner, key.currency), 0) + line.minor


def earned(posted: Mapping[str, tuple[Money, ...]], moved: Moved, deal: Ref) -> Mapping[str, Money]:
    """D by partner: posted and about to be."""
    held = [(partner, money) for partner, amounts in posted.items() for money in amounts]
    due = [(who, Money(minor, currency)) for (who, currency), minor in moved.by_deal.get(deal, {}).items()]
    return one_amount([*held, *due])
