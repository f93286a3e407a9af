"""``partnersync apply``: send the changes of a plan that a person has read."""

from __future__ import annotations

from typing import Annotated

import typer

from partnersync.errors import StateError
from service.commands.run import actor, fail_if_unreachable, show
from service.cycle import run_cycle
from service.options import DEFAULT_CONFIG, ConfigFile, Json, Verbose
from service.shop import opened
from service.watching import Bars
from state.plans import Plans


def command(
    plan: Annotated[
        str | None, typer.Argument(help="The plan's number, or its beginning; without one, the newest.")
    ] = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="Send all of it or nothing: refuse if anything moved.")
    ] = False,
    config: ConfigFile = DEFAULT_CONFIG,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Apply a plan: what of it still holds is sent, what moved is listed, nothing else is touched."""
    with opened(config, json_logs=json, verbose=verbose) as shop, Bars() as bars:
        approved = Plans(shop.database).find(plan)
        if approved is None:
            what = f"no plan begins with {plan}" if plan else "there is no plan yet"
            raise StateError(f"{what}: run `partnersync plan` first")
        report = run_cycle(shop, approve=actor(), approved=approved, exact=exact, watcher=bars, kind="apply")
    show(report, json=json)
    fail_if_unreachable(report)
