"""Plans compiled once per config: their conditions as closures, their rules as functions, their amounts in minor units."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from mapping.conditions import Condition, Decider, Facts, Vocabulary, compile_when
from partnersync.credits import Role
from partnersync.money import Rounding
from reconcile.commission.calendar import FiscalCalendar
from reconcile.commission.config import (
    CommissionSections,
    Effective,
    GraduatedRate,
    PlanConfig,
    RuleConfig,
    Span,
)
from reconcile.commission.rules import Rule, rule_of

_SHOWN = frozenset(
    {
        "opportunity.stage", "opportunity.currency", "opportunity.type", "opportunity.product_family",
        "opportunity.region", "opportunity.loss_reason", "opportunity.crm", "partner.id", "partner.status",
        "partner.programs", "partner.currency", "partner.region", "partner.tier", "registration.product_family",
        "registration.region",
    }
)  # fmt: skip
"""Texts that may stand in the ledger for ever: none of them names a person, a customer or another partner."""
_ALWAYS_SHOWN = frozenset({"choice", "number", "money", "date", "instant", "boolean"})


@dataclass(frozen=True, slots=True)
class Terms:
    """What a programme settles in: its currency and its calendar."""

    currency: str
    calendar: FiscalCalendar


@dataclass(frozen=True, slots=True)
class PlanRule:
    """A rule of a plan version; ``why`` says, without personal data, why it was chosen."""

    id: str
    title: str
    kind: str
    matches: Callable[[Facts], bool]
    why: Callable[[Facts], str]
    pay: Rule


@dataclass(frozen=True, slots=True)
class PlanVersion:
    """One version of a plan; ``span`` is how long its revenue is summed, ``id`` the one that the ledger knows."""

    id: str
    title: str
    version: str
    program: str | None
    currency: str
    effective: Effective
    role: Role
    exclusive: str | None
    span: Span
    matches: Callable[[Facts], bool]
    why: Callable[[Facts], str]
    rules: tuple[PlanRule, ...]


@dataclass(frozen=True, slots=True)
class Plans:
    """Every plan version in the order of the file, and the terms that they share."""

    versions: tuple[PlanVersion, ...]
    terms: Mapping[str, Terms]
    starts_on: date
    at_registration: bool
    rounding: Rounding
    reporting_currency: str
    max_rate_age: int

    @classmethod
    def of(cls, sections: CommissionSections, vocabulary: Vocabulary) -> Plans:
        """The plans of a config that has no ``faults``."""
        commission, money = sections.commission, sections.money
        terms = {
            id_: Terms(program.currency, FiscalCalendar.of(sections.calendar, program.timezone))
            for id_, program in sections.programs.items()
        }
        spans: dict[str, Span] = {}
        for plan in commission.plans:
            for rule in plan.rules:
                if isinstance(rule.rate, GraduatedRate):
                    spans[plan.ledger_id] = rule.rate.graduated.over
        versions = tuple(
            _version(plan, spans.get(plan.ledger_id, sections.calendar.periods), sections, vocabulary)
            for plan in commission.plans
        )
        at_registration = commission.tier_on == "at_registration"
        return cls(
            versions,
            terms,
            commission.starts_on,
            at_registration,
            money.rounding,
            money.reporting_currency,
            money.max_rate_age,
        )


def _version(plan: PlanConfig, span: Span, sections: CommissionSections, vocabulary: Vocabulary) -> PlanVersion:
    programs = sections.programs
    program = programs[plan.program] if plan.program else next(iter(programs.values()))
    currency = plan.currency or program.currency
    timezone = (program.timezone if plan.program else None) or sections.calendar.timezone
    matches, why = _condition(plan.when, vocabulary, timezone)
    return PlanVersion(
        id=plan.ledger_id,
        title=plan.title or plan.id,
        version=plan.version,
        program=plan.program,
        currency=currency,
        effective=plan.effective,
        role=plan.role,
        exclusive=plan.exclusive,
        span=span,
        matches=matches,
        why=why,
        rules=tuple(_rule(rule, currency, vocabulary, timezone) for rule in plan.rules),
    )


def _rule(rule: RuleConfig, currency: str, vocabulary: Vocabulary, timezone: str) -> PlanRule:
    matches, why = _condition(rule.when, vocabulary, timezone)
    kind = next(iter(type(rule.rate).model_fields))
    return PlanRule(rule.ledger_id, rule.title or rule.id, kind, matches, why, rule_of(rule.rate, currency))


def _condition(
    when: Condition | None, vocabulary: Vocabulary, timezone: str
) -> tuple[Callable[[Facts], bool], Callable[[Facts], str]]:
    decider: Decider = compile_when(when, vocabulary, timezone)
    asked = tuple(dict.fromkeys(clause.field for clause in when.clauses())) if when else ()
    kept_back = [name for name in asked if not (name in _SHOWN or vocabulary.fields[name].kind in _ALWAYS_SHOWN)]
    if not kept_back:
        return decider.matches, decider.why
    told = f"its conditions on {', '.join(asked)} hold"
    return decider.matches, lambda facts: told
