"""Small worlds to crash in, kept as copies that are put back in a few milliseconds, and what an undisturbed run makes of each.

A beginning is two CRMs in which people have worked, and our database as an earlier run left it: none yet, at rest, or with
writes whose answers were lost. Putting it back copies our SQLite file and the sandbox's whole database; a new process is a
new ``Shop`` over a new ``Database``. What survives from one to the next is what holds no state: compiled statements and the
config as it was read.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any, Final

from sqlalchemy import Engine

from connectors.base import Freshness
from service.cycle import Report
from state import database
from tests.faults.crashes.points import Passing, Points
from tests.faults.crashes.wire import wired
from tests.faults.model.ground import CRMS, Ground, ground
from tests.faults.model.harms import Struck
from tests.faults.model.moments import Crash
from tests.faults.model.steps import Play, Step
from tests.faults.worlds import LEDGER, canonical, rows

KINDS: Final = ("new", "later", "open")
SEEN: Final = {
    "salesforce": ("Account", "Opportunity", "Task"),
    "hubspot": ("companies", "deals", "tasks", "associations"),
}
OPEN: Final = "SELECT count(*) FROM intent WHERE status IN ('inflight', 'unknown')"
_DEEDS: Final = (
    *("edit", "edit", "edit", "type over", "create", "delete", "restore", "merge", "task", "touch many", "register"),
)
_WORK: Final[tuple[Freshness, ...]] = ("hot", "hot", "hot", "warm", "cold")
_OURS: Final = {
    "ledger": LEDGER,
    "overrides": "SELECT p.crm, p.object, n.external, n.field, n.value, n.desired FROM noted n JOIN place p"
    " ON p.workspace = n.workspace AND p.id = n.place ORDER BY 1, 2, 3, 4",
    "what is ours": "SELECT p.crm, p.object, b.external, b.field, b.value, b.read_back FROM base b JOIN place p"
    " ON p.workspace = b.workspace AND p.id = b.place ORDER BY 1, 2, 3, 4",
    "tasks": "SELECT key, record, subject, open FROM task ORDER BY key",
}
Picture = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Beginning:
    """A world to begin from: both databases, the work of the run, and what a run that nobody disturbs leaves and passes."""

    name: str
    work: Freshness
    crm: sqlite3.Connection
    state: bytes
    at: datetime
    picture: Picture
    trace: tuple[Passing, ...]
    writes: int


@dataclass(slots=True)
class Yard:
    """One world at a time, in which processes run and die."""

    ground: Ground
    points: Points

    def begin(self, kind: str, seed: int) -> Beginning:
        """Make a world of this kind, keep it, and see what an undisturbed run does with it.

        Raises:
            AssertionError: an undisturbed run is not at rest after itself, so that nothing could be shown.
        """
        draw = Random(f"{kind}:{seed}")
        self.points.begin()
        self._play(kind, draw, seed)
        here = self.ground.world
        here.counters.reset()
        crm = sqlite3.connect(":memory:", check_same_thread=False)
        here.store._writer.backup(crm)
        made = Beginning(
            f"{kind} {seed}", draw.choice(_WORK), crm, self._file.read_bytes(), here.clock.now(), {}, (), 0
        )
        self.put_back(made)
        report = self.run(made)
        assert report is not None, "an undisturbed run dies"
        trace, writes = tuple(self.points.trace), self._written()
        picture = self.picture()
        wrong = self.wrong_after(made, picture, report)
        assert not wrong, f"{made.name} undisturbed: {wrong}"
        return replace(made, picture=picture, trace=trace, writes=writes)

    def put_back(self, beginning: Beginning) -> None:
        """Everything is as it was."""
        for left in (f"{self._file}-wal", f"{self._file}-shm"):
            Path(left).unlink(missing_ok=True)
        self._file.write_bytes(beginning.state)
        here = self.ground.world
        beginning.crm.backup(here.store._writer)
        here.clock.set(beginning.at)
        here.counters.reset()
        self.ground.gone.clear()

    def run(self, beginning: Beginning, fatal: int | None = None) -> Report | None:
        """A process runs ``partnersync run``; None where it died. The lease of a dead one is noticed to be that."""
        self.points.begin()
        self.points.fatal = fatal
        try:
            ended = self.ground.cycle(beginning.work, approve="dana")
        except Crash:
            self.ground.gone.add(self.ground.owner())
            return None
        finally:
            self.points.fatal, self.points.dead = None, False
            self.ground.move(5)
        if ended.error is not None:
            raise ended.error
        return ended.report

    def wrong_after(self, beginning: Beginning, expected: Picture, report: Report | None) -> list[str]:
        """What is wrong after the run that ended; a further run is part of it."""
        wrong = [f"the run failed: {dict(report.failed)}"] if report is not None and report.failed else []
        wrong += differences(expected, self.picture())
        self.ground.move(61)
        self.ground.world.counters.reset()
        again = self.run(beginning)
        if again is None or again.failed or again.posted or self._written():
            wrong.append(f"a further run wrote {self._written()} times: {again.counts() if again else 'it died'}")
        ((open_,),) = rows(self._file, OPEN)
        return wrong + ([f"the journal holds {open_} writes of unknown fate"] if open_ else [])

    def picture(self) -> Picture:
        """Both CRMs as people see them, and of ours what lasts."""
        vendors = self.ground.world.vendors
        crms = canonical({v.name: {o: v.dump(o, False) for o in SEEN[v.name]} for v in vendors})
        with closing(sqlite3.connect(self._file)) as open_:
            ours = {name: open_.execute(query).fetchall() for name, query in _OURS.items()}
        return {f"{crm} {o}": found for crm, objects in crms.items() for o, found in objects.items()} | ours

    def _play(self, kind: str, draw: Random, seed: int) -> None:
        """What happened before."""
        ground = self.ground
        play = Play(ground, Struck())
        play.begin("crashes", seed)
        self._deeds(play, draw, 4)
        if kind != "new":
            ground.move(70)
            ground.cycle("hot", approve="dana")
            ground.move(70)
            ground.cycle("hot", approve="dana")
            self._deeds(play, draw, 6)
        if kind == "open":
            play._stir("settle open", draw.choice(CRMS), draw.randrange(1 << 10))
        ground.move(70)

    @staticmethod
    def _deeds(play: Play, draw: Random, count: int) -> None:
        for name in draw.choices(_DEEDS, k=count):
            play.do(Step(name, *(draw.randrange(1 << 16) for _ in range(4))))
        play.people.stir(draw.choice(CRMS), draw.randrange(1 << 10), draw.choice(("ask", "moot", "")))

    @property
    def _file(self) -> Path:
        return self.ground.folder / "state.db"

    def _written(self) -> int:
        return self.ground.world.counters.total(write=True)


def differences(expected: Picture, found: Picture) -> list[str]:
    """Where two pictures differ."""
    told = []
    for name, rows_ in expected.items():
        if found[name] != rows_:
            told += [f"{name}: only undisturbed {row}" for row in rows_ if row not in found[name]]
            told += [f"{name}: only after the crash {row}" for row in found[name] if row not in rows_]
            told.append(f"{name}: {len(found[name])} rows instead of {len(rows_)}")
    return told


@contextmanager
def yard() -> Iterator[Yard]:
    """A ground of this process, its calls handed over without sockets and its engines kept."""
    points, engines, kept = Points(), database.engines, dict[str, tuple[Engine, Engine]]()

    def opened(url: str) -> tuple[Engine, Engine]:
        if url not in kept:
            kept[url] = engines(url)
        return kept[url]

    database.engines = opened
    try:
        with ground(points) as here, wired(here.server.url, lambda: here.world, points.answered):
            yield Yard(here, points)
    finally:
        database.engines = engines
