"""What a plan pays exactly as written but hardly as meant, for ``check`` to warn of.

A partner should never earn less because a customer bought more. Percent, bounty and brackets cannot do that, but rules that
are chosen by the deal's amount can: 10 % below 50,000 and 5 % from there on pays 5,000.00 for 49,999.99 and 2,500.00 for
50,000.00. So a deal just below, at and just above each amount that a plan's rules name is paid, alone in its period, and
held against the next smaller one. Plans whose rules ask for anything besides the amount are left out: what else
holds for a deal is not known here.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction

from mapping.conditions import Condition, Facts, Vocabulary
from mapping.conditions.comparisons import read_tests
from partnersync.facts import Opportunity
from partnersync.ids import Ref
from partnersync.money import Money, exponent, round_fraction
from partnersync.placing import Fault
from reconcile.commission.config import CommissionSections, PlanConfig
from reconcile.commission.plans import Plans, PlanVersion
from reconcile.commission.rules import Deal

_AMOUNT = "opportunity.amount"


def advice(sections: CommissionSections, vocabulary: Vocabulary) -> Iterator[Fault]:
    """Warnings on a config that has no ``faults``, placed like them."""
    plans = Plans.of(sections, vocabulary)
    for at, (plan, compiled) in enumerate(zip(sections.commission.plans, plans.versions, strict=True)):
        end = plan.effective.to
        if end is not None and end <= plans.starts_on:
            message = f"this version ended on {end}, before `commission.starts_on` {plans.starts_on}: it never pays"
            yield Fault(("commission", "plans", at, "effective"), message)
        for step in _steps_down(plan, compiled, vocabulary, plans):
            yield Fault(("commission", "plans", at, "rules"), step)


def _steps_down(plan: PlanConfig, compiled: PlanVersion, vocabulary: Vocabulary, plans: Plans) -> Iterator[str]:
    conditions = [when for when in (plan.when, *(rule.when for rule in plan.rules)) if when is not None]
    if any(clause.field != _AMOUNT for when in conditions for clause in when.clauses()):
        return
    limits = {limit for when in conditions for limit in _limits(when, vocabulary, compiled.currency)}
    unit = Decimal(1).scaleb(-exponent(compiled.currency))
    for limit in sorted(limits):
        sizes = [size for size in (limit - unit, limit, limit + unit) if size > 0]
        paid = [_paid(size, compiled, plans) for size in sizes]
        for smaller, larger, before, after in zip(sizes, sizes[1:], paid, paid[1:], strict=False):
            if after < before:
                currency = compiled.currency
                yield (
                    f"a larger deal pays less: {smaller:,f} {currency} pays {Money(before, currency)}, "
                    f"{larger:,f} {currency} pays {Money(after, currency)}"
                )


def _limits(when: Condition, vocabulary: Vocabulary, currency: str) -> Iterator[Decimal]:
    """The amounts in the plan's currency that a condition compares with."""
    for clause in when.clauses():
        for test in read_tests(vocabulary.fields[clause.field], clause.written)[0]:
            operands = (
                test.operand if isinstance(test.operand, tuple) and test.operator.endswith("_of") else (test.operand,)
            )
            for operand in operands:
                if operand is not None and operand[1] == currency:
                    yield operand[0]


def _paid(size: Decimal, plan: PlanVersion, plans: Plans) -> int:
    """What one deal of this size, credited whole and alone in its period, pays in minor units."""
    deal = Opportunity(Ref("", "", "", ""), "", "won", "", amount=size, currency=plan.currency, closes_on=date.min)
    facts = Facts(opportunity=deal)
    rule = next((rule for rule in plan.rules if rule.matches(facts)), None) if plan.matches(facts) else None
    basis = Fraction(size) * 10 ** exponent(plan.currency)
    exact = rule.pay(Deal(basis, Fraction(1), Fraction(0), basis, basis)).exact if rule else Fraction(0)
    return round_fraction(exact, plans.rounding)
