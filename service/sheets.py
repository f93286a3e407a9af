"""The CSV files that the config names, looked at before a run: there, with every column, their broken rows counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from difflib import get_close_matches
from itertools import islice
from pathlib import Path

from connectors.files.header import Header, read_header
from connectors.files.reading import FileLayout, Reading, opened
from mapping.roster import RosterReader
from partnersync.errors import ConfigError, ConnectorError, Problem
from partnersync.facts import Partner
from partnersync.placing import Fault
from partnersync.records import RawRecord, Unreadable
from partnersync.source import Where
from service.named import Origin, Read, origins, read
from service.rates import read_rates
from service.settings import Loaded

FILES = "file"
_SHOWN = 5


@dataclass(slots=True)
class Sheets:
    """What was found in the files: problems stop a run of that file, warnings (broken rows) only their rows."""

    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    partner_types: set[str] = field(default_factory=set)


def look(loaded: Loaded, today: date) -> Sheets:
    """Read every file that the config names."""
    found = Sheets()
    fields = [each for each in read(loaded.settings) if each.origin.name.connection == FILES]
    for origin in origins(loaded.settings):
        if origin.name.connection == FILES:
            _look_at(loaded, origin, [each for each in fields if each.origin == origin], found)
    _rates(loaded, today, found)
    return found


def _look_at(loaded: Loaded, origin: Origin, fields: list[Read], found: Sheets) -> None:
    path = loaded.home / origin.name.object
    at_from: Where = (*origin.where, "from")
    if not path.is_file():
        found.problems.append(_absent(loaded, path, at_from))
        return
    try:
        with opened(path) as lines:
            header = read_header(lines, origin.name.object, [each.field for each in fields])
    except ConnectorError as error:
        found.problems.append(loaded.source.problem(at_from, str(error)))
        return
    lacking = [each for each in fields if each.field not in header.columns]
    found.problems += [_lacks(loaded, each, path, header) for each in lacking]
    if not lacking:
        _rows(loaded, origin, fields, path, found)


def _absent(loaded: Loaded, path: Path, where: Where) -> Problem:
    there = [each.name for each in path.parent.glob("*.csv")] if path.parent.is_dir() else []
    near = get_close_matches(path.name, there, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"paths start at {loaded.home}"
    return loaded.source.problem(where, f"there is no file {path.name!r} in {path.parent}", hint)


def _lacks(loaded: Loaded, each: Read, path: Path, header: Header) -> Problem:
    near = get_close_matches(each.field, header.columns, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(header.columns)}"
    return loaded.source.problem(each.where, f"{path.name}:{header.line} has no column {each.field!r}", hint)


def _rows(loaded: Loaded, origin: Origin, fields: list[Read], path: Path, found: Sheets) -> None:
    names = tuple(each.field for each in fields)
    id_ = next((each.field for each in fields if each.ours == "id"), None)
    broken: list[Problem] = []
    try:
        reading = Reading(loaded.home, path.stem, FileLayout(origin.name.object, id_), names)
        for record in reading.rows():
            wrong = record if isinstance(record, Unreadable) else _unfit(loaded, origin, record, found)
            if wrong is not None:
                broken.append(_row(wrong, path))
    except ConnectorError as error:
        found.problems.append(loaded.source.problem((*origin.where, "from"), str(error)))
        return
    found.rows[origin.name.object] = reading.total
    found.warnings += islice(broken, _SHOWN)
    if broken:
        more = f", the first {_SHOWN} of them are listed" if len(broken) > _SHOWN else ""
        message = f"{path.name}: {len(broken)} of {reading.total + reading.unidentified:,} rows are set aside{more}"
        found.warnings.append(loaded.source.problem((*origin.where, "from"), message, "the others are read"))


def _row(wrong: Unreadable, path: Path) -> Problem:
    line = wrong.payload.get("line")
    prefix = f"{path.name}:{line}: "
    if not isinstance(line, int):
        return Problem(str(path), 0, 0, "", f"the row {wrong.ref.id!r}: {wrong.reason}")
    return Problem(str(path), line, 1, "", wrong.reason.rpartition(prefix)[2])


def _unfit(loaded: Loaded, origin: Origin, record: RawRecord, found: Sheets) -> Unreadable | None:
    """A row of the roster or the tiers that says no partner or tier."""
    reader = RosterReader(loaded.settings.mapping)
    match origin.kind:
        case "roster":
            partner = reader.partner(record)
            if isinstance(partner, Partner):
                found.partner_types.add(partner.type)
            return partner if isinstance(partner, Unreadable) else None
        case "tiers":
            tier = reader.tier(record)
            return tier if isinstance(tier, Unreadable) else None
        case _:
            return None


def _rates(loaded: Loaded, today: date, found: Sheets) -> None:
    money = loaded.settings.money
    if money.rates is None:
        return
    path = loaded.home / money.rates
    if not path.is_file():
        found.problems.append(_absent(loaded, path, ("money", "rates")))
        return
    try:
        rows = read_rates(path)
    except ConfigError as error:
        found.problems += error.problems
        return
    found.rows[money.rates] = len(rows)
    newest = max((row.on for row in rows), default=None)
    for fault in _age(newest, today, money.max_rate_age):
        found.warnings.append(loaded.source.problem(fault.where, fault.message, fault.hint))


def _age(newest: date | None, today: date, most: int) -> Iterator[Fault]:
    where: Where = ("money", "rates")
    if newest is None:
        yield Fault(where, "holds no rate", "deals in another currency are blocked until it does")
    elif newest < today - timedelta(days=most):
        days = (today - newest).days
        message = f"the newest rate is of {newest}, {days} days old; money.max_rate_age allows {most}"
        yield Fault(where, message, "deals that closed later are blocked until newer rates come")
