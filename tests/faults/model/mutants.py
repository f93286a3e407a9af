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
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.faults.model.defects import DEFECTS, Defect
from tests.faults.model.drawing import drawn
from tests.faults.model.ground import ground
from tests.faults.model.harms import Struck
from tests.faults.model.steps import played
from tests.faults.worlds import uncollected

_AT_ONCE = 8
"""Worlds that one process plays with one defect."""


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
    """After how many worlds a defect showed (0: never), how, and in how many seconds of the processes that looked for it."""

    name: str
    worlds: int = 0
    how: str = ""
    seconds: float = 0
    broken: int = 0

    def joined(self, later: Caught) -> Caught:
        """This and what later worlds, played beside or after these, showed."""
        first = self if self.worlds else later
        return Caught(self.name, first.worlds, first.how, self.seconds + later.seconds, self.broken + later.broken)


def main(arguments: Sequence[str] | None = None) -> int:
    """Try each defect; 1 where one is not noticed."""
    parser = argparse.ArgumentParser(prog="mutants", description=__doc__)
    parser.add_argument("--worlds", type=int, default=200, help="the most that a defect may hide in")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--workers", type=int, default=3 * (os.cpu_count() or 1), help="a part of a world is waiting")
    parser.add_argument("--only", action="append", help="a defect by its name; may be given again")
    options = parser.parse_args(arguments)
    began = time.monotonic()
    wanted = [each.name for each in DEFECTS if not options.only or each.name in options.only]
    left = {name: Caught(name) for name in wanted}
    at = 0
    with ProcessPoolExecutor(options.workers, mp_context=multiprocessing.get_context("fork")) as pool:
        while left and at < options.worlds:
            share = max(1, options.workers // len(left))  # the fewer are left, the more of the cores each of them gets
            upto = min(options.worlds, at + share * _AT_ONCE)
            parts = [range(first, min(upto, first + _AT_ONCE)) for first in range(at, upto, _AT_ONCE)]
            tries = [pool.submit(tried, name, options.seed, part, options.steps) for part in parts for name in left]
            for done in tries:
                found = done.result()
                left[found.name] = left[found.name].joined(found)
            for name in [name for name, caught in left.items() if caught.worlds]:
                _tell(left.pop(name))
            at = upto
    for caught in left.values():
        _tell(caught)
    _print(
        f"{len(wanted)} defects, {len(left)} not noticed, {time.monotonic() - began:.0f} s with {options.workers} workers"
    )
    return 1 if left else 0


def _tell(caught: Caught) -> None:
    when = f"after {caught.worlds:3d} worlds" if caught.worlds else "NOT NOTICED     "
    aside = f" ({caught.broken} worlds broke down)" if caught.broken else ""
    _print(f"{caught.name:42} {when} {caught.seconds:6.0f} s{aside}  {caught.how[:150]}")


def tried(name: str, seed: int, worlds: Iterable[int], most_steps: int) -> Caught:
    """Play worlds with the defect until one shows it."""
    defect = next(each for each in DEFECTS if each.name == name)
    began, broken = time.monotonic(), 0
    with uncollected(), ground() as here:
        patched = Patched(defect)
        patched.put_in()
        try:
            for world in worlds:
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
    return Caught(name, seconds=time.monotonic() - began, broken=broken)


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
