"""A deal and its credits → its entries: the part it plays in each pool, in that pool's currency, not yet rounded.

For each credit the plans are read in the order of the file: the version whose range holds the effective date (the close
date, used as it is), the programme and role of the credit, the plan's conditions, then its first rule whose conditions hold.
EUR 60,000 closed on 2 March, all of it sourced by one partner under a USD plan, is an entry of 6,480,000 cents at 1.08.

A won deal without a close date, or with one that has not come, is blocked (``close_date``), so is one without a currency
(``currency_missing``) or a rate (``fx_missing``); blocked in one plan, it is blocked in all. Its entries say so, earn
nothing and stay out of R: what was posted is taken back until the deal is whole again, and so the order in which facts
arrive does not matter. An undated deal stands in the pool of the period ``undated``. A deal without an amount is not
blocked: a bounty pays, and a share of nothing is nothing until somebody fills it in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from typing import Any, Protocol

from mapping.conditions import Facts
from mapping.deals import account_chain
from partnersync.credits import UNASSIGNED, Credit, Finding
from partnersync.facts import Dossier, Opportunity, Partner, Registration, Version
from partnersync.ids import Ref
from partnersync.lines import Entry, FrozenRate, Pool, Rate
from partnersync.money import exponent
from reconcile.commission.generations import generation
from reconcile.commission.plans import PlanRule, Plans, PlanVersion
from reconcile.commission.rates import Conversions, RateTable
from reconcile.commission.rules import Deal

UNDATED = "undated"
_ORDER = ("close_date", "currency_missing", "fx_missing")
_FAR_UP = Fraction(10**30)


class Roster(Protocol):
    """The book, as far as it is needed here."""

    @property
    def partners(self) -> Mapping[str, Partner]:
        """Everyone, as they are."""
        ...

    def tier(self, id_: str, on: object, program: str | None = None) -> str | None:
        """The partner's tier in a programme on a day."""
        ...


Credited = Callable[[Dossier, datetime], Sequence[Credit]]


