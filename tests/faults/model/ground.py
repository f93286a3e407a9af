"""The ground that worlds are played on: a sandbox in this process, workspaces over it, and a time that only we move.

Nothing waits in real time: the CRMs' clock stands still and is moved by the steps of a world and by every pause that the
program asks for; our own clock follows it, ahead or behind as the world says. One server serves world after world; each
begins as a copy of two CRMs and of an empty database that were made once. Calls go over its sockets while a fault is in force
(``wire``).
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Engine

import connectors.ahead as made_ahead
import service.shop as shops
import service.steps.pull as pulling
from connectors.base import Connector, Freshness, Surroundings
from connectors.hubspot.connector import connect as connect_hubspot
from connectors.hubspot.pulling import Pages
from connectors.salesforce import api as salesforce
from connectors.salesforce.connector import connect as connect_salesforce
from partnersync.errors import PartnersyncError
from sandbox.server import Server, start
from sandbox.world import World
from service.cycle import Report, run_cycle
from service.feeds import feeds
from service.secrets import Secrets
from service.settings import Loaded, load
from service.shop import Shop
from service.steps import joining
from state import database as state_database
from state import migrate
from state.database import Database
from state.meter import DatabaseMeter
from state.rests import Rests
from tests.faults.model.moments import Moments, Watched, standing_around
from tests.faults.model.programme import CSV, REGISTRATIONS, Terms, found
from tests.faults.wire import wired
from tests.faults.worlds import CREDENTIALS, ground_for

CRMS = ("salesforce", "hubspot")
IMPATIENT = timedelta(milliseconds=250)
"""How long we wait for an answer where one is held back (in real time, the only thing that is)."""


HELD_BACK = 0.45
"""How long the CRMs hold an answer back there, in real seconds: whoever waits longer than we do meets what landed late."""


class Patience(threading.Event):
    """The stop signal of a run; whoever waits for it moves the CRMs' time instead of losing ours."""

    def __init__(self, ground: Ground) -> None:
        super().__init__()
        self._ground = ground
        self._held = 0
        self.disarmed = 0
        """How often the faults fired that are no longer in force: what they hold back still lands."""

    def calm(self) -> None:
        """Nothing is held back any more."""
        self._held = self._fired()

    def wait(self, timeout: float | None = None) -> bool:
        if not self.is_set() and timeout:
            self._ground.move(timeout)
            if self._ground.impatient and self._fired() > self._held:
                self.calm()
                time.sleep(HELD_BACK)
        return self.is_set()

    def _fired(self) -> int:
        return self.disarmed + sum(rule["fired"] for rule in self._ground.world.faults.report())


class TimelessMeter(DatabaseMeter):
    """Nobody waits for a window of ten real seconds where no real time passes."""

    def full(self, connection: str, bucket: str, limit: int, seconds: float) -> None:
        """Only waited for."""


class Stopwatch:
    """What the Salesforce connector carries the server's time on with between two calls: it runs as the CRMs' clock does."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def monotonic(self) -> float:
        """Seconds."""
        return self._ground.world.clock.now_ms() / 1000


class SkewedClock:
    """Our clock: the CRMs' own, off by ``skew``."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def now(self) -> datetime:
        return self._ground.world.clock.now() + self._ground.skew


