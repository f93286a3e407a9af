"""An idle cycle over a small world, in one process: what it costs to look and find nothing."""

from __future__ import annotations

import statistics

from benchmarks.limits import Limit
from benchmarks.worker import cycles_of
from benchmarks.world import world

RECORDS = "15/10/4"
"""Opportunities, accounts, partners: 50 records in the two CRMs."""
CPU_MS = 40
TIMES = 15


def measure(times: int = TIMES) -> list[Limit]:
    """Print each idle cycle's CPU and judge the median."""
    with world(RECORDS) as made, cycles_of(made) as ask:
        for order in ("approve", "run", "run"):
            ask(order)
        took = [float(ask("run")["cpu"]) * 1000 for _ in range(times)]
    print(f"\nidle cycles over 50 records, ms of our CPU: {', '.join(f'{each:.1f}' for each in took)}\n")
    return [Limit("CPU of an idle cycle over 50 records, median", statistics.median(took), CPU_MS, "ms")]
