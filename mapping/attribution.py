"""Who is credited with a deal, by how much, and why: the waterfall of each role, as a pure function of facts and rules.

Per role the rules are asked from top to bottom and the first that finds a partner decides; a person's override decides before
all of them. Shares are exact fractions that sum to 1, what nobody holds goes to ``unassigned``, and the deal's amount is split
once, in minor units, by largest remainder: 100.00 in three is 33.34, 33.33, 33.33. A role that no rule is written for has no
credits at all.

A deal that stands in two CRMs earns in the programme's system of record: in the mirror, the share goes to ``unassigned``
with the evidence ``duplicate_of``, so that nothing above has to remember it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from mapping.book import Book
from mapping.deals import account_chain, closed_day, newest, start_of
from mapping.evidence import Case, Found, by_override, by_rule
from mapping.quality import judged
from mapping.twins import twins
from partnersync.clock import local_day
from partnersync.credits import ROLES, UNASSIGNED, Credit, Evidence, Finding, Role
from partnersync.facts import Dossier, Twin
from partnersync.money import Money, allocate, to_minor

_ALL = Fraction(1)


@dataclass(frozen=True, slots=True)
class Attribution:
    """The credits of one opportunity, what people should look at, and until when time alone changes none of it."""

    credits: tuple[Credit, ...] = ()
    findings: tuple[Finding, ...] = ()
    good_until: datetime | None = None


def attribute(book: Book, dossier: Dossier, as_of: datetime) -> Attribution:
    """The credits of the dossier's opportunity as of an instant; none for one that was deleted."""
    deal = newest(dossier)
    if deal is None:
        return Attribution()
    chain = account_chain(dossier)
    same = tuple(twins(deal, chain, dossier.twins)) if dossier.twins else ()
    refs = tuple(twin.opportunity.fact.ref for twin in same if twin.opportunity.fact)
    case = Case(book, dossier, deal, chain, refs, as_of, closed_day(dossier, as_of, book.timezone))
    held: list[Credit] = []
    findings: list[Finding] = []
    for role in ROLES:
        given, told = _role(case, role, same)
        held += given
        findings += told
    findings += judged(case, held)
    edges = [credit.good_until for credit in held if credit.good_until]
    if deal.outcome == "won" and deal.closes_on and deal.closes_on > local_day(as_of, book.timezone):
        edges.append(start_of(deal.closes_on, book.timezone))
    return Attribution(tuple(held), tuple(dict.fromkeys(findings)), min(edges, default=None))


def credited(held: Iterable[Credit]) -> Mapping[str, frozenset[str]]:
    """The partners that hold a credit, by role: what a condition on ``attribution.<role>`` is judged on."""
    found: dict[str, set[str]] = {}
    for credit in held:
        if credit.partner != UNASSIGNED:
            found.setdefault(credit.role, set()).add(credit.partner)
    return {role: frozenset(partners) for role, partners in found.items()}


def _role(case: Case, role: Role, same: tuple[Twin, ...]) -> tuple[list[Credit], list[Finding]]:
    if not case.book.rules[role] and not case.dossier.overrides:
        return [], []
    asked = _asked(case, role)
    if not asked:
        return [], []
    found = asked[-1]
    shares = {party: share for party, share in found.shares.items() if share}
    evidence = dict(found.evidence)
    for partner, proof in _mirrored(case, shares, same).items():
        shares.pop(partner)
        evidence[UNASSIGNED] = (*evidence.get(UNASSIGNED, ()), proof)
    left = 1 - sum(shares.values(), Fraction(0)) if shares else _ALL
    if left:
        shares[UNASSIGNED] = left
    late = tuple(proof for each in asked for proof in each.late)
    edges = [edge for each in asked for edge in each.edges if edge > case.as_of]
    until = min(edges, default=None)
    rule = found.rule if found.shares or UNASSIGNED in found.evidence else UNASSIGNED
    parties = sorted(shares, key=lambda party: (party == UNASSIGNED, party))
    amounts = _amounts(case, shares)
    given = [
        Credit(
            opportunity=case.deal.ref,
            role=role,
            partner=party,
            share=shares[party],
            amount=amounts.get(party),
            rule=rule,
            program=case.book.program_of(party).id,
            evidence=(*evidence.get(party, ()), *(late if at == 0 else ())),
            good_until=until,
        )
        for at, party in enumerate(parties)
    ]
    return given, [finding for each in asked for finding in each.findings]


def _asked(case: Case, role: Role) -> list[Found]:
    """What each source of the role's credit found, up to the first that decides."""
    asked: list[Found] = []
    override = by_override(case, role)
    if override is not None:
        asked.append(override)
        if override.rule:
            return asked
    for rule in case.book.rules[role]:
        asked.append(by_rule(case, rule))
        if asked[-1].shares:
            break
    return asked


def _mirrored(case: Case, shares: Mapping[str, Fraction], same: tuple[Twin, ...]) -> dict[str, Evidence]:
    """The partners whose programme pays this deal in its other CRM, and the record it is paid on."""
    found: dict[str, Evidence] = {}
    own = (case.deal.ref.crm, case.deal.ref.org)
    for partner in shares:
        home = case.book.program_of(partner).system_of_record
        if home is None or home == own:
            continue
        for twin in same:
            other = twin.opportunity.fact
            if other is not None and (other.ref.crm, other.ref.org) == home:
                note = f"the same deal as {other.ref.id} in {other.ref.crm}, where {partner} is credited"
                found[partner] = Evidence("duplicate_of", other.ref, twin.opportunity.hash, None, None, note)
                break
    return found


def _amounts(case: Case, shares: Mapping[str, Fraction]) -> dict[str, Money]:
    deal = case.deal
    if deal.amount is None or deal.currency is None:
        return {}
    total = to_minor(deal.amount, deal.currency)
    if len(shares) == 1:
        return dict.fromkeys(shares, Money(total, deal.currency))
    split = allocate(total, shares)
    return {party: Money(minor, deal.currency) for party, minor in split.items()}
