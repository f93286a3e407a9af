"""``partnersync halt``: the kill switch."""

from __future__ import annotations

import typer

from service.clock import SystemClock
from service.commands.run import actor
from service.options import DEFAULT_CONFIG, ConfigFile
from service.settings import load
from service.shop import open_database
from state import leases


def command(config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Stop every write at once, of a run under way too, until resumed; reading and planning go on."""
    database = open_database(load(config), SystemClock())
    try:
        leases.halt(database, actor())
    finally:
        database.close()
    typer.echo("Halted: nothing is written to any CRM and nothing is posted. Go on with: partnersync resume")
