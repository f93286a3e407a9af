"""``partnersync resume``: undo ``halt``, or ask a CRM again before its rest is over."""

from __future__ import annotations

from typing import Annotated

import typer

from partnersync.wording import near
from service.clock import SystemClock
from service.options import DEFAULT_CONFIG, ConfigFile
from service.settings import load
from service.shop import open_database
from state import leases
from state.rests import Rests


def command(
    connection: Annotated[
        str | None, typer.Argument(help="A connection that rests: the next run asks its CRM again, halted or not.")
    ] = None,
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Let writes go on after a halt; the next run decides anew. With a connection, end its rest instead."""
    loaded = load(config)
    names = loaded.settings.connections
    if connection is not None and connection not in names:
        hint = near(connection, names)
        meant = f"; did you mean {hint}?" if hint else f": there are {', '.join(sorted(names))}"
        raise typer.BadParameter(f"no connection is called {connection!r}{meant}", param_hint="CONNECTION")
    database = open_database(loaded, SystemClock())
    try:
        if connection is None:
            leases.resume(database)
            told = "Resumed: the next run writes what is right then."
        elif Rests(database).end(connection):
            told = f"The next run asks {connection} again."
        else:
            told = f"{connection} does not rest."
    finally:
        database.close()
    typer.echo(told)
