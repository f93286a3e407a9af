"""``partnersync erase``: remove a person's data; ids, hashes and figures stay whole."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from service.clock import SystemClock
from service.commands.run import actor
from service.options import DEFAULT_CONFIG, ConfigFile, Json
from service.render import print_json
from service.settings import load
from service.shop import open_database
from state import erase

_ADDRESS = re.compile(r"[^@\s/]+@[^@\s/]+\.[^@\s/]+")
"""Every text that holds what is erased is changed, so half an address must not do."""


def command(
    who: Annotated[str, typer.Argument(help="An e-mail address, or a record such as salesforce/00D…/Account/001…")],
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without this, only say what would be erased.")] = False,
    config: ConfigFile = DEFAULT_CONFIG,
    json: Json = False,
) -> None:
    """Erase a person's payloads; what is left are ids and hashes, so that ledger and audit stay whole."""
    if not (_ADDRESS.fullmatch(who) or who.count("/") == 3):
        raise typer.BadParameter(
            f"{who!r} is neither an e-mail address nor a record such as salesforce/00D…/Contact/003…", param_hint="WHO"
        )
    database = open_database(load(config), SystemClock())
    try:
        found = erase.erase(database, who, actor() if yes else None)
    finally:
        database.close()
    if json:
        print_json({"erased": yes, "payloads": found})
    elif yes:
        typer.echo(
            f"Erased {found:,} stored payloads. Erase the person in the CRM too, or the next pull brings them back."
        )
    else:
        typer.echo(f"{found:,} stored payloads would be erased. Do it with --yes.")
