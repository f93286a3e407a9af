"""Small worlds to crash in, kept as copies that are put back in a few milliseconds, and what an undisturbed run makes of each.

A beginning is two CRMs in which people have worked, and our database as an earlier run left it: none yet, at rest, or with
writes whose answers were lost. Putting it back copies our SQLite file and the sandbox's whole database; a new process is a
new ``Shop`` over a new ``Database``. What survives from one to the next is what holds no state: compiled statements and the
config as it was read.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any, Final

from connectors.base import Freshness
from service.cycle import Report
from service.shop import Shop
from tests.faults.crashes.points import Passing, Points
from tests.faults.model.ground import CRMS, Ground, ground
from tests.faults.model.harms import WRITES, Struck
from tests.faults.model.moments import Crash
from tests.faults.model.picking import Step
from tests.faults.model.steps import Play
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
class Kept:
    """What both databases hold at some moment, ours as its file and its log, and the processes that are dead then."""

    crm: sqlite3.Connection
    state: bytes
    log: bytes
    at: datetime
    dead: frozenset[str]


@dataclass(frozen=True, slots=True)
class Beginning:
    """A world to begin from, the work of the run, and what a run that nobody disturbs leaves and passes."""

    name: str
    work: Freshness
    kept: Kept
    picture: Picture
    trace: tuple[Passing, ...]
    writes: int


@dataclass(slots=True)
class Process:
    """One of ours that ran; without ``report`` it died."""

    shop: Shop | None
    work: Freshness
    report: Report | None = None


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
        work, kept = draw.choice(_WORK), self._keep(None)
        self.put_back(kept)
        with self.process(work) as run:
            assert run.report is not None, "an undisturbed run dies"
            trace, writes, picture = tuple(self.points.trace), self._written(), self.picture()
            wrong = self.wrong_after(run, picture, further=True)
        assert not wrong, f"{kind} {seed} undisturbed: {wrong}"
        return Beginning(f"{kind} {seed}", work, kept, picture, trace, writes)

    def left_at(self, beginning: Beginning, points: Collection[int]) -> Mapping[int, Kept]:
        """What a process leaves that dies at each of these points."""
        found: dict[int, Kept] = {}
        last: list[Kept | None] = [None]

        def told(n: int) -> None:
            if n in points:
                found[n] = last[0] = self._keep(last[0])

        self.put_back(beginning.kept)
        with self.process(beginning.work, told=told):
            pass
        return found

    def put_back(self, kept: Kept) -> None:
        """Everything is as it was; whoever ran then is dead."""
        Path(f"{self._file}-shm").unlink(missing_ok=True)
        self._file.write_bytes(kept.state)
        self._log.write_bytes(kept.log)
        here = self.ground.world
        kept.crm.backup(here.store._writer)
        here.clock.set(kept.at)
        here.counters.reset()
        self.ground.gone.clear()
        self.ground.gone.update(kept.dead)

    @contextmanager
    def process(
        self, work: Freshness, fatal: int | None = None, told: Callable[[int], None] | None = None
    ) -> Iterator[Process]:
        """A new process that has run ``partnersync run``, or died; the lease of a dead one is noticed to be that."""
        self.points.begin()
        self.points.fatal, self.points.told = fatal, told
        with ExitStack() as open_:
            try:
                shop = open_.enter_context(self.ground.opened())
                made = Process(shop, work)
                made.report = self._cycle(made)
            except Crash:
                self.ground.gone.add(self.ground.owner())
                made = Process(None, work)
            self.points.fatal, self.points.told = None, None
            self.ground.move(5)
            yield made

    def wrong_after(self, run: Process, expected: Picture, *, further: bool) -> list[str]:
        """What is wrong after a run that ended, and after a ``further`` one of the same process."""
        assert run.report is not None
        wrong = [f"the run failed: {dict(run.report.failed)}"] if run.report.failed else []
        wrong += differences(expected, self.picture())
        if further:
            self.ground.move(61)
            self.ground.world.counters.reset()
            again = self._cycle(run)
            if again.failed or again.posted or self._written():
                wrong.append(f"a further run wrote {self._written()} times: {again.counts()}")
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
            play.people.stir(draw.choice(CRMS), draw.randrange(1 << 10), "ask")
            self._leave_open(draw.choice(("before send", "CRM committed", "after answer")), draw.choice(WRITES))
        ground.move(70)

    def _leave_open(self, point: str, place: str) -> None:
        """A process dies while it writes."""

        def told(n: int) -> None:
            if self.points.trace[n - 1] == (point, place):
                self.points.die()

        with self.process("hot", told=told):
            pass

    @staticmethod
    def _deeds(play: Play, draw: Random, count: int) -> None:
        for name in draw.choices(_DEEDS, k=count):
            play.do(Step(name, *(draw.randrange(1 << 16) for _ in range(4))))
        play.people.stir(draw.choice(CRMS), draw.randrange(1 << 10), draw.choice(("ask", "moot", "")))

    @property
    def _file(self) -> Path:
        return self.ground.folder / "state.db"

    @property
    def _log(self) -> Path:
        return Path(f"{self._file}-wal")

    def _keep(self, last: Kept | None) -> Kept:
        """What both databases hold now; what did not change since ``last`` is kept once."""
        here = self.ground.world
        state, log = self._file.read_bytes(), self._log.read_bytes() if self._log.exists() else b""
        if last is not None:
            state = last.state if last.state == state else state
            log = last.log if last.log == log else log
        crm = sqlite3.connect(":memory:", check_same_thread=False)
        here.store._writer.backup(crm)
        return Kept(crm, state, log, here.clock.now(), frozenset({*self.ground.gone, self.ground.owner()}))

    def _cycle(self, run: Process) -> Report:
        ended = self.ground.cycle(run.work, shop=run.shop, approve="dana")
        if ended.error is not None:
            raise ended.error
        assert ended.report is not None
        return ended.report

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
    """A ground of this process."""
    points = Points()
    with ground(points) as here:
        yield Yard(here, points)
