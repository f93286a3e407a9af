"""The sections ``calendar``, ``money`` and ``commission`` of the config file, and what is checked between them."""

from reconcile.commission.config.checks import PLAN_NAMESPACES, CommissionSections, faults
from reconcile.commission.config.plans import Commission, Effective, PlanConfig, RuleConfig
from reconcile.commission.config.rates import (
    Bounty,
    BountyRate,
    Bracket,
    Graduated,
    GraduatedRate,
    PercentRate,
    RateConfig,
)
from reconcile.commission.config.terms import Calendar, MoneyRules, Span

__all__ = [
    "PLAN_NAMESPACES",
    "Bounty",
    "BountyRate",
    "Bracket",
    "Calendar",
    "Commission",
    "CommissionSections",
    "Effective",
    "Graduated",
    "GraduatedRate",
    "MoneyRules",
    "PercentRate",
    "PlanConfig",
    "RateConfig",
    "RuleConfig",
    "Span",
    "faults",
]
