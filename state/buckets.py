"""Give out the places of a CRM's rate limits to every process that uses this database, so that no window ever overflows.

The problem: HubSpot takes 190 calls in *any* ten seconds, whoever makes them. Two processes share no memory, and a database
transaction before each call would cost more than many a call.

The choice: the bucket's row lists what is taken, and until when it counts. A process takes a handful of places at once and
has half a second to use them. Example, 190 calls in 10 s, of which 188 are given out in 10.1 s:

    at 0.0 s   A takes 11 places, to be used by 0.5 s           [A1: 11 until 10.6 s]
    at 0.2 s   A used them all and takes 11 more                [A1: 11 until 10.3 s] [A2: 11 until 10.8 s]
    at 0.3 s   B takes 11                                       … + [B1: 11 until 10.9 s]
    at 2.0 s   188 are taken: both are told to wait             until the first of them no longer counts

A place counts from its use on for the whole window, so no window ever holds more, where two fixed windows would hold twice
as many around the turn. What a killed process took and did not use is lost for a window, not for ever. Where the CRM says
that more is used than we know of, another program shares its limit, and the rest counts as taken.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite

from state.database import Database
from state.schema import bucket

Key = tuple[str, str]
"""Connection and bucket."""
MARGIN = 0.1
"""Seconds that a window is held longer than the CRM says: calls do not all travel equally long."""
_SHARE = 16
_USE_WITHIN = 0.5


@dataclass(frozen=True, slots=True)
class Size:
    """``most`` calls in any ``seconds``."""

    most: int
    seconds: float

    @classmethod
    def told(cls, most: int, seconds: float) -> Size:
        """What may safely be used of a limit that the CRM told."""
        return cls(max(1, most - most // 90), seconds + MARGIN)


@dataclass(slots=True)
class _Held:
    """Places that this process took: how many of ``taken`` are ``left``, until when, and when the last one was used."""

    taken: int
    left: int
    use_by: float
    used_at: float
    id: str = field(default_factory=lambda: uuid4().hex[:12])


class Buckets:
    """The buckets of a workspace; ``sizes`` are those that no CRM tells."""

    def __init__(self, database: Database, sizes: Mapping[Key, Size]) -> None:
        self._database = database
        self._lock = Lock()
        self._sizes = self._stored() | dict(sizes)
        self._held: dict[Key, _Held] = {}
        self._known: dict[Key, int] = {}

    def take(self, connection: str, name: str) -> float:
        """Seconds to wait before asking again; 0.0: a place is taken, make the call."""
        key = (connection, name)
        with self._lock:
            size = self._sizes.get(key)
            if size is None:
                return 0.0
            held, now = self._held.get(key), time.monotonic()
            if held is not None and held.left and now < held.use_by:
                held.left -= 1
                held.used_at = now
                return 0.0
            return self._grant(key, size, held)

    def learn(self, connection: str, name: str, size: Size, used: int) -> None:
        """The CRM told the bucket's size, and how many calls of the window it has seen."""
        key = (connection, name)
        with self._lock:
            if self._sizes.get(key) == size and used <= self._known.get(key, 0):
                return
            self._sizes[key] = size
            with self._database.marking() as open_:
                grants, now = self._open(open_, key)
                unknown = used - sum(count for _, _, count in grants)
                if unknown > 0:
                    grants.append(("others", now + _micro(size.seconds), unknown))
                self._close(open_, key, size, grants)

    def full(self, connection: str, name: str, otherwise: Size) -> None:
        """The CRM says that the window is full; ``otherwise`` is the size of a bucket of which nothing was told."""
        with self._lock:
            size = self._sizes.get((connection, name), otherwise)
            self._held.pop((connection, name), None)
        self.learn(connection, name, size, size.most)

    def _grant(self, key: Key, size: Size, held: _Held | None) -> float:
        before = time.monotonic()
        with self._database.marking() as open_:
            grants, now = self._open(open_, key)
            if held is not None:
                # What was not used is given back; what was used counts from then on, however early or late that was.
                until = now - _micro(before - held.used_at) + _micro(size.seconds)
                used = held.taken - held.left
                grants = [(id_, until, used) if id_ == held.id else (id_, at, n) for id_, at, n in grants]
                grants = [each for each in grants if each[1] > now and each[2] > 0]
                del self._held[key]
            room = size.most - sum(count for _, _, count in grants)
            if room > 0:
                taken = min(room, max(1, size.most // _SHARE))
                within = min(_USE_WITHIN, size.seconds / 20) if taken > 1 else 0.0
                mine = _Held(taken, taken - 1, before + within, before)
                grants.append((mine.id, now + _micro(within + size.seconds), taken))
            self._close(open_, key, size, grants)
        if room > 0:
            mine.used_at = time.monotonic()
            self._held[key] = mine
            return 0.0
        return max(0.001, (min(at for _, at, _ in grants) - now) / 1_000_000)

    def _open(self, open_: Connection, key: Key) -> tuple[list[tuple[str, int, int]], int]:
        """What is taken and still counts, and the database's time; nobody else changes the row until the commit."""
        insert = sqlite.insert if self._database.dialect == "sqlite" else postgresql.insert
        made = insert(bucket).values(self._row(key) | {"most": 0, "window": 0, "taken": []})
        open_.execute(made.on_conflict_do_nothing())
        query = select(bucket.c.taken).where(*self._here(key)).with_for_update()
        stored = open_.execute(query).scalar_one()
        now = int(open_.execute(select(self._database.now())).scalar_one())
        return [(str(id_), int(at), int(count)) for id_, at, count in stored if int(at) > now], now

    def _close(self, open_: Connection, key: Key, size: Size, grants: list[tuple[str, int, int]]) -> None:
        self._known[key] = sum(count for _, _, count in grants)
        values = {"most": size.most, "window": _micro(size.seconds), "taken": [list(each) for each in grants]}
        open_.execute(update(bucket).where(*self._here(key)).values(values))

    def _stored(self) -> dict[Key, Size]:
        query = select(bucket).where(bucket.c.workspace == self._database.workspace, bucket.c.most > 0)
        with self._database.reading() as open_:
            rows = open_.execute(query).all()
        return {(row.connection, row.name): Size(row.most, row.window / 1_000_000) for row in rows}

    def _row(self, key: Key) -> dict[str, object]:
        return {"workspace": self._database.workspace, "connection": key[0], "name": key[1]}

    def _here(self, key: Key) -> list[ColumnElement[bool]]:
        return [bucket.c[column] == value for column, value in self._row(key).items()]


def _micro(seconds: float) -> int:
    return round(seconds * 1_000_000)
