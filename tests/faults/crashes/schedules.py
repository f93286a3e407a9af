"""Crash ``partnersync run`` at every named point, by the thousand: ``python -m tests.faults.crashes.schedules`` (SEED=7).

The promise: a run that dies anywhere and is run again, once or after dying a second time, leaves both CRMs, the ledger, the
overrides and what we hold for ours exactly as a run that nobody disturbed; a further run, of one in three, writes nothing.

A schedule is a beginning and one or two points; a beginning's points are taken in turn by name, so that each name is struck
before any comes twice. A broken one is printed with the command that plays it again.
"""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import zip_longest
from random import Random

from tests.faults.crashes.beginnings import KINDS, Beginning, Kept, Yard, yard
from tests.faults.crashes.points import CALL, STEP, TRANSACTION, Passing
from tests.faults.model.harms import CALLS
from tests.faults.worlds import uncollected

_SHARE = 100
"""Schedules of a beginning."""
_TOLD = 1_000
"""Schedules after which it says how far it is."""
_TWICE = 3
"""One schedule in so many dies twice."""
_FURTHER = 3
"""One schedule in so many is followed by a further run."""
_MANY = 5_000
"""Of so many schedules each point must be struck."""
_AT_REST = 60
"""A run that finds nothing to do passes at least so many points."""


@dataclass(frozen=True, slots=True)
class Job:
    """Schedules of some beginnings, one after another in one process."""

    seed: int
    beginnings: tuple[tuple[str, int, int], ...]
    """Kind, seed and number of schedules of each."""


@dataclass(slots=True)
class Found:
    """What some schedules showed."""

    schedules: int = 0
    twice: int = 0
    further: int = 0
    passed: set[Passing] = field(default_factory=set)
    struck: Counter[Passing] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def add(self, other: Found) -> None:
        """Both together."""
        self.schedules += other.schedules
        self.twice += other.twice
        self.further += other.further
        self.passed |= other.passed
        self.struck += other.struck
        self.wrong += other.wrong


