"""``partnersync run``: one whole cycle."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from connectors.base import Freshness
from partnersync.errors import ConnectorError, UnsafePlanError
from service.cycle import Report, run_cycle
from service.options import DEFAULT_CONFIG, ConfigFile, Json, Verbose
from service.render import console, plan_as_json, print_json, print_plan, summary
from service.shop import opened
from service.steps.pull import Pulled
from service.watching import Bars

Full = Annotated[bool, typer.Option("--full", help="Read everything anew, not only what changed.")]


def command(
    config: ConfigFile = DEFAULT_CONFIG,
    approve: Annotated[
        bool, typer.Option("--approve", help="Say yes to this version of the config, and to a plan over its limits.")
    ] = False,
    full: Full = False,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Pull, decide, plan and apply once."""
    with opened(config, json_logs=json, verbose=verbose) as shop, Bars() as bars:
        freshness: Freshness = "cold" if full else "hot"
        work = dict.fromkeys(shop.settings.connections, freshness)
        try:
            report = run_cycle(shop, work, approve=actor() if approve else None, watcher=bars)
        except UnsafePlanError as error:
            if json:
                print_json({"waiting": list(error.reasons), "plan": plan_as_json(error.plan)})
            else:
                bars.__exit__(None, None, None)
                print_plan(error.plan, limit=3)
                console().print("To apply it: partnersync apply   (or: partnersync run --approve)")
            raise
    show(report, json=json)
    fail_if_unreachable(report)


def actor() -> str:
    """Who runs this command, for the record."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "somebody"


def fail_if_unreachable(report: Report) -> None:
    """Raises:
    ConnectorError: a connection could not be read or written.
    """
    if report.failed:
        raise ConnectorError("; ".join(f"{name}: {reason}" for name, reason in sorted(report.failed.items())))


def show(report: Report, *, json: bool) -> None:
    """Print what a cycle did."""
    if json:
        told = {"counts": report.counts(), "waiting": list(report.reasons)}
        print_json(told | ({"plan": plan_as_json(report.plan)} if report.plan else {}))
        return
    out = console()
    pulled, plan = report.pulled.counts, report.plan
    changed = sum(pulled[word] for word in ("new", "changed", "deleted", "restored", "merged"))
    if pulled["seen"]:
        out.print(f"Read {pulled['seen']:,} records, {changed:,} of them new or changed.")
    else:
        out.print("Nothing is new in the CRMs.")
    show_stopped(report.pulled, out)
    if pulled["quarantined"] or pulled["unreadable"]:
        unread = pulled["quarantined"] + pulled["unreadable"]
        out.print(f"{unread:,} could not be read and were set aside: partnersync status")
    if report.posted:
        out.print(f"Posted {report.posted:,} ledger lines.")
    if plan is None or not plan.changes:
        out.print("No change: the CRMs say what they should.")
        return
    out.print(f"Plan {plan.digest[:12]}: {summary(plan)}.")
    applied = report.done.counts
    good = applied["verified"] + applied["applied"]
    sent = good or any(applied[status] for status in ("conflict", "rejected", "unknown", "pending"))
    out.print(f"{good:,} written and read back{_rest(applied)}." if sent else "Nothing had to be written.")
    for outcome in report.done.noteworthy[:10]:
        out.print(f"  {outcome.status}: {outcome.change.why or ''} {outcome.message}".rstrip())
    if len(report.done.noteworthy) > 10:
        out.print(f"  … and {len(report.done.noteworthy) - 10} more: partnersync status")


def show_stopped(pulled: Pulled, out: Console) -> None:
    """Print which sources stand still, and what has to be mended."""
    for name, problem in sorted(pulled.stopped.items()):
        out.print(f"{name} stands still, the CRM no longer gives what it maps:", style="yellow")
        out.print(Text(f"  {problem}"))


def _rest(counts: dict[str, int]) -> str:
    words = {
        "conflict": "moved meanwhile",
        "rejected": "refused by the CRM",
        "parked": "refused before and not tried again now",
        "unknown": "not known yet",
        "pending": "to be sent again",
    }
    parts = [f"{counts[status]:,} {word}" for status, word in words.items() if counts.get(status)]
    return "".join(f", {part}" for part in parts)
