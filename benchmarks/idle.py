"""Twenty idle cycles under ``serve``, one edit in between, and every request accounted for.

The table's classes are our own meter's, stored with every run; the sandbox counts each request by itself, and both sums
must be equal. A hot call of HubSpot is one search per object; one of Salesforce is a composite request.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from benchmarks.limits import Limit, table
from benchmarks.worker import cycles_of
from benchmarks.world import World, world
from service.shop import looking
from state.runs import Run, Runs

CYCLES = 20
EDIT_BEFORE = 11
CLASSES = ("token", "check", "warm", "cold", "write")
SEARCHED = ("companies", "deals")
CHATTER = ("describe", "properties", "pipelines", "owners", "account")
"""What only a start or a warm cycle may ask."""
PATIENCE = 120
"""Seconds for one cycle, on a machine that does much else."""
PAGES = ("livez", "readyz", "metrics")


@dataclass(frozen=True, slots=True)
class Cycle:
    """One stored run."""

    run: Run

    @property
    def changed(self) -> int:
        """Records that were new or different."""
        pulled = self.run.counts.get("pulled", {})
        return sum(pulled.get(word, 0) for word in ("new", "changed", "deleted", "restored", "merged"))

    def of(self, crm: str, class_: str) -> int:
        """Calls of a class."""
        return sum(self.run.counts.get("calls", {}).get(crm, {}).get(class_, {}).values())

    def all_of(self, class_: str) -> int:
        """Calls of a class on both CRMs."""
        return sum(self.of(crm, class_) for crm in self.run.counts.get("calls", {}))

    def searches(self, object_: str) -> int:
        """HubSpot's hot searches of an object."""
        hot = self.run.counts.get("calls", {}).get("hubspot", {}).get("hot", {})
        return int(hot.get(f"search.{object_}", 0))

    @property
    def total(self) -> int:
        """Every call."""
        calls = self.run.counts.get("calls", {})
        return sum(sum(names.values()) for classes in calls.values() for names in classes.values())

    @property
    def chatter(self) -> int:
        """Kinds of calls that only a start may make."""
        calls = self.run.counts.get("calls", {})
        names = {name for classes in calls.values() for names in classes.values() for name in names}
        return sum(name.split(".")[0] in CHATTER for name in names)


@dataclass(slots=True)
class Serving:
    """A running ``partnersync serve``, its start behind it."""

    world: World
    process: subprocess.Popen[bytes]
    pages: str
    before: int
    start: list[Cycle] = field(default_factory=list)

    def cycles(self) -> list[Cycle]:
        """The scheduled cycles since the start, finished ones, oldest first."""
        return [cycle for cycle in self.everything() if cycle.run.kind == "scheduled"][1:]

    def everything(self) -> list[Cycle]:
        """Every finished run since ``serve`` began."""
        with looking(self.world.config) as shop:
            runs = Runs(shop.database).newest(500)
        return [Cycle(run) for run in reversed(runs) if run.id > self.before and run.status != "running"]

    def until(self, count: int) -> list[Cycle]:
        """Wait for so many cycles since the start."""
        limit = time.monotonic() + PATIENCE + count * 10
        while len(found := self.cycles()) < count:
            if self.process.poll() is not None or time.monotonic() > limit:
                raise RuntimeError(f"serve came to {len(found)} of {count} cycles")
            time.sleep(0.1)
        return found

    def page(self, name: str) -> str:
        """One of the three pages."""
        with urllib.request.urlopen(f"{self.pages}/{name}", timeout=5) as answer:
            return str(answer.read().decode())

    def stop(self) -> tuple[float, int]:
        """SIGTERM: seconds until it ended, and its exit code."""
        asked = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(30)
        return time.monotonic() - asked, code


def measure(cycles: int = CYCLES, edit_before: int = EDIT_BEFORE, size: str = "small") -> list[Limit]:
    """Print the table and judge it."""
    with idle_world(size) as made, serving(made) as served:
        pages = {name: served.page(name) for name in PAGES}
        served.until(edit_before - 1)
        deal = made.ids("salesforce", "Opportunity")[0]
        made.edit("salesforce", "Opportunity", deal, {"NextStep": "call them", "Amount": 4321})
        edited_at = datetime.now(UTC)
        served.until(cycles)
        seconds, code = served.stop()
        found, everything = served.cycles(), served.everything()
        requests = made.counts()
    after = found[:cycles]
    edited = next(number for number, cycle in enumerate(after) if cycle.run.started_at > edited_at)
    print(f"\n{cycles} cycles under serve, every 2 s; a record edited in Salesforce before cycle {edited + 1}\n")
    start = [cycle for cycle in everything if cycle.run.id < after[0].run.id]
    rows = [_row(f"start ({cycle.run.kind})", cycle) for cycle in start]
    rows += [_row(str(number), cycle) for number, cycle in enumerate(after, 1)]
    print(table(["cycle", "SF hot", *(f"HS search {name}" for name in SEARCHED), *CLASSES, "all", "changed"], rows))
    ours, theirs = sum(cycle.total for cycle in everything), sum(requests.values())
    print(f"\nrequests since the start by our meter: {ours}, by the sandbox: {theirs}")
    print(f"pages: {', '.join(f'/{name} {len(text)} bytes' for name, text in pages.items())}\n")
    return [*_judged(after, edited), *_ended(ours, theirs, seconds, code)]


