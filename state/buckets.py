"""Give out the places of a CRM's rate limits to every process that uses this database, so that no window ever overflows.

The problem: HubSpot takes 190 calls in *any* ten seconds, whoever makes them. Two processes share no memory, and a database
transaction before each call would cost more than many a call.

The choice: the bucket's row lists what is taken, and until when it counts. A process takes a handful of places at once and
has a quarter of a second to use them. Example, 190 calls in 10 s, of which 188 are given out in 10.1 s:

    at 0.0 s   A takes 11 places, to be used by 0.25 s          [A1: 11 until 11.4 s]
    at 0.2 s   A's calls are answered, and it takes 11 more     [A1: 11 until 10.3 s] [A2: 11 until 11.6 s]
    at 0.3 s   B takes 11                                       … + [B1: 11 until 11.7 s]
    at 2.0 s   188 are taken: both are told to wait             until the first of them no longer counts

A place counts until a whole window after its call was *answered*: a request travels as long as it likes, but whoever answers
it has counted it before. (Counted from when they were sent, calls of a busy machine arrived closer together than that, and
five searches a second became six.) No window ever holds more, where two fixed windows would hold twice as many around the
turn. What a killed process took is lost for a window and a second, not for ever. Where the CRM says that more is used than
we know of, another program shares its limit, and the rest counts as taken.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock, get_ident
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite

from state.database import Database
from state.lists import HERE
from state.schema import bucket

Key = tuple[str, str]
"""Connection and bucket."""
Grant = tuple[str, int, int]
"""Whose places, until when they count (microseconds in the database's time), how many."""
MARGIN = 0.1
"""Seconds that a window is held longer than the CRM says: calls do not all travel equally long."""
_SHARE = 16
_USE_WITHIN = 0.25
_LATE = 1.0
"""Seconds that a call of which nothing is heard may take to arrive."""
_POLL = 0.02
_LOOK_AGAIN = 0.25


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
class _Handful:
    """Places that this process took: ``left`` of them to be used by ``use_by``, ``flying`` not answered for yet."""

    taken: int
    left: int
    use_by: float
    flying: int = 0
    used_at: float = 0.0
    answered_at: float = 0.0
    id: str = field(default_factory=lambda: uuid4().hex[:12])

    def use(self) -> None:
        self.left -= 1
        self.flying += 1
        self.used_at = self.answered_at = time.monotonic()

    def give_back(self) -> None:
        self.taken, self.left = self.taken - self.left, 0


class Buckets:
    """The buckets of a workspace; ``sizes`` are those that no CRM tells."""

    def __init__(self, database: Database, sizes: Mapping[Key, Size]) -> None:
        self._database = database
        self._lock = Lock()
        self._sizes = self._stored() | dict(sizes)
        self._mine: dict[Key, dict[str, _Handful]] = {}
        self._flying: dict[tuple[Key, int], _Handful] = {}
        self._known: dict[Key, int] = {}
        self._look_again_at = 0.0

    def take(self, connection: str, name: str) -> float:
        """Seconds to wait before asking again; 0.0: a place is taken, make the call."""
        key = (connection, name)
        with self._lock:
            self._land(key)  # a call that nobody told the end of was never made
            now = time.monotonic()
            if key not in self._sizes and now >= self._look_again_at:
                self._sizes = self._stored() | self._sizes  # another process may have been told meanwhile
                self._look_again_at = now + _LOOK_AGAIN
            size = self._sizes.get(key)
            if size is None:
                return 0.0
            for handful in self._mine.get(key, {}).values():
                if handful.left and now < handful.use_by:
                    self._use(key, handful)
                    return 0.0
            return self._grant(key, size)

    def answered(self, connection: str, name: str) -> None:
        """The call for which this thread took a place is over: the CRM counted it before, or will never see it."""
        with self._lock:
            self._land((connection, name))

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
            for handful in self._mine.get((connection, name), {}).values():
                handful.give_back()
        self.learn(connection, name, size, size.most)

    def _grant(self, key: Key, size: Size) -> float:
        before = time.monotonic()
        mine = self._mine.setdefault(key, {})
        for handful in mine.values():
            handful.give_back()
        with self._database.marking() as open_:
            grants, now = self._open(open_, key)
            grants = [self._known_better(each, now, before, size, mine) for each in grants]
            grants = [each for each in grants if each[1] > now and each[2] > 0]
            room = size.most - sum(count for _, _, count in grants)
            if room > 0:
                taken = min(room, max(1, size.most // _SHARE))
                within = min(_USE_WITHIN, size.seconds / 20)
                new = _Handful(taken, taken, before + within)
                until = now + _micro(within + size.seconds + min(_LATE, size.seconds))
                grants.append((new.id, until, taken))
            self._close(open_, key, size, grants)
        counting = {id_ for id_, _, _ in grants}
        self._mine[key] = {id_: each for id_, each in mine.items() if id_ in counting}
        if room > 0:
            self._mine[key][new.id] = new
            self._use(key, new)
            return 0.0
        return max(_POLL, min(self._frees(each, now, before, size, mine) for each in grants))

    def _use(self, key: Key, handful: _Handful) -> None:
        handful.use()
        self._flying[key, get_ident()] = handful

    def _land(self, key: Key) -> None:
        handful = self._flying.pop((key, get_ident()), None)
        if handful is not None:
            handful.flying -= 1
            handful.answered_at = time.monotonic()

    @staticmethod
    def _known_better(grant: Grant, now: int, before: float, size: Size, mine: Mapping[str, _Handful]) -> Grant:
        """Our own: what was not used is given back, the rest counts from its last answer, however early or late that was."""
        id_, until, _ = grant
        handful = mine.get(id_)
        if handful is None:
            return grant
        if handful.flying:
            return id_, max(until, now + _micro(size.seconds + min(_LATE, size.seconds))), handful.taken
        return id_, now - _micro(before - handful.answered_at) + _micro(size.seconds), handful.taken

    @staticmethod
    def _frees(grant: Grant, now: int, before: float, size: Size, mine: Mapping[str, _Handful]) -> float:
        """In how many seconds these places may be free; our own calls will have been answered at once, at best."""
        id_, until, _ = grant
        handful = mine.get(id_)
        if handful is not None and handful.flying:
            return handful.used_at + size.seconds - before
        return (until - now) / 1_000_000

    def _open(self, open_: Connection, key: Key) -> tuple[list[Grant], int]:
        """What is taken and still counts, and the database's time; nobody else changes the row until the commit."""
        insert = sqlite.insert if self._database.dialect == "sqlite" else postgresql.insert
        made = insert(bucket).values(self._row(key) | {"most": 0, "window": 0, "taken": []})
        open_.execute(made.on_conflict_do_nothing())
        query = select(bucket.c.taken, self._database.now()).where(*self._here(key)).with_for_update()
        stored, now = open_.execute(query).one()
        return [(str(id_), int(at), int(count)) for id_, at, count in stored if int(at) > now], now

    def _close(self, open_: Connection, key: Key, size: Size, grants: list[Grant]) -> None:
        self._known[key] = sum(count for _, _, count in grants)
        values = {"most": size.most, "window": _micro(size.seconds), "taken": [list(each) for each in grants]}
        open_.execute(update(bucket).where(*self._here(key)).values(values))

    def _stored(self) -> dict[Key, Size]:
        with self._database.reading() as open_:
            rows = open_.execute(_TOLD, {"here": self._database.workspace}).all()
        return {(row.connection, row.name): Size(row.most, row.window / 1_000_000) for row in rows}

    def _row(self, key: Key) -> dict[str, object]:
        return {"workspace": self._database.workspace, "connection": key[0], "name": key[1]}

    def _here(self, key: Key) -> list[ColumnElement[bool]]:
        return [bucket.c[column] == value for column, value in self._row(key).items()]


_TOLD = select(bucket).where(bucket.c.workspace == HERE, bucket.c.most > 0)


def _micro(seconds: float) -> int:
    return round(seconds * 1_000_000)
