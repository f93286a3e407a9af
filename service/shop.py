"""Everything a command needs, opened once: settings, database, connectors, the readers of facts, and the stop signal."""

from __future__ import annotations

import gc
import os
import signal
import socket
import threading
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

import psutil

from connectors.base import Connector, Surroundings
from connectors.files.connector import Files
from connectors.registry import connect
from mapping.fields import Reader
from mapping.roster import RosterReader
from partnersync.clock import Clock
from partnersync.errors import ConnectorError, StateError
from partnersync.records import Identity, ObjectSchema
from service import logs
from service.clock import SystemClock
from service.feeds import FILES, Feed, feeds, layouts
from service.secrets import Secrets
from service.settings import Loaded, Settings, load
from service.steps.writer import Schemas
from state import leases, migrate
from state.cursors import Cursors
from state.database import Database, Fence
from state.meter import DatabaseMeter

SQLITE = "sqlite:///"
Made = TypeVar("Made")
_SELDOM = 100_000
"""Records come and go by the thousand and hardly ever in circles: Python's default of 700 new objects between two looks for
circles costs a fifth of a pull."""


@dataclass(slots=True)
class Shop:
    """One workspace, opened. Use it through ``opened``."""

    loaded: Loaded
    database: Database
    clock: Clock
    stop: threading.Event
    secrets: Secrets
    meter: DatabaseMeter
    feeds: tuple[Feed, ...]
    sites: dict[str, Identity] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    _connectors: dict[str, Connector] = field(default_factory=dict)
    _schemas: dict[str, Schemas] = field(default_factory=dict)
    _reader: Reader | None = None
    _fence: Fence | None = None
    _made: dict[str, tuple[Hashable, Any]] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        """The config."""
        return self.loaded.settings

    @property
    def reader(self) -> Reader:
        """Reads raw records as canonical facts; signs in first where that was not done yet."""
        if self._reader is None:
            self.sign_in()
            self._reader = Reader(self.settings.mapping, self.sites)
        return self._reader

    @property
    def roster(self) -> RosterReader:
        """Reads the rows of the roster and the tiers."""
        return RosterReader(self.settings.mapping)

    def connector(self, name: str) -> Connector | Files:
        """The connector of a connection, made when it is first asked for."""
        if name == FILES:
            return Files(self.loaded.home, layouts(self.settings))
        if name not in self._connectors:
            around = Surroundings(self.clock, self.stop, self.meter, self._may_send)
            self._connectors[name] = connect(name, self.settings.connections[name], self.secrets, around)
        return self._connectors[name]

    def crm(self, name: str) -> Connector:
        """The connector of a CRM, which can write."""
        found = self.connector(name)
        assert not isinstance(found, Files)
        return found

    def schemas(self, name: str) -> Schemas:
        """What a connection's CRM says of its fields, asked when it is first needed."""
        if name not in self._schemas:
            self._schemas[name] = Schemas(self.crm(name))
        return self._schemas[name]

    def learn_schemas(self, name: str, told: Mapping[str, ObjectSchema | None]) -> None:
        """What the CRM says now of these objects (None: it knows none of that name); of others it is asked anew."""
        self._schemas[name] = Schemas(self.crm(name), told)

    def sign_in(self) -> Mapping[str, Identity]:
        """Learn which org each connection opens, and refuse an org that this database does not belong to.

        Each is asked once in a run: one that fails is left alone until the next run, and its org is believed to be the one
        that it opened before, so that a CRM that is down stops only itself. A file's row may name a record of any CRM: when
        an org is met for the first time, files are read anew.

        Raises:
            StateError: a connection opens another org than before.
        """
        unasked = self.settings.connections.keys() - self.sites.keys() - self.failures.keys()
        if not unasked:
            return self.sites
        cursors = Cursors(self.database)
        known = cursors.bound()
        for name in (each for each in self.settings.connections if each in unasked):
            self._reader = None
            try:
                self.meter.awake(name)
                found = self.connector(name).identify()
            except ConnectorError as error:
                self.failures[name] = str(error)
                if name in known:
                    self.sites[name] = known[name]
                continue
            if self._fence is not None:
                cursors.bind(self._fence, name, found)
                if name not in known:
                    cursors.forget(self._fence, FILES)
            self.sites[name] = found
        return self.sites

    def kept(self, name: str, key: Hashable, make: Callable[[], Made]) -> Made:
        """What was made under this name while ``key`` was the same; made anew where it is another."""
        if name not in self._made or self._made[name][0] != key:
            self._made[name] = (key, make())
        made: Made = self._made[name][1]
        return made

    def feed(self, connection: str, object_: str) -> Feed:
        """The feed of an object."""
        return next(each for each in self.feeds if (each.connection, each.object) == (connection, object_))

    def connection_of(self, crm: str, org: str) -> str | None:
        """The name of the connection that opens an org."""
        return next((name for name, site in self.sites.items() if (site.crm, site.org) == (crm, org)), None)

    @contextmanager
    def running(self) -> Iterator[Fence]:
        """Hold the workspace's lease.

        Raises:
            ConflictError: another run holds it.
        """
        fence = leases.acquire(self.database, owner(), gone=gone)
        self._fence = fence
        for name in self.failures:
            self.sites.pop(name, None)
        self.failures.clear()
        try:
            with leases.kept(fence):
                yield fence
        finally:
            self._fence = None
            leases.release(fence)

    def _may_send(self) -> None:
        if self._fence is not None:
            self._fence.check()

    def close(self) -> None:
        """Give everything back."""
        self.meter.flush()
        for connector in self._connectors.values():
            connector.close()
        self.database.close()


