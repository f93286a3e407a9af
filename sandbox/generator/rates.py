"""Exchange rates into the reporting currency, published every Monday as a slow random walk."""

from datetime import date, timedelta
from decimal import Decimal
from random import Random

from sandbox.generator.programme import Rate
from sandbox.generator.regions import CURRENCIES, REPORTING


def rates(rng: Random, first: date, today: date) -> tuple[Rate, ...]:
    """One row a week and currency from the week before `first`: never more than six days old on any day after."""
    monday = first - timedelta(days=first.weekday() + 7)
    rows: list[Rate] = []
    levels = {c.code: c.usd for c in CURRENCIES.values() if c.code != REPORTING}
    while monday <= today:
        for code, level in levels.items():
            moved = level * (10_000 + rng.randrange(-80, 81)) / 10_000
            # The walk is pulled back to today's believable level, or two years could double a currency.
            moved += (CURRENCIES[code].usd - moved) / 20
            levels[code] = moved.quantize(Decimal("0.00000001"))
            places = Decimal("0.00000001") if moved < Decimal("0.1") else Decimal("0.000001")
            rows.append(Rate(monday, code, REPORTING, moved.quantize(places)))
        monday += timedelta(days=7)
    return tuple(rows)
