"""``partnersync resume``: undo ``halt``."""

from __future__ import annotations

import typer

from service.clock import SystemClock
from service.options import DEFAULT_CONFIG, ConfigFile
from service.settings import load
from service.shop import open_database
from state import leases


def command(config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Let writes go on after a halt; the next run decides anew."""
    database = open_database(load(config), SystemClock())
    try:
        leases.resume(database)
    finally:
        database.close()
    typer.echo("Resumed: the next run writes what is right then.")
