"""``partnersync demo``: a session that a person could have typed, on two simulated CRMs filled from a seed."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import typer

from partnersync.ids import Ref
from service.render import console, progress
from service.shop import opened
from state.ledger import Ledger
from state.standings import Standings

CREDENTIALS = {
    "SF_CLIENT_ID": "sandbox-client",
    "SF_CLIENT_SECRET": "sandbox-secret",
    "HUBSPOT_TOKEN": "pat-na1-sandbox-token",
}
OURS = {"salesforce": ("Opportunity", "Partner__c"), "hubspot": ("deals", "partnersync_partner")}
REP = "Robin Reyes"


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the demo plays: a folder with the config and the CSV files, and the sandbox's address."""

    home: Path
    url: str

    @property
    def config(self) -> Path:
        """The config file."""
        return self.home / "partnersync.yaml"

    def ask(self, path: str, body: Any = None) -> Any:
        """Talk to the sandbox's control."""
        payload = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_sandbox/{path}", payload, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")


def command(
    seed: Annotated[int, typer.Option(help="Another seed makes another world.")] = 7,
    size: Annotated[str, typer.Option(help="tiny, small, medium, large, or OPPORTUNITIES/ACCOUNTS per CRM.")] = "small",
    keep: Annotated[bool, typer.Option("--keep", help="Leave the folder and the sandbox standing.")] = False,
) -> None:
    """Show the whole job on a simulated Salesforce and HubSpot."""
    from sandbox.process import SandboxProcess

    home = Path(tempfile.mkdtemp(prefix="partnersync-demo-")) if not keep else _kept_folder()
    out = console()
    out.print(f"A Salesforce and a HubSpot with a partner programme, from seed {seed}, size {size}.")
    with progress() as bars:
        bars.add_task("Making two CRMs", total=None)
        sandbox = SandboxProcess(
            "--generate", str(seed), "--size", size, "--csv", str(home), db=home / "crm.db", keep=keep, wait_s=240
        )
    try:
        stage = Stage(home, sandbox.url)
        config = (files("service") / "templates" / "demo.yaml").read_text(encoding="utf-8")
        stage.config.write_text(
            config.replace("@SALESFORCE@", sandbox.url).replace("@HUBSPOT@", sandbox.url), encoding="utf-8"
        )
        os.environ.update(CREDENTIALS)
        _play(stage)
        _next_steps(stage, sandbox.pid if keep else None)
    finally:
        if not keep:
            sandbox.stop()
            shutil.rmtree(home, ignore_errors=True)


def _play(stage: Stage) -> None:
    out = console()
    out.print(f"They are at {stage.url}; the config and the partner portal's CSV files are in {stage.home}.\n")
    _type(stage, "What would partnersync change? Nothing is written yet.", ["plan", "--limit", "2"])
    _type(stage, "A person has read the plan and says yes.", ["apply"])
    edited = _edit_as_a_rep(stage)
    stage.ask("counters/reset", {})
    _type(stage, "Run again: the two edits stay, and nothing else changes.", ["run"])
    _show_survivors(stage, edited)
    partner, deal = _best_paid(stage)
    if partner and deal:
        _type(stage, "What one partner is owed, and why.", ["statement", partner])
        _type(stage, "Every figure explains itself; one line of them:", ["explain", str(deal), "--line", "1"])


def _type(stage: Stage, why: str, words: Sequence[str]) -> None:
    """Run a command as a person would type it."""
    from service.cli import app

    out = console()
    out.rule(style="dim")
    out.print(why, style="bold")
    out.print(f"$ partnersync {' '.join(words)}\n", style="cyan", soft_wrap=True)
    app([*words, "--config", str(stage.config)], standalone_mode=False)
    out.print()


def _edit_as_a_rep(stage: Stage) -> list[tuple[str, str, str, str]]:
    """One record of each CRM, whose partner field we wrote: (crm, object, id, field)."""
    out = console()
    out.rule(style="dim")
    out.print(f"{REP}, a sales rep, changes the partner on one record of each CRM by hand.", style="bold")
    edited = []
    for crm, (object_, field) in OURS.items():
        found = _one_of_ours(stage, crm, object_, field)
        if found is None:
            continue
        id_, said = found
        stage.ask("edit", {"crm": crm, "object": object_, "id": id_, "fields": {field: f"{REP}'s choice"}, "as": REP})
        out.print(f"  {crm} {object_} {id_}: {field} was {said!r}, is now {f'{REP}' + chr(39) + 's choice'!r}")
        edited.append((crm, object_, id_, field))
    out.print()
    return edited


def _one_of_ours(stage: Stage, crm: str, object_: str, field: str) -> tuple[str, str] | None:
    with opened(stage.config) as shop:
        for ref, name, value in Standings(shop.database).ours():
            if (ref.crm, ref.object, name) == (crm, object_, field) and value:
                return ref.id, value
    return None


def _show_survivors(stage: Stage, edited: Sequence[tuple[str, str, str, str]]) -> None:
    out = console()
    for crm, object_, id_, field in edited:
        dumped = stage.ask(f"dump?crm={crm}&object={object_}")
        out.print(f"  {crm} {object_} {id_} still says {_value(dumped, id_, field)!r}")
    totals = stage.ask("counters")["totals"]
    writes = sum(each["writes"] for each in totals.values())
    calls = ", ".join(f"{crm} {each['calls']}" for crm, each in sorted(totals.items()))
    out.print(f"  The CRMs' own counters since then: {writes} writes ({calls} calls); see for yourself:")
    out.print(f"  curl {stage.url}/_sandbox/counters", soft_wrap=True)
    out.print()


def _value(dumped: Any, id_: str, field: str) -> Any:
    rows = dumped.get("records", dumped) if isinstance(dumped, dict) else dumped
    for row in rows if isinstance(rows, list) else rows.values():
        held = row.get("properties", row)
        if id_ in (row.get("Id"), row.get("id")):
            return held.get(field)
    return None


def _best_paid(stage: Stage) -> tuple[str | None, Ref | None]:
    """The partner with the largest sum, and its largest line's deal."""
    sums: dict[str, int] = {}
    best: dict[str, tuple[int, Ref]] = {}
    with opened(stage.config) as shop:
        for line in Ledger(shop.database).lines():
            key = line.key
            sums[key.partner] = sums.get(key.partner, 0) + line.minor
            best[key.partner] = max(best.get(key.partner, (0, key.opportunity)), (line.minor, key.opportunity))
    if not sums:
        return None, None
    partner = max(sorted(sums), key=lambda one: sums[one])
    return partner, best[partner][1]


def _next_steps(stage: Stage, pid: int | None) -> None:
    out = console()
    out.rule(style="dim")
    if pid is None:
        out.print("Everything was cleaned up. To play on with this world: make demo KEEP=1")
        return
    exports = " ".join(f"{name}={value}" for name, value in CREDENTIALS.items())
    out.print("Everything is still there. Try:", style="bold")
    for line in (
        f"cd {stage.home}",
        f"export {exports}",
        f'export PATH="{Path(sys.executable).parent}:$PATH"',
        "partnersync status",
        "$EDITOR partnersync.yaml        # change a percent, then:",
        "partnersync plan",
        "partnersync run --approve",
        f"kill {pid}        # ends the sandbox",
    ):
        out.print(f"  {line}", soft_wrap=True)


def _kept_folder() -> Path:
    """``demo-world`` here, or the next free name."""
    for number in range(1, 1000):
        folder = Path(f"demo-world{'' if number == 1 else number}").resolve()
        if not folder.exists():
            folder.mkdir()
            return folder
    raise typer.BadParameter("there are too many demo-world folders here")
