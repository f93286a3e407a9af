"""What people took back of the ledger by rolling runs back; the lines themselves stand in the ledger, this says how long."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, update

from partnersync.lines import Key, TakenBack
from state.database import Database, Fence
from state.lists import chunks
from state.marks import mark, upsert
from state.places import fact_ids
from state.pools import known_pools, pool_of, strand_of, strands_by_id, taken_of
from state.schema import dirty_pool, taken_back

_AT_ONCE = 500


class Reversals:
    """What is taken back in a workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> Sequence[TakenBack]:
        """What is taken back now."""
        with self._database.reading() as open_:
            return [each for _, each in taken_of(self._database, open_, taken_back.c.ended_at.is_(None))]

    def end(self, fence: Fence, keys: Collection[Key], at: datetime) -> None:
        """Nothing of these is taken back any more; their pools are settled anew."""
        for some in chunks(sorted(keys), _AT_ONCE):
            with self._database.writing(fence) as open_:
                identities = _identities(self._database, open_, some)
                rows = [{"p": each["pool"], "o": each["opportunity"], "s": each["strand"]} for each in identities]
                open_.execute(_END.where(taken_back.c.workspace == self._database.workspace).values(ended_at=at), rows)
                mark(self._database, open_, dirty_pool, [each["pool"] for each in identities], at)


def take_back(database: Database, open_: Connection, taken: Sequence[TakenBack]) -> None:
    """Take these back, in the transaction that posts their reversals; their pools are settled anew."""
    now = database.clock.now()
    identities = _identities(database, open_, [each.key for each in taken])
    rows: list[dict[str, Any]] = [
        {
            **identity,
            "workspace": database.workspace,
            "owed": each.owed,
            "minor": each.minor,
            "actor": each.actor,
            "run": each.run,
            "at": now,
            "ended_at": None,
        }
        for each, identity in zip(taken, identities, strict=True)
    ]
    if rows:
        open_.execute(upsert(database, taken_back), rows)
        mark(database, open_, dirty_pool, [each["pool"] for each in identities], now)


def _identities(database: Database, open_: Connection, keys: Sequence[Key]) -> list[dict[str, int]]:
    """The integers of keys that have lines."""
    pools = known_pools(database, open_, {pool_of(key) for key in keys})
    deals = fact_ids(database, open_, {key.opportunity for key in keys})
    strands = {strand: id_ for id_, strand in strands_by_id(database, open_).items()}
    return [
        {"pool": pools[pool_of(key)], "opportunity": deals[key.opportunity], "strand": strands[strand_of(key)]}
        for key in keys
    ]


_END = update(taken_back).where(
    taken_back.c.pool == bindparam("p"),
    taken_back.c.opportunity == bindparam("o"),
    taken_back.c.strand == bindparam("s"),
    taken_back.c.ended_at.is_(None),
)
