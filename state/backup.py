"""Copy a whole database while it is in use, and put a copy in its place.

A backup is always a SQLite file with the same tables, whichever database it came from: it can be read without a server, and
restored into either. SQLite copies itself page by page; PostgreSQL's rows are read in one transaction's picture. A restored
workspace is *recovering*: its journal has forgotten the latest writes, which must be recollected before anything is decided.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine, func, insert, inspect, literal, literal_column, make_url, select, update

from partnersync.errors import ConflictError, StateError
from state.database import CLOCKS, Database, Fence, engines, refusals
from state.lists import HERE
from state.migrate import head, require_head, revision, upgrade
from state.schema import lease, metadata, workspace
from state.types import Instant, Whole

_ROWS = 2000
_LEAP = 1_000_000
"""How far tokens jump at a restore: past any that was handed out since the backup."""


def backup(url: str, file: Path) -> None:
    """Write a copy of the database to ``file``, which appears only when it is whole.

    Raises:
        StateError: the database is unreachable or not at this version's revision, or the file cannot be written.
    """
    part = file.with_name(file.name + ".part")
    part.unlink(missing_ok=True)
    _, reader = engines(url)
    try:
        with refusals():
            require_head(reader)
            if reader.dialect.name == "sqlite":
                _copy_pages(_path(url), part)
            else:
                upgrade(f"sqlite:///{part}")
                _copy_rows(reader, f"sqlite:///{part}")
        part.replace(file)
    except (OSError, sqlite3.Error) as error:
        raise StateError(f"cannot write {file}: {error}") from error
    finally:
        reader.dispose()
        part.unlink(missing_ok=True)


def restore(url: str, file: Path) -> None:
    """Put a backup in the database's place; every row that is there now is lost. Call ``recover`` for each workspace.

    One that an older version of partnersync made is upgraded on the way; the file stays as it is.

    Raises:
        StateError: the file is no backup of ours. ConflictError: a run is going on.
    """
    if not file.is_file():
        raise StateError(f"there is no backup at {file}")
    try:
        with _upgraded(file) as current:
            _refuse_running(url)
            if make_url(url).get_backend_name() == "sqlite":
                _copy_pages(current, _path(url))
            else:
                _empty(url)
                upgrade(url)
                _, reader = engines(f"sqlite:///{current}")
                try:
                    _copy_rows(reader, url)
                finally:
                    reader.dispose()
    except (OSError, sqlite3.Error) as error:
        raise StateError(f"cannot restore {file}: {error}") from error


def recover(database: Database) -> None:
    """Mark a restored workspace as recovering and outdate every lease that was handed out before."""
    until = literal(database.last_stamp() or database.clock.now(), Instant())
    # A backup may have been made of a workspace that was itself not yet recovered: then nothing since the first is remembered.
    first = func.coalesce(workspace.c.remembers_until, until)
    with database.marking() as connection:
        connection.execute(update(workspace).where(workspace.c.id == database.workspace).values(remembers_until=first))
        connection.execute(
            update(lease)
            .where(lease.c.workspace == database.workspace)
            .values(token=lease.c.token + _LEAP, expires_at=database.now())
        )


def recovering(database: Database) -> datetime | None:
    """Up to when a restored workspace remembers, None where it was not restored or has recollected everything since."""
    with database.reading() as connection:
        until: datetime | None = connection.execute(_UNTIL, {"here": database.workspace}).scalar_one()
        return until


_UNTIL = select(workspace.c.remembers_until).where(workspace.c.id == HERE)


def recovered(database: Database, fence: Fence) -> None:
    """Everything was recollected."""
    with database.writing(fence) as connection:
        connection.execute(update(workspace).where(workspace.c.id == database.workspace).values(remembers_until=None))


@contextmanager
def _upgraded(file: Path) -> Iterator[Path]:
    """The backup in this version's form: itself, or an upgraded copy of it that goes with the block."""
    _, reader = engines(f"sqlite:///{file}")
    try:
        found = revision(reader)
    finally:
        reader.dispose()
    if found is None:
        raise StateError(f"{file} is no backup of ours: it holds no table that we made")
    if found == head():
        yield file
        return
    with tempfile.TemporaryDirectory(prefix="partnersync-restore-", dir=file.parent) as folder:
        copy = Path(folder) / file.name
        _copy_pages(file, copy)
        upgrade(f"sqlite:///{copy}")
        yield copy


def _copy_pages(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as old, closing(sqlite3.connect(target)) as new:
        if _page_size(old) != _page_size(new):
            new.execute("PRAGMA journal_mode=DELETE")  # a write-ahead log takes no pages of another size
        old.backup(new)
    os.sync()


def _page_size(connection: sqlite3.Connection) -> int:
    size: int = connection.execute("PRAGMA page_size").fetchone()[0]
    return size


def _copy_rows(reader: Engine, target: str) -> None:
    writer, other = engines(target)
    try:
        with reader.begin() as source, writer.begin() as connection:
            for table in metadata.sorted_tables:
                rows = source.execution_options(yield_per=_ROWS).execute(select(table))
                for some in rows.mappings().partitions(_ROWS):
                    connection.execute(insert(table), [dict(row) for row in some])
    finally:
        writer.dispose()
        other.dispose()


def _refuse_running(url: str) -> None:
    writer, other = engines(url)
    try:
        with writer.connect() as connection:
            if not inspect(connection).has_table(lease.name):
                return
            now = literal_column(CLOCKS[connection.dialect.name], type_=Whole())
            query = select(lease.c.owner).where(lease.c.expires_at.op(">")(now)).limit(1)
            owner = connection.execute(query).scalar_one_or_none()
    finally:
        writer.dispose()
        other.dispose()
    if owner is not None:
        raise ConflictError(f"{owner} is running; restore when it is done")


def _empty(url: str) -> None:
    writer, other = engines(url)
    try:
        with writer.begin() as connection:
            metadata.drop_all(connection)
            connection.exec_driver_sql("DROP TABLE IF EXISTS alembic_version")
    finally:
        writer.dispose()
        other.dispose()


def _path(url: str) -> Path:
    return Path(str(make_url(url).database))
