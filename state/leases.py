"""Who may run: one lease row per job, taken and judged in the database's time, with a token that only ever grows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.elements import ColumnElement

from partnersync.errors import ConflictError, StateError
from state.database import Database, Fence
from state.schema import lease, workspace

_BEATS = 6
"""Renewals within the life of a lease: a database that is away for some of them costs nothing yet."""


def acquire(
    database: Database,
    owner: str,
    job: str = "run",
    ttl: float = 120.0,
    gone: Callable[[str], bool] = lambda owner: False,
) -> Fence:
    """Take the lease if it is free, has run out, or its owner is surely ``gone``; ``ttl`` is in seconds.

    A killed run would else keep the next one waiting until its lease runs out. The token grows all the same, so that an owner
    that was wrongly thought gone commits nothing more.

    Raises:
        ConflictError: somebody else holds it.
    """
    now = database.now()
    expires = now + int(ttl * 1_000_000)
    new = {"workspace": database.workspace, "job": job, "owner": owner, "token": 1}
    insert = sqlite.insert if database.dialect == "sqlite" else postgresql.insert

    def taken(free: ColumnElement[bool]) -> Any:
        return (
            insert(lease)
            .values(**new, expires_at=expires, renewed_at=now)
            .on_conflict_do_update(
                index_elements=["workspace", "job"],
                set_={"owner": owner, "token": lease.c.token + 1, "expires_at": expires, "renewed_at": now},
                where=free,
            )
            .returning(lease.c.token)
        )

    with database.marking() as connection:
        token = connection.execute(taken(lease.c.expires_at.op("<=")(now))).scalar_one_or_none()
        if token is None:
            held = select(lease.c.owner, lease.c.token).where(
                lease.c.workspace == database.workspace, lease.c.job == job
            )
            holder, old = connection.execute(held).one()
            if gone(holder):
                token = connection.execute(taken(lease.c.token == old)).scalar_one_or_none()
            if token is None:
                raise ConflictError(f"{holder} is running {job!r}; try again when it is done")
    return Fence(database, job, owner, token, ttl)


@contextmanager
def kept(fence: Fence) -> Iterator[None]:
    """Renew the lease meanwhile: whoever waits for a CRM or plans for minutes commits nothing, and yet is there.

    A process that stands still renews nothing, and a lease that has run out stays so.
    """
    done = Event()

    def beat() -> None:
        while not done.wait(fence.ttl / _BEATS):
            try:
                fence.renew()
            except ConflictError:
                return  # the next commit says so
            except StateError:
                continue  # so does the next commit, where the database stays away

    beating = Thread(target=beat, name="lease", daemon=True)
    beating.start()
    try:
        yield
    finally:
        done.set()
        beating.join(1)  # a database that does not answer keeps nobody here


def release(fence: Fence) -> None:
    """Let the next one in at once; a lease that was already lost is left to its new holder."""
    database = fence.database
    with database.marking() as connection:
        connection.execute(
            update(lease)
            .where(lease.c.workspace == database.workspace, lease.c.job == fence.job, lease.c.token == fence.token)
            .values(expires_at=database.now())
        )


def halt(database: Database, who: str) -> None:
    """A person pulls the switch: every ``Fence.check`` refuses until ``resume``."""
    _set_halted(database, who)


def resume(database: Database) -> None:
    """Undo ``halt``."""
    _set_halted(database, None)


def _set_halted(database: Database, who: str | None) -> None:
    with database.marking() as connection:
        connection.execute(update(workspace).where(workspace.c.id == database.workspace).values(halted_by=who))
