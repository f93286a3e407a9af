"""Our own reader and writer made wrong, one small defect at a time, and how many worlds it takes to notice.

``python -m tests.faults.model.mutants --worlds 200``. The defects are put in from outside, while a world is played; the
product holds no switch for them. Each must show within so many worlds of the very kind that show nothing without it; a
world that ends in a traceback does not count, because a defect that crashes needs no proof to be found.
"""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.faults.model.defects import DEFECTS, Defect
from tests.faults.model.drawing import drawn
from tests.faults.model.ground import ground
from tests.faults.model.harms import Struck
from tests.faults.model.steps import played
from tests.faults.worlds import uncollected


@dataclass(slots=True)
class Patched:
    """A defect in force, which can be lifted for a while."""

    defect: Defect
    kept: list[tuple[Any, str, Any]] = field(default_factory=list)

    def put_in(self) -> None:
        """Make the product wrong."""
        for owner, name, made in self.defect.patches():
            before = owner.__dict__[name]
            self.kept.append((owner, name, before))
            setattr(owner, name, made)

    def take_out(self) -> None:
        """Make it right."""
        while self.kept:
            owner, name, before = self.kept.pop()
            setattr(owner, name, before)

    @contextmanager
    def lifted(self) -> Iterator[None]:
        """The product's own ways, for as long as this lasts."""
        self.take_out()
        try:
            yield
        finally:
            self.put_in()


@dataclass(frozen=True, slots=True)
class Caught:
    """After how many worlds a defect showed (0: never), how, and in how many seconds."""

    name: str
    worlds: int
    how: str
    seconds: float
    broken: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Try each defect; 1 where one is not noticed."""
    parser = argparse.ArgumentParser(prog="mutants", description=__doc__)
    parser.add_argument("--worlds", type=int, default=200, help="the most that a defect may hide in")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--workers", type=int, default=2 * (os.cpu_count() or 1), help="a part of a world is waiting")
    parser.add_argument("--only", action="append", help="a defect by its name; may be given again")
    options = parser.parse_args(arguments)
    began = time.monotonic()
    wanted = [each.name for each in DEFECTS if not options.only or each.name in options.only]
    jobs = [(name, options.seed, options.worlds, options.steps) for name in wanted]
    survived = 0
    with ProcessPoolExecutor(
        options.workers, mp_context=multiprocessing.get_context("fork"), max_tasks_per_child=None
    ) as pool:
        for done in as_completed([pool.submit(_tried, job) for job in jobs]):
            caught = done.result()
            survived += not caught.worlds
            when = f"after {caught.worlds:3d} worlds" if caught.worlds else "NOT NOTICED     "
            aside = f" ({caught.broken} worlds broke down)" if caught.broken else ""
            _print(f"{caught.name:42} {when} {caught.seconds:6.0f} s{aside}  {caught.how[:150]}")
    _print(
        f"{len(jobs)} defects, {survived} not noticed, {time.monotonic() - began:.0f} s with {options.workers} workers"
    )
    return 1 if survived else 0


def tried(name: str, seed: int, most_worlds: int, most_steps: int) -> Caught:
    """Play worlds with the defect until one shows it."""
    defect = next(each for each in DEFECTS if each.name == name)
    began, broken = time.monotonic(), 0
    with uncollected(), ground() as here:
        patched = Patched(defect)
        patched.put_in()
        try:
            for world in range(most_worlds):
                gc.collect()
                steps = drawn(seed, world, most_steps)
                try:
                    wrong = played(here, Struck(), f"{world}", steps, patched.lifted)
                except Exception:
                    broken += 1
                    continue
                if wrong:
                    return Caught(name, world + 1, wrong[0], time.monotonic() - began, broken)
        finally:
            patched.take_out()
    return Caught(name, 0, "", time.monotonic() - began, broken)


def _tried(job: tuple[str, int, int, int]) -> Caught:
    return tried(*job)


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
