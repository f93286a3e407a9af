"""``partnersync status``: where everything stands, what waits and for whom; asks no CRM."""

from __future__ import annotations

import textwrap
from collections.abc import Sized
from datetime import datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from service.options import DEFAULT_CONFIG, ConfigFile, Json
from service.overview import Class, Connection, Stand, stand
from service.render import console, plain, print_json
from service.shop import looking

FEW = 3
WORDS = {
    "conflict": "moved in the CRM before we wrote; the next run decides anew",
    "rejected": "refused by the CRM",
    "unknown": "not known whether it landed; the next run looks",
    "inflight": "being sent, or a run was killed; the next run looks",
    "pending": "to be sent again by the next run",
    "parked": "refused by the CRM; sent again when something about it changes, or by partnersync apply",
}
READS = {"hot": "what changed", "warm": "deletions, merges, people", "cold": "everything, once more"}


def command(
    findings: Annotated[str | None, typer.Option("--findings", help="List the findings of this code.")] = None,
    config: ConfigFile = DEFAULT_CONFIG,
    json: Json = False,
) -> None:
    """Show connections, last runs, what waits for a person, what was set aside, and what looks wrong."""
    with looking(config) as shop:
        found = stand(shop)
    if findings is not None:
        _findings(found, findings, json)
    elif json:
        print_json(plain(found))
    else:
        _print(found, console())


def _findings(found: Stand, code: str, json: bool) -> None:
    """Raises:
    typer.BadParameter: no finding has this code.
    """
    listed = [each for each in found.findings if each.code == code]
    if not listed:
        known = ", ".join(sorted({each.code for each in found.findings})) or "no findings at all"
        raise typer.BadParameter(f"no finding is called {code!r}; there is {known}", param_hint="--findings")
    if json:
        print_json({"code": code, "count": len(listed), "findings": plain(listed)})
        return
    out = console()
    out.print(f"{len(listed):,} {code}")
    for each in listed:
        _line(out, f"  {each.record}  {each.name}")
        _told(out, each.message, 6)


def _print(found: Stand, out: Console) -> None:
    _line(out, f"Workspace {found.workspace}", style="bold")
    _line(out, f"  config version {found.config}{_approval(found)}")
    if found.halted_by:
        _line(out, f"  halted by {found.halted_by}: nothing is sent until it is resumed", style="bold red")
    if found.recovering:
        _told(out, "restored from a backup: the next run first recollects what was written since", 2)
    if found.undecided:
        _line(out, f"  {found.undecided:,} opportunities changed and wait for the next run")
    for each in found.connections:
        _connection(each, found.now, out)
    _runs(found, out)
    _waits(found, out)
    _drifts(found, out)
    _held(found, out)
    _aside(found, out)
    _wrong(found, out)


def _approval(found: Stand) -> str:
    if found.approved_by is None:
        return ", approved by nobody yet: partnersync run --approve"
    return f", approved by {found.approved_by}"


def _connection(each: Connection, now: datetime, out: Console) -> None:
    out.print()
    org = f"{each.crm} {each.org}" if each.org else "never signed in"
    _line(out, Text.assemble((each.name, "bold"), f"  {org}"))
    if each.rest:
        _told(out, f"rests until {each.rest.until:%Y-%m-%d %H:%M} UTC: {each.rest.reason}", 2)
        _told(out, f"to ask it again at once: partnersync resume {each.name}", 2)
    elif each.problem:
        _told(out, f"the last run could not use it: {each.problem}", 2)
    for freshness in each.classes:
        _line(out, f"  {READS[freshness.kind]:<27}{_last(freshness, now)}")
    for allowance in each.allowances:
        left = max(0, allowance.limit - allowance.used)
        _line(out, f"  {f'calls left ({allowance.name})':<27}{left:,} of {allowance.limit:,}, {ago(now, allowance.at)}")
    if each.calls:
        told = ", ".join(f"{count:,} {kind}" for kind, count in sorted(each.calls.items()))
        _line(out, f"  {'calls today (UTC)':<27}{told}")


def _last(freshness: Class, now: datetime) -> str:
    last = ago(now, freshness.last) if freshness.last else "never yet"
    match freshness.delay:
        case None:
            return f"{last}; not scheduled"
        case delay:
            return f"{last}; at most {span(delay)} late"


