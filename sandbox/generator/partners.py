"""The partners: of every type, with dated tiers, targets by quarter, aliases, and a few that ended."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from random import Random
from typing import Final, Literal

from sandbox.generator.names import CompanyName, Namer
from sandbox.generator.programme import Partner, Target, Tier
from sandbox.generator.regions import COUNTRIES, CURRENCIES, Country
from sandbox.generator.season import Season, quarter_starts
from sandbox.generator.words import PARTNER_FIELDS, PARTNER_TYPES

TIERS: Final = ("Registered", "Silver", "Gold", "Platinum")


@dataclass(frozen=True, slots=True)
class Founded:
    """A partner before it has CRM accounts: the name in its parts and the country it trades from."""

    partner: Partner
    name: CompanyName
    country: Country


def partners(rng: Random, namer: Namer, count: int, managers: tuple[str, ...], season: Season) -> tuple[Founded, ...]:
    """`count` partners, the types in turn; from nine on, one was terminated and one merged into the first."""
    found: list[Founded] = []
    slugs: set[str] = set()
    for i in range(count):
        type_ = PARTNER_TYPES[i % len(PARTNER_TYPES)]
        country = COUNTRIES[0] if i % 5 == 0 else rng.choices(COUNTRIES, [c.share for c in COUNTRIES])[0]
        name = namer.partner(rng, rng.choice(PARTNER_FIELDS[type_]), country)
        slug = name.stem.lower() if name.stem.lower() not in slugs else f"{name.stem.lower()}-{i}"
        slugs.add(slug)
        joined = season.start + timedelta(days=rng.randrange(-700, 500))
        if i < 4:
            joined = season.start - timedelta(days=rng.randrange(30, 700))
        status: Literal["active", "terminated", "merged"] = "active"
        ended: date | None = None
        if count >= 9 and i % 25 in (6, 8):
            status = "terminated" if i % 25 == 6 else "merged"
            joined = min(joined, season.start)
            ended = season.today - timedelta(days=rng.randrange(60, 240))
        found.append(
            Founded(
                Partner(
                    id=slug,
                    name=name.full,
                    type=type_,
                    status=status,
                    domains=_domains(rng, name),
                    currency=country.currency,
                    manager=rng.choice(managers),
                    salesforce_id=None,
                    hubspot_id=None,
                    region=country.region,
                    joined_on=joined,
                    ended_on=ended,
                    aliases=_aliases(name),
                    merged_into=found[i % 4].partner.id if status == "merged" else None,
                    tiers=tuple(_tiers(rng, slug, joined, ended, season.today)),
                ),
                name,
                country,
            )
        )
    return tuple(found)


def targets(rng: Random, found: tuple[Founded, ...], season: Season) -> tuple[Target, ...]:
    """A quarterly revenue target for four partners in five, in their own currency and growing year on year."""
    rows: list[Target] = []
    starts = quarter_starts(season.start, season.today)
    for i, founded in enumerate(found):
        if i % 5 == 4:
            continue
        base = rng.randrange(20, 160) * 1_000
        scale = CURRENCIES[founded.partner.currency].scale
        for n, (first, last) in enumerate(pairwise(starts)):
            if founded.partner.ended_on is not None and first >= founded.partner.ended_on:
                break
            if last > founded.partner.joined_on:
                amount = (Decimal(base) * (100 + 4 * n) / 100 * scale).quantize(Decimal(1))
                rows.append(Target(founded.partner.id, "closed_won", first, last, amount, founded.partner.currency))
    return tuple(rows)


def _domains(rng: Random, name: CompanyName) -> tuple[str, ...]:
    if rng.random() < 0.3:
        return (name.domain, f"{name.stem.lower()}-{name.field.split()[-1].lower()}.com")
    return (name.domain,)


def _aliases(name: CompanyName) -> tuple[str, ...]:
    initials = "".join(word[0] for word in name.field.split())
    return (name.short, name.stem, f"{name.stem} {initials}")


def _tiers(rng: Random, slug: str, joined: date, ended: date | None, today: date) -> list[Tier]:
    """Grades end to end from the day of joining: mostly upward, reviewed at the start of a quarter."""
    rows: list[Tier] = []
    rank, since, reason = rng.choice((0, 0, 1, 1, 2)), joined, "joined"
    for review in quarter_starts(joined + timedelta(days=120), today - timedelta(days=100)):
        if rng.random() > 0.22 or (ended is not None and review >= ended) or (review - since).days < 90:
            continue
        up = rank < len(TIERS) - 1 and (rank == 0 or rng.random() < 0.75)
        rows.append(Tier(slug, TIERS[rank], since, review, reason))
        rank, since = rank + (1 if up else -1), review
        reason = "threshold reached" if up else "threshold missed"
    return [*rows, Tier(slug, TIERS[rank], since, ended, reason)]
