"""``python -m benchmarks [idle|small|cycle|calls|firstload]…``: prints figures beside their limits and fails where one is over.

``RUNS=1`` measures the cycle at both sizes once instead of three times; ``LARGE=0`` leaves the larger size out.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from benchmarks import calls, cycle, firstload, idle, small
from benchmarks.limits import Limit


def _cycle() -> list[Limit]:
    large = cycle.LARGE if os.environ.get("LARGE", "1") != "0" else None
    return cycle.measure(int(os.environ.get("RUNS", "3")), large=large)


def _firstload() -> list[Limit]:
    return firstload.measure(large=os.environ.get("LARGE", "1") != "0")


BENCHMARKS: dict[str, Callable[[], list[Limit]]] = {
    "idle": idle.measure,
    "small": small.measure,
    "cycle": _cycle,
    "calls": calls.measure,
    "firstload": _firstload,
}


def main() -> int:
    """Run what was asked for, everything by default; 1 where a limit was not kept."""
    asked = sys.argv[1:] or list(BENCHMARKS)
    unknown = sorted(set(asked) - BENCHMARKS.keys())
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
        return 2
    limits: list[Limit] = []
    for name in asked:
        print(f"\n=== {name}")
        found = BENCHMARKS[name]()
        print("\n".join(map(str, found)), flush=True)
        limits += found
    missed = [each for each in limits if not each.held]
    print(f"\n{len(limits) - len(missed)} of {len(limits)} limits kept")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
