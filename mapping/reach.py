"""Under which keys a fact is found, so that a change touches every opportunity it may decide and no other.

Pure and total: every fact has its keys, from nothing but itself. State stores them without knowing what they mean. An account
carries: an opportunity knows only its account, and reaches a registration by the account's domain or name through it.
Partners, tiers, signals and targets belong to the book; a change of them is a change of rules, not of single deals.
"""

from __future__ import annotations

from mapping.identity import normal_name
from mapping.twins import meeting_place
from partnersync.facts import Account, Kind, Opportunity, Override, Reach, Registration, Touchpoint
from partnersync.ids import Ref

AnyFact = Account | Opportunity | Registration | Touchpoint | Override


def keys(fact: AnyFact) -> Reach:
    """The keys of a fact."""
    match fact:
        case Account():
            parent: tuple[tuple[Kind, Ref], ...] = () if fact.parent is None else (("account", fact.parent),)
            return Reach(parent, _shared(fact.domain, fact.name), carries=True)
        case Opportunity():
            return Reach(_named(fact.account, fact.twin), meets=meeting_place(fact))
        case Registration():
            return Reach(_named(fact.account, fact.opportunity), _shared(fact.domain, fact.customer))
        case Touchpoint():
            return Reach(_named(fact.account, fact.opportunity), _shared(fact.domain))
        case Override():
            return Reach((("opportunity", fact.opportunity),))


def _named(account: Ref | None, opportunity: Ref | None) -> tuple[tuple[Kind, Ref], ...]:
    if opportunity is None:
        return () if account is None else (("account", account),)
    deal: tuple[Kind, Ref] = ("opportunity", opportunity)
    return (deal,) if account is None else (deal, ("account", account))


def _shared(domain: str | None, name: str | None = None) -> tuple[str, ...]:
    normal = normal_name(name) if name else ""
    by_name = (f"name:{normal}",) if normal else ()
    return by_name if domain is None else (f"domain:{domain}", *by_name)