@contextmanager
def opened(config: Path, *, json_logs: bool = False, verbose: bool = False) -> Iterator[Shop]:
    """Load the config, open the database (a new one is made ready), and watch for SIGTERM and SIGINT.

    Raises:
        ConfigError: the config is wrong. StateError: the database cannot be used.
    """
    loaded = load(config)
    secrets = Secrets(os.environ, loaded.home)
    logs.configure(json=json_logs, verbose=verbose, known=lambda: secrets.known)
    gc.set_threshold(_SELDOM, 20, 20)
    clock = SystemClock()
    stop = threading.Event()
    database = open_database(loaded, clock, make=True)
    shop = Shop(loaded, database, clock, stop, secrets, _meter(loaded.settings, database), feeds(loaded.settings))
    with _stopping(stop):
        try:
            yield shop
        finally:
            shop.close()


def _meter(settings: Settings, database: Database) -> DatabaseMeter:
    named = settings.connections.items()
    paces = {(name, bucket): pace for name, each in named for bucket, pace in each.paces.items()}
    return DatabaseMeter(database, paces, {name: float(each.keep_for_people) for name, each in named})


@contextmanager
def looking(config: Path) -> Iterator[Shop]:
    """Open what is known, to look at it: no CRM is asked, nothing is decided or stored.

    Raises:
        ConfigError: the config is wrong. StateError: there is no database yet, or it cannot be used.
    """
    loaded = load(config)
    secrets = Secrets(os.environ, loaded.home)
    logs.configure(json=False, verbose=False, known=lambda: secrets.known)
    clock = SystemClock()
    database = open_database(loaded, clock)
    known = Cursors(database).bound()
    shop = Shop(
        loaded, database, clock, threading.Event(), secrets, DatabaseMeter(database), feeds(loaded.settings), known
    )
    shop._reader = Reader(loaded.settings.mapping, known)
    try:
        yield shop
    finally:
        shop.close()


def owner() -> str:
    """This process, so that another on the same machine can tell whether it still lives."""
    return f"{socket.gethostname()}:{os.getpid()}:{psutil.Process().create_time():.2f}"


def gone(who: str) -> bool:
    """Whether the process that a lease names ran on this machine and is no more; false where that cannot be told."""
    host, _, rest = who.partition(":")
    pid, _, began = rest.partition(":")
    if host != socket.gethostname() or not pid.isdigit():
        return False
    try:
        process = psutil.Process(int(pid))
        return process.status() == psutil.STATUS_ZOMBIE or f"{process.create_time():.2f}" != began
    except psutil.NoSuchProcess:
        return True
    except psutil.Error:
        return False


def database_url(loaded: Loaded) -> str:
    """Where the state is; a relative SQLite file stands beside the config."""
    url = loaded.settings.state.url
    return SQLITE + str(loaded.home / url[len(SQLITE) :]) if url.startswith(SQLITE) else url


def open_database(loaded: Loaded, clock: Clock, *, make: bool = False) -> Database:
    """The workspace's database.

    Raises:
        StateError: it is not there (and ``make`` is false), too old, too new, or cannot be reached.
    """
    url = database_url(loaded)
    absent = url.startswith(SQLITE) and not Path(url[len(SQLITE) :]).exists()
    if absent or migrate.is_new(url):
        if not make:
            raise StateError("there is no database yet: run `partnersync pull` first")
        migrate.upgrade(url)
    return Database.open(url, loaded.settings.workspace, clock)


@contextmanager
def _stopping(stop: threading.Event) -> Iterator[None]:
    """Set ``stop`` on SIGTERM and SIGINT; a second signal ends the process as usual."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before: dict[signal.Signals, Any] = {}

    def ask(number: int, frame: FrameType | None) -> None:
        stop.set()
        signal.signal(number, before[signal.Signals(number)])

    for number in (signal.SIGTERM, signal.SIGINT):
        before[number] = signal.signal(number, ask)
    try:
        yield
    finally:
        for which, handler in before.items():
            signal.signal(which, handler)
