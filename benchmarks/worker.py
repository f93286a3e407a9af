"""Our own process under measurement: runs a cycle for every line on standard input and answers with its figures.

A process of its own, so that the peak of its memory and its CPU are ours alone. Lines: ``plan`` stops before applying,
``approve`` applies with a person's yes, ``run`` is a scheduled cycle.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.world import World
from service.cycle import run_cycle
from service.shop import Shop, opened

Ask = Callable[[str], Mapping[str, Any]]


@contextmanager
def cycles_of(made: World, config: Path | None = None) -> Iterator[Ask]:
    """Orders to a worker of its own on a world; ends it afterwards."""
    command = [sys.executable, "-m", "benchmarks.worker", str(config or made.config)]
    with subprocess.Popen(
        command, text=True, env=made.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as worker:
        assert worker.stdin is not None
        assert worker.stdout is not None
        orders, answers = worker.stdin, worker.stdout

        def ask(order: str) -> Mapping[str, Any]:
            orders.write(order + "\n")
            orders.flush()
            answer: Mapping[str, Any] | None = json.loads(answers.readline() or "null")
            if answer is None:
                raise RuntimeError(f"the worker ended during {order!r}")
            return answer

        try:
            yield ask
        finally:
            orders.close()


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
        "peak_mb": peak_mb(),
    }


def peak_mb() -> float:
    """The peak of this process's memory since it is this program: ``ru_maxrss`` would hold that of whoever started it."""
    (line,) = (each for each in Path("/proc/self/status").read_text().splitlines() if each.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main()
