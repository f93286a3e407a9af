"""The accounts of both CRMs: customers, of whom two in five are known to both, and partners, who have one in each."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final, Literal

from sandbox.generator.ids import hubspot_id, salesforce_id
from sandbox.generator.names import Namer, respelt, website
from sandbox.generator.partners import Founded
from sandbox.generator.people import reps
from sandbox.generator.programme import CRMS, Account, Crm, Partner, User
from sandbox.generator.regions import COUNTRIES, Country
from sandbox.generator.season import Season
from sandbox.generator.words import INDUSTRY_OF

OVERLAP: Final = 0.4


@dataclass(frozen=True, slots=True)
class _Draft:
    """A company as one CRM will come to know it; `key` is the same for the same company in both."""

    key: int
    name: str
    website: str
    domain: str
    kind: Literal["customer", "partner"]
    partner: str | None
    country: Country
    industry: str
    created_at: datetime


def accounts(
    rng: Random,
    namer: Namer,
    founded: Sequence[Founded],
    seats: tuple[User, ...],
    per_crm: int,
    season: Season,
) -> tuple[tuple[Account, ...], tuple[Partner, ...]]:
    """Every account, ascending by creation within its CRM, and the partners now carrying their account ids."""
    drafts: dict[Crm, list[_Draft]] = {crm: _partner_drafts(rng, crm, founded, season) for crm in CRMS}
    _add_customers(rng, namer, drafts, per_crm, season)

    ids: dict[tuple[Crm, int], str] = {}
    for crm in CRMS:
        drafts[crm].sort(key=lambda d: (d.created_at, d.key))
        ids |= {(crm, draft.key): _account_id(crm, n) for n, draft in enumerate(drafts[crm])}
    known: list[Account] = []
    for crm, other in (CRMS, CRMS[::-1]):
        owners = reps(seats, crm)
        parents: list[str] = []
        for draft in drafts[crm]:
            twin, own = ids.get((other, draft.key)), ids[(crm, draft.key)]
            known.append(_account(rng, crm, draft, own, twin, owners, season))
            if draft.kind == "customer":
                if len(parents) > 9 and rng.random() < 0.04:
                    known[-1] = replace(known[-1], parent=rng.choice(parents[-10:]))
                elif not twin:
                    parents.append(own)
    return tuple(known), tuple(
        replace(f.partner, salesforce_id=ids.get(("salesforce", -1 - i)), hubspot_id=ids.get(("hubspot", -1 - i)))
        for i, f in enumerate(founded)
    )


def _partner_drafts(rng: Random, crm: Crm, founded: Sequence[Founded], season: Season) -> list[_Draft]:
    drafts = []
    for i, f in enumerate(founded):
        if len(founded) >= 9 and i % 8 == (3 if crm == "salesforce" else 7):
            continue  # one partner in eight is known to the other CRM alone
        name = f.name.full if crm == "salesforce" else respelt(f.name, rng) if i % 2 else f.name.short
        at = season.instant(rng, min(f.partner.joined_on, season.today - timedelta(days=30)))
        site = website(f.name.domain, rng)
        drafts.append(_Draft(-1 - i, name, site, f.name.domain, "partner", f.partner.id, f.country, "Technology", at))
    return drafts


def _add_customers(rng: Random, namer: Namer, drafts: dict[Crm, list[_Draft]], per_crm: int, season: Season) -> None:
    """Fill each CRM up to `per_crm`. A quarter came in one import: equal stamps to the second, as after a migration."""
    import_day = datetime.combine(season.start - timedelta(days=200), datetime.min.time(), UTC)
    shares = [c.share for c in COUNTRIES]
    shared = int((per_crm - len(drafts["salesforce"])) * OVERLAP)
    key = 0
    for turn in range(2 * per_crm):
        wanted: tuple[Crm, ...] = CRMS if turn < shared else tuple(c for c in CRMS if len(drafts[c]) < per_crm)[:1]
        if not wanted:
            break
        country = rng.choices(COUNTRIES, shares)[0]
        name = namer.customer(rng, country)
        for crm in wanted:
            if len(drafts[crm]) >= per_crm:
                continue
            first = crm == wanted[0]
            imported = rng.random() < 0.25
            spelling = name.full if first else respelt(name, rng)
            site = website(name.domain, rng)
            industry = INDUSTRY_OF.get(name.field, "Manufacturing")
            day = season.day(rng, season.start - timedelta(days=400))
            at = import_day + timedelta(hours=3) if imported else season.instant(rng, day)
            drafts[crm].append(_Draft(key, spelling, site, name.domain, "customer", None, country, industry, at))
        key += 1


def _account(
    rng: Random, crm: Crm, draft: _Draft, own: str, twin: str | None, owners: Sequence[User], season: Season
) -> Account:
    edited = rng.random() < 0.5
    return Account(
        crm=crm,
        id=own,
        name=draft.name,
        website=draft.website,
        domain=draft.domain,
        kind=draft.kind,
        partner=draft.partner,
        parent=None,
        owner=owners[int(rng.random() * len(owners))].id,
        region=draft.country.region,
        country=draft.country.name,
        # A Salesforce currency field holds two decimals at most, so nobody there sells in a currency of three.
        currency="USD" if crm == "salesforce" and draft.country.currency == "KWD" else draft.country.currency,
        industry=draft.industry,
        employees=int(10 ** (1 + rng.random() * 3.2)),
        phone=f"{draft.country.dialling} {1_000_000 + int(rng.random() * 8_999_999)}",
        created_at=draft.created_at,
        modified_at=season.instant(rng, season.day(rng, draft.created_at.date()), draft.created_at)
        if edited
        else draft.created_at,
        twin=twin,
    )


def _account_id(crm: Crm, n: int) -> str:
    return salesforce_id("001", n) if crm == "salesforce" else hubspot_id("companies", n)
