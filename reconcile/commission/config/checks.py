"""Mistakes of plans that only show when versions, rules and sections are held against one another.

They would make an amount ambiguous or a rule silent for ever. What pays exactly as written, but hardly as meant, is not a
mistake: ``commission.advice`` warns of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from mapping.conditions import Vocabulary
from mapping.config import Program
from partnersync.placing import Fault
from partnersync.source import Where
from reconcile.commission.config.plans import Commission, PlanConfig
from reconcile.commission.config.rates import Bracket, GraduatedRate
from reconcile.commission.config.terms import Calendar, MoneyRules, Span

PLAN_NAMESPACES = ("opportunity", "account", "partner", "registration", "attribution")
"""What conditions of plans and rules may ask about; ``registration`` is the one that proves the credit."""
_LENGTH: Mapping[Span, int] = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True, slots=True)
class CommissionSections:
    """The sections that commissions read, together."""

    calendar: Calendar
    money: MoneyRules
    commission: Commission
    programs: Mapping[str, Program]


def faults(sections: CommissionSections, vocabulary: Vocabulary) -> Iterator[Fault]:
    """Every mistake between plans, their versions, their rules and the other sections."""
    plans = sections.commission.plans
    for at, plan in enumerate(plans):
        here: Where = ("commission", "plans", at)
        yield from _versions(here, plan, plans[:at])
        yield from _terms(here, plan, sections.programs)
        yield from _brackets(here, plan, plans[:at], sections.calendar.periods)
        yield from _rules(here, plan)
        if plan.when is not None:
            yield from plan.when.faults((*here, "when"), vocabulary, PLAN_NAMESPACES)
        for place, rule in enumerate(plan.rules):
            if rule.when is not None:
                yield from rule.when.faults((*here, "rules", place, "when"), vocabulary, PLAN_NAMESPACES)


def _versions(here: Where, plan: PlanConfig, before: tuple[PlanConfig, ...]) -> Iterator[Fault]:
    for other in before:
        if other.ledger_id == plan.ledger_id and other.id != plan.id:
            yield Fault((*here, "id"), f"{plan.id!r} and {other.id!r} are one plan in the ledger ({plan.ledger_id!r})")
        elif other.id == plan.id and _overlap(plan, other):
            span = f"{other.effective.from_} to {other.effective.to or 'further notice'}"
            hint = "end one version on the day the next begins, or give this plan another id"
            yield Fault((*here, "effective"), f"overlaps another version of {plan.id!r}, effective from {span}", hint)
        elif other.id == plan.id and (other.role, other.program) != (plan.role, plan.program):
            yield Fault((*here, "id"), f"versions of {plan.id!r} differ in role or programme", "make two plans of them")


def _overlap(one: PlanConfig, other: PlanConfig) -> bool:
    last = date.max
    return one.effective.from_ < (other.effective.to or last) and other.effective.from_ < (one.effective.to or last)


def _terms(here: Where, plan: PlanConfig, programs: Mapping[str, Program]) -> Iterator[Fault]:
    if plan.program is not None and plan.program not in programs:
        yield Fault((*here, "program"), f"no programme is called {plan.program!r}", f"one of {', '.join(programs)}")
    elif plan.program is None and plan.currency is None and len({p.currency for p in programs.values()}) > 1:
        fix = "name its program, or the currency of its amounts"
        yield Fault((*here, "id"), f"the plan {plan.id!r} is for programmes in several currencies", fix)


def _brackets(here: Where, plan: PlanConfig, before: tuple[PlanConfig, ...], periods: Span) -> Iterator[Fault]:
    """One cumulative revenue per plan and span: all its rules and versions sum over the same one."""
    earlier = [rule for other in before if other.id == plan.id for rule in other.rules]
    spans: list[Span] = [rule.rate.graduated.over for rule in earlier if isinstance(rule.rate, GraduatedRate)]
    for place, rule in enumerate(plan.rules):
        if not isinstance(rule.rate, GraduatedRate):
            continue
        over = rule.rate.graduated.over
        where = (*here, "rules", place, "rate", "graduated", "over")
        if _LENGTH[over] < _LENGTH[periods]:
            yield Fault(where, f"brackets over a {over} need `calendar.periods: {over}`, which is now {periods}")
        if spans and spans[0] != over:
            yield Fault(where, f"this plan already sums over a {spans[0]}", "use one span, or make two plans")
        spans.append(over)
        for position, setting, why in _uncovered(rule.rate.graduated.brackets):
            yield Fault((*where[:-1], "brackets", position, setting), why)


def _uncovered(brackets: tuple[Bracket, ...]) -> Iterator[tuple[int, str, str]]:
    """Where and why brackets do not cover every amount exactly once; at most one fault for each."""
    last = len(brackets) - 1
    below = Decimal(0)
    for at, bracket in enumerate(brackets):
        start = below if bracket.from_ is None else bracket.from_
        if start != below:
            kind = "gap" if start > below else "overlap"
            yield at, "from", f"{kind}: this bracket starts at {start:,f}, the one before it ends at {below:,f}"
        elif bracket.to is None and at < last:
            yield at, "to", "this bracket has no `to`; only the last one is open"
        elif bracket.to is not None and bracket.to <= below:
            yield at, "to", f"`to` {bracket.to:,f} is not above {below:,f}, where this bracket starts"
        elif bracket.to is not None and at == last:
            yield (
                at,
                "to",
                f"the last bracket must be open: leave `to` out, or add one for what is above {bracket.to:,f}",
            )
        below = max(below, bracket.to) if bracket.to is not None else below


def _rules(here: Where, plan: PlanConfig) -> Iterator[Fault]:
    seen: set[str] = set()
    closed: str | None = None
    conditions: list[tuple[object, str]] = []
    for place, rule in enumerate(plan.rules):
        where: Where = (*here, "rules", place)
        if {rule.id, rule.ledger_id} & seen:
            yield Fault((*where, "id"), f"the rule {rule.id!r} is already in this plan", "choose another id")
        seen |= {rule.id, rule.ledger_id}
        if closed is not None:
            yield Fault((*where, "id"), f"never matches: {closed!r} above it has no conditions", "move it up")
            continue
        if rule.when is None or not rule.when.parts:
            closed = rule.id
            continue
        twin = next((name for written, name in conditions if written == rule.when.written), None)
        if twin is not None:
            yield Fault((*where, "when"), f"never matches: {twin!r} above it has the same conditions")
        conditions.append((rule.when.written, rule.id))
