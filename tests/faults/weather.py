"""Runs in bad weather: the faults of both CRMs, each on one call in twenty, while the CRMs are at their oddest.

The promise: it ends right, the CRMs and the ledger as an undisturbed run leaves them, within three times its calls. What a run
could not do, because a call failed as often as one is tried, the next run does under the same weather, and its calls count
too. The faults that pass come in two fronts of a dozen: all of them together strike half of the calls of HubSpot, and cost two
to four times the calls.

In a weather that *lasts* all of them come together with those of ``climate.LASTING``: CRMs rest for hours and refuse records.
Each next run comes when the rests are over, and when the weather is too, a person who insists runs once more. The sandbox
counts; the weather is drawn from a seed, so that the same calls meet the same faults.

    python -m tests.faults.weather --seed 7 --size small
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults.climate import AT_FIRST, CONDITIONS, LASTING, PASSING, Rules
from tests.faults.worlds import Stage, ground_for, make, served

RATE = 0.05
TIMES = 3
RUNS = 3
WEATHERS: Mapping[str, Rules] = {
    "first front": PASSING[::2],
    "second front": PASSING[1::2],
    "lasting": (*PASSING, *LASTING),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run once undisturbed and once in bad weather, and print what differs; 1 where the promise was broken."""
    parser = argparse.ArgumentParser(prog="weather", description=__doc__)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--size", default="small")
    options = parser.parse_args(arguments)
    home = ground_for("weather")
    try:
        wrong = endured(home, options.seed, options.size)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    for each in wrong:
        _print(f"  WRONG: {each}")
    return 1 if wrong else 0


def endured(home: Path, seed: int, size: str, names: Collection[str] = tuple(WEATHERS)) -> list[str]:
    """What is wrong after each of these kinds of bad weather; empty where the promise held."""
    world = make(home / "world", seed, size)
    with served(world, home / "fair") as stage:
        if code := stage.run():
            return [f"the undisturbed run ended with {code}: {stage.said()}"]
        fair = _end(stage)
    wrong = []
    for name, rules in ((name, WEATHERS[name]) for name in names):
        with served(world, home / name.replace(" ", "-")) as stage:
            began = time.monotonic()
            code, runs, met = (_outlasted if name == "lasting" else _passed)(stage, seed, rules)
            found = _end(stage)
            told = f"{found.calls} calls ({fair.calls} undisturbed, {found.calls / fair.calls:.2f} times)"
            took = f"{runs} run{'s' if runs > 1 else ''}, {time.monotonic() - began:.0f} s"
            _print(f"{name}: {len(rules)} faults at {RATE:.0%}, seed {seed}: {sum(met)} met in {told}, {took}")
            wrong += [f"{name}: {each}" for each in _differs(stage, code, met, found, fair)]
    return wrong


@dataclass(frozen=True, slots=True)
class _End:
    """Both CRMs, the ledger, and the calls that led there."""

    crms: Mapping[str, Any]
    ledger: Sequence[Any]
    calls: int


def _passed(stage: Stage, seed: int, rules: Rules) -> tuple[int, int, list[int]]:
    """Run until it ends well, in the same weather: the exit code, the runs, and how often each fault was met."""
    _begin(stage, rules, seed)
    runs = 1
    while (code := stage.run(wait=600)) and runs < RUNS:
        runs += 1
    return code, runs, _met(stage)


def _outlasted(stage: Stage, seed: int, rules: Rules) -> tuple[int, int, list[int]]:
    """Run in a weather in which little ends well, and once after it; a day lies between a run and the next."""
    _begin(stage, rules, seed)
    calm = {crm: {name: stage.ask("settings")[crm][name] for name in odd} for crm, odd in AT_FIRST.items()}
    stage.ask("settings", AT_FIRST)
    for _ in range(RUNS - 1):
        stage.run(wait=600)
        stage.ask("settings", calm)
        stage.rests_end()
    met = _met(stage)
    stage.ask("faults", method="DELETE")
    return stage.run("run", "--approve", wait=600), RUNS, met


def _begin(stage: Stage, rules: Rules, seed: int) -> None:
    stage.ask("settings", CONDITIONS)
    stage.ask("faults", [{"rate": RATE, "seed": seed * 100 + at, **rule} for at, rule in enumerate(rules)])


def _met(stage: Stage) -> list[int]:
    return [int(rule["fired"]) for rule in stage.ask("faults")]


def _differs(stage: Stage, code: int, met: Sequence[int], found: _End, fair: _End) -> list[str]:
    wrong = [] if code == 0 else [f"the last run ended with {code}: {stage.said()[-2000:]}"]
    wrong += [] if found.calls <= TIMES * fair.calls else [f"{found.calls} calls, more than {TIMES} times {fair.calls}"]
    wrong += [] if sum(met) else ["no fault struck"]
    wrong += [f"the {crm} differs" for crm, records in found.crms.items() if records != fair.crms[crm]]
    return wrong + (["the ledger differs"] if found.ledger != fair.ledger else [])


def _end(stage: Stage) -> _End:
    return _End(stage.crms(), stage.ledger(), _calls(stage))


def _calls(stage: Stage) -> int:
    return sum(int(total["calls"]) for total in stage.ask("counters")["totals"].values())


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
