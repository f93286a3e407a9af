"""Two and three runners on one database, and runners that stand still past their lease: ``python -m tests.faults.races``.

The promise: one of them runs, the others are told so; one that stood still while another took over commits nothing more and
sends nothing more, but for the one request that was past its last check. That request is recognised as ours and, where the
facts have changed meanwhile, corrected by the next run. In the end the CRMs and the ledger say what they would if one runner
had done everything, and a further run writes nothing. On SQLite and on PostgreSQL.

    at once       two or three start in the same moment
    before send   stands still after its last fence check, before the socket
    after answer  stands still with the answer of a write unread
    before begin  stands still before a transaction
    after commit  stands still after a transaction
    anywhere      is stopped from outside at a seeded moment
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import shutil
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sqlalchemy.exc import OperationalError

from tests.faults.forks import Child, run, running
from tests.faults.kills import Undisturbed, beginnings, differences
from tests.faults.pausing import standing_still
from tests.faults.postgres import Postgres, serving
from tests.faults.worlds import CREDENTIALS, REP, Stage, ground_for

KINDS: Final = (
    "two at once",
    "three at once",
    "before send",
    "after answer",
    "before begin",
    "after commit",
    "anywhere",
)
CONFLICT: Final = 5
_OCCASIONS: Final = {"before send": 4, "after answer": 4, "before begin": 60, "after commit": 60}
"""Up to which passing of a point a runner may be stopped."""
_LATE: Final = {"before send": 1, "after commit": 1, "anywhere": 1}
"""How many requests may be past their last check there."""
Sums = dict[tuple[Any, ...], int]


@dataclass(frozen=True, slots=True)
class Start:
    """A beginning, what one runner makes of it, and what one makes of it when the facts change after its run."""

    plain: Undisturbed
    crms: dict[str, Any]
    sums: Sums


@dataclass(frozen=True, slots=True)
class Race:
    """One race: ``draw`` says when, ``changed`` whether facts change while a runner stands still."""

    number: int
    kind: str
    start: int
    draw: float
    changed: bool


@dataclass(slots=True)
class Found:
    """What a race showed."""

    kind: str
    refused: int = 0
    stood: bool = False
    landed: int = 0
    wrong: list[str] = field(default_factory=list)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run every race and print what was found; 1 where a promise was broken or a kind of race showed nothing."""
    parser = argparse.ArgumentParser(prog="races", description=__doc__)
    parser.add_argument("--rounds", type=int, default=8, help="of each kind")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--kinds", default=",".join(KINDS), help="only these, with commas between")
    parser.add_argument("--databases", default="sqlite,postgresql")
    parser.add_argument("--workers", type=int, default=2 * (os.cpu_count() or 1), help="much of a race is waiting")
    options = parser.parse_args(arguments)
    began = time.monotonic()
    os.environ.update(CREDENTIALS)
    home = ground_for("races")
    with ExitStack() as last:
        last.callback(shutil.rmtree, home, ignore_errors=True)
        server = last.enter_context(serving()).databases if "postgresql" in options.databases else None
        starts = list(_starts(home, 21, None)) if "sqlite" in options.databases else []
        starts += list(_starts(home, 22, server)) if server else []
        races = drawn(options.seed, options.kinds.split(","), options.rounds, len(starts))
        jobs = [(race, starts[race.start], home / f"race{race.number}") for race in races]
        with ProcessPoolExecutor(options.workers, mp_context=multiprocessing.get_context("fork")) as pool:
            results = list(pool.map(_raced, jobs))
    return _told(races, results, starts, options.seed, time.monotonic() - began)


def drawn(seed: int, which: Sequence[str], rounds: int, starts: int) -> list[Race]:
    """``rounds`` races of each kind, beginnings in turn."""
    draw = random.Random(seed)
    kinds = [kind for kind in KINDS if kind in which for _ in range(rounds)]
    return [Race(n, kind, n % starts, draw.random(), draw.random() < 0.5) for n, kind in enumerate(kinds)]


def race(it: Race, start: Start, home: Path) -> Found:
    """Let them run, then run once more, compare, and run a last time."""
    found = Found(it.kind)
    with start.plain.beginning.staged(home) as stage:
        stage.ask("counters/reset", {})
        changed = _one_stands_still(it, start, stage, found) if it.kind in KINDS[2:] else _at_once(it, stage, found)
        code = run(stage)
        if code != 0:
            found.wrong.append(f"the run afterwards ended with {code}: {stage.said()[-2000:]}")
        found.wrong += differences(_shown(start.crms if changed else start.plain.crms), _shown(stage.crms()))
        sums = _sums(stage)
        if sums != (start.sums if changed else _summed(start.plain.ledger)):
            found.wrong.append(f"ledger: {sums}")
        stage.ask("counters/reset", {})
        code, writes = run(stage), stage.writes()
        if code != 0 or writes:
            found.wrong.append(f"a further run ended with {code} and wrote {writes} times: {stage.said()[-2000:]}")
        if stage.in_flight():
            found.wrong.append(f"{stage.in_flight()} writes of unknown fate are left")
    return found


def _at_once(it: Race, stage: Stage, found: Found) -> bool:
    runners = [running(stage, log=f"run{n}.log") for n in range(2 + (it.kind == "three at once"))]
    codes = [runner.wait() for runner in runners]
    found.refused = codes.count(CONFLICT)
    if set(codes) - {0, CONFLICT} or 0 not in codes:
        said = [(stage.home / f"run{n}.log").read_text("utf-8")[-600:] for n in range(len(runners))]
        found.wrong.append(f"runners at once ended with {codes}: {said}")
    return False


