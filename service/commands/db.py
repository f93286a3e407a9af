"""``partnersync db``: upgrade, back up and restore the database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from service.options import DEFAULT_CONFIG, ConfigFile
from service.settings import load
from service.shop import database_url
from state import backup as backups
from state import migrate

app = typer.Typer(help="Look after the database.", no_args_is_help=True)


@app.command()
def upgrade(config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Bring the database to this version's form; does nothing if it is."""
    before, after = migrate.upgrade(database_url(load(config)))
    typer.echo(
        f"The database is at {after}." if before == after else f"Upgraded from {before or 'nothing'} to {after}."
    )


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="Where to write it.")], config: ConfigFile = DEFAULT_CONFIG
) -> None:
    """Copy the database while it is in use."""
    backups.backup(database_url(load(config)), file)
    typer.echo(f"Wrote {file} ({file.stat().st_size:,} bytes).")


@app.command()
def restore(file: Annotated[Path, typer.Argument(help="A backup.")], config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Put a backup in the database's place; the next cycle first recollects what was written since."""
    backups.restore(database_url(load(config)), file)
    typer.echo(f"Restored {file}. The next run first recollects from the CRMs what was written since.")
