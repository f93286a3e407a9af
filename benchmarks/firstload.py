"""The first load of one CRM: our pull, which reads, checks and commits, beside bare loops that store nothing.

10,000 accounts or companies and 20,000 opportunities or deals, every call answered 50 ms late by a sandbox in a process of
its own. Each measurement is a process of its own, so that CPU and peak memory are its own, over the same records in the
same run. HubSpot is measured with its limits on (190 calls in 10 s, five searches a second) and off. Then 300,000 records
of each CRM, for our memory alone.

``python -m benchmarks.firstload CONFIG`` is our side: one pull of everything that a config names, as a JSON line.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from benchmarks.bare import bare
from benchmarks.limits import Limit, table
from benchmarks.worker import peak_mb
from benchmarks.world import World, generated, running
from connectors.registry import CRMS
from service.shop import opened
from service.steps.pull import pull

SIZE = "20000/10000/150"
LARGE = "200000/100000/150"
LATENCY_MS = 50
LIMITED = {"search_per_second": 5, "burst_limit": 190, "daily_limit": 650_000}
WINDOW = 11
"""Seconds after which the CRM's ten seconds hold no call of before."""
RUNS = 9
"""Pairs of the shortest measurement, a second or two each, of which the middle ratio counts."""
PEAK_MB, GROWTH = 200, 1.3
_PAIR = ("Salesforce, bare loop", "Salesforce, partnersync")
NAMES = {"salesforce": "Salesforce", "hubspot": "HubSpot"}
Figures = Mapping[str, Any]


def measure(*, large: bool = True) -> list[Limit]:
    """Print every first load and judge it."""
    limits: list[Limit] = []
    peaks: dict[str, float] = {}
    with generated(SIZE) as made, running(made) as here:
        late(here)
        pairs = [(bare(here, "salesforce"), first_load(here, "salesforce")) for _ in range(RUNS)]
        rows = [_row(name, figures) for pair in pairs for name, figures in zip(_PAIR, pair, strict=True)]
        peaks["salesforce"] = max(float(ours["peak_mb"]) for _, ours in pairs)
        wall, cpu = (median(ours[what] / theirs[what] for theirs, ours in pairs) for what in ("wall", "cpu"))
        limits += [
            Limit(f"Salesforce: wall time over the bare loop's, median of {RUNS}", wall, 1.5, "times"),
            Limit(f"Salesforce: CPU over the bare loop's, median of {RUNS}", cpu, 4, "times"),
        ]
        theirs, ours = bare(here, "hubspot"), first_load(here, "hubspot")
        rows += [_row("HubSpot, bare loop", theirs), _row("HubSpot, partnersync", ours)]
        peaks["hubspot"] = float(ours["peak_mb"])
        limits.append(Limit("HubSpot: wall time over the bare loop's", ours["wall"] / theirs["wall"], 0.25, "times"))
        for told, cursors, seconds in (("", "next_id", 1.2 * 11), (", one cursor a list", "opaque", 18)):
            here.control("settings", {"hubspot": {**LIMITED, "list_after": cursors}})
            time.sleep(WINDOW)  # the calls of the measurement before do not count any more
            ours = first_load(here, "hubspot")
            rows.append(_row(f"HubSpot with its limits{told}", ours))
            limits += [
                Limit(f"HubSpot with its limits{told}: wall time", ours["wall"], seconds, "s"),
                Limit(f"HubSpot with its limits{told}: refused for coming too fast", ours["refused"], 0, "calls"),
            ]
    print("\n" + table(["30,000 records", "wall s", "CPU s", "µs/record", "peak MB", "calls"], rows))
    limits += [Limit(f"{NAMES[crm]}: peak memory", peak, PEAK_MB, "MB") for crm, peak in peaks.items()]
    return [*limits, *(_growth(peaks) if large else ())]


def first_load(here: World, crm: str) -> Figures:
    """The figures of our first pull of one CRM, into a database of its own, and the calls as the sandbox counted them."""
    with config_of(here, crm) as config:
        here.forget()
        command = [sys.executable, "-m", "benchmarks.firstload", str(config)]
        told: Figures = json.loads(subprocess.check_output(command, text=True, env=here.environment))
        counts = here.control("counters")["counts"]
        refused = sum(row["calls"] for row in counts if row.get("status") == 429)
        return {**told, "calls": sum(row["calls"] for row in counts), "refused": refused}


@contextmanager
def config_of(here: World, crm: str) -> Iterator[Path]:
    """The demo's config with one connection and its accounts and opportunities; nothing is read from files."""
    config = yaml.safe_load(here.config.read_text(encoding="utf-8"))
    config["connections"] = {crm: config["connections"][crm]}
    config["writeback"] = {crm: config["writeback"][crm]}
    config["programs"]["channel"]["system_of_record"] = crm
    sources = {kind: config["sources"][kind] for kind in ("account", "opportunity")}
    config["sources"] = {
        kind: [each for each in listed if each["from"].startswith(crm)] for kind, listed in sources.items()
    }
    attribution, plans = config["attribution"], config["commission"]["plans"]
    config["attribution"] = {"sourced": [rule for rule in attribution["sourced"] if rule["use"] == "field"]}
    config["commission"]["plans"] = [plan for plan in plans if plan["role"] == "sourced"]
    config["writeback"][crm].pop("tasks")
    config["state"]["url"] = f"sqlite:///first-{crm}.db"
    file = here.home / f"first-{crm}.yaml"
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    try:
        yield file
    finally:
        for each in here.home.glob(f"first-{crm}.*"):
            each.unlink()


def late(here: World) -> None:
    """Let every answer of both CRMs come late."""
    here.control("faults", {"when": "before", "action": {"kind": "latency", "ms": LATENCY_MS}})


def _growth(peaks: Mapping[str, float]) -> list[Limit]:
    limits = []
    with generated(LARGE) as made, running(made) as here:
        for crm, before in peaks.items():
            ours = first_load(here, crm)
            print("\n" + table(["300,000 records", *_HEAD], [_row(NAMES[crm], ours)]))
            what = f"{NAMES[crm]}: peak memory at {ours['records']:,} records over that at 30,000"
            limits.append(Limit(what, ours["peak_mb"] / before, GROWTH, "times"))
    return limits


_HEAD = ("wall s", "CPU s", "µs/record", "peak MB", "calls")


def _row(name: str, figures: Figures) -> Sequence[object]:
    wall, cpu, records = figures["wall"], figures["cpu"], figures["records"]
    each = f"{cpu / records * 1_000_000:.0f}"
    return [name, f"{wall:.2f}", f"{cpu:.2f}", each, f"{figures['peak_mb']:.0f}", figures.get("calls", "–")]


def main() -> None:
    """Pull everything once and print the figures; like a bare loop's client, the connectors' code is loaded before."""
    with opened(Path(sys.argv[1])) as shop:
        for connection in shop.settings.connections.values():
            import_module(CRMS[connection.crm].module)
        wall, cpu = time.perf_counter(), time.process_time()
        with shop.running() as fence:
            pulled = pull(shop, fence, dict.fromkeys(shop.settings.connections, "hot"))
        figures = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    if pulled.failed or pulled.stopped:
        raise SystemExit(f"{pulled.failed} {pulled.stopped}")
    records = sum(counts["new"] for feed, counts in pulled.by_feed.items() if not feed.endswith(".csv"))
    print(json.dumps({"records": records, **figures, "peak_mb": peak_mb()}))


if __name__ == "__main__":
    main()