def _one_stands_still(it: Race, start: Start, stage: Stage, found: Found) -> bool:
    """A runner stands still, another takes over, the first goes on; whether facts changed meanwhile."""
    plans = _plans(stage)
    runner = _stopped(it, start, stage)
    if runner is None:
        return False
    found.stood = True
    over = not stage.rows("SELECT id FROM run WHERE ended_at IS NULL")
    # What was seen before it changed is told apart from what was not: only a run that has planned has seen everything.
    changed = it.changed and _plans(stage) > plans
    if changed:
        change_facts(stage)
    code = run(stage)
    if code != 0:
        found.wrong.append(f"the run that took over ended with {code}: {stage.said()[-2000:]}")
    before = stage.writes()
    runner.send(signal.SIGCONT)
    code = runner.wait()
    found.landed = stage.writes() - before
    found.refused = int(code == CONFLICT)
    if code != CONFLICT and not (over and code == 0):
        said = (stage.home / "still.log").read_text("utf-8")[-1000:]
        found.wrong.append(f"the one that stood still ended with {code}: {said}")
    if found.landed > _LATE.get(it.kind, 0):
        calls = [
            f"{call['vendor']} {call['endpoint']}" for call in stage.ask("counters?log=50")["log"] if call["write"]
        ]
        found.wrong.append(f"the one that stood still sent {found.landed} requests: {calls[-found.landed :]}")
    return changed


def _stopped(it: Race, start: Start, stage: Stage) -> Child | None:
    """A runner that stands still, outside any transaction, its lease run out; None where it ended before."""
    if it.kind in _OCCASIONS:
        nth = 1 + int(it.draw * _OCCASIONS[it.kind])
        runner = running(stage, log="still.log", during=standing_still(it.kind, nth))
        if not runner.stopped():
            return None
        stage.lease_runs_out()
        return runner
    runner = running(stage, log="still.log")
    time.sleep(start.plain.seconds * it.draw)
    while True:
        runner.send(signal.SIGSTOP)
        if not runner.stopped():
            return None
        try:
            if stage.rows("SELECT id FROM run WHERE ended_at IS NULL"):
                stage.lease_runs_out()
                return runner
        except OperationalError:
            pass  # in the middle of a transaction, which would hold up everybody: a moment later
        runner.send(signal.SIGCONT)
        time.sleep(0.01)


def change_facts(stage: Stage) -> None:
    """Amounts change, and with them what we have to write."""
    for crm, object_, id_, amount in (
        ("salesforce", "Opportunity", "Id", "Amount"),
        ("hubspot", "deals", "id", "amount"),
    ):
        for n, deal in enumerate(stage.ask(f"dump?crm={crm}&object={object_}&stamps=0")):
            edit = {"crm": crm, "object": object_, "id": deal[id_], "fields": {amount: str(3000 + 7 * n)}, "as": REP}
            stage.ask("edit", edit)


def _starts(home: Path, seed: int, server: Postgres | None) -> Iterator[Start]:
    for plain in beginnings(home, seed, server=server):
        with plain.beginning.staged(home / f"changed-{plain.beginning.name.replace(' ', '-')}") as stage:
            codes = [run(stage)]
            change_facts(stage)
            codes.append(run(stage))
            assert codes == [0, 0], stage.said()
            yield Start(plain, stage.crms(), _sums(stage))


def _shown(crms: dict[str, Any]) -> dict[str, Any]:
    """Without the owners: whoever edits becomes one, sooner or later than others."""
    return {crm: {o: found for o, found in objects.items() if o != "owners"} for crm, objects in crms.items()}


def _plans(stage: Stage) -> int:
    return len(stage.rows("SELECT 1 FROM plan"))


def _sums(stage: Stage) -> Sums:
    return _summed(stage.ledger())


def _summed(ledger: Sequence[tuple[Any, ...]]) -> Sums:
    """What is owed by partner, period and deal, however many lines it took."""
    sums: Sums = defaultdict(int)
    for line in ledger:
        sums[(*line[:6], *line[10:13])] += line[-1]
    return {key: minor for key, minor in sums.items() if minor}


def _raced(job: tuple[Race, Start, Path]) -> Found:
    try:
        return race(*job)
    finally:
        shutil.rmtree(job[2], ignore_errors=True)


def _told(races: Sequence[Race], results: Sequence[Found], starts: Sequence[Start], seed: int, seconds: float) -> int:
    unseen = []
    for kind in dict.fromkeys(it.kind for it in races):
        mine = [found for found in results if found.kind == kind]
        refused = sum(found.refused for found in mine)
        _print(
            f"{kind:14} {len(mine)} races, {sum(f.stood for f in mine)} stood still, {refused} runners refused, "
            f"{sum(f.landed for f in mine)} late requests, {sum(1 for f in mine if not f.wrong)} ended as one runner"
        )
        unseen += [] if refused else [kind]
    for it, found in zip(races, results, strict=True):
        if found.wrong:
            _print(f"\n{it} of {starts[it.start].plain.beginning.name}")
            for line in found.wrong[:12]:
                _print(f"  {line[:2000]}")
    for kind in unseen:
        _print(f"{kind}: nobody was ever refused, so nothing was shown")
    wrong = sum(1 for found in results if found.wrong)
    _print(f"{len(results)} races of seed {seed}, {wrong} wrong; {seconds:.0f} s")
    return 1 if wrong or unseen else 0


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
