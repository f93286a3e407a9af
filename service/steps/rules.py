"""The rules of the day: book, plans, rates and periods, made once per cycle, and the version they go under.

The version is a hash of what decides: the config's meaning, the roster with its tiers, and the published rates. Where it is
not the one that the last cycle decided by, every opportunity is decided anew; a change in a comment changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

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


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything that deciders need besides facts. ``plans`` is None where the config pays no commission."""

    book: Book
    plans: Plans | None
    rates: RateTable
    periods: Periods
    config: str
    version: str
    as_of: datetime


def rules_of_the_day(shop: Shop, as_of: datetime) -> Rules:
    """Read the roster and the rates, compile the rules.

    Raises:
        ConfigError: the rates file is wrong.
    """
    settings = shop.settings
    rows = {kind: _rows(shop, kind) for kind in ("partner", "tier")}
    everyone, findings = shop.roster.roster(*([each.record for each in rows[kind]] for kind in ("partner", "tier")))
    book = build_book(settings.mapping, shop.sites, everyone, findings)
    published = published_rates(shop)
    money = settings.money
    rates = RateTable.of(published, money.reporting_currency, money.max_rate_age)
    plans = plans_of(shop)
    calendar = FiscalCalendar.of(settings.calendar)
    periods = Periods(calendar, local_day(as_of, calendar.timezone))
    roster = [sorted(each.hash for each in rows[kind]) for kind in ("partner", "tier")]
    quoted = [[row.on.isoformat(), row.base, row.quote, str(row.value)] for row in published]
    version = digest([settings.meaning, roster, quoted])
    return Rules(book, plans, rates, periods, settings.meaning, version, as_of)


def _rows(shop: Shop, kind: Kind) -> list[RawVersion]:
    """The live rows of the roster or the tiers, wherever they come from."""
    feeds = [feed for feed in shop.feeds if feed.kind == kind]
    return [each for each in Dossiers(shop.database).facts_of(kind) if each.record.life == "live"] if feeds else []


def published_rates(shop: Shop) -> tuple[RateRow, ...]:
    """The rows of the rates file, none where the config names none."""
    name = shop.settings.money.rates
    return read_rates(shop.loaded.home / name) if name else ()


def plans_of(shop: Shop) -> Plans | None:
    """The compiled commission plans."""
    settings = shop.settings
    commission: Commission | None = settings.commission
    if commission is None:
        return None
    sections = CommissionSections(settings.calendar, settings.money, commission, settings.programs)
    return Plans.of(sections, vocabulary(settings.mapping))
