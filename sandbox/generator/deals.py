"""The opportunities: who buys what, when it moves through the stages, and which partner stands behind it.

A deal is born on a busy day, lives for a sales cycle, and is signed near a period's end. Whatever would be signed
after today is open; a few that should have been signed are open still (past due), and a few signed ones were opened
again. Amounts are drawn in whole minor units from bands by type, never as floats.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Final, Literal

from sandbox.generator.ids import hubspot_id, salesforce_id
from sandbox.generator.people import reps
from sandbox.generator.programme import CRMS, Account, Crm, Opportunity, Outcome, Partner, StageEntry, User
from sandbox.generator.regions import CURRENCIES
from sandbox.generator.season import Season
from sandbox.generator.words import LEAD_SOURCES, PRODUCTS

Type = Literal["New", "Expansion", "Renewal"]


@dataclass(frozen=True, slots=True)
class Stages:
    """A CRM's own stage ids: the open ones in order with their probability, then how it calls won and lost."""

    open: tuple[tuple[str, int], ...]
    won: str
    lost: str


STAGES: Final[dict[Crm, Stages]] = {
    "salesforce": Stages(
        (
            ("Prospecting", 10),
            ("Qualification", 10),
            ("Needs Analysis", 20),
            ("Value Proposition", 50),
            ("Proposal/Price Quote", 75),
            ("Negotiation/Review", 90),
        ),
        "Closed Won",
        "Closed Lost",
    ),
    "hubspot": Stages(
        (
            ("appointmentscheduled", 20),
            ("qualifiedtobuy", 40),
            ("presentationscheduled", 60),
            ("decisionmakerboughtin", 80),
            ("contractsent", 90),
        ),
        "closedwon",
        "closedlost",
    ),
}
# Dollars: from, to, how often out of 100. Then the sales cycle in days, and how many of 100 are won.
_BANDS: Final[dict[Type, tuple[tuple[int, int, int], ...]]] = {
    "New": ((900, 6_000, 30), (6_000, 25_000, 45), (25_000, 90_000, 20), (90_000, 420_000, 5)),
    "Expansion": ((500, 4_000, 45), (4_000, 18_000, 40), (18_000, 70_000, 15)),
    "Renewal": ((900, 8_000, 40), (8_000, 30_000, 45), (30_000, 120_000, 15)),
}
_CYCLE: Final[dict[Type, tuple[int, int]]] = {"New": (21, 190), "Expansion": (14, 100), "Renewal": (20, 75)}
_WON: Final[dict[Type, int]] = {"New": 38, "Expansion": 55, "Renewal": 82}
_WITH_PARTNER: Final = 0.38


