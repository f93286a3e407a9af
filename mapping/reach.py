"""Under which keys a fact is found, so that a change touches every opportunity it may decide and no other.

Pure and total: every fact has its keys, from nothing but itself. State stores them without knowing what they mean. An account
carries: an opportunity knows only its account, and reaches a registration by the account's domain or name through it.
Partners, tiers, signals and targets belong to the book; a change of them is a change of rules, not of single deals.
"""

from __future__ import annotations

from mapping.identity import normal_name
from mapping.twins import meeting_place
from partnersync.facts import Account, Opportunity, Override, Partner, Reach, Registration, Signal, Target, Touchpoint
from partnersync.ids import Ref

AnyFact = Account | Opportunity | Registration | Touchpoint | Override | Partner | Signal | Target


def keys(fact: AnyFact) -> Reach:
    """The keys of a fact."""
    match fact:
        case Account():
            named = _known(account=fact.ref, domain=fact.domain, name=fact.name)
            parent = () if fact.parent is None else _known(account=fact.parent)
            return Reach(named + parent, carries=True)
        case Opportunity():
            given = [f"opportunity:{fact.ref}"]
            if fact.account is not None:
                given.append(f"account:{fact.account}")
            if fact.twin is not None:
                given.append(f"opportunity:{fact.twin}")
            return Reach(tuple(given), meets=meeting_place(fact))
        case Registration():
            return Reach(
                _known(opportunity=fact.opportunity, account=fact.account, domain=fact.domain, name=fact.customer)
            )
        case Touchpoint():
            return Reach(_known(opportunity=fact.opportunity, account=fact.account, domain=fact.domain))
        case Override():
            return Reach(_known(opportunity=fact.opportunity))
        case Partner():
            return Reach((f"partner:{fact.id}",))
        case Signal() | Target():
            return Reach((f"partner:{fact.partner}",) if fact.partner else ())


def _known(
    opportunity: Ref | None = None, account: Ref | None = None, domain: str | None = None, name: str | None = None
) -> tuple[str, ...]:
    found = []
    if opportunity is not None:
        found.append(f"opportunity:{opportunity}")
    if account is not None:
        found.append(f"account:{account}")
    if domain is not None:
        found.append(f"domain:{domain}")
    if name and (normal := normal_name(name)):
        found.append(f"name:{normal}")
    return tuple(found)
