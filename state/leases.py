"""Who may run: one lease row per job, taken and judged in the database's time, with a token that only ever grows."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from partnersync.errors import ConflictError
from state.database import Database, Fence
from state.schema import lease, workspace


def acquire(database: Database, owner: str, job: str = "run", ttl: float = 120.0) -> Fence:
    """Take the lease if it is free or has run out; ``ttl`` must exceed the longest call's timeout.

    Raises:
        ConflictError: somebody else holds it.
    """
    now = database.now()
    expires = now + int(ttl * 1_000_000)
    new = {"workspace": database.workspace, "job": job, "owner": owner, "token": 1}
    insert = sqlite.insert if database.dialect == "sqlite" else postgresql.insert
    taken = (
        insert(lease)
        .values(**new, expires_at=expires, renewed_at=now)
        .on_conflict_do_update(
            index_elements=["workspace", "job"],
            set_={"owner": owner, "token": lease.c.token + 1, "expires_at": expires, "renewed_at": now},
            where=lease.c.expires_at.op("<=")(now),
        )
        .returning(lease.c.token)
    )
    with database.marking() as connection:
        token = connection.execute(taken).scalar_one_or_none()
        if token is None:
            holder = select(lease.c.owner).where(lease.c.workspace == database.workspace, lease.c.job == job)
            raise ConflictError(
                f"{connection.execute(holder).scalar_one()} is running {job!r}; try again when it is done"
            )
    return Fence(database, job, owner, token, ttl)


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
