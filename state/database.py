"""One workspace's database: how transactions begin, who may commit, and what the database's own clock says.

Every write transaction renews and checks the lease of the one who commits, in the database's time, as its first
statement. On PostgreSQL that statement locks the lease row until the commit, so two holders can never interleave; on
SQLite ``BEGIN IMMEDIATE`` lets one writer in at a time. A holder that slept past its lease finds another token there and
gets ``ConflictError``; nothing of its transaction stays.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    Select,
    Text,
    Update,
    bindparam,
    create_engine,
    event,
    func,
    insert,
    literal_column,
    make_url,
    select,
    update,
)
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import IsolationLevel
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, OperationalError, SQLAlchemyError
from sqlalchemy.sql.elements import ColumnElement
from tenacity import retry, retry_if_exception_message, stop_after_delay, wait_random

from partnersync.clock import Clock
from partnersync.errors import ConflictError, HaltedError, StateError
from state.lists import HERE
from state.schema import intent, lease, run, version, workspace
from state.types import Whole

CLOCKS = {
    "sqlite": "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)",
    "postgresql": "CAST(extract(epoch from clock_timestamp()) * 1000000 AS BIGINT)",
}
_TICK = timedelta(microseconds=1)
_MAKING = 0x70617274
"""The advisory lock of whoever makes tables or a workspace: any number that nobody else takes."""
_SQLITE = (
    "PRAGMA page_size=16384",  # of a new file: a pull touches a few thousand places, each of which is a page to log
    "PRAGMA foreign_keys=ON",
    "PRAGMA busy_timeout=30000",
    "PRAGMA synchronous=FULL",
    "PRAGMA recursive_triggers=ON",  # else INSERT OR REPLACE would delete an append-only row without its trigger
)
_PATIENCE = {"lock_timeout": "30s"}
_STILL = {"idle_in_transaction_session_timeout": "120s"}
"""Of writers: a process that was stopped, or whose machine went away, amid a transaction keeps its locks no longer."""


@dataclass(frozen=True, slots=True)
class Fence:
    """Proof of holding a lease: ``token`` only ever grows, ``ttl`` seconds are granted anew by every renewal and commit."""

    database: Database
    job: str
    owner: str
    token: int
    ttl: float

    def renew(self) -> None:
        """Hold the lease for another ``ttl`` seconds.

        Raises:
            ConflictError: the lease is lost. StateError: the database refuses.
        """
        with self.database.writing(self):
            pass

    def check(self) -> None:
        """Renew, before something is sent.

        Raises:
            ConflictError: the lease is lost. HaltedError: a person halted the workspace.
        """
        with self.database.writing(self) as connection:
            halted_by = connection.execute(_HALTED_BY, {"here": self.database.workspace}).scalar_one()
        if halted_by is not None:
            raise HaltedError(f"{halted_by} halted this workspace; nothing is sent until it is resumed")


class Database:
    """An open database, bound to one workspace; share it between threads."""

    def __init__(self, writer: Engine, reader: Engine, workspace_id: int, clock: Clock) -> None:
        self._writer = writer
        self._reader = reader
        self.workspace = workspace_id
        self.clock = clock
        self.dialect = writer.dialect.name
        self._last: datetime | None = None

    @classmethod
    def open(cls, url: str, workspace_slug: str, clock: Clock) -> Database:
        """Connect and find the workspace, making its row the first time.

        Raises:
            StateError: unreachable, or its tables are not those of this version (``db upgrade``).
        """
        from state.migrate import require_head

        writer, reader = engines(url)
        with refusals():
            require_head(reader)
            return cls(writer, reader, _workspace_id(writer, workspace_slug, clock), clock)

    def close(self) -> None:
        """Give back all connections."""
        self._writer.dispose()
        self._reader.dispose()

    @contextmanager
    def writing(self, fence: Fence) -> Iterator[Connection]:
        """A transaction of the lease's holder; keep it under 250 ms.

        Raises:
            ConflictError: the lease is lost; nothing was stored.
            StateError: the database refuses.
        """
        with self.marking() as connection:
            self._renew(connection, fence)
            yield connection

    @contextmanager
    def marking(self) -> Iterator[Connection]:
        """A write transaction that needs no lease: leases themselves, slots, meters, approvals.

        Raises:
            StateError: the database refuses.
        """
        with refusals(), self._writer.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A consistent picture of the database at one moment.

        Raises:
            StateError: the database refuses.
        """
        with refusals(), self._reader.begin() as connection:
            yield connection

    def now(self) -> ColumnElement[int]:
        """The database's own clock in microseconds, as an expression."""
        return literal_column(CLOCKS[self.dialect], type_=Whole())

    def stamp(self) -> datetime:
        """Now, but always after everything that was stamped before, also where the machine's clock was set back.

        What we saw and what we wrote is put in order by these stamps: of a record that was read before our own last write
        the write is the newer word.
        """
        now = self.clock.now()
        if self._last is None:
            self._last = self.last_stamp()
        if self._last is not None:
            now = max(now, self._last + _TICK)
        self._last = now
        return now

    def last_stamp(self) -> datetime | None:
        """The latest stamp that is stored, None in an empty workspace: the newest rows of what was seen, sent and run bear it."""
        with self.reading() as connection:
            found = [connection.execute(query, {"here": self.workspace}).scalar_one_or_none() for query in _LAST_STAMPS]
        return max((each for each in found if each is not None), default=None)

    def take(self, connection: Connection, table: Any, count: int) -> range:
        """The next ``count`` ids of ``table`` in this workspace; only the lease's holder hands them out."""
        last = self.last_id(connection, table)
        return range(last + 1, last + 1 + count)

    def last_id(self, connection: Connection, table: Any) -> int:
        """The newest id of ``table`` in this workspace, 0 where there is none."""
        return int(connection.execute(_last_id(table), {"here": self.workspace}).scalar_one())

    def _renew(self, connection: Connection, fence: Fence) -> None:
        told = {"w": self.workspace, "j": fence.job, "t": fence.token, "ttl": int(fence.ttl * 1_000_000)}
        held = connection.execute(_RENEWAL[self.dialect], told)
        if held.rowcount != 1:
            raise ConflictError(
                f"the lease {fence.job!r} is no longer held by {fence.owner}; another run has taken over"
            )


