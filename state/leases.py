"""One runner per workspace: a lease row with a fencing token, in the database's own time.

Who holds the lease may commit; each commit checks and renews it. Another run is refused until the lease expires, or at once
takes over from a process of this machine that is gone, so that a killed run can be repeated. Taking over raises the token,
and from then on the first holder, should it only have slept, is refused by every commit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import psutil
from sqlalchemy import bindparam, insert, select, update

from partnersync.errors import ConflictError
from state.database import Database, Fence
from state.sets import now_us
from state.tables.running import leases

TTL = timedelta(minutes=5)
"""Longer than the longest wait for one answer of a CRM."""

_ROW = select(leases.c.owner, leases.c.token, leases.c.expires_us, now_us().label("now")).where(
    leases.c.workspace == bindparam("of"), leases.c.name == bindparam("which")
)


@dataclass(frozen=True, slots=True)
class Lease:
    """Who holds, or last held, a lease; ``left`` is how long it still counts (zero: it is free)."""

    owner: str
    token: int
    left: timedelta


def acquire(database: Database, owner: str, ttl: timedelta = TTL, name: str = "runner") -> Fence:
    """Take the lease. ``owner`` is ``host:pid`` so that a dead process of this machine is told from a living one.

    Raises:
        ConflictError: another run holds it.
    """
    keys = {"of": database.workspace, "which": name}
    length = ttl // timedelta(microseconds=1)
    with database.writing() as connection:
        row = connection.execute(_ROW, keys).one_or_none()
        if row is None:
            first = {"workspace": database.workspace, "name": name, "owner": owner, "token": 1}
            connection.execute(insert(leases).values(expires_us=now_us() + length), first)
            return Fence(database, name, owner, 1, ttl)
        if row.expires_us > row.now and not _gone(row.owner, owner):
            seconds = (row.expires_us - row.now) // 1_000_000
            raise ConflictError(
                f"another run ({row.owner}) holds the workspace {database.slug}; its lease lasts {seconds} s if it is dead"
            )
        token = row.token + 1
        connection.execute(
            update(leases)
            .where(leases.c.workspace == database.workspace, leases.c.name == name)
            .values(owner=owner, token=token, expires_us=now_us() + length)
        )
    return Fence(database, name, owner, token, ttl)


def release(fence: Fence) -> None:
    """Give the lease back; nothing happens when it is not ours any more."""
    with fence.database.writing() as connection:
        connection.execute(
            update(leases)
            .where(
                leases.c.workspace == fence.database.workspace,
                leases.c.name == fence.name,
                leases.c.token == fence.token,
            )
            .values(expires_us=0)
        )


def holder(database: Database, name: str = "runner") -> Lease | None:
    """Who holds, or last held, the lease; None: nobody ever did."""
    with database.reading() as connection:
        row = connection.execute(_ROW, {"of": database.workspace, "which": name}).one_or_none()
    if row is None:
        return None
    return Lease(row.owner, row.token, timedelta(microseconds=max(0, row.expires_us - row.now)))


def _gone(holder: str, asker: str) -> bool:
    """Whether ``holder`` is a process of the asker's machine that does not run any more."""
    host, _, pid = holder.rpartition(":")
    if host != asker.rpartition(":")[0] or not pid.isdigit():
        return False
    try:
        return psutil.Process(int(pid)).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
