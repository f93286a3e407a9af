"""Where a CRM's schema no longer gives what the config maps: replaced whole whenever a connection's schema was looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import delete, insert, select

from partnersync.source import Where
from state.database import Database, Fence
from state.lists import HERE
from state.schema import drift


@dataclass(frozen=True, slots=True)
class Drift:
    """A fault of one mapping, seen ``since``.

    ``setting`` is its place in the config (``at_key``: the key itself). One that ``stops`` stops all reading of ``object``,
    or where ``field`` is given the writing of that field alone.
    """

    connection: str
    setting: Where
    at_key: bool
    message: str
    hint: str
    object: str | None
    field: str | None
    stops: bool
    since: datetime


class Drifts:
    """The drifts of a workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def replace(self, fence: Fence, connection: str, found: Sequence[Drift]) -> None:
        """What is wrong with a connection's mappings now; what was wrong before keeps its ``since``, and no change writes
        nothing.
        """
        before = [each for each in self.all() if each.connection == connection]
        since = {_what(each): each.since for each in before}
        now = [replace(each, since=since.get(_what(each), each.since)) for each in found]
        if now == before:
            return
        here = (drift.c.workspace == self._database.workspace, drift.c.connection == connection)
        rows = [
            {
                "workspace": self._database.workspace,
                "connection": connection,
                "ordinal": ordinal,
                "setting": list(each.setting),
                "at_key": each.at_key,
                "message": each.message,
                "hint": each.hint,
                "object": each.object,
                "field": each.field,
                "stops": each.stops,
                "since": each.since,
            }
            for ordinal, each in enumerate(now)
        ]
        with self._database.writing(fence) as open_:
            open_.execute(delete(drift).where(*here))
            if rows:
                open_.execute(insert(drift), rows)

    def all(self) -> tuple[Drift, ...]:
        """Every drift, by connection, in the order of the config."""
        with self._database.reading() as open_:
            rows = open_.execute(_ALL, {"here": self._database.workspace}).all()
        return tuple(
            Drift(
                row.connection,
                tuple(row.setting),
                row.at_key,
                row.message,
                row.hint,
                row.object,
                row.field,
                row.stops,
                row.since,
            )
            for row in rows
        )


_ALL = select(drift).where(drift.c.workspace == HERE).order_by(drift.c.connection, drift.c.ordinal)


def _what(each: Drift) -> tuple[Where, str]:
    return each.setting, each.message
