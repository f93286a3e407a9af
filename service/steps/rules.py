"""The rules of the day: book, plans, rates and periods, made once per cycle, and the version they go under.

The version is a hash of what decides: the config's meaning, the roster with its tiers, and the published rates. Where it is
not the one that the last cycle decided by, every opportunity is decided anew; a change in a comment changes nothing.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final

from mapping.book import Book, build_book
from mapping.config import vocabulary
from partnersync.clock import local_day
from partnersync.facts import Kind, RawVersion
from partnersync.ids import digest
from partnersync.lines import RateRow
from reconcile.commission.calendar import FiscalCalendar, Periods
from reconcile.commission.config import Commission, CommissionSections
from reconcile.commission.plans import Plans
from reconcile.commission.rates import RateTable
from service.rates import read_rates
from service.shop import Shop
from state.dossiers import Dossiers

_ROSTER: Final[tuple[Kind, ...]] = ("partner", "tier")


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything that deciders need besides facts."""

    book: Book
    plans: Plans
    rates: RateTable
    periods: Periods
    config: str
    version: str
    as_of: datetime


def rules_of_the_day(shop: Shop, as_of: datetime) -> Rules:
    """Read the roster and the rates, compile the rules; what is the same as in the last cycle is not compiled again.

    Raises:
        ConfigError: the rates file is wrong.
    """
    settings = shop.settings
    feeds = [feed.kind for feed in shop.feeds if feed.kind in _ROSTER]
    roster = Dossiers(shop.database).state_of(feeds) if feeds else None
    name = settings.money.rates
    file = shop.loaded.home / name if name else None
    key = (settings.meaning, tuple(sorted(shop.sites.items())), roster, _stamp(file) if file else None)
    book, plans, rates, version = shop.kept("rules", key, lambda: _compiled(shop))
    calendar = FiscalCalendar.of(settings.calendar)
    periods = Periods(calendar, local_day(as_of, calendar.timezone))
    return Rules(book, plans, rates, periods, settings.meaning, version, as_of)


def _compiled(shop: Shop) -> tuple[Book, Plans, RateTable, str]:
    """What no day changes."""
    settings = shop.settings
    rows = {kind: _rows(shop, kind) for kind in _ROSTER}
    everyone, findings = shop.roster.roster(*([each.record for each in rows[kind]] for kind in _ROSTER))
    book = build_book(settings.mapping, shop.sites, everyone, findings)
    published = published_rates(shop)
    money = settings.money
    rates = RateTable.of(published, money.reporting_currency, money.max_rate_age)
    roster = [sorted(each.hash for each in rows[kind]) for kind in _ROSTER]
    quoted = [[row.on.isoformat(), row.base, row.quote, str(row.value)] for row in published]
    return book, plans_of(shop), rates, digest([settings.meaning, roster, quoted])


def _stamp(file: Path) -> Hashable:
    """Another where the file is another or was written since."""
    try:
        found = file.stat()
    except OSError:
        return None  # read, so that it is told of
    return found.st_ino, found.st_size, found.st_mtime_ns


def _rows(shop: Shop, kind: Kind) -> list[RawVersion]:
    """The live rows of the roster or the tiers, wherever they come from."""
    feeds = [feed for feed in shop.feeds if feed.kind == kind]
    return [each for each in Dossiers(shop.database).facts_of(kind) if each.record.life == "live"] if feeds else []


def published_rates(shop: Shop) -> tuple[RateRow, ...]:
    """The rows of the rates file, none where the config names none."""
    name = shop.settings.money.rates
    return read_rates(shop.loaded.home / name) if name else ()


def plans_of(shop: Shop) -> Plans:
    """The compiled commission plans; none where the config pays nothing (any more), so that what was posted is reversed."""
    settings = shop.settings
    commission = settings.commission or Commission(starts_on=date.min)
    sections = CommissionSections(settings.calendar, settings.money, commission, settings.programs)
    return Plans.of(sections, vocabulary(settings.mapping))