def opportunities(
    rng: Random,
    accounts: Sequence[Account],
    partners: Sequence[Partner],
    seats: tuple[User, ...],
    per_crm: int,
    season: Season,
) -> tuple[Opportunity, ...]:
    """`per_crm` deals in each CRM, ascending by creation; deals that both CRMs hold name one another as twins."""
    by_region: dict[str, list[Partner]] = defaultdict(list)
    for partner in partners:
        by_region[partner.region].append(partner)
    deals: list[Opportunity] = []
    for crm in CRMS:
        customers = [a for a in accounts if a.crm == crm and a.kind == "customer"]
        active = reps(seats, crm)
        of_crm = sorted(
            (_deal(rng, crm, customers, by_region, active, season) for _ in range(per_crm)),
            key=lambda d: d.created_at,
        )
        closed = [
            i
            for i, d in enumerate(of_crm)
            if d.outcome != "open" and d.history[-1].at < season.midnight - timedelta(days=21)
        ]
        for i in rng.sample(closed, min(len(closed), per_crm // 60)):
            of_crm[i] = _reopened(rng, of_crm[i], season)
        for n, deal in enumerate(of_crm):
            own = salesforce_id("006", n) if crm == "salesforce" else hubspot_id("deals", n)
            deals.append(replace(deal, id=own))
    return tuple(_mirrored(rng, deals, {a.id: a for a in accounts}))


def _deal(
    rng: Random,
    crm: Crm,
    customers: Sequence[Account],
    by_region: dict[str, list[Partner]],
    owners: Sequence[User],
    season: Season,
) -> Opportunity:
    luck = rng.random()
    account = customers[int(len(customers) * luck * luck**0.5)]  # early customers buy more often
    type_: Type = "New" if rng.random() < 0.5 else "Expansion" if rng.random() < 0.55 else "Renewal"
    born = season.instant(rng, season.day(rng, max(season.start, account.created_at.date())), account.created_at)
    shortest, longest = _CYCLE[type_]
    cycle = shortest + int((longest - shortest) * rng.random() ** 1.5)
    signed = max(born.date(), season.closing(rng, born.date() + timedelta(days=cycle)))

    partner = None
    if rng.random() < _WITH_PARTNER:
        near = by_region.get(account.region) or by_region["AMER"]
        candidate = near[int(len(near) * rng.random())]
        if candidate.joined_on <= born.date() and (candidate.ended_on is None or born.date() < candidate.ended_on):
            partner = candidate.id

    outcome: Outcome = "open"
    if signed < season.today and rng.random() < 0.95:
        outcome = "won" if rng.random() * 100 < _WON[type_] + (8 if partner else 0) else "lost"
    history, chance = _history(rng, crm, outcome, born, signed, season)
    product = PRODUCTS[int(rng.random() * len(PRODUCTS))]
    touched = history[-1].at
    if rng.random() < 0.2:
        touched = season.instant(rng, touched.date() + timedelta(days=1 + int(rng.random() * 20)), touched)
    return Opportunity(
        crm=crm,
        id="",
        account=account.id,
        name=f"{account.name} - {product}" + ("" if type_ == "New" else f" {type_} {signed.year}"),
        type=type_,
        outcome=outcome,
        stage=history[-1].stage,
        probability=chance,
        amount=_amount(rng, type_, account.currency),
        currency=account.currency,
        closes_on=signed,
        owner=account.owner if rng.random() < 0.7 else owners[int(rng.random() * len(owners))].id,
        lead_source=LEAD_SOURCES[int(rng.random() * len(LEAD_SOURCES))],
        history=history,
        created_at=born,
        modified_at=max(touched, history[-1].at),
        partner=partner,
    )


def _amount(rng: Random, type_: Type, currency: str) -> Decimal:
    """A price: half of them round, as list prices are, the other half to the last minor unit, as discounts leave it."""
    bands = _BANDS[type_]
    low, high, _ = rng.choices(bands, [share for _, _, share in bands])[0]
    kind = CURRENCIES[currency]
    dollars = low + int((high - low) * rng.random() ** 1.3)
    if rng.random() < 0.5:
        return (Decimal(dollars // 50 * 50) * kind.scale).quantize(Decimal(1)).quantize(Decimal(1).scaleb(-kind.minor))
    minor = int(dollars * 10**kind.minor * kind.scale) + int(rng.random() * 10**kind.minor)
    return Decimal(minor).scaleb(-kind.minor)


def _history(
    rng: Random, crm: Crm, outcome: Outcome, born: datetime, signed: date, season: Season
) -> tuple[tuple[StageEntry, ...], int]:
    stages = STAGES[crm]
    entries = [StageEntry(stages.open[0][0], born)]
    end = season.instant(rng, signed, born) if outcome != "open" else season.midnight
    whole = max(timedelta(days=1), season.instant(rng, signed, born) - born) if outcome == "open" else end - born
    chance = stages.open[0][1]
    for n, (stage, probability) in enumerate(stages.open[1:], start=1):
        at = born + whole * (n + 0.8 * rng.random() - 0.4) / len(stages.open)
        at = at.replace(microsecond=0)
        if at >= end or at <= entries[-1].at:
            break
        if rng.random() < 0.85:
            entries.append(StageEntry(stage, at))
            chance = probability
    if outcome == "open":
        return tuple(entries), chance
    entries.append(StageEntry(stages.won if outcome == "won" else stages.lost, end))
    return tuple(entries), 100 if outcome == "won" else 0


def _reopened(rng: Random, deal: Opportunity, season: Season) -> Opportunity:
    """A closed deal opened again after a week or more; two in three have since been won, at a new close date."""
    stages = STAGES[deal.crm]
    stage, probability = stages.open[-1]
    back = deal.history[-1].at + timedelta(days=7 + int(rng.random() * 10), seconds=int(rng.random() * 5_000))
    again = back + timedelta(days=3 + int(rng.random() * 40))
    history = (*deal.history, StageEntry(stage, back))
    outcome: Outcome = "open"
    closes_on = season.today + timedelta(days=int(rng.random() * 45))
    if again < season.midnight and rng.random() < 0.67:
        outcome, probability, closes_on = "won", 100, again.date()
        history = (*history, StageEntry(stages.won, again))
    return replace(
        deal,
        outcome=outcome,
        stage=history[-1].stage,
        probability=probability,
        closes_on=closes_on,
        history=history,
        modified_at=max(deal.modified_at, history[-1].at),
    )


def _mirrored(rng: Random, deals: list[Opportunity], accounts: dict[str, Account]) -> list[Opportunity]:
    """Turn one deal in thirty of the second CRM into its own record of a deal that the first CRM holds as well."""
    shared = [i for i, d in enumerate(deals) if d.crm == "salesforce" and d.account and accounts[d.account].twin]
    second = [i for i, d in enumerate(deals) if d.crm == "hubspot"]
    count = min(len(shared), len(second), max(1, len(second) // 30))
    # The mirror is the first deal born after its original, so that ids stay ascending by creation; both lists
    # ascend, so one pass over the second finds them all.
    candidates = iter(second)
    for at in sorted(rng.sample(shared, count)):
        original = deals[at]
        later = next((i for i in candidates if deals[i].created_at > original.created_at), None)
        if later is None or original.account is None:
            break
        mirror, hubspot = deals[later], STAGES["hubspot"]
        twin_account = accounts[accounts[original.account].twin or ""]
        stage, chance = hubspot.open[2]
        if original.outcome != "open":
            won = original.outcome == "won"
            stage, chance = (hubspot.won, 100) if won else (hubspot.lost, 0)
        entries = (StageEntry(hubspot.open[0][0], mirror.created_at), StageEntry(stage, mirror.modified_at))
        if original.history[-1].at > mirror.created_at:
            entries = (entries[0], StageEntry(stage, original.history[-1].at))
        deals[later] = replace(
            mirror,
            account=twin_account.id,
            name=f"{twin_account.name} / {original.name.split(' - ')[-1]}",
            type=original.type,
            outcome=original.outcome,
            stage=stage,
            probability=chance,
            amount=original.amount,
            currency=original.currency,
            closes_on=original.closes_on,
            owner=twin_account.owner,
            history=entries,
            modified_at=max(mirror.modified_at, entries[-1].at),
            partner=original.partner,
            twin=original.id,
        )
        deals[at] = replace(original, twin=mirror.id)
    return deals
