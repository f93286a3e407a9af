"""From a seed, a size and a day to a whole programme; a pure function of the three.

Every part draws from a random stream of its own, named after it, so that a change to one part (a further touch type,
say) leaves the customers and deals of all seeds as they were.
"""

from dataclasses import replace
from datetime import date
from random import Random

from sandbox.generator import companies, deals, evidence, partners, people, rates, tasks
from sandbox.generator.mess import Labels, label_facts, spoil_accounts, spoil_deals
from sandbox.generator.names import Namer
from sandbox.generator.programme import Account, Opportunity, Partner, Programme
from sandbox.generator.season import Season
from sandbox.generator.sizes import Size


def generate(seed: int, size: Size | str, today: date) -> Programme:
    """The programme of this seed and size whose last day is the day before `today`.

    Raises: ValueError for a size that is not one.
    """
    if isinstance(size, str):
        size = Size.parse(size)
    season, labels = Season(today), Labels()

    def stream(part: str) -> Random:
        return Random(f"{seed}:{part}")

    users = people.users(stream("people"), size.users, season.start)
    namer = Namer(stream("names"), size.partners)
    managers = people.partner_managers(stream("managers"), max(2, size.partners // 10))
    founded = partners.partners(stream("partners"), namer, size.partners, managers, season)
    accounts, roster = companies.accounts(stream("accounts"), namer, founded, users, size.accounts, season)
    known = spoil_accounts(stream("account mess"), accounts, roster, labels)
    sold = deals.opportunities(stream("deals"), known, roster, users, size.opportunities, season)
    opportunities = spoil_deals(stream("deal mess"), sold, known, roster, today, labels)
    known = _noted(stream("notes"), known, opportunities, roster)
    label_facts(known, opportunities, users, today, labels)
    return Programme(
        seed=seed,
        size=size,
        today=today,
        users=users,
        accounts=tuple(known),
        opportunities=tuple(opportunities),
        tasks=tasks.tasks(stream("tasks"), opportunities, season),
        partners=roster,
        registrations=evidence.registrations(stream("registrations"), opportunities, known, roster, season, labels),
        touchpoints=evidence.touchpoints(stream("touchpoints"), opportunities, roster, season, labels),
        targets=partners.targets(stream("targets"), founded, season),
        rates=rates.rates(stream("rates"), season.start, today),
        mess=labels.all(),
    )


def _noted(
    rng: Random, accounts: list[Account], opportunities: list[Opportunity], roster: tuple[Partner, ...]
) -> list[Account]:
    """The accounts, one in fifteen of those with a partner deal carrying the partner's name as a rep noted it."""
    names = {p.id: p for p in roster}
    behind: dict[str, Partner] = {}
    for deal in opportunities:
        if deal.account is not None and deal.partner is not None:
            behind.setdefault(deal.account, names[deal.partner])
    noted = []
    for account in accounts:
        partner = behind.get(account.id)
        if partner is not None and account.kind == "customer" and rng.random() < 1 / 15:
            since = max(partner.joined_on, account.created_at.date())
            account = replace(account, partner_typed=rng.choice((partner.name, *partner.aliases)), partner_since=since)
        noted.append(account)
    return noted