_NAMED = select(workspace.c.id).where(workspace.c.slug == bindparam("named"))
_HALTED_BY = select(workspace.c.halted_by).where(workspace.c.id == HERE)
_LAST_STAMPS = [
    select(column).where(table.c.workspace == HERE).order_by(table.c.id.desc()).limit(1)
    for table, column in (
        (version, version.c.seen_at),
        (intent, func.coalesce(intent.c.finished_at, intent.c.begun_at)),
        (run, func.coalesce(run.c.ended_at, run.c.started_at)),
    )
]


@cache
def _last_id(table: Any) -> Select[Any]:
    return select(func.coalesce(func.max(table.c.id), 0)).where(table.c.workspace == HERE)


def _renewal(clock: str) -> Update:
    now = literal_column(clock, type_=Whole())
    here = (
        lease.c.workspace == bindparam("w", type_=Whole()),
        lease.c.job == bindparam("j", type_=Text()),
        lease.c.token == bindparam("t", type_=Whole()),
        lease.c.expires_at.op(">")(now),
    )
    until = now + bindparam("ttl", type_=Whole())
    return update(lease).where(*here).values(expires_at=until, renewed_at=now)


_RENEWAL = {dialect: _renewal(clock) for dialect, clock in CLOCKS.items()}
"""Part of every commit, so it is put together once."""


