"""A whole programme through the cycle: the first plan, the approved run, the echo of its writes, an idle run, and
a run after 1 % changed.

The CRMs are a process of their own without rate limits, so that what is measured is us. A record is an opportunity or an
account of either CRM. Figures at four times the size say whether the time per record grows with the size.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from benchmarks.limits import Limit, table
from benchmarks.worker import cycles_of
from benchmarks.world import World, generated, running

PEAK_MB = 300
GROWTH = 1.3
STEPS = ("pull", "attribute", "settle", "plan", "post", "apply")
ORDERS = {"first plan": "plan", "approved": "approve", "echo": "run", "idle": "run", "1 % changed": "approve"}
"""Cycle → what the worker is told; ``echo`` takes in our own writes, so that the next finds nothing to do."""
SHARE_CHANGED = 100
"""One record in so many is edited."""


@dataclass(frozen=True, slots=True)
class Size:
    """Opportunities and accounts per CRM, partners in all."""

    opportunities: int
    accounts: int
    partners: int

    @property
    def records(self) -> int:
        """Opportunities and accounts of both CRMs."""
        return 2 * (self.opportunities + self.accounts)

    def __str__(self) -> str:
        return f"{self.opportunities}/{self.accounts}/{self.partners}"


BASE = Size(20_000, 8_000, 150)
LARGE = Size(80_000, 32_000, 600)


@dataclass(frozen=True, slots=True)
class Run:
    """The cycles of one run over a world, and the peak of our memory in it."""

    cycles: Mapping[str, Mapping[str, Any]]
    calls: Mapping[str, Mapping[tuple[str, str], int]]

    @property
    def peak_mb(self) -> float:
        """The peak of our process's memory."""
        return max(float(each["peak_mb"]) for each in self.cycles.values())

    @property
    def cpu(self) -> float:
        """Our CPU over all cycles."""
        return sum(float(each["cpu"]) for each in self.cycles.values())


def measure(runs: int, *, base: Size = BASE, large: Size | None = LARGE) -> list[Limit]:
    """Print everything and judge it; ``large`` None leaves the growth out."""
    done = _runs([base] if large is None else [base, large], runs)
    limits = [Limit(f"peak memory at {base.opportunities:,}", max(run.peak_mb for run in done[base]), PEAK_MB, "MB")]
    if large is None:
        return limits
    per = {size: [run.cpu / size.records * 1000 for run in taken] for size, taken in done.items()}
    for size, figures in per.items():
        told = ", ".join(f"{figure:.3f}" for figure in figures)
        print(f"CPU per record at {size.opportunities:,}: {told} ms; peak {max(r.peak_mb for r in done[size]):,.0f} MB")
    growth = statistics.median(per[large]) / statistics.median(per[base])
    what = f"time per record at {large.opportunities:,} over that at {base.opportunities:,} (median of {runs})"
    return [*limits, Limit(what, growth, GROWTH, "times")]


def _runs(sizes: Sequence[Size], runs: int) -> dict[Size, list[Run]]:
    """``runs`` of each size, the sizes in turn, so that what else the machine does falls on all of them alike."""
    done: dict[Size, list[Run]] = {size: [] for size in sizes}
    with ExitStack() as stack:
        made = {size: stack.enter_context(generated(str(size))) for size in sizes}
        for number in range(runs):
            for size in sizes:
                with running(made[size]) as here:
                    done[size].append(_run(here))
                if number == 0:
                    _show(size, done[size][0])
    return done


def _run(here: World) -> Run:
    cycles: dict[str, Mapping[str, Any]] = {}
    calls: dict[str, Mapping[tuple[str, str], int]] = {}
    with cycles_of(here) as ask:
        for cycle, order in ORDERS.items():
            if cycle == "1 % changed":
                _change(here)
            here.forget()
            cycles[cycle] = ask(order)
            calls[cycle] = here.counts()
    return Run(cycles, calls)


def _change(made: World) -> None:
    """Edit one in a hundred opportunities of both CRMs as a person."""
    for crm, object_, field in (("salesforce", "Opportunity", "Amount"), ("hubspot", "deals", "amount")):
        for at, id_ in enumerate(made.ids(crm, object_)[::SHARE_CHANGED]):
            made.edit(crm, object_, id_, {field: 10_000 + at if crm == "salesforce" else str(10_000 + at)})


def _show(size: Size, run: Run) -> None:
    print(f"\n{size.opportunities:,} opportunities and {size.accounts:,} accounts per CRM: seconds of wall / own CPU\n")
    rows: list[list[object]] = []
    for cycle, figures in run.cycles.items():
        steps = [figures["steps"].get(step) for step in STEPS]
        told = [f"{wall:.2f}/{cpu:.2f}" if wall >= 0.005 else "–" for wall, cpu in (step or (0, 0) for step in steps)]
        rate = f"{size.records / figures['wall']:,.0f}"
        rows.append([cycle, *told, f"{figures['wall']:.2f}/{figures['cpu']:.2f}", rate])
    print(table(["cycle", *STEPS, "all", "records/s"], rows))
    for cycle, figures in run.cycles.items():
        counts = figures["counts"]
        words = {**counts["pulled"], **counts["applied"], "lines": counts["lines"]}
        print(f"  {cycle}: " + ", ".join(f"{count:,} {word}" for word, count in words.items() if count))
    print("\ncalls by endpoint, as the sandbox counted them")
    endpoints = sorted({key for counts in run.calls.values() for key in counts})
    calls: list[list[object]] = [
        [f"{crm} {name}", *(run.calls[cycle].get((crm, name), 0) for cycle in ORDERS)] for crm, name in endpoints
    ]
    print(table(["endpoint", *ORDERS], calls))
    print(f"\npeak memory of our process: {run.peak_mb:,.0f} MB\n")
