"""Bring a database's tables to this version's, and refuse to work on any other.

Alembic recreates a SQLite table by copying it, which drops rows of tables that refer to it while foreign keys are on, and
drops its triggers always. So on SQLite foreign keys are off while revisions run, set outside the transaction (inside it the
pragma does nothing), checked before the commit, and the append-only triggers are made again.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from partnersync.errors import StateError
from state.database import engines, one_at_a_time, refusals
from state.triggers import guard


def upgrade(url: str) -> tuple[str | None, str]:
    """Run what is missing in one transaction; gives the revision before and after.

    Raises:
        StateError: unreachable, newer than this program, or rows would be left without what they refer to.
    """
    writer, reader = engines(url)
    try:
        with refusals(), writer.connect() as connection:
            if connection.dialect.name == "sqlite":
                driver = connection.connection.driver_connection
                assert driver is not None
                driver.execute("PRAGMA foreign_keys=OFF")
            with connection.begin():
                one_at_a_time(connection)
                before = _revision(connection)
                _refuse_unknown(before)
                make(connection)
                _refuse_orphans(connection)
            return before, head()
    finally:
        writer.dispose()
        reader.dispose()


def is_new(url: str) -> bool:
    """Whether no table of ours was ever made there.

    Raises:
        StateError: unreachable.
    """
    writer, reader = engines(url)
    try:
        return revision(reader) is None
    finally:
        writer.dispose()
        reader.dispose()


def revision(engine: Engine) -> str | None:
    """What a database is at, None where no table of ours was ever made there.

    Raises:
        StateError: unreachable, or newer than this program.
    """
    with refusals(), engine.connect() as connection:
        found = _revision(connection)
    _refuse_unknown(found)
    return found


def head() -> str:
    """The revision that this version works on."""
    found = _scripts().get_current_head()
    assert found is not None, "the package carries at least one revision"
    return found


def require_head(engine: Engine) -> None:
    """Raises:
    StateError: the tables are older (``db upgrade``) or newer (update partnersync) than this version's.
    """
    found = revision(engine)
    if found != head():
        raise StateError(f"the database is at {found or 'nothing yet'}, this version needs {head()}: run db upgrade")


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _refuse_unknown(revision: str | None) -> None:
    known = {script.revision for script in _scripts().walk_revisions()}
    if revision is not None and revision not in known:
        raise StateError(f"the database is at {revision}, which this version does not know: update partnersync")


def make(connection: Connection) -> None:
    """Bring the tables to this version's form within a transaction that is open already."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    guard(connection)


def _refuse_orphans(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        if orphans:
            raise StateError(
                f"{len(orphans)} rows would refer to nothing, first in {orphans[0][0]}: nothing was changed"
            )


@cache
def _scripts() -> ScriptDirectory:
    """Read once: each revision is a module to compile, and every command asks."""
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
