"""The compact explanation stored with what is owed: numbers, dates, ids and fact hashes, by a schema with a version.

Nothing personal stands here: a line is kept for ever, and names are looked up when somebody asks. Exact numbers are fractions as
text (``"1/3"``), amounts in minor units of the key's currency unless a field says otherwise. ``reconcile.explain`` reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from partnersync.lines import Entry, Rate
from partnersync.money import Rounding
from reconcile.commission.plans import PlanRule
from reconcile.commission.rules import Deal, Earned

SCHEMA = 1


def of_earned(
    entry: Entry,
    rule: PlanRule,
    period: str,
    deal: Deal,
    earned: Earned,
    minor: int,
    rounding: Rounding,
) -> dict[str, Any]:
    """How a deal came to what it earns."""
    basis = deal.basis
    told: dict[str, Any] = {
        "schema": SCHEMA,
        "version": entry.version,
        "structure": rule.kind,
        "effective_on": entry.effective_on.isoformat() if entry.effective_on else None,
        "period": period,
        "facts": list(entry.facts),
        "share": str(entry.share),
        "basis": None if basis is None else str(basis),
        "before": str(deal.before),
        "after": str(deal.after),
        "parts": [[str(part.rate), str(part.of), _text(part.lower), _text(part.upper)] for part in earned.parts],
        "exact": str(earned.exact),
        "minor": minor,
        "rounding": rounding,
        **entry.context,
        **entry.cites,
    }
    if entry.rate is not None:
        told["fx"] = _rate(entry.rate)
    if basis is None:
        told["missing"] = ["amount"]
    return told


def of_gone(reason: str, period: str, blocked: Entry | None) -> dict[str, Any]:
    """Why a key that was posted is owed nothing now."""
    told: dict[str, Any] = {"schema": SCHEMA, "gone": reason, "period": period, "exact": "0", "minor": 0}
    if blocked is not None:
        told |= {"facts": list(blocked.facts), "missing": [reason]}
    return told


def of_taken_back(cause: str, period: str, owed: int, minor: int) -> dict[str, Any]:
    """What a person took back of a commission key (``minor`` ≤ 0), or nothing any more, with what is owed under that key."""
    return {"schema": SCHEMA, "taken_back": cause, "of": owed, "period": period, "exact": str(minor), "minor": minor}


def of_line(owed: Mapping[str, Any], posted: int, lines: int, delta: int, cause: str) -> dict[str, Any]:
    """What is owed, what was posted before, the difference and what caused it."""
    return {**owed, "posted": posted, "lines": lines, "delta": delta, "cause": cause}


def _rate(rate: Rate) -> dict[str, str]:
    return {
        "base": rate.base,
        "quote": rate.quote,
        "on": rate.on.isoformat(),
        "value": str(rate.value),
        "path": rate.path,
    }


def _text(value: Fraction | None) -> str | None:
    return None if value is None else str(value)
