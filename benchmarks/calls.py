"""How many calls a cycle costs, by the CRMs' own count, against what the design allows.

10,000 accounts or companies and 20,000 opportunities or deals per CRM. Everything is read and planned; a first write sends
what the programme says; when its echo was read, 1 % of the records are edited as a person would, and a cycle picks them up.
M records and tasks are written: a Salesforce collection takes 200 of them, five collections a call; a HubSpot batch takes 100.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing
from math import ceil
from typing import Any

from benchmarks.limits import Limit, table
from benchmarks.worker import cycles_of
from benchmarks.world import World, world

SIZE = "20000/10000/150"
PASSED = 65
"""Seconds."""
SHARE = 100
"""One record in so many is edited."""
EDITED = (
    ("salesforce", "Opportunity", "NextStep"),
    ("salesforce", "Account", "Phone"),
    ("hubspot", "deals", "hs_next_step"),
    ("hubspot", "companies", "phone"),
)
CRMS = ("salesforce", "hubspot")
SENDS = re.compile(r"composite|collections\.(update|create|upsert)|batch\.(update|create|upsert)")
Counts = Mapping[tuple[str, str], int]


def measure(size: str = SIZE) -> list[Limit]:
    """Print the calls of a writing and of a reading cycle, and judge them."""
    with world(size) as here, cycles_of(here) as ask:
        ask("plan")
        wrote = ask("approve")
        written = _written(here)
        ask("run")
        time.sleep(PASSED)  # what was just written leaves Salesforce's overlap of a minute
        ask("run")
        edited = _edit(here)
        here.forget()
        read = ask("run")
        counted = here.counts()
    _show(wrote["counts"]["calls"], f"writing {sum(written.values()):,} records and tasks")
    _show(read["counts"]["calls"], f"reading {edited:,} edited records, and writing what follows from them")
    return [*_hot(read["counts"]["calls"], counted), *_sent(wrote["counts"]["calls"], written)]


def _edit(here: World) -> int:
    edited = 0
    for crm, object_, field in EDITED:
        for at, id_ in enumerate(here.ids(crm, object_)[::SHARE]):
            here.edit(crm, object_, id_, {field: f"call {at}"})
            edited += 1
    return edited


def _hot(calls: Mapping[str, Any], counted: Counts) -> list[Limit]:
    hot = {crm: sum(calls.get(crm, {}).get("hot", {}).values()) for crm in CRMS}
    every = sum(count for kinds in calls.values() for names in kinds.values() for count in names.values())
    return [
        Limit("Salesforce: hot calls where 1 % changed", hot["salesforce"], 4, "calls"),
        Limit("HubSpot: hot calls where 1 % changed", hot["hubspot"], 5, "calls"),
        Limit("calls that only one side counted", abs(every - sum(counted.values())), 0, "calls"),
    ]


def _sent(calls: Mapping[str, Any], written: Mapping[tuple[str, str], int]) -> list[Limit]:
    """``written``: (CRM, object) → records and tasks; a send is of one object."""
    limits = []
    for crm, each, reads in (("salesforce", 200, 2_000), ("hubspot", 100, 0)):
        mine = [count for (owner, _), count in written.items() if owner == crm]
        batches = sum(ceil(count / each) for count in mine)
        spent = calls.get(crm, {}).get("write", {})
        sends = sum(count for name, count in spent.items() if SENDS.search(name))
        most = batches + 2 * sum(ceil(count / reads) for count in mine) if reads else 2 * batches
        name = {"salesforce": "Salesforce", "hubspot": "HubSpot"}[crm]
        limits.append(Limit(f"{name}: sends of {sum(mine):,} records and tasks", sends, batches, "calls"))
        limits.append(Limit(f"{name}: the same with reads before and after", sum(spent.values()), most, "calls"))
    return limits


def _written(here: World) -> dict[tuple[str, str], int]:
    """What the journal says was sent."""
    query = "SELECT crm, CASE WHEN task IS NULL THEN object ELSE 'task' END, count(*) FROM intent GROUP BY 1, 2"
    with closing(sqlite3.connect(here.home / "partnersync.db")) as database:
        return {(crm, object_): count for crm, object_, count in database.execute(query)}


def _show(calls: Mapping[str, Any], what: str) -> None:
    rows: list[list[object]] = [
        [crm, kind, name, count]
        for crm, kinds in calls.items()
        for kind, names in kinds.items()
        for name, count in names.items()
    ]
    print(f"\n{what}\n" + table(["CRM", "class", "endpoint", "calls"], rows))