def main(arguments: Sequence[str] | None = None) -> int:
    """Play them; 1 where a promise was broken or, of many, a point that runs pass was never struck."""
    parser = argparse.ArgumentParser(prog="crashes", description=__doc__)
    parser.add_argument("--schedules", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", metavar="KIND:SEED", help="this beginning alone")
    parser.add_argument("--at", metavar="N[,N]", help="with --only: die at these points")
    options = parser.parse_args(arguments)
    if options.only:
        return _again(options.only, [int(each) for each in (options.at or "").split(",") if each])
    began, everything, told = time.monotonic(), Found(), 0
    with ProcessPoolExecutor(options.workers, mp_context=multiprocessing.get_context("fork")) as pool:
        for found in pool.map(_played, jobs(options.seed, options.schedules, options.workers)):
            everything.add(found)
            for line in found.wrong[:5]:
                _print(line[:3000])
            if everything.schedules >= told + _TOLD:
                told = everything.schedules
                _print(f"{told:>6} of {options.schedules} crash schedules, {time.monotonic() - began:.0f} s")
    _print(table(everything))
    sensible = everything.passed | {(point, place) for point in CALL if point != "CRM committed" for place in CALLS}
    never = sorted(sensible - set(everything.struck)) if options.schedules >= _MANY else []
    for point, where in never:
        _print(f"never struck: {point} of {where}")
    _print(
        f"{everything.schedules} crash schedules of seed {options.seed}, {everything.twice} of them died twice, "
        f"{everything.further} were followed by a further run; "
        f"{len(everything.wrong)} wrong; {time.monotonic() - began:.0f} s with {options.workers} workers"
    )
    return 1 if everything.wrong or never else 0


def jobs(seed: int, schedules: int, workers: int) -> list[Job]:
    """Beginnings of every kind in turn, in a few jobs for each worker."""
    count = max(len(KINDS), -(-schedules // _SHARE))
    each = [schedules // count + (n < schedules % count) for n in range(count)]
    told = [(KINDS[n % len(KINDS)], seed * 10_000 + n // len(KINDS), each[n]) for n in range(count)]
    size = max(1, min(5, count // workers))
    return [Job(seed, tuple(told[at : at + size])) for at in range(0, count, size)]


def drawn(beginning: Beginning, count: int, draw: Random) -> Iterator[tuple[int, ...]]:
    """Where to die: every name of a point in turn, its occasions in an order of chance."""
    by_name: dict[Passing, list[int]] = {}
    for n, passing in enumerate(beginning.trace, start=1):
        by_name.setdefault(passing, []).append(n)
    for occasions in by_name.values():
        draw.shuffle(occasions)
    turns = [[n for n in turn if n is not None] for turn in zip_longest(*by_name.values())]
    for turn in turns:
        draw.shuffle(turn)
    order = [n for turn in turns for n in turn]
    for at in range(count):
        first = order[at % len(order)]
        if at % _TWICE:
            yield (first,)
        else:
            yield first, 1 + draw.randrange(max(_AT_REST, len(beginning.trace) - first))


def played(here: Yard, beginning: Beginning, kept: Kept, fatal: Sequence[int], found: Found) -> list[str]:
    """What is wrong with one schedule, whose first crash left ``kept``."""
    here.put_back(kept)
    further = found.schedules % _FURTHER == 0
    found.struck[beginning.trace[fatal[0] - 1]] += 1
    found.schedules += 1
    found.further += further
    for at in fatal[1:]:
        with here.process(beginning.work, at) as run:
            if run.report is not None:  # it ended before it came so far
                return here.wrong_after(run, beginning.picture, further=further)
            found.struck[here.points.trace[at - 1]] += 1
            found.twice += 1
    with here.process(beginning.work) as run:
        return here.wrong_after(run, beginning.picture, further=further)


def table(found: Found) -> str:
    """How often each point was struck, by what the run was about."""
    lines = []
    for title, points in (("transaction", TRANSACTION), ("call", CALL), ("step", STEP)):
        places = sorted({where for point, where in found.passed | set(found.struck) if point in points})
        wide = max([len(title), *map(len, places)])
        lines.append(f"{title:{wide}}" + "".join(f"{point:>15}" for point in points))
        for where in places:
            counts = (
                found.struck[point, where] if (point, where) in found.passed | set(found.struck) else "."
                for point in points
            )
            lines.append(f"{where:{wide}}" + "".join(f"{count:>15}" for count in counts))
    return "\n".join(lines)


def _played(job: Job) -> Found:
    found = Found()
    with uncollected(), yard() as here:
        for kind, seed, count in job.beginnings:
            try:
                beginning = here.begin(kind, seed)
            except AssertionError as error:
                found.wrong.append(str(error))
                continue
            found.passed |= set(beginning.trace)
            schedules = list(drawn(beginning, count, Random(f"{job.seed}:{kind}:{seed}")))
            left = here.left_at(beginning, {fatal[0] for fatal in schedules})
            for fatal in schedules:
                wrong = played(here, beginning, left[fatal[0]], fatal, found)
                if wrong:
                    at = ",".join(map(str, fatal))
                    found.wrong.append(f"--only {kind}:{seed} --at {at} ({beginning.trace[fatal[0] - 1]}): {wrong[:6]}")
            gc.collect()
    return found


def _again(name: str, fatal: Sequence[int]) -> int:
    kind, _, seed = name.partition(":")
    with yard() as here:
        beginning = here.begin(kind, int(seed))
        _print(
            f"{beginning.name}: a {beginning.work} run, {beginning.writes} writing calls, {len(beginning.trace)} points"
        )
        for n, (point, where) in enumerate(beginning.trace, start=1):
            if not fatal or n in fatal[:1]:
                _print(f"{n:4} {point} of {where}")
        wrong = played(here, beginning, here.left_at(beginning, fatal[:1])[fatal[0]], fatal, Found()) if fatal else []
    _print("\n".join(wrong) or "nothing is wrong")
    return 1 if wrong else 0


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
