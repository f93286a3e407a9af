"""``partnersync statement``: what a partner was owed, by period, from the ledger alone; as text, CSV or JSON."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import orjson
import typer

from partnersync.clock import local_day
from partnersync.errors import PartnersyncError
from service import finding
from service.naming import Names
from service.options import DEFAULT_CONFIG, ConfigFile
from service.render import plain
from service.shop import Shop, looking
from service.statements import Account, as_csv, as_json, as_text, statements
from service.steps.rules import Rules, rules_of_the_day
from state.ledger import Ledger


class Format(StrEnum):
    """How a statement is written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


def command(
    partner: Annotated[str, typer.Argument(help="The partner: its id, name, alias or domain.")],
    period: Annotated[
        str | None, typer.Option("--period", help="Such as FY2027-Q1; without it, the newest that has lines.")
    ] = None,
    format_: Annotated[Format, typer.Option("--format", help="How to write it.")] = Format.TABLE,
    out: Annotated[Path | None, typer.Option("--out", help="Write it to this file.")] = None,
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Print a partner's statement: opening, what was earned and corrected, closing. Made from the ledger alone."""
    with looking(config) as shop:
        rules = rules_of_the_day(shop, shop.clock.now())
        names = Names(shop, rules.book)
        found = _found(shop, rules, partner, period)
        written = _written(found, names, format_)
    if out is None:
        sys.stdout.buffer.write(written)
        sys.stdout.flush()
        return
    try:
        out.write_bytes(written)
    except OSError as error:
        raise PartnersyncError(f"cannot write {out}: {(error.strerror or str(error)).lower()}") from error
    count = sum(len(section.items) for each in found.statements for section in each.sections)
    typer.echo(
        f"Wrote {out}: {len(found.statements)} statement{'' if len(found.statements) == 1 else 's'}, {count} lines."
    )


def _found(shop: Shop, rules: Rules, partner: str, period: str | None) -> Account:
    """The partner's statements of a period, one per programme and currency.

    Raises:
        typer.BadParameter: no such partner or period.
    """
    ledger = Ledger(shop.database)
    named = finding.partner(rules.book, partner, ledger.partners())
    lines = tuple(ledger.lines(partner=named))
    calendar = rules.periods.calendar
    if period is not None:
        try:
            calendar.period(period)
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint="--period") from error
    today = local_day(rules.as_of, calendar.timezone)
    return statements(named, lines, calendar, period, today)


def _written(found: Account, names: Names, format_: Format) -> bytes:
    match format_:
        case Format.CSV:
            return as_csv(found, names)
        case Format.JSON:
            return orjson.dumps(plain(as_json(found, names)), option=orjson.OPT_INDENT_2) + b"\n"
        case Format.TABLE:
            return as_text(found, names).encode()
