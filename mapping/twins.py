"""One deal in two CRMs: it earns in the programme's system of record, and its mirror earns nothing (DOMAIN §7).

The problem: Acme buys for 12,500.00 USD; the deal stands in Salesforce, closing 30 June, and a sync or a rep put it into
HubSpot too, closing 1 July. Paying both would pay twice; nothing in either record says they are one.

The choice: an opportunity meets another under ``Reach.meets``: amount and currency, in the week of the close date or a
neighbouring one, so that a few days' difference still meets. State puts those that meet and whose accounts share a key,
and those that a mapped ``twin`` field names, into the dossier's ``twins``, with their accounts. They are one deal if one
names the other, or if they have the same amount and currency, close at most seven days apart, stand in different CRMs, and
are sold to one customer: the same registrable domain, or, where one has none, the same normalised name.

Left out: deals whose amounts were edited apart (map a ``twin`` field for those), and guessing by similar names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mapping.identity import normal_name
from partnersync.facts import Account, Opportunity, Twin

NEAR_DAYS = 7


def twins(deal: Opportunity, chain: tuple[Account, ...], possible: Iterable[Twin]) -> Iterator[Twin]:
    """The same deal in other CRMs, those that a field names first, then the closest in time, then by id.

    ``chain`` is the deal's account and its parents.
    """
    found = [(rank, twin) for twin in possible if (rank := _rank(deal, chain[0] if chain else None, twin)) is not None]
    yield from (twin for _, twin in sorted(found, key=lambda each: each[0]))


def meeting_place(deal: Opportunity) -> tuple[str, int] | None:
    """Where it meets its possible twins: its terms, and the week."""
    if not (deal.amount and deal.currency and deal.closes_on):
        return None
    return f"deal:{deal.currency}:{deal.amount.normalize():f}", deal.closes_on.toordinal() // 7


def _rank(deal: Opportunity, account: Account | None, twin: Twin) -> tuple[bool, int, str] | None:
    other = twin.opportunity.fact
    if other is None or (other.ref.crm, other.ref.org) == (deal.ref.crm, deal.ref.org):
        return None
    if other.ref == deal.twin or deal.ref == other.twin:
        return False, 0, str(other.ref)
    if deal.twin is not None or other.twin is not None or (apart := _days_apart(deal, other)) is None:
        return None
    if account is None or twin.account is None or not _same_customer(account, twin.account.fact):
        return None
    return True, apart, str(other.ref)


def _days_apart(deal: Opportunity, other: Opportunity) -> int | None:
    """The days between the close dates of deals with the same terms; None where they are not near or not the same."""
    if not deal.amount or deal.currency is None or deal.closes_on is None or other.closes_on is None:
        return None
    if (deal.amount, deal.currency) != (other.amount, other.currency):
        return None
    apart = abs((deal.closes_on - other.closes_on).days)
    return apart if apart <= NEAR_DAYS else None


def _same_customer(account: Account, other: Account | None) -> bool:
    if other is None:
        return False
    if account.domain and other.domain:
        return account.domain == other.domain
    return normal_name(account.name) == normal_name(other.name) != ""
