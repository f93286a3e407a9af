"""The structures a plan may pay by, one module each: from a deal's place in its pool to the exact amount it earns."""

from reconcile.commission.rules.deal import Deal, Earned, Part, Rule
from reconcile.commission.rules.of_rate import rule_of

__all__ = ["Deal", "Earned", "Part", "Rule", "rule_of"]