def _runs(found: Stand, out: Console) -> None:
    out.print()
    _line(out, "Last runs", style="bold")
    if not found.runs:
        out.print("  none yet: partnersync plan")
    for run in found.runs:
        took = f", {(run.ended_at - run.started_at).total_seconds():.1f} s" if run.ended_at else ""
        style = "red" if run.status in ("failed", "killed") else "yellow" if run.status == "waiting" else ""
        head = f"  #{run.id:<4} {run.kind:<10} {run.status:<8} {ago(found.now, run.started_at)}{took}, by {run.actor}"
        _line(out, head, style=style)
        if run.message and run.status != "done":
            _told(out, run.message, 8)


def _waits(found: Stand, out: Console) -> None:
    out.print()
    _line(out, "What waits", style="bold")
    if not found.plan and not found.troubled:
        out.print("  nothing")
    if found.plan:
        _line(out, f"  plan {found.plan.digest[:12]} waits for a person, because")
        for reason in found.plan.reasons:
            _told(out, f"- {reason}", 4)
        out.print(f"    read it: partnersync plan    apply it: partnersync apply {found.plan.digest[:12]}")
    for status, several in found.by_status().items():
        _line(out, f"  {len(several):,} {status}: {WORDS.get(status, '')}")
        for write in several[:FEW]:
            told = ", ".join(write.fields) or "task"
            why = f": {write.code or ''} {write.message}".rstrip(": ")
            _line(out, f"    {write.record}  {told}{why}")
        _more(out, several)


def _drifts(found: Stand, out: Console) -> None:
    if not found.drifts:
        return
    out.print()
    _line(out, "Where the CRMs no longer fit the config", style="bold")
    for each in sorted(found.drifts, key=lambda each: each.stands_still is None):
        if each.stands_still:
            _line(out, f"  {each.stands_still} stands still, seen {ago(found.now, each.since)}", style="yellow")
        _told(out, each.problem, 6 if each.stands_still else 2)


def _held(found: Stand, out: Console) -> None:
    if not found.held:
        return
    out.print()
    _line(out, f"Held back: {len(found.held):,}", style="bold")
    for each in found.held[:FEW]:
        _told(out, each.sentence, 2)
    _more(out, found.held)
    out.print("  let go of it: partnersync hold release")


def _aside(found: Stand, out: Console) -> None:
    if not found.quarantined:
        return
    out.print()
    _line(out, f"Set aside because they could not be read: {len(found.quarantined):,}", style="bold")
    for each in found.quarantined[:FEW]:
        _line(out, f"  {each.record} ({each.kind})")
        _told(out, each.reason, 6)
    _more(out, found.quarantined)


def _wrong(found: Stand, out: Console) -> None:
    out.print()
    _line(out, "Findings", style="bold")
    if not found.findings:
        out.print("  none")
    for code, several in found.by_code().items():
        first, rest = several[0], len(several) - 1
        _line(out, f"  {len(several):>5,} {code} ({first.severity})")
        more = f" and {rest:,} more" if rest else ""
        _told(out, f"{first.message}: {first.name or first.record}{more}", 8)
    if found.findings:
        out.print("  list them: partnersync status --findings CODE")


def _more(out: Console, listed: Sized) -> None:
    rest = len(listed) - FEW
    if rest > 0:
        out.print(f"    … and {rest:,} more (--json lists all)")


def _told(out: Console, text: str, indent: int) -> None:
    """A text of any length, with a hanging indent."""
    more = " " * (indent + 2)
    for row in textwrap.wrap(text, out.width, initial_indent=" " * indent, subsequent_indent=more):
        out.print(Text(row))


def _line(out: Console, text: str | Text, style: str = "") -> None:
    line = Text(text, style=style) if isinstance(text, str) else text
    line.truncate(out.width, overflow="ellipsis")
    out.print(line)


def ago(now: datetime, at: datetime) -> str:
    """``3 min ago``."""
    passed = now - at
    return "just now" if passed < timedelta(minutes=1) else f"{span(passed)} ago"


def span(length: timedelta) -> str:
    """``15 min``, ``2 h``, ``3 days``: as exact as a person asks for."""
    minutes = int(length.total_seconds()) // 60
    if minutes < 60 or (minutes < 120 and minutes % 60):
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} days"
