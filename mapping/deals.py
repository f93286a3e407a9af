"""What the rules ask of a deal's own history: its account chain, its close day, when it was first won, who set a field."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from mapping.identity import full_id, normal_name
from partnersync.clock import local_day, utc
from partnersync.facts import Account, Dossier, Opportunity, Registration, Touchpoint, Version
from partnersync.ids import Ref

_FIELDS = frozenset(each.name for each in fields(Opportunity))


def newest(dossier: Dossier) -> Opportunity | None:
    """The opportunity as it is now; None where it was deleted."""
    return dossier.now.fact


def account_chain(dossier: Dossier) -> tuple[Account, ...]:
    """The deal's account and its parents upwards, by following ``parent``; accounts that are not of the chain are left out."""
    deal = newest(dossier)
    held = {version.fact.ref: version.fact for version in dossier.accounts if version.fact is not None}
    chain: list[Account] = []
    at = deal.account if deal else None
    while at is not None and at in held and held[at] not in chain:
        chain.append(held[at])
        at = held[at].parent
    return tuple(chain)


def start_of(day: date, timezone: str) -> datetime:
    """The instant at which a day begins in a timezone."""
    return utc(datetime.combine(day, time(), ZoneInfo(timezone)))


def after(day: date, timezone: str) -> datetime:
    """The instant at which a day is over in a timezone."""
    return start_of(day + timedelta(days=1), timezone)


def closed_day(dossier: Dossier, as_of: datetime, timezone: str) -> date:
    """The deal's close day: ``as_of``'s day while open; without a close date the day it was first seen closed."""
    deal = newest(dossier)
    if deal is None or deal.outcome == "open":
        return local_day(as_of, timezone)
    return deal.closes_on or local_day(since(dossier, deal.outcome), timezone)


def since(dossier: Dossier, outcome: str) -> datetime:
    """When the running spell of this outcome began: the stage's own stamp where the source keeps one, else our first sight.

    Deletions in between do not end a spell; a deal that was reopened and won again begins a new one.
    """
    began: Version[Opportunity] | None = None
    for version in reversed(dossier.history):
        if version.fact is None:
            continue
        if version.fact.outcome != outcome:
            break
        began = version
    first = began or dossier.now
    own = first.fact.stage_since if first.fact else None
    return min(own, first.stamp) if own else first.stamp


def won_at(dossier: Dossier) -> datetime | None:
    """When the deal became won, None while it is not: what is recorded strictly later is late evidence."""
    deal = newest(dossier)
    return since(dossier, "won") if deal is not None and deal.outcome == "won" else None


def held_since(dossier: Dossier, ours: str) -> tuple[Version[Opportunity], bool]:
    """The version that brought the field its present value, and whether an older one is known without it."""
    present = value_of(newest(dossier), ours)
    first = dossier.now
    for version in reversed(dossier.history):
        if version.fact is None:
            continue
        if value_of(version.fact, ours) != present:
            return first, True
        first = version
    return first, False


def value_of(deal: Opportunity | None, ours: str) -> str | None:
    """A field of the deal by our name, the config's own ones included."""
    if deal is None:
        return None
    value = getattr(deal, ours) if ours in _FIELDS else deal.extra.get(ours)
    return value if isinstance(value, str) else None


def same_value(crm: str, one: str | None, other: str | None) -> bool:
    """Whether two texts of a field are the same to its readers: blanks, case and the length of ids aside."""
    return _plain(crm, one) == _plain(crm, other)


def _plain(crm: str, text: str | None) -> str:
    return full_id(crm, text or "").casefold()


def names_deal(
    fact: Registration | Touchpoint, deal: Opportunity, twins: Iterable[Ref], chain: tuple[Account, ...]
) -> str | None:
    """How a fact names this deal: ``opportunity``, ``account``, ``parent account``, ``domain``, ``name``; None: it does not.

    One that names an opportunity is about that one (or its twin in another CRM) and no other; one that names an account of
    the deal's own CRM is about that account, whatever domains it shares.
    """
    if fact.opportunity is not None:
        return "opportunity" if fact.opportunity == deal.ref or fact.opportunity in twins else None
    own = chain[0] if chain else None
    if fact.account is not None and deal.account is not None and _one_crm(fact.account, deal.account):
        if fact.account == deal.account:
            return "account"
        above = isinstance(fact, Registration) and any(fact.account == each.ref for each in chain[1:])
        return "parent account" if above else None
    if own is None:
        return None
    if fact.domain is not None and own.domain is not None:
        return "domain" if fact.domain == own.domain else None
    customer = fact.customer if isinstance(fact, Registration) else None
    return "name" if customer and normal_name(customer) and normal_name(customer) == normal_name(own.name) else None


def _one_crm(one: Ref, other: Ref) -> bool:
    return (one.crm, one.org) == (other.crm, other.org)
