"""Published rates of exchange from a CSV file (``date,from,to,rate``), each wrong row named with its line."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

from partnersync.errors import ConfigError, Problem
from partnersync.lines import RateRow
from partnersync.money import exponent, parse_amount

COLUMNS = ("date", "from", "to", "rate")


def read_rates(path: Path) -> tuple[RateRow, ...]:
    """Every row, in the file's order.

    Raises:
        ConfigError: the file cannot be read, lacks a column, or has wrong rows (all of them are named).
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            lacking = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if lacking:
                found = ", ".join(reader.fieldnames or ()) or "nothing"
                said = f"lacks the column {lacking[0]!r}"
                raise ConfigError([Problem(str(path), 1, 1, "", said, f"expected {', '.join(COLUMNS)}; found {found}")])
            problems: list[Problem] = []
            rows = tuple(_rows(reader, path, problems))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or "it is not a CSV file in UTF-8"
        raise ConfigError([Problem(str(path), 0, 0, "", f"the rates cannot be read: {reason}")]) from error
    if problems:
        raise ConfigError(problems)
    return rows


def _rows(reader: csv.DictReader[str], path: Path, problems: list[Problem]) -> Iterator[RateRow]:
    for row in reader:
        try:
            yield _row(row)
        except (ValueError, AttributeError) as error:
            problems.append(Problem(str(path), reader.line_num, 1, "", str(error) or "is not a rate"))


def _row(row: dict[str, str]) -> RateRow:
    base, quote = row["from"].strip(), row["to"].strip()
    exponent(base)
    exponent(quote)
    rate = parse_amount(row["rate"])
    if rate <= Decimal(0):
        raise ValueError(f"a rate must be above zero, found {row['rate']!r}")
    return RateRow(date.fromisoformat(row["date"].strip()), base, quote, rate)
