"""``partnersync check``: every mistake in the config and its files at once; with ``--online`` in the CRMs as well."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Timer
from typing import Annotated, Any

import typer

from connectors.base import Budget, Freshness, Surroundings
from partnersync.clock import Clock
from partnersync.errors import ConfigError, Problem
from partnersync.records import Identity
from service.advice import advice
from service.clock import SystemClock
from service.named import origins, written
from service.online import Online
from service.online import online as compared
from service.options import DEFAULT_CONFIG, ConfigFile, Json
from service.render import print_json
from service.secrets import Secrets
from service.settings import Loaded, load
from service.sheets import Sheets, look

PATIENCE = 8.0
"""Seconds after which a CRM that does not answer is no longer waited for: somebody sits before the screen."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What the check found; with ``problems`` the exit code is 2."""

    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...] = ()
    counted: tuple[tuple[str, int], ...] = ()
    rows: tuple[tuple[str, int], ...] = ()
    signed_in: tuple[tuple[str, Identity], ...] = ()


class NoMeter:
    """Counts nothing and never waits: a check makes a handful of calls and has no database to count them in."""

    def count(self, connection: str, freshness: Freshness, endpoint: str, status: int | None) -> None:
        """Not counted."""

    def learn(self, connection: str, budget: Budget) -> None:
        """Not remembered."""

    def wait(self, connection: str, bucket: str) -> float:
        """Now."""
        return 0.0

    def answered(self, connection: str, bucket: str) -> None:
        """Nobody waits for it."""

    def full(self, connection: str, bucket: str, limit: int, seconds: float) -> None:
        """Not remembered."""

    def rest(self, connection: str, seconds: float | None, reason: str) -> None:
        """Not remembered."""


def command(
    config: ConfigFile = DEFAULT_CONFIG,
    online: Annotated[
        bool, typer.Option("--online", help="Sign in and compare every field with what the CRM has and lets us do.")
    ] = False,
    json: Json = False,
) -> None:
    """Find every mistake in the config and the CSV files it names; changes nothing anywhere."""
    found = checked(config, SystemClock(), crms=online)
    if json:
        print_json(as_json(found))
    else:
        _print(found, config)
    if found.problems:
        raise typer.Exit(ConfigError.exit_code)


def checked(config: Path, clock: Clock, *, crms: bool = False) -> Checked:
    """The config checked, its files, and with ``crms`` its connections."""
    try:
        loaded = load(config)
    except ConfigError as error:
        return Checked(error.problems)
    sheets = look(loaded, clock.now().date())
    asked = _asked(loaded, clock) if crms else Online()
    hints = advice(loaded.settings, frozenset(sheets.partner_types) or None)
    told = [loaded.source.problem(fault.where, fault.message, fault.hint, at_key=fault.at_key) for fault in hints]
    return Checked(
        tuple(sorted([*sheets.problems, *asked.problems])),
        tuple(sorted([*told, *sheets.warnings, *asked.warnings])),
        tuple(_counted(loaded, sheets).items()),
        tuple(sheets.rows.items()),
        tuple(asked.signed_in.items()),
    )


def _asked(loaded: Loaded, clock: Clock) -> Online:
    stop = Event()
    patience = Timer(PATIENCE, stop.set)  # a connector gives up waiting once it is told to stop
    patience.daemon = True
    patience.start()
    try:
        return compared(loaded, Secrets(os.environ, loaded.home), Surroundings(clock, stop, NoMeter()))
    finally:
        patience.cancel()


def _counted(loaded: Loaded, sheets: Sheets) -> dict[str, int]:
    settings = loaded.settings
    found = list(origins(settings))
    sections = settings.writeback.values()
    return {
        "connections": len(settings.connections),
        "objects": len({each.name for each in found if each.name.connection in settings.connections}),
        "files": len(sheets.rows),
        "attribution rules": sum(
            len(getattr(settings.attribution, role)) for role in type(settings.attribution).model_fields
        ),
        "plans": len(settings.commission.plans) if settings.commission else 0,
        "fields written": len({(each.connection, each.object, each.field) for each in written(settings)}),
        "tasks": sum(len(section.tasks) for section in sections),
    }


def as_json(found: Checked) -> dict[str, Any]:
    """The result for machines."""
    return {
        "ok": not found.problems,
        "problems": list(found.problems),
        "warnings": list(found.warnings),
        "counted": dict(found.counted),
        "rows": dict(found.rows),
        "signed_in": dict(found.signed_in),
    }


def _print(found: Checked, config: Path) -> None:
    for problem in found.problems:
        typer.echo(str(problem), err=True)
    for warning in found.warnings:
        typer.echo(f"warning: {warning}", err=True)
    if found.problems:
        count = len(found.problems)
        typer.echo(f"{count} mistake{'s' if count > 1 else ''}. Nothing was changed.", err=True)
        return
    for name, identity in found.signed_in:
        typer.echo(f"{name}: signed in to {identity.name or identity.org} ({identity.org})")
    for name, rows in found.rows:
        typer.echo(f"{name}: {rows:,} rows")
    typer.echo(", ".join(f"{number} {word}" for word, number in found.counted))
    typer.echo(f"{config} is right." if not found.warnings else f"{config} can be used; see the warnings.")
