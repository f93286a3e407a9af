"""The lines that take a run's lines back, as settling posts them: under a key of their own, while the same is owed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from partnersync.lines import Key, Line, Pool, TakenBack
from reconcile.writeback.rollback import Left
from service.shop import Shop
from service.steps.rules import Rules
from service.steps.settle import settle_pool
from state.ledger import Ledger
from state.pools import PooledDeals, Pools, pool_of


@dataclass(frozen=True, slots=True)
class Reversed:
    """What is taken back in one pool, with its lines, and what is left there and why."""

    pool: Pool
    taken: tuple[TakenBack, ...]
    lines: tuple[Line, ...]
    left: tuple[Left, ...]


def reversals(shop: Shop, rules: Rules, run: int, actor: str) -> Iterator[Reversed]:
    """What taking back the lines of a run comes to, pool by pool."""
    sums: dict[Pool, dict[Key, tuple[int, int]]] = {}
    for line in Ledger(shop.database).lines(run=run):
        if line.key.component == "commission":
            here = sums.setdefault(pool_of(line.key), {})
            here[line.key] = (here.get(line.key, (0, 0))[0] + line.minor, line.sequence)
    for pooled in Pools(shop.database).named(sums):
        yield _reversed(rules, pooled, sums[pooled.pool], run, actor)


def _reversed(
    rules: Rules, pooled: PooledDeals, posted_by_it: dict[Key, tuple[int, int]], run: int, actor: str
) -> Reversed:
    posted = {each.key: each for each in pooled.posted}
    before = {each.key: each for each in pooled.taken_back if not each.ended}
    wanted: dict[Key, TakenBack] = {}
    left = []
    for key, (minor, last) in sorted(posted_by_it.items()):
        if posted[key].count > last:
            left.append(_left(key, "a later run posted to it"))
        elif minor and key not in before:
            wanted[key] = TakenBack(key, posted[key].minor, minor, run, actor)
    others = tuple(each for each in pooled.taken_back if each.key not in wanted)
    settled = settle_pool(rules, replace(pooled, taken_back=(*others, *wanted.values())))
    moved = [key for key in settled.ended if wanted.pop(key, None)]
    left += [_left(key, "another amount is owed by now; the next run posts the difference") for key in moved]
    mine = {replace(key, component="manual") for key in wanted}
    left += [_left(key, "it waits for a period to open") for key, _ in settled.waiting if key in mine]
    lines = tuple(line for line in settled.lines if line.key in mine)
    return Reversed(pooled.pool, tuple(wanted.values()), lines, tuple(left))


def _left(key: Key, why: str) -> Left:
    return Left(key.opportunity, f"commission of {key.partner} by {key.plan}, rule {key.rule}", why)
