"""Kill ``partnersync run`` over and over and look at what is left: ``make kills`` (RUNS=50, SEED=7).

The promise: killed at any moment, then run again, the CRMs and the ledger end as if nothing had happened, and a further run
writes nothing. Four schedules, each RUNS times over worlds with and without unique fields for the keys of tasks, on SQLite
and on PostgreSQL:

    before commit   the CRM kills us while it holds our write open: the write is lost, the journal says in flight
    after commit    the write is there, no answer came: the journal says in flight
    after answer    the answer came, and perhaps was not read
    random          SIGKILL at a seeded moment of the run, wherever that is: making the database, reading, posting, writing

The sandbox does the killing, in a process of its own. Each world is met twice: new, where the run makes the database and
writes everything, and later, when deals were won, lost and changed and people edited what we wrote. All processes are forks
of one that has everything imported (``forks``), so that a schedule is runs, not imports.
"""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import os
import random
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from tests.faults.forks import run, running, staged, warm
from tests.faults.postgres import Postgres, serving
from tests.faults.worlds import CREDENTIALS, REP, STATE_URL, Stage, ground_for, make

Kind = Literal["before_commit", "after_commit", "after_answer", "random"]
KINDS: tuple[Kind, ...] = ("before_commit", "after_commit", "after_answer", "random")
WORLDS = ((11, True, False), (12, False, False), (13, True, True))
"""(seed of the generator, whether tasks have a unique field for our key, whether our database is a PostgreSQL)"""


@dataclass(frozen=True, slots=True)
class Beginning:
    """A world to begin from: its folder, and where our database is: a file in it, or a PostgreSQL database to copy."""

    name: str
    world: Path
    server: Postgres | None = None
    template: str = "template1"

    @contextmanager
    def staged(self, home: Path) -> Iterator[Stage]:
        """A copy of everything, served."""
        if self.server is None:
            with staged(self.world, home) as stage:
                yield stage
            return
        name = f"{home.name}_{os.getpid()}".replace("-", "_").lower()
        try:
            with staged(self.world, home, self.server.made(name, self.template)) as stage:
                yield stage
        finally:
            self.server.drop(name)


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """A beginning, and what a run that nobody disturbs makes of it."""

    beginning: Beginning
    crms: dict[str, Any]
    ledger: list[tuple[Any, ...]]
    writes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Schedule:
    """One kill: at the n-th write of ``kind``, or after a share of the run's length."""

    number: int
    kind: Kind
    start: int
    draw: float


