"""What a task rule is judged on and what its texts may name, from one opportunity as it stands; and what one field can show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from mapping.attribution import credited
from mapping.conditions import Facts
from partnersync.facts import Account, Partner
from partnersync.money import Money
from reconcile.writeback.desired import Standing, shown


class Partners(Protocol):
    """The book, as far as it is needed here."""

    def partner(self, id_: str) -> Partner | None:
        """The partner of this slug."""
        ...


def task_facts(standing: Standing, account: Account | None, partners: Partners) -> Facts:
    """What the ``when`` of a task rule is judged on."""
    return Facts(standing.opportunity, account, shown_partner(standing, partners), credited=credited(standing.credits))


def task_texts(standing: Standing, account: Account | None, partners: Partners) -> dict[str, str | None]:
    """What the texts of a task may name, by the names of ``templates``."""
    deal, credit, partner = standing.opportunity, shown(standing.credits, None), shown_partner(standing, partners)
    return {
        "opportunity.name": deal.name,
        "opportunity.amount": f"{deal.amount:,f}" if deal.amount is not None else None,
        "opportunity.currency": deal.currency,
        "opportunity.stage": deal.stage,
        "opportunity.closes_on": deal.closes_on.isoformat() if deal.closes_on else None,
        "opportunity.partner_field": deal.partner_field,
        "account.name": account.name if account else None,
        "partner.name": partner.name if partner else None,
        "credit.evidence": "; ".join(item.note for item in credit.evidence if not item.late) if credit else None,
    }


def shown_partner(standing: Standing, partners: Partners) -> Partner | None:
    """The partner that the record shows."""
    credit = shown(standing.credits, None)
    return partners.partner(credit.partner) if credit else None


def one_amount(held: Iterable[tuple[str, Money]]) -> Mapping[str, Money]:
    """Partner → the sum of its amounts; a partner paid in two currencies has no amount that one field could show."""
    sums: dict[str, dict[str, int]] = {}
    for partner, money in held:
        mine = sums.setdefault(partner, {})
        mine[money.currency] = mine.get(money.currency, 0) + money.minor
    found: dict[str, Money] = {}
    for partner, by_currency in sums.items():
        left = {each: minor for each, minor in by_currency.items() if minor} or dict(list(by_currency.items())[:1])
        if len(left) == 1:
            currency, minor = next(iter(left.items()))
            found[partner] = Money(minor, currency)
    return found
