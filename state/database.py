"""One database and one workspace in it: a single writer connection with the fence in every commit, readers beside it.

SQLite loses updates without an error when two connections read and then write, and cannot upgrade a read lock while another
waits. So every write transaction begins with ``BEGIN IMMEDIATE`` on the one writer connection of the process (a lock lets
threads take turns), readers begin plainly and see one snapshot, and each commit is on disk before it is believed.
PostgreSQL gets the same promise: a write transaction first takes the workspace's advisory lock.

A write transaction under a ``Fence`` checks that the lease is still ours and renews it, in the database's own time, in the
same transaction: a paused process that wakes up after its lease went to another commits nothing. Callers work in pages, so
that no write transaction lasts longer than about 250 ms; they do not nest.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Connection, bindparam, insert, select, text, update

from partnersync.clock import Clock
from partnersync.errors import ConflictError, StateError
from partnersync.ids import is_slug
from state.engines import Engines
from state.refusals import told
from state.schema import HEAD
from state.sets import now_us
from state.tables.running import leases
from state.tables.workspace import counters, workspaces

if TYPE_CHECKING:
    from types import TracebackType

_LOCK = text("SELECT pg_advisory_xact_lock(1885565299, :workspace)")
_TAKE = (
    update(counters)
    .where(counters.c.workspace == bindparam("of"), counters.c.name == bindparam("which"))
    .values(next=counters.c.next + bindparam("many"))
    .returning(counters.c.next)
)


class Database:
    """One workspace in one database; safe to share between threads. A context manager, or ``close`` it."""

    def __init__(self, engines: Engines, slug: str, workspace: int, clock: Clock, read_only: bool) -> None:
        self.slug = slug
        self.workspace = workspace
        self.clock = clock
        self.url = engines.url
        self._engines = engines
        self._read_only = read_only
        self._turn = threading.RLock()
        self._writing = False

    @classmethod
    def open(cls, url: str, workspace: str, clock: Clock, *, read_only: bool = False) -> Database:
        """Open ``sqlite:///file.db`` or ``postgresql+psycopg://user@host/name``; a new workspace is made in it.

        Raises:
            StateError: it cannot be reached, is not ours, stands at an unknown or older revision, or (read only) does
                not have the workspace.
        """
        if not is_slug(workspace):
            raise StateError(
                f"{workspace!r} cannot name a workspace: lower-case letters, digits and inner hyphens, ≤ 64"
            )
        engines = Engines.of(url)
        try:
            with told(url), engines.reader.begin() as connection:
                _check_revision(connection, url)
                number = connection.scalar(select(workspaces.c.workspace).where(workspaces.c.slug == workspace))
            if number is None:
                if read_only:
                    raise StateError(f"the database at {engines.shown} knows no workspace {workspace!r}")
                number = _new_workspace(engines, workspace, clock)
        except BaseException:
            engines.dispose()
            raise
        return cls(engines, workspace, number, clock, read_only)

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self._engines.writer.dialect.name

    @contextmanager
    def writing(self, fence: Fence | None = None) -> Iterator[Connection]:
        """A write transaction: committed at the end, rolled back on any exception.

        Raises:
            ConflictError: ``fence`` is given and its lease went to another run.
            StateError: the database is locked, full, unreachable or opened read only.
        """
        if self._read_only:
            raise StateError("the database was opened to read only")
        with self._turn:
            if self._writing:
                raise RuntimeError("a write transaction does not nest")
            self._writing = True
            try:
                with told(self.url), self._engines.writer.begin() as connection:
                    self._lock(connection)
                    if fence is not None:
                        fence.renew(connection)
                    yield connection
            finally:
                self._writing = False

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A read transaction on one snapshot.

        Raises:
            StateError: the database cannot be reached.
        """
        with told(self.url), self._engines.reader.begin() as connection:
            yield connection

    def take(self, connection: Connection, name: str, many: int = 1) -> int:
        """The first of ``many`` new numbers of a kind, within a write transaction; numbers begin at 1."""
        end: int | None = connection.scalar(_TAKE, {"of": self.workspace, "which": name, "many": many})
        if end is None:
            connection.execute(insert(counters), {"workspace": self.workspace, "name": name, "next": 1 + many})
            return 1
        return end - many

    def probe(self) -> str:
        """What is wrong with the database, for a readiness page; nothing when a write would work."""
        try:
            with self.writing() as connection:
                connection.execute(text("SELECT 1"))
        except StateError as error:
            return str(error)
        return ""

    def close(self) -> None:
        """Give back the connections."""
        self._engines.dispose()

    def __enter__(self) -> Database:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _lock(self, connection: Connection) -> None:
        if self.dialect != "sqlite":
            connection.execute(_LOCK, {"workspace": self.workspace})


_HELD = select(leases.c.expires_us, now_us().label("now")).where(
    leases.c.workspace == bindparam("of"), leases.c.name == bindparam("which"), leases.c.token == bindparam("held")
)
_RENEW = (
    update(leases)
    .where(
        leases.c.workspace == bindparam("of"), leases.c.name == bindparam("which"), leases.c.token == bindparam("held")
    )
    .values(expires_us=now_us() + bindparam("ttl"))
)


@dataclass(frozen=True, slots=True)
class Fence:
    """Proof that this process holds a lease; ``token`` is larger than that of every holder before."""

    database: Database
    name: str
    owner: str
    token: int
    ttl: timedelta

    def check(self) -> None:
        """Make sure that the lease is ours, and renew it when half of it is over.

        Raises:
            ConflictError: it went to another run.
        """
        with self.database.reading() as connection:
            row = connection.execute(_HELD, self._keys()).one_or_none()
        if row is None:
            raise self._lost()
        if row.expires_us - row.now < self._us() // 2:
            with self.database.writing(self):
                pass

    def renew(self, connection: Connection) -> None:
        """Check and renew within a write transaction.

        Raises:
            ConflictError: the lease went to another run.
        """
        if connection.execute(_RENEW, {**self._keys(), "ttl": self._us()}).rowcount != 1:
            raise self._lost()

    def _keys(self) -> dict[str, object]:
        return {"of": self.database.workspace, "which": self.name, "held": self.token}

    def _us(self) -> int:
        return self.ttl // timedelta(microseconds=1)

    def _lost(self) -> ConflictError:
        return ConflictError(
            f"another run took over the workspace {self.database.slug}; this one stops without writing"
        )


def _check_revision(connection: Connection, url: str) -> None:
    found = revision(connection)
    if found is None:
        raise StateError("the database is empty: run `partnersync db upgrade`")
    if found != HEAD:
        advice = "run `partnersync db upgrade`" if found < HEAD else "it was made by a newer partnersync: upgrade that"
        raise StateError(f"the database stands at revision {found}, this partnersync needs {HEAD}: {advice}")


def revision(connection: Connection) -> str | None:
    """The migration that the database stands at, None for one without our tables."""
    exists = connection.dialect.has_table(connection, "alembic_version")
    return connection.scalar(text("SELECT version_num FROM alembic_version")) if exists else None


def _new_workspace(engines: Engines, slug: str, clock: Clock) -> int:
    with told(engines.url), engines.writer.begin() as connection:
        if connection.dialect.name != "sqlite":
            connection.execute(_LOCK, {"workspace": 0})
        known = connection.execute(select(workspaces.c.workspace, workspaces.c.slug)).all()
        mine = next((row.workspace for row in known if row.slug == slug), None)
        if mine is not None:
            return int(mine)
        number = 1 + max((row.workspace for row in known), default=0)
        connection.execute(insert(workspaces), {"workspace": number, "slug": slug, "created_at": clock.now()})
    return number
