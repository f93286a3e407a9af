"""One SQLite file under both vendors: many readers, one writer, and hooks around each commit."""

import os
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

import psutil

CommitHook = Callable[[str], None]
commit_hook: ContextVar[CommitHook | None] = ContextVar("commit_hook", default=None)
"""Called with `before_commit` and `after_commit` around the commit of the current request's write."""

_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=OFF",
    "PRAGMA cache_size=-65536",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA mmap_size=1073741824",
)


_TEMPORARY = "partnersync-sandbox-"


def temporary_folder() -> Path:
    """A new folder named for this process. Those that killed processes left behind are removed."""
    for left in Path(tempfile.gettempdir()).glob(f"{_TEMPORARY}*-*"):
        owner = left.name.removeprefix(_TEMPORARY).split("-")[0]
        if owner.isdecimal() and not psutil.pid_exists(int(owner)):
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{_TEMPORARY}{os.getpid()}-"))


class Store:
    """The sandbox's database. Without a path it lives in a temporary folder that `close` removes."""

    def __init__(self, path: str | Path | None = None) -> None:
        self._folder = temporary_folder() if path is None else None
        self.path = Path(path) if path is not None else Path(f"{self._folder}/world.db")
        self._local = threading.local()
        self._lock = threading.RLock()
        self._opened: list[sqlite3.Connection] = []
        self._setups: list[Callable[[sqlite3.Connection], None]] = []
        self._writer = self._open()

    def on_connect(self, setup: Callable[[sqlite3.Connection], None]) -> None:
        """Run `setup` on every connection, those already open included (to register SQL functions)."""
        with self._lock:
            self._setups.append(setup)
            for connection in self._opened:
                setup(connection)

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A consistent view for one thread; inside `write` it is the writer itself."""
        if self._depth("write"):
            yield self._writer
            return
        connection = self._reader()
        if self._depth("read"):
            yield connection
            return
        connection.execute("BEGIN")
        self._local.read = 1
        try:
            yield connection
        finally:
            self._local.read = 0
            connection.execute("ROLLBACK")

    @contextmanager
    def write(self, hooked: bool = True) -> Iterator[sqlite3.Connection]:
        """One `BEGIN IMMEDIATE` transaction; inside another it joins that one.

        The commit hook of the current request runs before and after the commit, unless `hooked` is false
        (for housekeeping that no client asked for). An exception from the first rolls everything back.
        """
        if self._depth("write"):
            yield self._writer
            return
        hook = commit_hook.get() if hooked else None
        with self._lock:
            self._writer.execute("BEGIN IMMEDIATE")
            self._local.write = 1
            try:
                yield self._writer
                if hook is not None:
                    hook("before_commit")
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise
            finally:
                self._local.write = 0
        if hook is not None:
            hook("after_commit")

    @contextmanager
    def savepoint(self) -> Iterator[sqlite3.Connection]:
        """A part of a write that an exception undoes alone."""
        with self.write() as connection:
            connection.execute("SAVEPOINT part")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK TO part")
                connection.execute("RELEASE part")
                raise
            connection.execute("RELEASE part")

    def close(self) -> None:
        """Close every connection; a temporary file goes."""
        with self._lock:
            for connection in self._opened:
                connection.close()
            self._opened.clear()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _depth(self, kind: str) -> int:
        return getattr(self._local, kind, 0)

    def _reader(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "reader", None)
        if connection is None:
            connection = self._local.reader = self._open()
        return connection

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path,
            isolation_level=None,
            check_same_thread=False,
            timeout=30,
            cached_statements=512,
        )
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        with self._lock:
            self._opened.append(connection)
            for setup in self._setups:
                setup(connection)
        return connection
