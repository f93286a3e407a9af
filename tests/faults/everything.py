"""Everything that shows that nothing is lost and nothing is done twice: ``make faults`` (SEED=7).

    worlds    generated worlds of people, faults, crashes, pauses and restored backups, judged by the CRMs' own full state
    crashes   runs that die at every named point, once and twice, in process
    kills     runs that the CRMs end by SIGKILL before and after their commit and after the answer, and at random moments
    races     two and three runners on one database, some of which stand still past their lease
    weather   runs with every fault of the sandbox at 5 %, in two fronts and one that lasts, each within three times its calls
    mutants   small defects of our own reader and writer, each of which the worlds must notice

Each part is a program of its own, ``main(arguments) -> int``, and runs in a process of its own: forks inherit whatever is
there. Its tables are printed as it goes; seconds by part and a verdict come last.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

PARTS: Final = ("worlds", "crashes", "kills", "races", "weather", "mutants")
_EVERY_KIND = 4
"""Kinds of kills; a few kills at random moments come too late and are made up for."""


@dataclass(frozen=True, slots=True)
class Part:
    """A program and its arguments."""

    name: str
    module: str
    arguments: tuple[str, ...]

    def run(self) -> tuple[int, float]:
        """Its exit code and the seconds it took."""
        _print(f"\n== {self.name}: python -m {self.module} {' '.join(self.arguments)}")
        began = time.monotonic()
        code = subprocess.run([sys.executable, "-m", self.module, *self.arguments], check=False).returncode
        return code, time.monotonic() - began


def main(arguments: Sequence[str] | None = None) -> int:
    """Run every part; 1 where any of them found a broken promise."""
    options = _parser().parse_args(arguments)
    wanted = options.only.split(",") if options.only else PARTS
    ended = [(part, *part.run()) for part in parts(options) if part.name in wanted]
    _print("")
    for part, code, seconds in ended:
        _print(f"{part.name:8} {seconds:6.0f} s  {'holds' if code == 0 else f'BROKEN (exit {code})'}")
    _print(f"{'together':8} {sum(seconds for _, _, seconds in ended):6.0f} s")
    return 1 if any(code for _, code, _ in ended) else 0


def parts(options: argparse.Namespace) -> tuple[Part, ...]:
    """Every part with its sizes."""
    seed = ("--seed", str(options.seed))
    runs = -(-options.kills * 21 // (20 * _EVERY_KIND))
    worlds = ("--worlds", str(options.worlds), "--steps", str(options.steps))
    mutants = ("--worlds", str(min(200, options.worlds)), "--steps", str(options.steps))
    return (
        Part("worlds", "tests.faults.model.worlds", (*worlds, *seed)),
        Part("crashes", "tests.faults.crashes.schedules", ("--schedules", str(options.crashes), *seed)),
        Part("kills", "tests.faults.kills", ("--runs", str(runs), "--least", str(options.kills), *seed)),
        Part("races", "tests.faults.races", ("--rounds", str(options.races), *seed)),
        Part("weather", "tests.faults.weather", seed),
        Part("mutants", "tests.faults.model.mutants", (*mutants, *seed)),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--worlds", type=int, default=1_000)
    parser.add_argument("--steps", type=int, default=60, help="the most steps of a world")
    parser.add_argument("--crashes", type=int, default=10_000, help="crash schedules")
    parser.add_argument("--kills", type=int, default=500, help="SIGKILLs")
    parser.add_argument("--races", type=int, default=12, help="races of each kind")
    parser.add_argument("--only", help=f"some of {', '.join(PARTS)}, with commas between")
    return parser


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
