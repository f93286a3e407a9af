"""Play many worlds and print what was found: ``python -m tests.faults.model.worlds --worlds 1000 --steps 60 --seed 7``.

A world that fails is made small (steps are left out while it still fails) and printed with the command that plays it again:
``--only 123 --keep 0,4,9``.
"""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import os
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from tests.faults.model.drawing import drawn
from tests.faults.model.ground import Ground, ground
from tests.faults.model.harms import Struck
from tests.faults.model.picking import Step
from tests.faults.model.steps import played
from tests.faults.worlds import uncollected

_CHUNK = 10
_TOLD = 100
"""Worlds after which it says how far it is."""


@dataclass(slots=True)
class Found:
    """What some worlds showed."""

    worlds: int = 0
    steps: int = 0
    seconds: float = 0.0
    struck: Struck = field(default_factory=Struck)
    wrong: list[tuple[int, list[str]]] = field(default_factory=list)


def main(arguments: Sequence[str] | None = None) -> int:
    """Play them; 1 where one is wrong, or where a harm never struck in a place where it can (of 1,000 worlds or more)."""
    parser = argparse.ArgumentParser(prog="worlds", description=__doc__)
    parser.add_argument("--worlds", type=int, default=1000)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--first", type=int, default=0, help="the number of the first world")
    parser.add_argument("--workers", type=int, default=3 * (os.cpu_count() or 1), help="a part of a world is waiting")
    parser.add_argument("--only", type=int, help="play this world alone, and tell every step")
    parser.add_argument("--keep", help="of its steps only these, by number")
    parser.add_argument("--shrink", type=float, default=60, help="seconds to make a failing world small")
    options = parser.parse_args(arguments)
    if options.only is not None:
        return _again(options.seed, options.only, options.steps, options.keep)
    began = time.monotonic()
    everything = Found()
    chunks = [
        (options.seed, at, min(at + _CHUNK, options.first + options.worlds), options.steps)
        for at in range(options.first, options.first + options.worlds, _CHUNK)
    ]
    with ProcessPoolExecutor(options.workers, mp_context=multiprocessing.get_context("fork")) as pool:
        for found in pool.map(_some, chunks):
            everything.worlds += found.worlds
            everything.steps += found.steps
            everything.seconds += found.seconds
            everything.struck.counts += found.struck.counts
            for world, wrong in found.wrong:
                everything.wrong.append((world, wrong))
                _print(f"world {world}: {'; '.join(wrong[:5])}")
            if everything.worlds % _TOLD == 0:
                _print(f"{everything.worlds:>5} of {options.worlds} worlds, {time.monotonic() - began:.0f} s")
    for world, wrong in everything.wrong[:3]:
        _shrunk(options.seed, world, options.steps, wrong, options.shrink)
    _print(everything.struck.table())
    missed = everything.struck.empty() if options.worlds >= 1000 else []
    _print(
        f"{everything.worlds} worlds of seed {options.seed}, {everything.steps} steps, "
        f"{time.monotonic() - began:.0f} s with {options.workers} workers; {len(everything.wrong)} wrong; "
        f"{sum(everything.struck.counts.values())} harms struck"
        + "".join(f"\nnever struck: {harm} at {place}" for harm, place in missed)
    )
    return 1 if everything.wrong or missed else 0


def judged(here: Ground, struck: Struck, world: int, steps: Sequence[Step]) -> list[str]:
    """What is wrong with one world; a defect of ours that ends in a traceback is wrong too."""
    try:
        return played(here, struck, str(world), steps)
    except Exception as error:
        told = traceback.format_exc().strip().splitlines()
        return [f"{type(error).__name__}: {error}", *told[-7:-1]]


def smaller(steps: Sequence[Step], fails: Callable[[Sequence[Step]], bool], seconds: float) -> list[int]:
    """The numbers of steps that suffice to fail: halves are left out, then single steps, while time lasts."""
    kept, end = list(range(len(steps))), time.monotonic() + seconds
    size = max(1, len(kept) // 2)
    while size and time.monotonic() < end:
        at = 1
        while at < len(kept) and time.monotonic() < end:
            fewer = kept[:at] + kept[at + size :]
            if fails([steps[n] for n in fewer]):
                kept = fewer
            else:
                at += size
        size //= 2
    return kept


def _some(job: tuple[int, int, int, int]) -> Found:
    seed, first, last, most = job
    found, began = Found(), time.monotonic()
    with uncollected(), ground() as here:
        for world in range(first, last):
            steps = drawn(seed, world, most)
            wrong = judged(here, found.struck, world, steps)
            found.worlds += 1
            found.steps += len(steps)
            if wrong:
                found.wrong.append((world, wrong))
            gc.collect()
    found.seconds = time.monotonic() - began
    return found


def _shrunk(
    seed: int,
    world: int,
    most: int,
    wrong: list[str],
    seconds: float,
    way: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> None:
    steps = drawn(seed, world, most)
    with ground() as here, way():
        kept = smaller(steps, lambda some: bool(judged(here, Struck(), world, some)), seconds)
    _print(f"world {world} in {len(kept)} steps of {len(steps)}: {wrong[0]}")
    for n in kept:
        _print(f"    {n}: {steps[n]}")
    again = f"--seed {seed} --steps {most} --only {world} --keep {','.join(map(str, kept))}"
    _print(f"    again: python -m tests.faults.model.worlds {again}")


def _again(seed: int, world: int, most: int, keep: str | None) -> int:
    steps = drawn(seed, world, most)
    numbers = [int(each) for each in keep.split(",")] if keep else range(len(steps))
    with ground() as here:
        wrong = judged(here, Struck(), world, [steps[n] for n in numbers])
    for n in numbers:
        _print(f"{n}: {steps[n]}")
    _print("\n".join(wrong) or "nothing is wrong")
    return 1 if wrong else 0


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
