"""Our own process under measurement: runs a cycle for every line on standard input and answers with its figures.

A process of its own, so that the peak of its memory and its CPU are ours alone. Lines: ``plan`` stops before applying,
``approve`` applies with a person's yes, ``run`` is a scheduled cycle.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

from service.cycle import run_cycle
from service.shop import Shop, opened


def main() -> None:
    """Answer each order with a JSON line."""
    with opened(Path(sys.argv[1])) as shop:
        for line in sys.stdin:
            print(json.dumps(measured(shop, line.strip())), flush=True)


def measured(shop: Shop, order: str) -> dict[str, Any]:
    """One cycle: (wall, CPU) by step and in all, its counts, and the peak of this process's memory so far."""
    wall, cpu = time.perf_counter(), time.process_time()
    report = run_cycle(shop, apply=order != "plan", approve="bench" if order == "approve" else None)
    return {
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "steps": report.seconds,
        "counts": report.counts(),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


if __name__ == "__main__":
    main()