@dataclass(frozen=True, slots=True)
class Entered:
    """The entries of one deal, the rates that are frozen from now on, and what is wrong with it."""

    entries: tuple[Entry, ...] = ()
    new_rates: tuple[FrozenRate, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def good_until(self) -> datetime | None:
        """The instant after which time alone may change the answer."""
        return min((entry.good_until for entry in self.entries if entry.good_until), default=None)


@dataclass(frozen=True, slots=True)
class _Chosen:
    """A credit, and the plan version and rule that it earns by."""

    credit: Credit
    plan: PlanVersion
    rule: PlanRule
    told: Mapping[str, Any]


def entries(
    plans: Plans,
    roster: Roster,
    rates: RateTable,
    dossier: Dossier,
    credits: Sequence[Credit],  # noqa: A002 - the house's word
    frozen: Iterable[FrozenRate],
    as_of: datetime,
    credited: Credited | None = None,
) -> Entered:
    """The entries of the dossier's opportunity.

    ``frozen`` are the rates stored for it. ``credited`` gives the credits as they were at an earlier version (attribution of
    a shortened dossier); it is asked only for deals that were won again or changed currency, and defaults to today's.
    """
    deal = dossier.now.fact
    if deal is None or deal.outcome != "won":
        return Entered()
    chosen = tuple(_choose(plans, roster, dossier, deal, credits, as_of))
    if not chosen:
        return Entered()
    number = generation(dossier.history, lambda at: _earned(plans, roster, rates, dossier, at, credited, credits))
    conversions = Conversions(rates, deal.ref, number, frozen)
    blocked: set[str] = set()
    bases: list[tuple[Fraction | None, Rate | None]] = []
    for each in chosen:
        basis, rate, reason = _basis(plans, deal, each, conversions, as_of)
        bases.append((basis, rate))
        blocked |= {reason} if reason else set()
    reason = next((name for name in _ORDER if name in blocked), None)
    made = tuple(
        _entry(plans, dossier, deal, each, number, basis, rate, reason)
        for each, (basis, rate) in zip(chosen, bases, strict=True)
    )
    return Entered(made, () if reason else tuple(conversions.new), tuple(_findings(deal, chosen, reason)))


def _choose(
    plans: Plans,
    roster: Roster,
    dossier: Dossier,
    deal: Opportunity,
    credits: Sequence[Credit],  # noqa: A002 - the house's word
    as_of: datetime,
) -> Iterator[_Chosen]:
    """The plans and rules by which the deal earns, in the order of the file; of an exclusive group the first."""
    payees = [credit for credit in credits if credit.partner != UNASSIGNED and credit.program in plans.terms]
    if not payees:
        return
    credited: dict[str, set[str]] = {}
    for credit in credits:
        if credit.partner != UNASSIGNED:
            credited.setdefault(credit.role, set()).add(credit.partner)
    held = {role: frozenset(partners) for role, partners in credited.items()}
    facts = {id(credit): _facts(plans, roster, dossier, deal, credit, held, as_of) for credit in payees}
    taken: set[tuple[str, str]] = set()
    for plan in plans.versions:
        for credit in payees:
            if credit.role != plan.role or plan.program not in (None, credit.program):
                continue
            on = deal.closes_on or plans.terms[credit.program].calendar.day(as_of)
            group = (plan.exclusive or "", credit.partner)
            if on < plans.starts_on or not plan.effective.covers(on) or (plan.exclusive and group in taken):
                continue
            known, told = facts[id(credit)]
            rule = next((rule for rule in plan.rules if rule.matches(known)), None) if plan.matches(known) else None
            if rule is not None:
                taken.add(group)
                yield _Chosen(credit, plan, rule, {"why": [plan.why(known), rule.why(known)], **told})


def _facts(
    plans: Plans,
    roster: Roster,
    dossier: Dossier,
    deal: Opportunity,
    credit: Credit,
    held: Mapping[str, frozenset[str]],
    as_of: datetime,
) -> tuple[Facts, dict[str, Any]]:
    """What conditions are judged on, and the tier that was used."""
    calendar = plans.terms[credit.program].calendar
    registration = _registration(dossier, credit)
    on = deal.closes_on or calendar.day(as_of)
    if plans.at_registration and registration is not None:
        stamp = registration.submitted_at or registration.approved_at
        on = calendar.day(stamp) if stamp else on
    tier = roster.tier(credit.partner, on, credit.program)
    chain = account_chain(dossier)
    known = Facts(deal, chain[0] if chain else None, roster.partners.get(credit.partner), tier, registration, held)
    return known, {"tier": tier, "tier_on": on.isoformat()} if tier else {}


def _registration(dossier: Dossier, credit: Credit) -> Registration | None:
    proofs = {item.ref for item in credit.evidence if item.kind == "registration" and not item.late}
    found = (version.fact for version in dossier.registrations if version.fact and version.fact.ref in proofs)
    return next(found, None)


def _basis(
    plans: Plans, deal: Opportunity, chosen: _Chosen, conversions: Conversions, as_of: datetime
) -> tuple[Fraction | None, Rate | None, str | None]:
    """B in minor units of the plan's currency, the rate it took, and what blocks the deal."""
    today = plans.terms[chosen.credit.program].calendar.day(as_of)
    if deal.closes_on is None or deal.closes_on > today:
        return None, None, "close_date"
    if deal.amount is None:
        return None, None, None
    if deal.currency is None:
        return None, None, "currency_missing"
    currency = chosen.plan.currency
    amount = Fraction(deal.amount) * chosen.credit.share * 10 ** exponent(currency)
    if deal.currency == currency:
        return amount, None, None
    rate = conversions.rate(deal.currency, currency, deal.closes_on)
    return (None, None, "fx_missing") if rate is None else (amount * rate.value, rate, None)


def _entry(
    plans: Plans,
    dossier: Dossier,
    deal: Opportunity,
    chosen: _Chosen,
    number: int,
    basis: Fraction | None,
    rate: Rate | None,
    blocked: str | None,
) -> Entry:
    credit, plan = chosen.credit, chosen.plan
    calendar = plans.terms[credit.program].calendar
    period = calendar.period_of(deal.closes_on, plan.span).label if deal.closes_on else UNDATED
    told: dict[str, Any] = {
        **chosen.told,
        "amount": None if deal.amount is None else str(deal.amount),
        "currency": deal.currency,
        "credit_rule": credit.rule,
    }
    cited = {
        "stamp": dossier.now.stamp.isoformat(),
        "evidence": [_proof(item.kind, item.ref, item.fact, item.at) for item in credit.evidence if not item.late],
    }
    proofs = (item.fact for item in credit.evidence if item.fact and not item.late)
    return Entry(
        pool=Pool(credit.program, plan.id, credit.partner, "revenue", period, plan.currency),
        opportunity=deal.ref,
        generation=number,
        version=plan.version,
        rule=chosen.rule.id,
        role=credit.role,
        effective_on=deal.closes_on,
        created_at=deal.created_at or dossier.history[0].stamp,
        source_key=str(deal.ref),
        basis=None if blocked else basis,
        share=credit.share,
        rate=None if blocked else rate,
        blocked=blocked,
        facts=tuple(dict.fromkeys((dossier.now.hash, *proofs))),
        context=told,
        good_until=calendar.begins(deal.closes_on) if blocked == "close_date" and deal.closes_on else None,
        cites=cited,
    )


def _proof(kind: str, ref: Ref, fact: str, at: datetime | None) -> dict[str, str | None]:
    return {"kind": kind, "ref": str(ref), "fact": fact, "at": at.isoformat() if at else None}


def _earned(
    plans: Plans,
    roster: Roster,
    rates: RateTable,
    dossier: Dossier,
    position: int,
    credited: Credited | None,
    credits: Sequence[Credit],  # noqa: A002 - the house's word
) -> bool:
    """Whether an earlier version of the deal had D ≠ 0 by the time that the next one replaced it.

    Where a deal would earn depends on its pool; here it counts if any bracket of its rule would pay.
    """
    then: tuple[Version[Opportunity], ...] = dossier.history[: position + 1]
    deal, until = then[-1].fact, dossier.history[position + 1].stamp
    if deal is None:
        return False
    past = replace(dossier, history=then)
    held = credited(past, until) if credited else credits
    for each in _choose(plans, roster, past, deal, held, until):
        basis, _, blocked = _basis(plans, deal, each, Conversions(rates, deal.ref, 0, ()), until)
        if blocked:
            return False
        size = basis or Fraction(0)
        places = (Deal(basis, each.credit.share, at, at + size, at + size) for at in (Fraction(0), _FAR_UP))
        if any(each.rule.pay(place).exact for place in places):
            return True
    return False


def _findings(deal: Opportunity, chosen: Sequence[_Chosen], blocked: str | None) -> Iterator[Finding]:
    """What attribution could not see, because only plans have a currency."""
    if blocked == "fx_missing":
        wanted = sorted({each.plan.currency for each in chosen} - {deal.currency})
        message = (
            f"no rate from {deal.currency} to {' or '.join(wanted)} for {deal.closes_on}: it earns nothing until then"
        )
        yield Finding("fx_missing", deal.ref, message, "error")