def _judged(cycles: Sequence[Cycle], edited: int) -> list[Limit]:
    quiet = [cycle for cycle in cycles if not cycle.changed]
    busy = [cycle for cycle in cycles if cycle.changed]
    hot = [cycle.of("salesforce", "hot") for cycle in quiet]
    searches = [cycle.searches(name) for cycle in cycles for name in SEARCHED]
    return [
        Limit("Salesforce hot calls of an idle cycle, fewest", min(hot), 1, exact=True),
        Limit("Salesforce hot calls of an idle cycle, most", max(hot), 1, exact=True),
        Limit("Salesforce hot calls where something changed", max(c.of("salesforce", "hot") for c in busy), 2),
        Limit("HubSpot searches per object and cycle, fewest", min(searches), 1, exact=True),
        Limit("HubSpot searches per object and cycle, most", max(searches), 1, exact=True),
        Limit("records picked up in the edited cycle", cycles[edited].changed, 1, exact=True),
        Limit("token calls after the start", sum(c.all_of("token") for c in cycles), 0),
        Limit("warm, cold and write calls in idle cycles", sum(_deep(c) for c in quiet), 0),
        Limit("schema calls in idle cycles", sum(c.chatter for c in quiet), 0),
    ]


def _ended(ours: int, theirs: int, seconds: float, code: int) -> list[Limit]:
    return [
        Limit("requests that only one side counted", abs(ours - theirs), 0),
        Limit("SIGTERM to the end", seconds, 1, "s"),
        Limit("exit code after SIGTERM", code, 0, exact=True),
    ]


def _deep(cycle: Cycle) -> int:
    return sum(cycle.all_of(class_) for class_ in ("check", "warm", "cold", "write"))


def _row(name: str, cycle: Cycle) -> list[object]:
    searched = [cycle.searches(each) or "–" for each in SEARCHED]
    rest = [cycle.all_of(class_) or "–" for class_ in CLASSES]
    return [name, cycle.of("salesforce", "hot") or "–", *searched, *rest, cycle.total, cycle.changed or "–"]


@contextmanager
def idle_world(size: str, every: str = "2s") -> Iterator[World]:
    """A world in which everything was written and read back, on a short rhythm; warm and cold cycles are far away."""
    away = (datetime.now(ZoneInfo("America/New_York")).hour + 12) % 24
    rhythm = f"every: {every}\n    warm_every: 30d\n    cold_at: {away:02}:00"
    with world(size, **{"every: 15m": rhythm}) as made:
        with cycles_of(made) as ask:
            for order in ("approve", "run", "run"):
                ask(order)
        yield made


@contextmanager
def serving(made: World) -> Iterator[Serving]:
    """``serve`` as a process of its own, after its first cycle; its requests are counted from the beginning."""
    before = 0
    if (made.home / "partnersync.db").exists():
        with looking(made.config) as shop:
            before = max((run.id for run in Runs(shop.database).newest(1)), default=0)
    made.forget()
    log = made.home / "serve.log"
    command = [sys.executable, "-m", "service", "serve", "--config", str(made.config), "--port", "0"]
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=made.environment, stdout=out, stderr=out)
    try:
        served = Serving(made, process, _pages(process, log), before)
        while not any(cycle.run.kind == "scheduled" for cycle in served.everything()):
            if process.poll() is not None:
                raise RuntimeError(f"serve ended: {log.read_text()[-2000:]}")
            time.sleep(0.1)
        yield served
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def _pages(process: subprocess.Popen[bytes], log: Path) -> str:
    limit = time.monotonic() + PATIENCE
    while time.monotonic() < limit and process.poll() is None:
        for line in log.read_text().splitlines():
            if '"serving"' in line:
                return str(json.loads(line)["pages"])
        time.sleep(0.05)
    raise RuntimeError(f"serve did not come up: {log.read_text()[-2000:]}")
