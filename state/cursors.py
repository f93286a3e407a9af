"""Where each pull stopped, and which org a connection is bound to."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, insert, select

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

    def full(self, fence: Fence, connection: str, object_: str, total: int) -> int | None:
        """Note how many live records a full read brought; gives what the one before brought."""
        here = (
            full_read.c.workspace == self._database.workspace,
            full_read.c.connection == connection,
            full_read.c.object == object_,
        )
        row = {"workspace": self._database.workspace, "connection": connection, "object": object_, "total": total}
        with self._database.writing(fence) as open_:
            before = open_.execute(select(full_read.c.total).where(*here)).scalar_one_or_none()
            open_.execute(upsert(self._database, full_read), {**row, "at": self._database.clock.now()})
        return before

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


_OF = select(cursor.c.object, cursor.c.position).where(
    cursor.c.workspace == HERE, cursor.c.connection == bindparam("one")
)
_BOUND = select(binding.c.connection, binding.c.crm, binding.c.org).where(binding.c.workspace == HERE)
