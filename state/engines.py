"""How to connect: what each database must be told before it can be trusted with money."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import QueuePool

from partnersync.errors import StateError

BUSY_MS = 30_000
_PRAGMAS = (
    f"PRAGMA busy_timeout = {BUSY_MS}",
    "PRAGMA journal_mode = WAL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA synchronous = FULL",
    "PRAGMA recursive_triggers = ON",
    "PRAGMA temp_store = MEMORY",
)
"""Recursive triggers make REPLACE fire the triggers that keep the ledger append-only."""


@dataclass(frozen=True, slots=True)
class Engines:
    """One writer connection and some readers of the same database."""

    url: str
    writer: Engine
    reader: Engine

    @classmethod
    def of(cls, url: str, *, create: bool = False) -> Engines:
        """Engines of ``url``; nothing is connected yet.

        Raises:
            StateError: not a URL that we know, or (unless ``create``) a SQLite file that does not exist.
        """
        try:
            parsed = make_url(url)
        except ArgumentError:
            raise StateError("the state url is not one: expected sqlite:///file.db or postgresql+psycopg://…") from None
        if parsed.drivername == "sqlite":
            path = Path(parsed.database or "")
            if not parsed.database or parsed.database == ":memory:":
                raise StateError("a database in memory cannot be shared with readers: name a file")
            if not create and not path.exists():
                raise StateError(f"there is no database at {path}")
            return _sqlite(url, path)
        if parsed.drivername in {"postgresql", "postgresql+psycopg"}:
            return _postgresql(url)
        raise StateError(f"no database of the kind {parsed.drivername!r}: sqlite or postgresql+psycopg")

    @property
    def shown(self) -> str:
        """The URL without its password."""
        return make_url(self.url).render_as_string(hide_password=True)

    def dispose(self) -> None:
        """Close every connection."""
        self.writer.dispose()
        self.reader.dispose()


def _sqlite(url: str, path: Path) -> Engines:
    def engine(begin: str, size: int, *extra: str) -> Engine:
        made = create_engine(
            f"sqlite:///{path}",
            poolclass=QueuePool,
            pool_size=size,
            max_overflow=0 if size == 1 else 8,
            connect_args={"check_same_thread": False, "timeout": BUSY_MS / 1000},
        )

        @event.listens_for(made, "connect")
        def prepare(connection: Any, _: Any) -> None:
            connection.isolation_level = None
            for pragma in (*_PRAGMAS, *extra):
                connection.execute(pragma)

        @event.listens_for(made, "begin")
        def start(connection: Connection) -> None:
            connection.exec_driver_sql(begin)

        return made

    return Engines(url, engine("BEGIN IMMEDIATE", 1), engine("BEGIN", 4, "PRAGMA query_only = ON"))


def _postgresql(url: str) -> Engines:
    wanted = make_url(url).set(drivername="postgresql+psycopg")
    options = {"options": f"-c timezone=UTC -c lock_timeout={BUSY_MS} -c synchronous_commit=on", "connect_timeout": 10}
    writer = create_engine(wanted, pool_size=1, max_overflow=0, connect_args=options, pool_pre_ping=True)
    reader = create_engine(
        wanted,
        pool_size=4,
        max_overflow=8,
        connect_args=options,
        pool_pre_ping=True,
        isolation_level="REPEATABLE READ",
        execution_options={"postgresql_readonly": True},
    )
    return Engines(url, writer, reader)
