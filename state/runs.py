"""The history of runs: what began, how it ended, and its counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from state.database import Database, Fence
from state.lists import HERE
from state.schema import run


@dataclass(frozen=True, slots=True)
class Run:
    """One run. ``status``: running, done, waiting (for a person), stopped, failed."""

    id: int
    kind: str
    status: str
    config: str | None
    actor: str
    started_at: datetime
    ended_at: datetime | None
    counts: Mapping[str, Any]
    message: str


class Runs:
    """The runs of a workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, fence: Fence, kind: str, config: str, actor: str) -> int:
        """Note that a run has begun; gives its number. Runs that never ended were killed, and are marked so."""
        with self._database.writing(fence) as open_:
            open_.execute(_KILLED, {"here": self._database.workspace})
            (id_,) = self._database.take(open_, run, 1)
            row = {"workspace": self._database.workspace, "id": id_, "kind": kind, "config": config, "actor": actor}
            now = self._database.clock.now()
            open_.execute(insert(run), {**row, "status": "running", "started_at": now, "counts": {}, "message": ""})
        return id_

    def end(self, fence: Fence, id_: int, status: str, counts: Mapping[str, Any], message: str = "") -> None:
        """Note how a run ended."""
        with self._database.writing(fence) as open_:
            how = {"how": status, "counted": counts, "said": message, "now": self._database.clock.now()}
            open_.execute(_ENDED, {"here": self._database.workspace, "one": id_, **how})

    def of(self, id_: int) -> Run | None:
        """One run."""
        query = select(run).where(run.c.workspace == self._database.workspace, run.c.id == id_)
        with self._database.reading() as open_:
            row = open_.execute(query).one_or_none()
        return _run(row) if row is not None else None

    def newest(self, limit: int = 10) -> Sequence[Run]:
        """The last runs, newest first."""
        with self._database.reading() as open_:
            return [_run(row) for row in open_.execute(_NEWEST.limit(limit), {"here": self._database.workspace})]


_NEWEST = select(run).where(run.c.workspace == HERE).order_by(run.c.id.desc())
_KILLED = update(run).where(run.c.workspace == HERE, run.c.status == "running").values(status="killed")
_ENDED = (
    update(run)
    .where(run.c.workspace == HERE, run.c.id == bindparam("one"))
    .values(status=bindparam("how"), counts=bindparam("counted"), message=bindparam("said"), ended_at=bindparam("now"))
)


def _run(row: Any) -> Run:
    return Run(
        row.id, row.kind, row.status, row.config, row.actor, row.started_at, row.ended_at, row.counts, row.message
    )
