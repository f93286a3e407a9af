"""Count calls and keep allowances, shared by every process that uses this database.

Counting must not cost a commit per call: counts gather in memory and are added to the rows by ``flush``. A killed process
loses the counts since its last flush and nothing else. Places in a rate limit are given out by ``buckets``: of a size that
the connection sets or the CRM tells; where neither does, nobody waits. A connection whose allowance is used up rests
(``rests``): every call of it is refused here until it is back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from threading import Lock
from typing import Protocol

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite

from partnersync.errors import QuotaError
from state.buckets import Buckets, Size
from state.database import Database
from state.marks import upsert
from state.rests import Rests
from state.schema import budget, calls

DAILY = "daily"
_BELIEVED = timedelta(hours=1)


class Budget(Protocol):
    """What a CRM said is left, as connectors tell it."""

    @property
    def name(self) -> str: ...
    @property
    def used(self) -> int: ...
    @property
    def limit(self) -> int: ...
    @property
    def at(self) -> datetime: ...
    @property
    def seconds(self) -> float | None: ...


@dataclass(frozen=True, slots=True)
class _Known:
    name: str
    used: int
    limit: int
    at: datetime
    seconds: float | None = None


class DatabaseMeter:
    """The meter of a workspace; ``paces`` is (connection, bucket) → (calls, in how many seconds) for limits that no CRM
    tells, ``reserved`` connection → the share of its daily allowance that is left to people.
    """

    def __init__(
        self,
        database: Database,
        paces: Mapping[tuple[str, str], tuple[int, float]] | None = None,
        reserved: Mapping[str, float] | None = None,
    ) -> None:
        self._database = database
        self._buckets = Buckets(database, {key: Size(*pace) for key, pace in (paces or {}).items()})
        self._rests = Rests(database)
        self._reserved = dict(reserved or {})
        self._lock = Lock()
        self._counts: Counter[tuple[str, str, str, str, str]] = Counter()
        self._taken: Counter[tuple[str, str]] = Counter()
        self._ever: Counter[tuple[str, str, str]] = Counter()
        self._budgets: dict[tuple[str, str], Budget] = self._stored()
        self._unsaved: set[tuple[str, str]] = set()

    def count(self, connection: str, freshness: str, endpoint: str, status: int | None) -> None:
        """One HTTP exchange happened; ``status`` None: no answer came."""
        day = self._database.clock.now().date().isoformat()
        with self._lock:
            self._counts[connection, freshness, endpoint, str(status or "none"), day] += 1
            self._taken[connection, freshness] += 1
            self._ever[connection, freshness, endpoint] += 1

    def learn(self, connection: str, budget: Budget) -> None:
        """The CRM said what is left; of a running window (``seconds``), how large it is."""
        if budget.seconds is not None:
            self._buckets.learn(connection, budget.name, Size.told(budget.limit, budget.seconds), budget.used)
            return
        with self._lock:
            self._budgets[connection, budget.name] = budget
            self._unsaved.add((connection, budget.name))

    def wait(self, connection: str, bucket: str) -> float:
        """Seconds to wait before the next call of ``bucket`` may be sent (0.0: now), reserving its place.

        Raises:
            QuotaError: the connection rests, or the share that is reserved for people would be touched.
        """
        self.awake(connection)
        self._refuse_reserved(connection)
        return self._buckets.take(connection, bucket)

    def answered(self, connection: str, bucket: str) -> None:
        """The call for which this thread waited is over, however it ended."""
        self._buckets.answered(connection, bucket)

    def awake(self, connection: str) -> None:
        """Raises:
        QuotaError: the connection rests; it is not asked anything, not even to sign in.
        """
        resting = self._rests.of(connection)
        if resting is not None:
            left = (resting.until - self._database.clock.now()).total_seconds()
            raise QuotaError(f"not asked before {resting.until:%Y-%m-%d %H:%M} UTC: {resting.reason}", retry_after=left)

    def full(self, connection: str, bucket: str, limit: int, seconds: float) -> None:
        """The CRM refused a call because the bucket's window is full: so many in so many seconds, unless it told."""
        self._buckets.full(connection, bucket, Size.told(limit, seconds))

    def rest(self, connection: str, seconds: float | None, reason: str) -> None:
        """Ask the connection nothing for so many seconds (None: it did not say; an hour), in no process."""
        self._rests.put(connection, seconds, reason)

    def flush(self) -> None:
        """Add what was counted and learnt to the database."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
            told = [(key, self._budgets[key]) for key in sorted(self._unsaved)]
            self._unsaved = set()
        if not counts and not told:
            return
        names = ("connection", "freshness", "endpoint", "status", "day")
        workspace = {"workspace": self._database.workspace}
        rows = [
            {**workspace, **dict(zip(names, key, strict=True)), "count": count} for key, count in sorted(counts.items())
        ]
        budgets = [
            {**workspace, "connection": connection, "name": name, "used": b.used, "allowance": b.limit, "at": b.at}
            for (connection, name), b in told
        ]
        with self._database.marking() as open_:
            if rows:
                open_.execute(_adding(self._database.dialect), rows)
            if budgets:
                open_.execute(upsert(self._database, budget), budgets)

    def taken(self) -> Mapping[tuple[str, str], int]:
        """Calls by connection and freshness since ``taken`` was last asked."""
        with self._lock:
            taken, self._taken = self._taken, Counter()
        return taken

    def ever(self) -> Counter[tuple[str, str, str]]:
        """Calls of this process by connection, freshness and endpoint; the difference of two is what a cycle called."""
        with self._lock:
            return self._ever.copy()

    def totals(self) -> Mapping[tuple[str, str], int]:
        """Stored calls by connection and freshness, of all time."""
        query = select(calls.c.connection, calls.c.freshness, func.sum(calls.c.count)).where(
            calls.c.workspace == self._database.workspace
        )
        with self._database.reading() as open_:
            rows = open_.execute(query.group_by(calls.c.connection, calls.c.freshness)).all()
        return {(row[0], row[1]): int(row[2]) for row in rows}

    def _stored(self) -> dict[tuple[str, str], Budget]:
        query = select(budget).where(budget.c.workspace == self._database.workspace)
        with self._database.reading() as open_:
            rows = open_.execute(query).all()
        return {(row.connection, row.name): _Known(row.name, row.used, row.allowance, row.at) for row in rows}

    def _refuse_reserved(self, connection: str) -> None:
        """Judge the day's allowance by what the CRM last said; what was said long ago is asked anew with a call."""
        now, reserved = self._database.clock.now(), self._reserved.get(connection, 0.0)
        with self._lock:
            known = [each for (name, _), each in self._budgets.items() if name == connection]
        for each in known:
            stale = now - each.at > _BELIEVED
            if each.name == DAILY and not stale and each.used >= each.limit * (1 - reserved):
                raise QuotaError(
                    f"{connection} has used {each.used:,} of {each.limit:,} calls of the day; the rest is kept for people",
                    retry_after=_BELIEVED.total_seconds(),
                )


@cache
def _adding(dialect: str) -> sqlite.Insert | postgresql.Insert:
    new = sqlite.insert(calls) if dialect == "sqlite" else postgresql.insert(calls)
    return new.on_conflict_do_update(
        index_elements=[column.name for column in calls.primary_key],
        set_={"count": calls.c.count + new.excluded["count"]},
    )
