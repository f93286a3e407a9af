"""One run in bad weather: every fault of both CRMs at once, each on one call in twenty.

The promise: it ends right, the CRMs and the ledger as an undisturbed run leaves them, within three times its calls. What a run
could not do, because a call failed as often as one is tried, the next run does under the same weather, and its calls count
too. The sandbox counts; the weather is drawn from a seed, so that the same calls meet the same faults.

    python -m tests.faults.weather --seed 7 --size small
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.faults.worlds import Stage, make, served

RATE = 0.05
TIMES = 3
RUNS = 3
_ROLLING = {
    "status": "error",
    "errorType": "RATE_LIMIT",
    "policyName": "TEN_SECONDLY_ROLLING",
    "message": "You have reached your ten_secondly_rolling limit.",
}
_EXPIRED = [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}]
_LOCKED = {"status": "error", "message": "The resource is locked", "category": "LOCKED"}
FAULTS: tuple[dict[str, Any], ...] = (
    {"action": {"kind": "latency", "ms": 100}},
    {"action": "html_503"},
    {"action": {"kind": "status", "code": 502, "body": "<html>Bad gateway</html>"}},
    {"action": {"kind": "status", "code": 504}, "vendor": "hubspot"},
    {"action": {"kind": "timeout", "seconds": 0.5}},
    {"action": "drop"},
    {"action": "drop", "when": "before_commit"},
    {"action": "drop", "when": "after_commit"},
    {"action": "truncate"},
    {"action": {"kind": "status", "code": 429, "headers": {"Retry-After": "1"}, "body": _ROLLING}, "vendor": "hubspot"},
    {"action": {"kind": "rate_limited", "form": "secondly"}, "vendor": "hubspot", "endpoint": "search*"},
    {"action": {"kind": "status", "code": 423, "body": _LOCKED}, "vendor": "hubspot", "writes_only": True},
    {"action": {"kind": "rate_limited", "form": "concurrent"}, "vendor": "salesforce"},
    {"action": {"kind": "status", "code": 401, "body": _EXPIRED}, "vendor": "salesforce"},
    {"action": {"kind": "record_error", "code": "UNABLE_TO_LOCK_ROW"}, "vendor": "salesforce", "when": "record"},
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run once undisturbed and once in bad weather, and print what differs; 1 where the promise was broken."""
    parser = argparse.ArgumentParser(prog="weather", description=__doc__)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--size", default="small")
    options = parser.parse_args(arguments)
    home = Path(tempfile.mkdtemp(prefix="partnersync-weather-"))
    try:
        wrong = endured(home, options.seed, options.size)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    for each in wrong:
        _print(f"  WRONG: {each}")
    return 1 if wrong else 0


def endured(home: Path, seed: int, size: str) -> list[str]:
    """What is wrong after a run in bad weather; empty where the promise held."""
    world = make(home / "world", seed, size)
    with served(world, home / "fair") as stage:
        if code := stage.run():
            return [f"the undisturbed run ended with {code}: {stage.said()}"]
        crms, ledger, calls = stage.crms(), stage.ledger(), _calls(stage)
    with served(world, home / "foul") as stage:
        stage.ask("faults", [{"rate": RATE, "seed": seed + at, **fault} for at, fault in enumerate(FAULTS)])
        began = time.monotonic()
        runs = 1
        while (code := stage.run(wait=600)) and runs < RUNS:
            runs += 1
        seconds, spent = time.monotonic() - began, _calls(stage)
        met = [int(rule["fired"]) for rule in stage.ask("faults")]
        _print(
            f"{len(FAULTS)} faults at {RATE:.0%}, seed {seed}: {sum(met)} met in {spent} calls ({calls} undisturbed, "
            f"{spent / calls:.2f} times), {runs} run{'s' if runs > 1 else ''}, {seconds:.0f} s"
        )
        wrong = [] if code == 0 else [f"run {runs} ended with {code}: {stage.said()[-2000:]}"]
        wrong += [] if spent <= TIMES * calls else [f"{spent} calls are more than {TIMES} times {calls}"]
        wrong += ["no fault struck"] if not sum(met) else []
        wrong += [f"the {crm} differs" for crm, found in stage.crms().items() if found != crms[crm]]
        wrong += ["the ledger differs"] if stage.ledger() != ledger else []
        return wrong


def _calls(stage: Stage) -> int:
    return sum(int(total["calls"]) for total in stage.ask("counters")["totals"].values())


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
