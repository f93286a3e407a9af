"""Copy a whole database while it is in use, and put a copy in its place.

A backup is always a SQLite file with the same tables, whichever database it came from: it can be read without a server, and
restored into either. SQLite copies itself page by page; PostgreSQL's rows are read in one transaction's picture. A restored
workspace is *recovering*: its journal has forgotten the latest writes, which must be recollected before anything is decided.

Workspaces share a database, so a restore takes all of them back. A private copy of the backup is marked first and then takes
the database's place at once: a process that dies on the way leaves the old database or a marked one, nothing between them.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    Row,
    Select,
    bindparam,
    func,
    insert,
    inspect,
    literal,
    literal_column,
    make_url,
    select,
    update,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError, InternalError, ProgrammingError

from partnersync.clock import FixedClock
from partnersync.errors import ConflictError, StateError
from state.database import CLOCKS, Database, Fence, engines, one_at_a_time, refusals
from state.leases import NOBODY
from state.lists import HERE
from state.migrate import head, make, require_head, revision, upgrade
from state.schema import lease, metadata, workspace
from state.types import Instant, Whole, instant

_ROWS = 2000
_LEAP = 1_000_000
"""How far tokens jump at a restore: past any that was handed out since the backup, where the database cannot say."""
_ENDED = instant(0)
"""When a lease of before the restore ends: by any clock it is over."""


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
                os.sync()
            else:
                upgrade(f"sqlite:///{part}")
                _fill(part, reader)
        part.replace(file)
    except (OSError, sqlite3.Error) as error:
        raise StateError(f"cannot write {file}: {error}") from error
    finally:
        reader.dispose()
        part.unlink(missing_ok=True)


def restore(url: str, file: Path) -> None:
    """Put a backup in the database's place; every row that is there now is lost, but the halts that stand go on standing.

    What takes the place says already that every workspace is recovering, so there is no moment at which it passes for a
    database that forgot nothing. A backup that an older version of partnersync made is upgraded on the way; the file stays
    as it is.

    Raises:
        StateError: the file is no backup of ours, or the database is out of reach. ConflictError: a run is going on.
    """
    if not file.is_file():
        raise StateError(f"there is no backup at {file}")
    replace = _replace_file if make_url(url).get_backend_name() == "sqlite" else _replace_rows
    try:
        with refusals(), _upgraded(file) as copy:
            replace(url, copy)
    except (OSError, sqlite3.Error) as error:
        raise StateError(f"cannot restore {file}: {error}") from error


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
    """A copy of the backup in this version's form, to be changed at will; it goes with the block."""
    with tempfile.TemporaryDirectory(prefix="partnersync-restore-", dir=file.parent) as folder:
        copy = Path(folder) / "copy.db"
        _copy_pages(file, copy)
        _, reader = engines(f"sqlite:///{copy}")
        try:
            found = revision(reader)
        finally:
            reader.dispose()
        if found is None:
            raise StateError(f"{file} is no backup of ours: it holds no table that we made")
        if found != head():
            upgrade(f"sqlite:///{copy}")
        yield copy


def _replace_file(url: str, copy: Path) -> None:
    target = _path(url)
    standing = _Standing()
    writer, reader = engines(url)
    try:
        if target.exists():
            with reader.begin() as connection:
                standing = _standing(connection)
    except DBAPIError as error:
        if not _is_unreadable(error):
            raise
    finally:
        writer.dispose()
        reader.dispose()
    _mark(copy, standing)
    try:
        _copy_pages(copy, target)
    except sqlite3.DatabaseError as error:
        if not _says_damaged(error):
            raise
        for ending in ("-journal", "-wal", "-shm", ""):
            target.with_name(target.name + ending).unlink(missing_ok=True)
        _copy_pages(copy, target)
    os.sync()


def _replace_rows(url: str, copy: Path) -> None:
    """In one transaction, tables and all; whoever would run or halt meanwhile waits, and is refused."""
    _, source = engines(f"sqlite:///{copy}")
    writer, other = engines(url)
    try:
        with writer.begin() as connection:
            one_at_a_time(connection)
            for table in (workspace, lease):
                if inspect(connection).has_table(table.name):
                    connection.exec_driver_sql(f"LOCK TABLE {table.name} IN ACCESS EXCLUSIVE MODE")
            _mark(copy, _standing(connection))
            metadata.drop_all(connection)
            connection.exec_driver_sql("DROP TABLE IF EXISTS alembic_version")
            make(connection)
            _copy_rows(source, connection)
    finally:
        for engine in (source, writer, other):
            engine.dispose()


@dataclass(frozen=True, slots=True)
class _Standing:
    """What outlasts the database that says it: its workspaces as (slug, made at, halted by), their leases' (slug, job, token)."""

    workspaces: Sequence[Row[Any]] = ()
    tokens: Sequence[Row[Any]] = ()


