"""Where each pull stopped, and which org a connection is bound to."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select, update

from partnersync.errors import StateError
from partnersync.records import Identity
from state.database import Database, Fence
from state.lists import HERE
from state.marks import upsert
from state.schema import binding, cursor, full_read


class Cursors:
    """The cursors and bindings of a workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, connection: str) -> dict[str, str]:
        """Object → the cursor to resume from."""
        asked = {"here": self._database.workspace, "one": connection}
        with self._database.reading() as open_:
            return {row[0]: row[1] for row in open_.execute(_OF, asked)}

    def bound(self) -> dict[str, Identity]:
        """Connection → the org or portal that it was bound to."""
        with self._database.reading() as open_:
            rows = open_.execute(_BOUND, {"here": self._database.workspace})
            return {row[0]: Identity(row[1], row[2]) for row in rows}

    def full(self, fence: Fence, connection: str, object_: str, total: int) -> None:
        """Note how many live records a full read brought; fewer than the last accepted one only wait to be accepted."""
        row = {"workspace": self._database.workspace, "connection": connection, "object": object_}
        asked = {"here": self._database.workspace, "one": connection, "which": object_}
        with self._database.writing(fence) as open_:
            before = open_.execute(_TOTAL, asked).scalar_one_or_none()
            shrunk = before is not None and total < before
            counts = {"total": before, "fewer": total} if shrunk else {"total": total, "fewer": None}
            open_.execute(upsert(self._database, full_read), {**row, **counts, "at": self._database.clock.now()})

    def unaccepted(self) -> dict[tuple[str, str], tuple[int, int]]:
        """(connection, object) → how many records the last accepted full read brought and, fewer, the last one."""
        with self._database.reading() as open_:
            rows = open_.execute(_UNACCEPTED, {"here": self._database.workspace})
            return {(row[0], row[1]): (row[2], row[3]) for row in rows}

    def accept(self, fence: Fence, objects: Iterable[tuple[str, str]], until: datetime | None = None) -> None:
        """Hold what comes against the last full reads of these (connection, object); not where that came after ``until``."""
        here = self._database.workspace
        asked = [{"here": here, "one": connection, "which": object_} for connection, object_ in objects]
        if asked:
            with self._database.writing(fence) as open_:
                open_.execute(_ACCEPT if until is None else _ACCEPT.where(full_read.c.at <= until), asked)

    def forget(self, fence: Fence, connection: str) -> None:
        """Read everything of this connection anew next time."""
        with self._database.writing(fence) as open_:
            open_.execute(
                cursor.delete().where(cursor.c.workspace == self._database.workspace, cursor.c.connection == connection)
            )

    def bind(self, fence: Fence, connection: str, identity: Identity) -> None:
        """Hold ``connection`` to the org or portal that its credential opens.

        Raises:
            StateError: this database knows the connection with another org; mixing two orgs' ids would pay twice.
        """
        known = self.bound().get(connection)
        if known is not None and (known.crm, known.org) == (identity.crm, identity.org):
            return
        query = select(binding.c.crm, binding.c.org).where(
            binding.c.workspace == self._database.workspace, binding.c.connection == connection
        )
        with self._database.writing(fence) as open_:
            bound = open_.execute(query).one_or_none()
            if bound is None:
                row = {"workspace": self._database.workspace, "connection": connection}
                row |= {"crm": identity.crm, "org": identity.org}
                open_.execute(insert(binding).values(**row, bound_at=self._database.clock.now()))
            elif (bound[0], bound[1]) != (identity.crm, identity.org):
                raise StateError(
                    f"connection {connection!r} opens {identity.crm} {identity.org}, but this database holds "
                    f"{bound[0]} {bound[1]}: use another workspace or database for it"
                )


def put_cursor(database: Database, connection: Connection, name: str, object_: str, position: str) -> None:
    """Store a cursor within the page's transaction."""
    row = {"workspace": database.workspace, "connection": name, "object": object_, "position": position}
    connection.execute(upsert(database, cursor), {**row, "at": database.clock.now()})


_READ = (
    full_read.c.workspace == HERE,
    full_read.c.connection == bindparam("one"),
    full_read.c.object == bindparam("which"),
)
_TOTAL = select(full_read.c.total).where(*_READ)
_UNACCEPTED = select(full_read.c.connection, full_read.c.object, full_read.c.total, full_read.c.fewer).where(
    full_read.c.workspace == HERE, full_read.c.fewer.is_not(None)
)
_ACCEPT = update(full_read).where(*_READ, full_read.c.fewer.is_not(None)).values(total=full_read.c.fewer, fewer=None)
_OF = select(cursor.c.object, cursor.c.position).where(
    cursor.c.workspace == HERE, cursor.c.connection == bindparam("one")
)
_BOUND = select(binding.c.connection, binding.c.crm, binding.c.org).where(binding.c.workspace == HERE)
