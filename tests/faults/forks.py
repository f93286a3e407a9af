"""Processes that begin as copies of this one, which has everything imported: a real run or sandbox in milliseconds.

An interpreter needs a second to start and a run half of one, so that hundreds of kills would mostly measure imports. A fork is
a process of its own all the same: it has its own sockets and file descriptors, and SIGKILL ends it between any two instructions.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from sandbox import process as sandbox_process
from service import cli
from tests.faults.worlds import CONFIG, CRM, STATE, STATE_URL, TEMPLATE, Stage

_POLL = 0.002


@dataclass(frozen=True, slots=True)
class Child:
    """A forked process."""

    pid: int

    def wait(self, seconds: float = 120) -> int:
        """Its exit code; the negative number of the signal that ended it.

        Raises:
            TimeoutError: it runs on; it was ended.
        """
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            time.sleep(_POLL)
        self.send(signal.SIGKILL)
        os.waitpid(self.pid, 0)
        raise TimeoutError(f"process {self.pid} did not end within {seconds:.0f} s")

    def stopped(self, seconds: float = 120) -> bool:
        """Wait until it stands still (true) or has ended (false; its code is lost)."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG | os.WUNTRACED)
            if pid:
                return os.WIFSTOPPED(status)
            time.sleep(_POLL)
        raise TimeoutError(f"process {self.pid} neither stands still nor ends")

    def send(self, number: signal.Signals) -> None:
        """A signal, to this process alone."""
        os.kill(self.pid, number)


def running(
    stage: Stage, *words: str, log: str = "run.log", during: AbstractContextManager[None] | None = None
) -> Child:
    """``partnersync run`` (or other words) as its own process, inside ``during``; what it says goes to ``log``."""
    pid = os.fork()
    if pid:
        return Child(pid)
    code = 70
    try:
        with (stage.home / log).open("wb") as said:
            os.dup2(said.fileno(), 1)
            os.dup2(said.fileno(), 2)
        sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
        with during or nullcontext():
            code = _commanded(stage, words)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def warm(stage: Stage) -> None:
    """Run once in this process, so that no fork has anything left to import."""
    with (stage.home / "run.log").open("w", encoding="utf-8") as said, redirect_stdout(said), redirect_stderr(said):
        assert _commanded(stage, ()) == 0, stage.said()


def run(stage: Stage, *words: str) -> int:
    """The same, to its end; gives its exit code."""
    return running(stage, *words).wait()


@contextmanager
def sandboxed(db: Path) -> Iterator[str]:
    """The address of a sandbox in a process of its own that serves ``db``."""
    reads, writes = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(reads)
        _serve(db, writes)
    os.close(writes)
    child = Child(pid)
    try:
        with os.fdopen(reads) as told:
            yield str(json.loads(told.readline())["url"])
    finally:
        child.send(signal.SIGKILL)
        child.wait()


@contextmanager
def staged(world: Path, home: Path, state: str = STATE_URL) -> Iterator[Stage]:
    """A copy of ``world`` in ``home``, served by a forked sandbox; ``state`` is the URL of our database."""
    shutil.copytree(world, home)
    with sandboxed(home / CRM) as url:
        text = (home / TEMPLATE).read_text(encoding="utf-8").replace(STATE_URL, state)
        (home / CONFIG).write_text(text.replace("@SALESFORCE@", url).replace("@HUBSPOT@", url), encoding="utf-8")
        yield Stage(home, url, f"sqlite:///{home / STATE}" if state == STATE_URL else state)


def _commanded(stage: Stage, words: Sequence[str]) -> int:
    sys.argv = ["partnersync", *(words or ("run",)), "--config", str(stage.home / CONFIG)]
    try:
        cli.main()
    except SystemExit as end:
        return int(end.code or 0)
    raise AssertionError("a command ends with its exit code")


def _serve(db: Path, writes: int) -> NoReturn:
    try:
        sys.stdout = os.fdopen(writes, "w")
        sandbox_process.serve(db)
    finally:
        os._exit(0)