class AtOnce:
    """Makes the pages ahead that the product makes in a thread, as many and no later: a point that a process passes is then the
    same each time, and whoever stands still there does so with all that it does."""

    def __init__(self, *_: Any, **__: Any) -> None:
        """As a pool of threads is made."""

    def __enter__(self) -> AtOnce:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is under way."""

    def submit(self, call: Callable[..., Any], *args: Any) -> Future[Any]:
        """What the call gives or raises, told when it is asked for."""
        told: Future[Any] = Future()
        try:
            told.set_result(call(*args))
        except BaseException as error:
            told.set_exception(error)
        return told


class Watch:
    """Tells the moments which step of a cycle it is."""

    def __init__(self, moments: Moments) -> None:
        self._moments = moments

    def step(self, name: str) -> None:
        self._moments.watch(name)

    def at(self, what: str, done: int, total: int | None = None) -> None:
        """Nothing."""


@dataclass(slots=True)
class Ended:
    """How a cycle ended: its report, or the error that stopped it."""

    report: Report | None = None
    error: PartnersyncError | None = None


@dataclass(slots=True)
class Ground:
    """One world at a time."""

    home: Path
    server: Server
    empty: Path
    world: World
    moments: Moments = field(default_factory=Moments)
    terms: Terms = field(default_factory=Terms)
    skew: timedelta = timedelta()
    pages: Pages = field(default_factory=Pages)
    together: int = joining.MOST
    """How many records of a read of everything are stored together."""
    transaction: datetime | None = None
    patience: Patience = field(init=False)
    process: int = 0
    gone: set[str] = field(default_factory=set)
    loaded: dict[str, Loaded] = field(default_factory=dict)
    folder: Path = field(init=False)
    rows: dict[str, str] = field(default_factory=dict)
    impatient: bool = False
    lives_on: bool = False
    """Whether our process lives on from cycle to cycle, as ``serve`` does, until it dies or what it was begun with changes."""
    _living: tuple[object, Shop, ExitStack] | None = None
    _busy: bool = False

    def __post_init__(self) -> None:
        self.patience = Patience(self)
        self.folder = self.home
        # No program writes, reads and writes again within one millisecond of a CRM.
        self.moments.left.append(lambda: self.move(0.001))

    def enter(self, *, keyed: bool) -> None:
        """A new world: two fresh CRMs, an empty database, the files."""
        self.leave()
        self.folder = self.home / "world"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        shutil.copy(self.home / f"crm-{keyed}.db", self.folder / "crm.db")
        shutil.copy(self.empty, self.folder / "state.db")
        self.world = World.open(self.folder / "crm.db")
        self.server.serve(self.world)
        self.moments.begin()
        self.terms, self.skew, self.transaction = Terms(keyed=keyed), timedelta(), None
        self.gone, self.impatient, self.pages, self.together = set(), False, Pages(), joining.MOST
        self.rows = {}
        for name, text in CSV.items():
            (self.folder / name).write_text(text, encoding="utf-8")
        self.register()

    def leave(self) -> None:
        """The world ends."""
        self.end()
        self.lives_on = False
        if self.folder != self.home:
            self.server.serve(World.open())
            self.world.close()
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder = self.home

    def register(self, **rows: str) -> None:
        """Write the registrations, by their id; a later row replaces an earlier one."""
        self.rows |= rows
        text = REGISTRATIONS + "".join(f"{row}\n" for _, row in sorted(self.rows.items()))
        (self.folder / "registrations.csv").write_text(text, encoding="utf-8")

    # -- time --------------------------------------------------------------------------------------------------------

    def move(self, seconds: float) -> None:
        """Time passes; a transaction that is open stays open."""
        self.world.clock.move(seconds)
        if self.transaction is not None:
            held = int((self.world.clock.now() - self.transaction).total_seconds()) + 1
            if held != self.world.settings.salesforce.in_flight_s:
                self.world.settings.update("salesforce", {"in_flight_s": held})

    # -- our side ----------------------------------------------------------------------------------------------------

    @contextmanager
    def opened(self, *, state: str = "state.db", overwrite: bool = False) -> Iterator[Shop]:
        """A process of ours with the config as it is now."""
        loaded = self._loaded(state, overwrite)
        self.process += 1
        database = Database.open(f"sqlite:///{self.folder / state}", loaded.settings.workspace, SkewedClock(self))
        secrets = Secrets(os.environ, loaded.home)
        self._outwait(database)
        meter = TimelessMeter(
            database, {}, {name: float(c.keep_for_people) for name, c in loaded.settings.connections.items()}
        )
        shop = Shop(loaded, database, SkewedClock(self), self.patience, secrets, meter, feeds(loaded.settings))
        shop._connectors.update(self._connected(shop, meter))
        try:
            yield shop
        finally:
            for connector in shop._connectors.values():
                connector.close()
            database.close()

    def cycle(
        self, work: Mapping[str, Freshness] | Freshness = "hot", *, shop: Shop | None = None, **how: Any
    ) -> Ended:
        """One cycle, in a process of its own or in the one that lives on."""
        if shop is None:
            with self._process() as made:
                return self.cycle(work, shop=made, **how)
        wanted: dict[str, Freshness] = dict.fromkeys(CRMS, work) if isinstance(work, str) else dict(work)
        try:
            return Ended(run_cycle(shop, wanted, watcher=Watch(self.moments), **how))
        except PartnersyncError as error:
            return Ended(error=error)

    def end(self) -> None:
        """The process that lives on ends."""
        if self._living is not None:
            living, self._living = self._living, None
            living[2].close()

    @contextmanager
    def _process(self) -> Iterator[Shop]:
        if not self.lives_on or self._busy:
            with self.opened() as shop:
                yield shop
            return
        begun_with = (self._loaded("state.db", overwrite=False).file, self.impatient, self.pages)
        if self._living is None or self._living[0] != begun_with:
            self.end()
            stack = ExitStack()
            self._living = (begun_with, stack.enter_context(self.opened()), stack)
        self.process += 1  # leases tell runs apart
        shop, self._busy = self._living[1], True
        self._outwait(shop.database)
        try:
            yield shop
        except BaseException:
            self.end()
            raise
        finally:
            self._busy = False

    def _outwait(self, database: Database) -> None:
        for rest in Rests(database).all():
            self.move((rest.until - database.clock.now()).total_seconds() + 1)  # that long nobody asks the CRM anything

    def owner(self) -> str:
        """This process, for leases."""
        return f"process-{self.process}"

    def run_out(self) -> None:
        """The lease runs out, as that of a process does which stands still: it may be alive."""
        with closing(sqlite3.connect(self.folder / "state.db")) as database, database:
            database.execute("UPDATE lease SET expires_at = renewed_at")

    def _loaded(self, state: str, overwrite: bool) -> Loaded:
        text = self.terms.text(self.server.url, str(self.folder / state), overwrite=overwrite)
        if text not in self.loaded:
            file = self.folder / f"config-{len(self.loaded)}.yaml"
            file.write_text(text, encoding="utf-8")
            self.loaded[text] = load(file)
        return self.loaded[text]

    def _connected(self, shop: Shop, meter: DatabaseMeter) -> dict[str, Connector]:
        around = Surroundings(shop.clock, self.patience, meter)
        made: dict[str, Connector] = {}
        for name, settings in shop.settings.connections.items():
            given = settings.model_copy(update={"timeout": IMPATIENT}) if self.impatient else settings
            inner: Connector = (
                connect_hubspot(name, given, shop.secrets, around, pages=self.pages)
                if settings.crm == "hubspot"
                else connect_salesforce(name, given, shop.secrets, around)
            )
            made[name] = Watched(inner, settings.crm, self.moments)  # type: ignore[assignment]
        return made


@contextmanager
def ground(moments: Moments | None = None) -> Iterator[Ground]:
    """A ground, with the product's seams in its hands until it ends."""
    os.environ.update(CREDENTIALS)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    home = ground_for("model")
    owner, gone, engines, joined = shops.owner, shops.gone, state_database.engines, joining.joined
    stopwatch, threads = salesforce.time, made_ahead.ThreadPoolExecutor
    kept: dict[str, tuple[Engine, Engine]] = {}

    def opened(url: str) -> tuple[Engine, Engine]:
        """Closed engines open again, and have not forgotten the statements that they compiled."""
        if url not in kept:
            kept[url] = engines(url)
        return kept[url]

    state_database.engines = opened
    try:
        for keyed in (True, False):
            found(home / f"crm-{keyed}.db", keyed=keyed)
        empty = home / "empty.db"
        migrate.upgrade(f"sqlite:///{empty}")
        server = start()
        made = Ground(home, server, empty, server.world, moments or Moments())
        shops.owner, shops.gone = made.owner, lambda who: who in made.gone
        salesforce.time = Stopwatch(made)  # type: ignore[assignment]
        made_ahead.ThreadPoolExecutor = AtOnce  # type: ignore[misc, assignment]
        pulling.joined = lambda pages, stop: joined(pages, stop, made.together)  # type: ignore[attr-defined]
        try:
            with standing_around(made.moments), wired(server.url, lambda: made.world, made.moments.answered):
                yield made
        finally:
            with suppress(OSError):
                made.leave()
            server.stop()
            made.world.close()
    finally:
        shops.owner, shops.gone, state_database.engines = owner, gone, engines
        salesforce.time, made_ahead.ThreadPoolExecutor = stopwatch, threads  # type: ignore[misc]
        pulling.joined = joined  # type: ignore[attr-defined]
        structlog.reset_defaults()
        shutil.rmtree(home, ignore_errors=True)


def moment(at: datetime) -> str:
    """As people read it."""
    return at.astimezone(UTC).isoformat(timespec="seconds")
