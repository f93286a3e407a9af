"""``partnersync plan``: the cycle, stopped before it writes anything."""

from __future__ import annotations

from typing import Annotated

import typer

from service.commands.run import fail_if_unreachable, show_stopped
from service.cycle import run_cycle
from service.options import DEFAULT_CONFIG, ConfigFile, Json, Verbose
from service.render import console, plan_as_json, print_json, print_plan
from service.shop import opened
from service.watching import Bars


def command(
    config: ConfigFile = DEFAULT_CONFIG,
    limit: Annotated[int, typer.Option("--limit", help="How many records of each object to show.")] = 20,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Show what would change and why; writes nothing to any CRM and posts nothing."""
    with opened(config, json_logs=json, verbose=verbose) as shop, Bars() as bars:
        report = run_cycle(shop, apply=False, watcher=bars, kind="plan")
    assert report.plan is not None
    if json:
        money = {"lines": report.moved.lines, "gross": report.moved.gross}
        print_json({**plan_as_json(report.plan), "waiting": list(report.reasons), "ledger": money})
    else:
        print_plan(report.plan, limit=limit)
        out = console()
        show_stopped(report.pulled, out)
        if report.moved.lines:
            gross = ", ".join(str(money) for money in report.moved.amounts())
            out.print(f"The ledger would get {report.moved.lines:,} lines, {gross} gross.")
        if report.reasons:
            out.print("It waits for a person, because")
            for reason in report.reasons:
                out.print(f"  - {reason}")
        if report.plan.changes or report.moved.lines:
            out.print("To apply it: partnersync apply")
    fail_if_unreachable(report)
