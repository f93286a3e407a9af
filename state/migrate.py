"""Bring a database to the newest revision: Alembic, loaded only when there is something to do."""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy import Connection, make_url, text

from partnersync.errors import ConflictError, StateError
from state.database import revision
from state.engines import Engines
from state.refusals import told
from state.schema import HEAD

MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = text("SELECT pg_advisory_xact_lock(1885565299, 0)")


def is_new(url: str) -> bool:
    """Whether there is no database of ours at ``url`` yet.

    Raises:
        StateError: it cannot be reached.
    """
    parsed = make_url(url)
    if parsed.drivername == "sqlite" and not Path(parsed.database or "").exists():
        return True
    return current(url) is None


def current(url: str) -> str | None:
    """The revision that the database stands at, None for an empty one.

    Raises:
        StateError: it cannot be reached, or is no database.
    """
    engines = Engines.of(url)
    try:
        with told(url), engines.reader.begin() as connection:
            return revision(connection)
    finally:
        engines.dispose()


def upgrade(url: str) -> str:
    """Bring the database at ``url`` to the newest revision and return it; a SQLite file is made for its owner only.

    Everything happens in one transaction while nobody else may write; whoever runs meanwhile is refused.

    Raises:
        StateError: the database stands at a revision that this partnersync does not know, or cannot be used.
        ConflictError: a run holds a workspace of it.
    """
    parsed = make_url(url)
    if parsed.drivername == "sqlite" and parsed.database and not Path(parsed.database).exists():
        _make_private(Path(parsed.database))
    engines = Engines.of(url, create=True)
    try:
        with told(url):
            _upgrade(engines)
    finally:
        engines.dispose()
    return HEAD


def _make_private(path: Path) -> None:
    try:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    except OSError as error:
        raise StateError(f"the database cannot be made at {path}: {error.strerror}") from error


def _upgrade(engines: Engines) -> None:
    with engines.writer.connect() as connection:
        if connection.dialect.name == "sqlite":
            connection.connection.driver_connection.execute("PRAGMA foreign_keys = OFF")  # type: ignore[union-attr]
        try:
            with connection.begin():
                if connection.dialect.name != "sqlite":
                    connection.execute(_LOCK)
                found = revision(connection)
                if found == HEAD:
                    return
                _refuse(connection, found)
                _run(connection)
                _verify(connection)
        finally:
            if connection.dialect.name == "sqlite":
                connection.connection.driver_connection.execute("PRAGMA foreign_keys = ON")  # type: ignore[union-attr]


def _refuse(connection: Connection, found: str | None) -> None:
    known = {path.stem[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*.py")}
    if found is not None and found not in known:
        raise StateError(
            f"the database stands at revision {found}, which this partnersync (newest {HEAD}) does not know: "
            "it was made by a newer one"
        )
    if found is not None:
        from state.sets import now_us
        from state.tables.running import leases

        held = connection.scalar(
            leases.select().with_only_columns(leases.c.owner).where(leases.c.expires_us > now_us())
        )
        if held is not None:
            raise ConflictError(f"a run ({held}) holds a workspace of this database; stop it, then upgrade")


def _run(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _verify(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        broken = connection.execute(text("PRAGMA foreign_key_check")).first()
        if broken is not None:
            raise StateError(
                f"the upgrade would leave table {broken[0]} with rows that refer to nothing; nothing was changed"
            )
