"""Small worlds to do harm in: two CRMs in a process of their own, a config, and what the CRMs and the ledger say in the end.

A world is made once and copied for every run: the sandbox keeps everything in one SQLite file, partnersync in another. Two
CRMs say the same when every field that people see is the same; generated task ids, stamps and run numbers are no part of it.
"""

from __future__ import annotations

import gc
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import NullPool, create_engine, inspect
from sqlalchemy.exc import OperationalError

import service
from sandbox.generator.generation import generate
from sandbox.process import SandboxProcess

CREDENTIALS = {
    "SF_CLIENT_ID": "sandbox-client",
    "SF_CLIENT_SECRET": "sandbox-secret",
    "HUBSPOT_TOKEN": "pat-na1-sandbox-token",
}
COMMAND = (sys.executable, "-m", "service")
CRM, STATE, CONFIG, TEMPLATE = "crm.db", "partnersync.db", "partnersync.yaml", "template.yaml"
STATE_URL = f"sqlite:///{STATE}"
"""As the config of a world says it: beside the config."""
REP = "Dana Reyes"
_DEMO = Path(str(service.__file__)).parent / "templates" / "demo.yaml"
ROOT = Path(str(service.__file__)).parents[1]
_WON = "when: {opportunity.outcome: won, attribution.sourced: missing, attribution.influenced: present}"
_GENERATED_IDS = {"salesforce": ("Task", "Id"), "hubspot": ("tasks", "id")}

LEDGER = """
    SELECT p.program, p.plan, p.partner, p.measure, p.period, p.currency, s.rule, s.role, s.component, s.generation,
    place.crm, place.object, f.external, l.sequence, l.kind, l.minor
    FROM line l
    JOIN pool p ON p.workspace = l.workspace AND p.id = l.pool
    JOIN strand s ON s.workspace = l.workspace AND s.id = l.strand
    JOIN fact f ON f.workspace = l.workspace AND f.id = l.opportunity
    JOIN place ON place.workspace = f.workspace AND place.id = f.place
    ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14
"""
"""Every line's key and amount, in order."""

_AMID = """
    SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
    AND backend_type = 'client backend' AND (state = 'active' OR backend_xid IS NOT NULL)"""
