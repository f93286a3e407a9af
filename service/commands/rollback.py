"""``partnersync rollback``: take back what one run wrote and posted."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from partnersync.errors import ConnectorError
from service.commands.run import actor
from service.options import DEFAULT_CONFIG, ConfigFile, Json, Verbose
from service.overview import record
from service.render import console, plan_as_json, print_json, print_plan
from service.shop import opened
from service.steps.rollback import Rollback, roll_back

SHOWN = 20


def command(
    run: Annotated[int, typer.Argument(help="The run's number, as `partnersync status` lists it.")],
    approve: Annotated[
        str | None, typer.Option("--approve", help="Do it: the number of the plan that you read, or its beginning.")
    ] = None,
    config: ConfigFile = DEFAULT_CONFIG,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Show what taking a run back would write and post, and what is left; with --approve, do it and hold it."""
    with opened(config, json_logs=json, verbose=verbose) as shop:
        found = roll_back(shop, run, actor(), approve)
    if json:
        print_json(_told(found))
    else:
        _print(found, console())
    if found.failed:
        raise ConnectorError("; ".join(f"{name}: {why}" for name, why in sorted(found.failed.items())))


def _told(found: Rollback) -> dict[str, object]:
    lines = [
        {"opportunity": line.key.opportunity, "partner": line.key.partner, "plan": line.key.plan, "minor": line.minor,
         "currency": line.key.currency, "posted_period": line.posted_period}
        for line in found.lines
    ]  # fmt: skip
    return {
        "run": found.run.id,
        "digest": found.digest,
        "plan": plan_as_json(found.plan),
        "lines": lines,
        "left": found.left,
        "over_limits": found.reasons,
        "applied": dict(found.done.counts) if found.done else None,
    }


def _print(found: Rollback, out: Console) -> None:
    if found.plan.changes:
        print_plan(found.plan, limit=SHOWN, out=out)
    else:
        out.print("Nothing to put back: no field and no task of that run is as it left them.")
    if found.lines:
        net = ", ".join(str(money) for money in found.amounts)
        out.print(f"Ledger: {len(found.lines):,} lines that reverse those of the run, {net}.")
    if found.left:
        out.print(f"Left as it is: {len(found.left):,}")
    for each in found.left[:SHOWN]:
        out.print(Text(f"  {record(each.ref)} {each.what}: {each.why}"))
    if len(found.left) > SHOWN:
        out.print(f"  … and {len(found.left) - SHOWN:,} more (--json lists all)")
    if found.done is None:
        _ask(found, out)
        return
    counts = found.done.counts
    out.print(f"{counts['verified'] + counts['applied']:,} put back, {len(found.lines):,} lines posted.")
    for outcome in found.done.noteworthy[:SHOWN]:
        out.print(Text(f"  {outcome.status}: {outcome.message}"))
    if found.held:
        out.print("What the run wrote is not written again until another value is wanted: partnersync hold list")


def _ask(found: Rollback, out: Console) -> None:
    if found.reasons:
        out.print("Look twice, because")
        for reason in found.reasons:
            out.print(Text(f"  - {reason}"))
    if found.plan.changes or found.lines or found.held:
        out.print(f"To do it: partnersync rollback {found.run.id} --approve {found.digest[:12]}")
