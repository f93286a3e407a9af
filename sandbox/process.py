"""The sandbox as a process of its own, and a handle on such a process for tests and the demo."""

import argparse
import contextlib
import json
import logging
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType, TracebackType

from sandbox.generator import populate
from sandbox.server import start
from sandbox.world import World


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM or SIGINT; one JSON line `{"url": …}` on stdout says that it listens."""
    parser = argparse.ArgumentParser(prog="sandbox", description=__doc__)
    parser.add_argument("--db", type=Path, help="keep the world in this file (default: a temporary one)")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument(
        "--generate",
        metavar="SEED",
        type=int,
        help="fill an empty world from this seed",
    )
    parser.add_argument("--size", default="small", help="tiny, small, medium, large, or DEALS[/ACCOUNTS[/PARTNERS]]")
    parser.add_argument("--csv", type=Path, help="folder for the generated CSV files")
    parser.add_argument("--bare", action="store_true", help="leave out HubSpot's partnersync_ properties")
    options = parser.parse_args(arguments)
    serve(
        options.db,
        options.host,
        options.port,
        options.generate,
        options.size,
        options.csv,
        options.bare,
    )


def serve(
    db: Path | None,
    host: str = "127.0.0.1",
    port: int = 0,
    seed: int | None = None,
    size: str = "small",
    csv: Path | None = None,
    bare: bool = False,
) -> None:
    """Serve one world in this process until it is told to end."""
    ended = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        ended.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    logging.getLogger("uvicorn.error").disabled = True  # it would tell of every connection that a fault cuts
    world = World.open(db)
    if seed is not None:
        _fill(world, seed, size, csv, bare)
    with start(world, port, host) as server:
        sys.stdout.write(json.dumps({"url": server.url, "pid": os.getpid()}) + "\n")
        sys.stdout.flush()
        ended.wait()


def _fill(world: World, seed: int, size: str, csv: Path | None, bare: bool) -> None:
    if world.salesforce.dump("Account", False):
        return
    try:
        populate(world, seed, size, world.clock.now().date(), csv, bare)
    except ValueError as refused:
        world.close()
        raise SystemExit(f"sandbox: {refused}") from None


class SandboxProcess:
    """Runs `python -m sandbox` as a child; a context manager that ends it. `keep` lets it outlive its terminal."""

    def __init__(
        self, *arguments: str, db: Path | None = None, port: int = 0, wait_s: float = 60, keep: bool = False
    ) -> None:
        command = [sys.executable, "-m", "sandbox", "--port", str(port)]
        if db is not None:
            command += ["--db", str(db)]
        self._process = subprocess.Popen(
            [*command, *arguments], stdout=subprocess.PIPE, text=True, start_new_session=keep
        )
        self.pid = self._process.pid
        self.url = str(json.loads(self._first_line(wait_s))["url"])

    def stop(self) -> None:
        """End the child: politely, then firmly."""
        if self._process.poll() is None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(5)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def __enter__(self) -> "SandboxProcess":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _first_line(self, wait_s: float) -> str:
        stream = self._process.stdout
        assert stream is not None
        deadline = time.monotonic() + wait_s
        while (left := deadline - time.monotonic()) > 0:
            ready, _, _ = select.select([stream], [], [], left)
            line = stream.readline() if ready else ""
            if line.strip():
                return line
            if ready and self._process.poll() is not None:
                break
        self.stop()
        raise OSError(f"the sandbox did not start within {wait_s:.0f} s")
