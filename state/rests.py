"""Which connections rest, until when and why: a CRM whose allowance is used up is not asked again before it is back.

A wait of hours is not slept: it is stored, every process skips the connection until then, and ``status`` shows it. The
instant is bounded (a day and an hour), and forgotten where the clock says that it lies before the rest began, so that no
wrong header and no wrong clock keeps a connection still for ever.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from sqlalchemy import select

from state.database import Database
from state.lists import HERE
from state.marks import upsert
from state.schema import rest

LONGEST = timedelta(hours=25)
UNTOLD = timedelta(hours=1)
"""How long a connection rests whose CRM does not say for how long."""
_LOOKED_AGAIN = timedelta(seconds=30)
_BACKWARDS = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Rest:
    """A connection that is not asked before ``until``."""

    connection: str
    since: datetime
    until: datetime
    reason: str

    def holds(self, now: datetime) -> bool:
        """Whether it still rests."""
        return self.since - _BACKWARDS <= now < self.until


class Rests:
    """The rests of a workspace; what another process stored is seen within half a minute."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = Lock()
        self._known: Mapping[str, Rest] = {}
        self._read_at: datetime | None = None

    def put(self, connection: str, seconds: float | None, reason: str) -> None:
        """Rest from now on for so many seconds."""
        now = self._database.clock.now()
        lasts = UNTOLD if seconds is None else min(LONGEST, timedelta(seconds=max(0.0, min(seconds, 1e6))))
        row = {"workspace": self._database.workspace, "connection": connection, "since": now, "until": now + lasts}
        with self._lock:
            with self._database.marking() as open_:
                open_.execute(upsert(self._database, rest), {**row, "reason": reason})
            self._read_at = None

    def end(self, connection: str) -> bool:
        """Ask the CRM again as soon as may be; gives whether it rested."""
        rested = self._stored().get(connection)
        if rested is None or not rested.holds(self._database.clock.now()):
            return False
        self.put(connection, 0, rested.reason)
        return True

    def of(self, connection: str) -> Rest | None:
        """The rest of a connection, while it lasts."""
        now = self._database.clock.now()
        with self._lock:
            if self._read_at is None or not timedelta(0) <= now - self._read_at < _LOOKED_AGAIN:
                self._known, self._read_at = self._stored(), now
            found = self._known.get(connection)
        return found if found is not None and found.holds(now) else None

    def all(self) -> tuple[Rest, ...]:
        """Every connection that rests now."""
        now = self._database.clock.now()
        return tuple(each for _, each in sorted(self._stored().items()) if each.holds(now))

    def _stored(self) -> Mapping[str, Rest]:
        with self._database.reading() as open_:
            rows = open_.execute(_ALL, {"here": self._database.workspace}).all()
        return {row.connection: Rest(row.connection, row.since, row.until, row.reason) for row in rows}


_ALL = select(rest).where(rest.c.workspace == HERE)