def engines(url: str) -> tuple[Engine, Engine]:
    """A writer and a reader for ``sqlite:///file.db`` or ``postgresql+psycopg://…``.

    Raises:
        StateError: not such a URL.
    """
    try:
        place = make_url(url)
    except ArgumentError:
        raise StateError("the state's url is not one: expected sqlite:///file.db or postgresql://host/name") from None
    match place.get_backend_name():
        case "sqlite":
            if not place.database or place.database == ":memory:":
                raise StateError("an in-memory database forgets everything: give sqlite:///file.db")
            return _sqlite(place, "BEGIN IMMEDIATE", size=1, cache=32), _sqlite(place, "BEGIN", size=5, cache=8)
        case "postgresql":
            place = place.set(drivername="postgresql+psycopg")
            return _postgresql(place, _PATIENCE | _STILL), _postgresql(place, _PATIENCE, "REPEATABLE READ")
        case other:
            raise StateError(f"{other} is not supported: use sqlite or postgresql")


def _postgresql(url: URL, settings: Mapping[str, str], isolation_level: IsolationLevel = "READ COMMITTED") -> Engine:
    told = " ".join(f"-c {name}={value}" for name, value in settings.items())
    return create_engine(
        url,
        isolation_level=isolation_level,
        pool_pre_ping=True,
        pool_size=2,
        max_overflow=4,
        connect_args={"options": told},
    )


def _sqlite(url: URL, begin: str, size: int, cache: int) -> Engine:
    """``cache`` is megabytes for each of ``size`` connections: keys are hashes, so the writer needs many pages at hand."""
    engine = create_engine(url, pool_size=size, max_overflow=0, pool_timeout=60, pool_use_lifo=True)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, record: object) -> None:
        connection.isolation_level = None
        for pragma in _SQLITE:
            connection.execute(pragma)
        _write_ahead(connection)
        connection.execute(f"PRAGMA cache_size=-{cache}000")

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        try:
            connection.connection.cursor().execute(begin)  # through SQLAlchemy it costs more than many a query
        except sqlite3.Error as error:
            raise OperationalError(begin, None, error) from error

    return engine


@retry(
    retry=retry_if_exception_message(match=".*locked"),
    stop=stop_after_delay(30),
    wait=wait_random(0, 0.05),
    reraise=True,
)
def _write_ahead(connection: sqlite3.Connection) -> None:
    """Keep a write-ahead log. Of two that make the same file at once SQLite tells one that it is locked, without waiting."""
    connection.execute("PRAGMA journal_mode=WAL")


def one_at_a_time(connection: Connection) -> None:
    """Wait for whoever else is making tables or workspaces; holds until the transaction ends.

    SQLite's ``BEGIN IMMEDIATE`` lets one in anyway. On PostgreSQL two that see nothing there would both make it.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MAKING})")


@contextmanager
def refusals() -> Iterator[None]:
    """Tell what the database said as ``StateError``, without statements, parameters or addresses."""
    try:
        yield
    except IntegrityError as error:
        raise StateError(f"the database refuses a row: {_said(error)}") from error
    except OperationalError as error:
        raise StateError(f"the database cannot be used now: {_said(error)}") from error
    except SQLAlchemyError as error:
        raise StateError(f"the database refuses: {_said(error)}") from error


def _said(error: SQLAlchemyError) -> str:
    told = str(error.orig) if isinstance(error, DBAPIError) else type(error).__name__
    return told.strip().split("\n")[0]


def _workspace_id(writer: Engine, slug: str, clock: Clock) -> int:
    with writer.begin() as connection:
        found = connection.execute(_NAMED, {"named": slug}).scalar_one_or_none()
        if found is None:
            one_at_a_time(connection)
            found = connection.execute(_NAMED, {"named": slug}).scalar_one_or_none()
        if found is not None:
            return int(found)
        last = connection.execute(select(func.coalesce(func.max(workspace.c.id), 0))).scalar_one()
        connection.execute(insert(workspace).values(id=last + 1, slug=slug, created_at=clock.now()))
        return int(last) + 1