def _standing(connection: Connection) -> _Standing:
    """As far as it can be read.

    Raises:
        ConflictError: a run is going on.
    """
    now = literal_column(CLOCKS[connection.dialect.name], type_=Whole())
    for each in _rows(connection, select(lease.c.owner).where(lease.c.expires_at.op(">")(now)).limit(1)):
        raise ConflictError(f"{each.owner} is running; restore when it is done")
    return _Standing(_rows(connection, _WORKSPACES), _rows(connection, _TOKENS))


_WORKSPACES = select(workspace.c.slug, workspace.c.created_at, workspace.c.halted_by).order_by(workspace.c.id)
_TOKENS = select(workspace.c.slug, lease.c.job, lease.c.token).join(lease, lease.c.workspace == workspace.c.id)


def _rows(connection: Connection, query: Select[Any]) -> Sequence[Row[Any]]:
    try:
        with connection.begin_nested():
            return connection.execute(query).all()
    except DBAPIError as error:
        if _is_unreadable(error):
            return ()
        raise


def _is_unreadable(error: DBAPIError) -> bool:
    """Whether tables of ours are not there or damaged: a database that is busy or out of reach may be readable later."""
    if isinstance(error.orig, sqlite3.Error):
        return _says_damaged(error.orig) or str(error.orig).startswith("no such ")
    return isinstance(error, ProgrammingError | InternalError)


def _says_damaged(error: sqlite3.Error) -> bool:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _mark(copy: Path, standing: _Standing) -> None:
    """Every workspace is recovering, and halted as it was; no lease that was ever handed out holds any more.

    A workspace that was made since the backup has forgotten everything, and recovers from its beginning.
    """
    writer, reader = engines(f"sqlite:///{copy}")
    try:
        with writer.begin() as connection:
            for each in standing.workspaces:
                _carry_over(connection, each.slug, each.created_at, each.halted_by)
            made_at = {row.slug: (row.id, row.created_at) for row in connection.execute(select(workspace))}
            for each in (some for some in standing.tokens if some.slug in made_at):
                told = {"here": made_at[each.slug][0], "the_job": each.job, "held": each.token}
                connection.execute(_KEEP_TOKEN, told)
            connection.execute(update(lease).values(token=lease.c.token + _LEAP, expires_at=_ENDED))
            for id_, created_at in made_at.values():
                until = Database(writer, reader, id_, FixedClock(created_at)).last_stamp() or created_at
                # A backup may have been made of a workspace that was itself not yet recovered: then nothing since the first
                # is remembered.
                first = func.coalesce(workspace.c.remembers_until, literal(until, Instant()))
                connection.execute(update(workspace).where(workspace.c.id == id_).values(remembers_until=first))
    finally:
        writer.dispose()
        reader.dispose()


def _carry_over(connection: Connection, slug: str, created_at: datetime, halted_by: str | None) -> None:
    here = update(workspace).where(workspace.c.slug == slug)
    halted = func.coalesce(literal(halted_by, workspace.c.halted_by.type), workspace.c.halted_by)
    if not connection.execute(here.values(halted_by=halted)).rowcount:
        id_ = connection.execute(select(func.coalesce(func.max(workspace.c.id), 0))).scalar_one() + 1
        row = {"id": id_, "slug": slug, "created_at": created_at, "halted_by": halted_by}
        connection.execute(insert(workspace).values(row))


def _keeping() -> Any:
    lost = {"workspace": HERE, "job": bindparam("the_job"), "token": bindparam("held"), "owner": NOBODY}
    row = sqlite.insert(lease).values(**lost, expires_at=_ENDED, renewed_at=_ENDED)
    newest = func.max(lease.c.token, row.excluded.token)
    return row.on_conflict_do_update(index_elements=["workspace", "job"], set_={"token": newest})


_KEEP_TOKEN = _keeping()


def _copy_pages(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as old, closing(sqlite3.connect(target)) as new:
        if _page_size(old) != _page_size(new):
            new.execute("PRAGMA journal_mode=DELETE")  # a write-ahead log takes no pages of another size
        old.backup(new)


def _page_size(connection: sqlite3.Connection) -> int:
    size: int = connection.execute("PRAGMA page_size").fetchone()[0]
    return size


def _fill(file: Path, source: Engine) -> None:
    writer, other = engines(f"sqlite:///{file}")
    try:
        with writer.begin() as connection:
            _copy_rows(source, connection)
    finally:
        writer.dispose()
        other.dispose()


def _copy_rows(reader: Engine, target: Connection) -> None:
    with reader.begin() as source:
        for table in metadata.sorted_tables:
            rows = source.execution_options(yield_per=_ROWS).execute(select(table))
            for some in rows.mappings().partitions(_ROWS):
                target.execute(insert(table), [dict(row) for row in some])


def _path(url: str) -> Path:
    return Path(str(make_url(url).database))
