"""Structured conditions (``when:``): read from YAML, typed against the canonical fields, compiled once to closures.

    when:
      opportunity.type: [new, expansion]            # one of
      opportunity.amount: {at_least: 1000 USD}      # every comparison in a group must hold
      attribution.sourced: missing
      any: [{partner.region: EMEA}, {partner.tier: gold}]
      not: {opportunity.name: {contains: test}}

Three answers: yes, no, unknown. A value that is missing, or an amount in another currency, makes unknown, and unknown is
never a match, also under ``not``. Texts compare without regard to case. There are no expression strings and no patterns.
"""

from mapping.conditions.deciding import Decider, compile_when
from mapping.conditions.language import Clause, Condition, Group, When
from mapping.conditions.vocabulary import Facts, Field, Vocabulary

__all__ = ["Clause", "Condition", "Decider", "Facts", "Field", "Group", "Vocabulary", "When", "compile_when"]
