"""What the fields of a record should say, from its credits, what they earned, and the partner behind them.

An opportunity shows one partner: of the role that the field names, else the one that sourced it, else the one with the
largest influenced share; ties go to the smaller partner id. An account shows the partner of its newest opportunity that has
one (created last; ties by the opportunity's id), sourced before influenced. ``unassigned`` is nobody.

A value that cannot be known (the deal is blocked, its record unreadable) is ``UNKNOWN``, and then nothing is written: that
is different from knowing that a field should be empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Final, Literal, Protocol

from partnersync.clock import local_day
from partnersync.credits import UNASSIGNED, Credit
from partnersync.facts import Account, Opportunity, Partner
from partnersync.money import Money
from reconcile.writeback.config import AccountFieldRule, FieldRule, OpportunityFieldRule


@dataclass(frozen=True, slots=True)
class Unknown:
    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()


@dataclass(frozen=True, slots=True)
class Desired:
    """A field's desired value as text (None: empty) and the sentence that explains it to the person who reads the plan."""

    value: str | Unknown | None
    why: str = ""


class Partners(Protocol):
    """The book, as far as it is needed here."""

    def partner(self, id_: str) -> Partner | None:
        """The partner of this slug, merged ones as their survivor."""
        ...

    def tier(self, id_: str, on: object) -> str | None:
        """The partner's tier on a day."""
        ...


@dataclass(frozen=True, slots=True)
class Standing:
    """One opportunity as it stands after attribution and settlement.

    ``earned`` is D by partner over all commission keys of this opportunity, posted or about to be; None where a pool of it is
    blocked. ``readable`` is false where the record was quarantined.
    """

    opportunity: Opportunity
    credits: tuple[Credit, ...] = ()
    earned: Mapping[str, Money] = field(default_factory=dict)
    blocked: str | None = None
    readable: bool = True


def opportunity_value(
    rule: OpportunityFieldRule, standing: Standing, partners: Partners, timezone: str, crm: str
) -> Desired:
    """What a field of the opportunity should say."""
    if not standing.readable:
        return Desired(UNKNOWN, "the record could not be read")
    credit = shown(standing.credits, rule.role)
    if rule.value.startswith("commission.") and standing.blocked:
        return Desired(UNKNOWN, f"blocked: {standing.blocked}")
    if credit is None:
        return Desired(None, "no partner is credited")
    why = f"{credit.role} by {credit.partner}, rule {credit.rule}"
    match rule.value:
        case "credit.role":
            return Desired(mapped(rule, credit.role), why)
        case "credit.share":
            return Desired(_percent(credit.share), why)
        case "credit.rule":
            return Desired(credit.rule, why)
        case "credit.since":
            return Desired(_since(credit, timezone), why)
        case "credit.evidence":
            return Desired("; ".join(item.note for item in credit.evidence if not item.late and item.note) or None, why)
        case "commission.earned":
            money = standing.earned.get(credit.partner)
            return Desired(f"{money.amount:f}" if money else None, why)
        case "commission.currency":
            money = standing.earned.get(credit.partner)
            return Desired(money.currency if money else None, why)
        case _:
            return Desired(mapped(rule, _of_partner(rule.value, credit.partner, partners, timezone, crm, credit)), why)


def account_value(
    rule: AccountFieldRule, account: Account, standings: Iterable[Standing], partners: Partners, timezone: str, crm: str
) -> Desired:
    """What a field of the account should say, from all its opportunities."""
    deals = sorted(standings, key=_newest, reverse=True)
    if any(not deal.readable for deal in deals):
        return Desired(UNKNOWN, "an opportunity of this account could not be read")
    match rule.value:
        case "account.open_deals":
            return Desired(_count(deals, "open"), "opportunities with a credited partner that are open")
        case "account.won_deals":
            return Desired(_count(deals, "won"), "opportunities with a credited partner that are won")
        case "account.last_credited_on":
            days = [day for deal in deals for credit in _held(deal.credits) if (day := _since(credit, timezone))]
            return Desired(max(days, default=None), "the newest credit on this account")
    for deal in deals:
        credit = shown(deal.credits, rule.role)
        if credit is not None:
            value = _of_partner(rule.value, credit.partner, partners, timezone, crm, credit)
            return Desired(mapped(rule, value), f"{credit.role} {deal.opportunity.name} by {credit.partner}")
    return Desired(None, f"no opportunity of {account.name} has a credited partner")


def shown(held_by: Iterable[Credit], role: str | None) -> Credit | None:
    """The credit that a record shows, None where no partner holds one."""
    wanted = [role] if role else ["sourced", "influenced"]
    for each in wanted:
        held = [credit for credit in _held(held_by) if credit.role == each]
        if held:
            return min(held, key=lambda credit: (-credit.share, credit.partner))
    return None


def mapped(rule: FieldRule, value: str | None) -> str | None:
    """The CRM's own word for ours, where the rule gives one."""
    return rule.values.get(value, value) if value is not None else None


def _held(of: Iterable[Credit]) -> list[Credit]:
    return [credit for credit in of if credit.partner != UNASSIGNED]


def _count(deals: Iterable[Standing], outcome: Literal["open", "won"]) -> str | None:
    """Empty, not 0, on an account that no partner ever had to do with: nobody wants a field touched on all of them."""
    credited = [deal for deal in deals if _held(deal.credits)]
    return str(sum(1 for deal in credited if deal.opportunity.outcome == outcome)) if credited else None


def _newest(deal: Standing) -> tuple[float, str]:
    created = deal.opportunity.created_at
    return (created.timestamp() if created else 0.0, str(deal.opportunity.ref))


def _since(credit: Credit, timezone: str) -> str | None:
    """The day of the earliest evidence that counts."""
    stamps: list[datetime] = [item.at for item in credit.evidence if item.at is not None and not item.late]
    return local_day(min(stamps), timezone).isoformat() if stamps else None


def _of_partner(value: str, id_: str, partners: Partners, timezone: str, crm: str, credit: Credit) -> str | None:
    partner = partners.partner(id_)
    if partner is None:
        return None
    match value:
        case "partner.name":
            return partner.name
        case "partner.id":
            return partner.id
        case "partner.type":
            return partner.type
        case "partner.manager":
            return partner.manager
        case "partner.crm_id":
            return partner.crm_ids.get(crm)
        case "partner.tier":
            since = _since(credit, timezone)
            return partners.tier(partner.id, since) if since else None
    raise AssertionError(f"the config admitted the unknown value {value}")


def _percent(share: Fraction) -> str:
    exact = Decimal(share.numerator) * 100 / Decimal(share.denominator)
    return f"{exact.quantize(Decimal('0.01')).normalize():f}"
