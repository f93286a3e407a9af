"""An old backup put back: the next run takes what the CRMs say for what they are, our own later writes among them.

The same story is played twice over copies of one world, with the backup restored in the middle and without; both must end with
the same CRMs, the same persons' values kept, the same tasks and the same sums in the ledger.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from sandbox.server import Server, start
from sandbox.world import World
from service.cli import app
from service.cycle import run_cycle
from service.shop import opened
from tests.faults.conftest import Prepared
from tests.faults.kills import differences
from tests.faults.worlds import CONFIG, CREDENTIALS, CRM, REP, STATE, TEMPLATE, canonical, rows

pytestmark = pytest.mark.fault

SUMS = """SELECT p.plan, p.partner, p.currency, f.external, sum(l.minor) FROM line l
          JOIN pool p ON p.workspace = l.workspace AND p.id = l.pool
          JOIN fact f ON f.workspace = l.workspace AND f.id = l.opportunity
          GROUP BY 1, 2, 3, 4 HAVING sum(l.minor) <> 0 ORDER BY 1, 2, 3, 4"""
OVERRIDES = "SELECT external, field, value FROM noted ORDER BY 1, 2, 3"
STORY = ("before anything was read", "before the first write", "after the first write", "two runs later")


@dataclass
class Played:
    """How a story ended."""

    crms: dict[str, Any]
    overrides: list[tuple[Any, ...]]
    sums: list[tuple[Any, ...]]
    tasks: Counter[str] = field(default_factory=Counter)
    quiet: bool = False


@pytest.fixture(scope="session")
def straight(
    prepared: Callable[[bool], Prepared], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[bool], Played]:
    """The story without a restore, with and without unique fields for the keys of tasks; told once each."""

    @cache
    def told(keyed: bool) -> Played:
        return played(prepared(keyed).home, tmp_path_factory.mktemp("straight") / "world", None)

    return told


@pytest.mark.parametrize("keyed", [True, False], ids=["tasks with a key field", "tasks without"])
@pytest.mark.parametrize("backup", STORY)
def test_after_an_old_backup_every_field_ends_right_with_no_override_and_no_second_task(
    prepared: Callable[[bool], Prepared],
    straight: Callable[[bool], Played],
    keyed: bool,
    backup: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)

    expected = straight(keyed)
    restored = played(prepared(keyed).home, tmp_path / "restored", backup)

    assert differences(expected.crms, restored.crms) == []
    assert restored.overrides == expected.overrides
    assert restored.sums == expected.sums
    assert restored.tasks == expected.tasks
    assert expected.quiet
    assert restored.quiet


def played(world: Path, home: Path, backup: str | None) -> Played:
    """Write, let people edit, write twice more, perhaps restore, let a fact change, and run till nothing is left to do."""
    shutil.copytree(world, home)
    with start(World.open(home / CRM)) as server:
        text = (home / TEMPLATE).read_text(encoding="utf-8")
        config = home / CONFIG
        config.write_text(text.replace("@SALESFORCE@", server.url).replace("@HUBSPOT@", server.url), encoding="utf-8")

        def run() -> int:
            with opened(config) as shop:
                counts = run_cycle(shop, approve="dana").done.counts
            return sum(counts[word] for word in ("applied", "verified", "unknown", "pending"))

        def keep(name: str) -> None:
            assert CliRunner().invoke(app, ["db", "backup", str(home / name), "--config", str(config)]).exit_code == 0

        with opened(config):
            keep(STORY[0])
        with opened(config) as shop:
            run_cycle(shop, apply=False)
        keep(STORY[1])
        assert run()
        keep(STORY[2])
        _busy(server, 0)
        run()
        _busy(server, 1)
        run()
        keep(STORY[3])
        _busy(server, 2)
        run()
        if backup is not None:
            done = CliRunner().invoke(app, ["db", "restore", str(home / backup), "--config", str(config)])
            assert done.exit_code == 0, done.output
        _busy(server, 3)
        run()
        left = run()
        found = {vendor.name: {o: vendor.dump(o, False) for o in vendor.objects()} for vendor in server.world.vendors}
        tasks = Counter(str(task.get("Partnersync_Key__c") or task["Subject"]) for task in found["salesforce"]["Task"])
        return Played(canonical(found), rows(home / STATE, OVERRIDES), rows(home / STATE, SUMS), tasks, quiet=not left)


def _busy(server: Server, day: int) -> None:
    """A rep's day: amounts and stages of deals change, a value of ours is typed over, a task is done."""
    salesforce, hubspot = server.world.salesforce, server.world.hubspot
    deals = sorted(salesforce.dump("Opportunity", False), key=lambda row: str(row["Id"]))
    won = [row for row in deals if row["StageName"] == "Closed Won" and row["Amount"]]
    salesforce.edit("Opportunity", str(won[day % len(won)]["Id"]), {"Amount": 10_000 + 1_000 * day}, REP)
    moved = sorted(hubspot.dump("deals", False), key=lambda row: int(row["id"]))
    hubspot.edit("deals", str(moved[day]["id"]), {"amount": str(20_000 + day)}, REP)
    ours = [row for row in salesforce.dump("Account", False) if row["Partner__c"]]
    if day == 1 and ours:
        first = min(ours, key=lambda row: str(row["Id"]))
        salesforce.edit("Account", str(first["Id"]), {"Partner__c": "Dana's own choice"}, REP)
    tasks = sorted(salesforce.dump("Task", False), key=lambda row: str(row["Subject"]))
    if day == 2 and tasks:
        salesforce.edit("Task", str(tasks[0]["Id"]), {"Status": "Completed"}, REP)
