"""Who may run: one lease row per job, taken and judged in the database's time, with a token that only ever grows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from threading import Event, Thread
from typing import Any

from sqlalchemy import Update, bindparam, literal_column, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.elements import ColumnElement

from partnersync.errors import ConflictError, StateError
from state.database import CLOCKS, Database, Fence
from state.lists import HERE
from state.schema import intent, lease, sent, workspace
from state.types import Whole

NOBODY = ""
"""The owner of a lease that was given back."""
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
    that was wrongly thought gone commits nothing more. An owner whose lease ran out and who may be alive stands still somewhere,
    perhaps with a request in hand that is past its last check: what is in flight may land late, after newer writes.

    Raises:
        ConflictError: somebody else holds it.
    """
    asked = {"here": database.workspace, "the_job": job, "who": owner, "ttl": int(ttl * 1_000_000)}
    after_its_end, after_its_owner = _taking(database.dialect)
    with database.marking() as connection:
        before = connection.execute(_HOLDER, asked).one_or_none()
        token = connection.execute(after_its_end, asked).scalar_one_or_none()
        if token is None:
            holder, old = connection.execute(_HOLDER, asked).one()
            if gone(holder):
                token = connection.execute(after_its_owner, {**asked, "old": old}).scalar_one_or_none()
            if token is None:
                raise ConflictError(f"{holder or 'another process'} is running {job!r}; try again when it is done")
        elif before is not None and before.owner != NOBODY and not gone(before.owner):
            connection.execute(_MAY_LAND, asked)
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
        asked = {"here": database.workspace, "the_job": fence.job, "old": fence.token}
        connection.execute(_releasing(database.dialect), asked)


def halt(database: Database, who: str) -> None:
    """A person pulls the switch: every ``Fence.check`` refuses until ``resume``."""
    _set_halted(database, who)


def resume(database: Database) -> None:
    """Undo ``halt``."""
    _set_halted(database, None)


def _set_halted(database: Database, who: str | None) -> None:
    with database.marking() as connection:
        connection.execute(update(workspace).where(workspace.c.id == database.workspace).values(halted_by=who))


_OURS = (lease.c.workspace == HERE, lease.c.job == bindparam("the_job"))
_HOLDER = select(lease.c.owner, lease.c.token).where(*_OURS)
_IN_FLIGHT = select(intent.c.id).where(intent.c.workspace == HERE, intent.c.status == "inflight")
_MAY_LAND = update(sent).where(sent.c.workspace == HERE, sent.c.intent.in_(_IN_FLIGHT)).values(late=True)


@cache
def _taking(dialect: str) -> tuple[Any, Any]:
    """Take a lease that has run out; take one from a holder who is gone."""
    new = sqlite.insert(lease) if dialect == "sqlite" else postgresql.insert(lease)
    now = literal_column(CLOCKS[dialect], type_=Whole())
    named = {"workspace": HERE, "job": bindparam("the_job"), "owner": bindparam("who")}
    until = {"expires_at": now + bindparam("ttl", type_=Whole()), "renewed_at": now}

    def where(free: ColumnElement[bool]) -> Any:
        grown = {"owner": bindparam("who"), "token": lease.c.token + 1, **until}
        inserted = new.values(**named, token=1, **until)
        return inserted.on_conflict_do_update(index_elements=["workspace", "job"], set_=grown, where=free).returning(
            lease.c.token
        )

    return where(lease.c.expires_at.op("<=")(now)), where(lease.c.token == bindparam("old", type_=Whole()))


@cache
def _releasing(dialect: str) -> Update:
    here = update(lease).where(*_OURS, lease.c.token == bindparam("old"))
    return here.values(owner=NOBODY, expires_at=literal_column(CLOCKS[dialect], type_=Whole()))