"""Who else writes to this PostgreSQL database: a process that is stopped there keeps what it has locked, a meter's row, say."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A folder with a world in it, the address of the sandbox that serves it, and the URL of our database."""

    home: Path
    url: str
    state: str

    def ask(self, path: str, body: Any = None, method: str | None = None) -> Any:
        """Talk to the sandbox's control."""
        payload = None if body is None else json.dumps(body).encode()
        form = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/_sandbox/{path}", payload, form, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or b"null")

    def begin(self, *words: str) -> subprocess.Popen[bytes]:
        """Start ``partnersync run`` as a process; what it says goes to run.log."""
        environment = {**os.environ, **CREDENTIALS, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
        with (self.home / "run.log").open("wb") as log:
            return subprocess.Popen(
                [*COMMAND, *(words or ("run",)), "--config", str(self.home / CONFIG)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=self.home,
            )

    def run(self, *words: str, wait: float = 120) -> int:
        """Run ``partnersync run`` (or other words) to its end; gives its exit code."""
        return self.begin(*words).wait(wait)

    def said(self) -> str:
        """What the last command printed."""
        return (self.home / "run.log").read_text(encoding="utf-8", errors="replace")

    def writes(self) -> int:
        """Calls to both CRMs that write, since the last reset."""
        return sum(int(total["writes"]) for total in self.ask("counters")["totals"].values())

    def crms(self) -> dict[str, Any]:
        """Both CRMs as people see them, tasks without their generated ids."""
        return canonical(self.ask("dump?stamps=0"))

    def ledger(self) -> list[tuple[Any, ...]]:
        """Every line's key and amount, in order."""
        return self.rows(LEDGER)

    def in_flight(self) -> int:
        """How many writes the journal holds whose outcome is not known."""
        return len(self.rows("SELECT id FROM intent WHERE status IN ('inflight', 'unknown')"))

    def lease_runs_out(self) -> None:
        """So much time passes that nobody holds the lease any more.

        Raises:
            OperationalError: somebody is in the middle of a transaction.
        """
        alone = self.state.startswith("sqlite")  # there one who writes locks out everybody
        impatient = {"timeout": 0.3} if alone else {"options": "-c lock_timeout=300"}
        engine = create_engine(self.state, poolclass=NullPool, connect_args=impatient)
        with engine.begin() as database:
            if not alone and database.exec_driver_sql(_AMID).first():
                raise OperationalError(_AMID, None, RuntimeError("a transaction is open"))
            database.exec_driver_sql("UPDATE lease SET expires_at = 0")
        engine.dispose()

    def rests_end(self) -> None:
        """So much time passes that no CRM rests any more."""
        engine = create_engine(self.state, poolclass=NullPool)
        with engine.begin() as database:
            database.exec_driver_sql("DELETE FROM rest")
        engine.dispose()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query on our database; none where its tables are not made yet."""
        engine = create_engine(self.state, poolclass=NullPool)
        try:
            with engine.connect() as database:
                made = inspect(database).has_table("line")
                return [tuple(row) for row in database.exec_driver_sql(query)] if made else []
        finally:
            engine.dispose()


def canonical(dump: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """A dump in an order of its own; a task is known by what it says, and links to it lead to that."""
    found: dict[str, Any] = {}
    for crm, objects in dump.items():
        tasks, id_name = _GENERATED_IDS[crm]
        names = {
            str(task[id_name]): json.dumps({**task, id_name: ""}, sort_keys=True) for task in objects.get(tasks, [])
        }

        def named(value: Any, names: Mapping[str, str] = names) -> Any:
            match value:
                case dict():
                    return {key: named(each, names) for key, each in value.items()}
                case str() if value.rpartition("/")[2] in names:
                    return names[value.rpartition("/")[2]]
                case _:
                    return value

        found[crm] = {
            object_: sorted(json.dumps(named(record), sort_keys=True) for record in records)
            for object_, records in objects.items()
        }
    return found


def rows(file: Path, query: str) -> list[tuple[Any, ...]]:
    """The rows of a query on a database that nobody writes to now; none where its tables are not made yet."""
    if not file.exists():
        return []
    with closing(sqlite3.connect(file)) as database:
        made = database.execute("SELECT 1 FROM sqlite_master WHERE name = 'line'").fetchone()
        return database.execute(query).fetchall() if made else []


def ground_for(name: str) -> Path:
    """A new folder, in memory where the system has one for that: no SIGKILL loses what a process has written."""
    memory = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix=f"partnersync-{name}-", dir=memory if os.access(memory, os.W_OK) else None))


@contextmanager
def uncollected() -> Iterator[None]:
    """No cycle of dead objects is looked for: of thousands of short lives, whoever plays them says when."""
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def rich(seed: int, size: str, today: date) -> int:
    """The first seed from ``seed`` on whose world of today has enough won, lost and open in each CRM to be harmed.

    A seed makes another world every day: of 24 deals, on 22 November 2026, seed 11 won three in Salesforce.
    """
    for each in count(seed):
        told = [(deal.crm, deal.outcome) for deal in generate(each, size, today).opportunities]
        least = {"won": 4, "lost": 1, "open": 1}
        if all(told.count((crm, of)) >= least[of] for crm in ("salesforce", "hubspot") for of in least):
            break
    return each


def make(home: Path, seed: int, size: str = "tiny", *, keyed: bool = True) -> Path:
    """A rich world of two CRMs, the CSV files and a config; not ``keyed``: no CRM has a unique field for our tasks' keys."""
    home.mkdir(parents=True)
    seed = rich(seed, size, datetime.now(UTC).date())
    with SandboxProcess("--generate", str(seed), "--size", size, "--csv", str(home), db=home / CRM) as sandbox:
        stage = Stage(home, sandbox.url, STATE_URL)
        stage.ask("settings", {"hubspot": {"burst_limit": None, "search_per_second": None}})
        if not keyed:
            _without_keys(sandbox.url)
    text = _DEMO.read_text(encoding="utf-8").partition("guards:")[0]
    text = text.replace(_WON, "when: {opportunity.outcome: won}")
    if not keyed:
        text = text.replace("    crm: salesforce\n", "    crm: salesforce\n    task_key: Nobody_Made_It__c\n")
        for crm in ("salesforce", "hubspot"):  # the sandbox lets nothing land later than this unless it is told to
            text = text.replace(f"    crm: {crm}\n", f"    crm: {crm}\n    lands_within: 1s\n")
    wide = "guards: {first_run: apply, max_changes: 100000, max_share: 100%, max_clears: 100000, max_tasks_per_owner: 100000}\n"
    (home / TEMPLATE).write_text(text + wide, encoding="utf-8")
    return home


def _without_keys(url: str) -> None:
    request = urllib.request.Request(
        f"{url}/crm/v3/properties/tasks/partnersync_key",
        method="DELETE",
        headers={"Authorization": f"Bearer {CREDENTIALS['HUBSPOT_TOKEN']}"},
    )
    urllib.request.urlopen(request, timeout=60).close()


@contextmanager
def served(world: Path, home: Path) -> Iterator[Stage]:
    """A copy of ``world`` in ``home``, served by a sandbox in its own process."""
    shutil.copytree(world, home)
    with SandboxProcess(db=home / CRM) as sandbox:
        text = (home / TEMPLATE).read_text(encoding="utf-8")
        (home / CONFIG).write_text(text.replace("@SALESFORCE@", sandbox.url).replace("@HUBSPOT@", sandbox.url), "utf-8")
        yield Stage(home, sandbox.url, f"sqlite:///{home / STATE}")
