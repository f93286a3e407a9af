"""Values that must not be written to a field again: after a rollback, or where another system keeps writing the same field.

A hold names the value that we wanted. It ends when another value is wanted there, or when a person releases it; it is then kept
with the instant at which it ended.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select, update

from partnersync.ids import Ref
from state.database import Database, Fence
from state.lists import HERE, chunks
from state.marks import mark, upsert
from state.places import fact_ids, place_ids, places
from state.schema import dirty_record, hold

Cell = tuple[Ref, str]
_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Hold:
    """``value`` is not written to ``field`` of ``ref``; ``run`` is the one that was rolled back, or that gave the field up."""

    ref: Ref
    field: str
    value: str | None
    reason: str
    actor: str
    at: datetime
    run: int | None = None
    released_at: datetime | None = None


class Holds:
    """The holds of a workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._here = {"here": database.workspace}

    def put(self, fence: Fence, held: Sequence[Hold]) -> None:
        """Hold these; what was held of the same field before is forgotten."""
        for some in chunks(held, _AT_ONCE):
            with self._database.writing(fence) as open_:
                wanted = {(each.ref.crm, each.ref.org, each.ref.object) for each in some}
                ids = place_ids(self._database, open_, wanted, make=True)
                rows = [
                    {
                        "workspace": self._database.workspace,
                        "place": ids[each.ref.crm, each.ref.org, each.ref.object],
                        "external": each.ref.id,
                        "field": each.field,
                        "value": each.value,
                        "reason": each.reason,
                        "actor": each.actor,
                        "run": each.run,
                        "at": each.at,
                        "released_at": each.released_at,
                    }
                    for each in some
                ]
                open_.execute(upsert(self._database, hold), rows)

    def all(self, *, ended: bool = False) -> Sequence[Hold]:
        """Every hold, by record and field; with those that ``ended``."""
        with self._database.reading() as open_:
            names = places(self._database, open_)
            rows = open_.execute(_EVER if ended else _HELD, self._here).all()
        found = [
            Hold(
                Ref(*names[row.place], row.external),
                row.field,
                row.value,
                row.reason,
                row.actor,
                row.at,
                row.run,
                row.released_at,
            )
            for row in rows
        ]
        return sorted(found, key=lambda each: (str(each.ref), each.field))

    def release(self, fence: Fence, cells: Collection[Cell], at: datetime) -> None:
        """End the holds of these fields; their records are looked at again."""
        for some in chunks(sorted(cells, key=str), _AT_ONCE):
            with self._database.writing(fence) as open_:
                ids = place_ids(self._database, open_, {(r.crm, r.org, r.object) for r, _ in some}, make=False)
                keys = [{"p": ids[r.crm, r.org, r.object], "x": r.id, "n": name} for r, name in some]
                open_.execute(_RELEASE, [{**self._here, **key, "now": at} for key in keys])
                mark(self._database, open_, dirty_record, fact_ids(self._database, open_, _refs(some)).values(), at)


def _refs(cells: Iterable[Cell]) -> set[Ref]:
    return {ref for ref, _ in cells}


_EVER = select(hold).where(hold.c.workspace == HERE)
_HELD = _EVER.where(hold.c.released_at.is_(None))
_RELEASE = (
    update(hold)
    .where(
        hold.c.workspace == HERE,
        hold.c.place == bindparam("p"),
        hold.c.external == bindparam("x"),
        hold.c.field == bindparam("n"),
        hold.c.released_at.is_(None),
    )
    .values(released_at=bindparam("now"))
)