@dataclass(slots=True)
class Found:
    """What a schedule showed; ``wrong`` is empty where the promise held."""

    kind: Kind
    killed: bool
    in_flight: int
    wrong: list[str] = field(default_factory=list)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run every schedule and print what was found; 1 where a promise was broken."""
    parser = argparse.ArgumentParser(prog="kills", description=__doc__)
    parser.add_argument("--runs", type=int, default=50, help="of each of the four kinds")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--least", type=int, default=0, help="so many must be killed, or nothing was shown")
    parser.add_argument("--worlds", type=int, default=len(WORLDS), help="how many of the worlds to play in")
    parser.add_argument("--workers", type=int, default=3 * (os.cpu_count() or 1), help="much of a run is waiting")
    options = parser.parse_args(arguments)
    began = time.monotonic()
    os.environ.update(CREDENTIALS)
    home = ground_for("kills")
    with ExitStack() as last:
        last.callback(shutil.rmtree, home, ignore_errors=True)
        worlds = WORLDS[: options.worlds]
        server = last.enter_context(serving()).databases if any(on_postgres for _, _, on_postgres in worlds) else None
        starts = [
            start
            for seed, keyed, on_postgres in worlds
            for start in beginnings(home, seed, keyed=keyed, server=server if on_postgres else None)
        ]
        _print(f"seed {options.seed}; undisturbed: " + "; ".join(
            f"{s.beginning.name} {s.writes} writing calls, {len(s.ledger)} lines, {s.seconds:.1f} s" for s in starts
        ))  # fmt: skip
        schedules = drawn(options.seed, options.runs, len(starts))
        jobs = [(schedule, starts[schedule.start], home / f"run{schedule.number}") for schedule in schedules]
        gc.collect()
        gc.freeze()  # what all forks share: else each would go through it, and have a copy of its own
        context = multiprocessing.get_context("fork")
        with ProcessPoolExecutor(options.workers, mp_context=context) as pool:
            results = list(pool.map(_quickly, jobs))
    killed = sum(found.killed for found in results)
    code = _told(results, schedules, starts, time.monotonic() - began)
    if killed < options.least:
        _print(f"only {killed} of {options.least} were killed")
    return code or int(killed < options.least)


def beginnings(
    home: Path, seed: int, *, keyed: bool = True, size: str = "tiny", server: Postgres | None = None
) -> Iterator[Undisturbed]:
    """The world as it is new, and as it is after a first run and a busy day."""
    name = f"{'keyed' if keyed else 'unkeyed'}-{seed}"
    told = f"{name} on PostgreSQL" if server else name
    new = Beginning(f"{told} new", make(home / f"{name}-new", seed, size, keyed=keyed), server)
    with new.staged(home / f"{name}-warm") as stage:
        warm(stage)
    yield _undisturbed(new, home / f"{name}-first")
    later, template = home / f"{name}-later", f"later_{seed}"
    state = server.made(template) if server else STATE_URL
    with staged(new.world, later, state) as stage:
        _expect(stage, run(stage))
        _busy_day(stage, random.Random(seed))
    (later / "run.log").unlink()
    yield _undisturbed(Beginning(f"{told} later", later, server, template), home / f"{name}-second")


def drawn(seed: int, runs: int, starts: int) -> list[Schedule]:
    """``runs`` schedules of each kind, beginnings in turn."""
    draw = random.Random(seed)
    kinds = [kind for kind in KINDS for _ in range(runs)]
    return [Schedule(n, kind, n % starts, draw.random()) for n, kind in enumerate(kinds)]


def strike(schedule: Schedule, start: Undisturbed, home: Path) -> Found:
    """Kill one run as the schedule says, run again, compare, and run once more."""
    with start.beginning.staged(home) as stage:
        stage.ask("counters/reset", {})
        if schedule.kind != "random":
            nth = 1 + int(schedule.draw * start.writes)
            stage.ask("faults", {"action": "kill", "when": schedule.kind, "writes_only": True, "nth": nth})
        process = running(stage)
        if schedule.kind == "random":
            time.sleep(start.seconds * schedule.draw)
            process.send(signal.SIGKILL)
        killed = process.wait() == -signal.SIGKILL
        found = Found(schedule.kind, killed, stage.in_flight())
        code = run(stage)
        if code != 0:
            found.wrong.append(f"the rerun ended with {code}: {stage.said()[-2000:]}")
        found.wrong += differences(start.crms, stage.crms())
        ledger = stage.ledger()
        if ledger != start.ledger:
            found.wrong.append(f"ledger: {sorted(set(ledger) ^ set(start.ledger))}")
        stage.ask("counters/reset", {})
        code, writes = run(stage), stage.writes()
        if code != 0 or writes:
            found.wrong.append(f"a further run ended with {code} and wrote {writes} times: {stage.said()[-2000:]}")
        return found


def differences(expected: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """Where two pictures of the CRMs differ, a line for each record."""
    told = []
    for crm, objects in expected.items():
        for object_, records in objects.items():
            there = found[crm].get(object_, [])
            if there != records:
                told += [f"{crm} {object_} only undisturbed: {one}" for one in records if one not in there]
                told += [f"{crm} {object_} only after the kill: {one}" for one in there if one not in records]
                told += [f"{crm} {object_}: {len(there)} instead of {len(records)}"]
    return told


def _undisturbed(beginning: Beginning, home: Path) -> Undisturbed:
    with beginning.staged(home) as stage:
        stage.ask("counters/reset", {})
        began = time.monotonic()
        _expect(stage, run(stage))
        seconds, writes = time.monotonic() - began, stage.writes()
        crms, ledger = stage.crms(), stage.ledger()
        _expect(stage, run(stage))
        assert stage.crms() == crms, "a second run changes what nobody touched"
        return Undisturbed(beginning, crms, ledger, writes, seconds)


def _busy_day(stage: Stage, draw: random.Random) -> None:
    """Deals won, lost and re-priced, and a rep's own words in fields that we wrote."""
    for crm, object_, id_, stage_name, amount, partner, words in (
        ("salesforce", "Opportunity", "Id", "StageName", "Amount", "Partner__c", ("Closed Won", "Closed Lost")),
        ("hubspot", "deals", "id", "dealstage", "amount", "partnersync_partner", ("closedwon", "closedlost")),
    ):
        deals = stage.ask(f"dump?crm={crm}&object={object_}&stamps=0")
        draw.shuffle(deals)
        said = [deal.get("properties", deal) for deal in deals]
        won = [deal for deal, it in zip(deals, said, strict=True) if it[stage_name] == words[0]]
        rest = [deal for deal in deals if deal not in won]
        edits: list[tuple[Any, dict[str, str]]] = []
        edits += [(deal, {stage_name: words[0], amount: str(1000 + n)}) for n, deal in enumerate(rest[:3])]
        edits += [(deal, {stage_name: words[1]}) for deal in won[:1]]
        edits += [(deal, {amount: str(7000 + n)}) for n, deal in enumerate(won[1:3])]
        edits += [(deal, {partner: "somebody else"}) for deal in deals[:2]]
        for deal, fields in edits:
            stage.ask("edit", {"crm": crm, "object": object_, "id": deal[id_], "fields": fields, "as": REP})


def _expect(stage: Stage, code: int) -> None:
    assert code == 0, f"exit code {code}: {stage.said()}"


def _quickly(job: tuple[Schedule, Undisturbed, Path]) -> Found:
    schedule, start, home = job
    try:
        return strike(schedule, start, home)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _told(
    results: Sequence[Found], schedules: Sequence[Schedule], starts: Sequence[Undisturbed], seconds: float
) -> int:
    broken = [(s, f) for s, f in zip(schedules, results, strict=True) if f.wrong]
    for kind in KINDS:
        mine = [found for found in results if found.kind == kind]
        held = sum(1 for found in mine if not found.wrong)
        _print(
            f"{kind.replace('_', ' '):14} {len(mine)} runs, {sum(f.killed for f in mine)} killed, "
            f"{sum(f.in_flight for f in mine)} intents in flight in {sum(1 for f in mine if f.in_flight)} of them, "
            f"{held} ended as undisturbed"
        )
    met = Counter(starts[schedule.start].beginning.name for schedule in schedules)
    _print("; ".join(f"{name} {count} times" for name, count in sorted(met.items())))
    for schedule, found in broken:
        _print(f"\n{schedule} of {starts[schedule.start].beginning.name}")
        for line in found.wrong[:20]:
            _print(f"  {line[:3000]}")
    unseen = [k for k in KINDS[:2] if not any(f.in_flight for f in results if f.kind == k)]
    for kind in unseen:
        _print(f"{kind}: no write was ever in flight, so nothing was shown")
    killed = sum(found.killed for found in results)
    _print(f"{len(results)} runs, {killed} killed, {len(broken)} wrong; {seconds:.0f} s")
    return 1 if broken or unseen else 0


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
