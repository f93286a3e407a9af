"""Everything that was computed for every step of every case, as JSON: for anyone who holds it against their own calculation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

from partnersync.ids import Ref
from partnersync.lines import Entry, Key, Line, Owed, Rate
from partnersync.money import Money, exponent
from reconcile.writeback.desired import Unknown
from service.cases.comparing import Difference
from service.cases.running import Computed, Run
from service.cases.telling import Teller
from service.render import plain

_PLACES = 28


class Machine:
    """Tells one case's steps as JSON-able values: ids as the case writes them, shares exact, amounts as text and integers."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._teller = Teller(run)

    def case(self, differences: Sequence[tuple[Difference, ...] | None]) -> list[dict[str, Any]]:
        """Every step; ``differences`` are by step, None where nothing is expected of it."""
        return [
            {
                **self._step(computed),
                "expected": found is not None,
                "ok": not found,
                "differences": [plain(each) for each in found or ()],
            }
            for computed, found in zip(self._run.steps, differences, strict=True)
        ]

    def _step(self, computed: Computed) -> dict[str, Any]:
        return {
            "as_of": computed.as_of.isoformat(),
            "credits": [
                {
                    **self._record("opportunity", credit.opportunity),
                    "role": credit.role,
                    "partner": credit.partner,
                    **share(credit.share),
                    "amount": money(credit.amount),
                    "rule": credit.rule,
                    "program": credit.program,
                    "evidence": [
                        {**plain(item), "ref": self._teller.name(str(item.ref)), "at": plain(item.at)}
                        for item in credit.evidence
                    ],
                    "good_until": plain(credit.good_until),
                }
                for credit in computed.credits
            ],
            "entries": [self._entry(entry) for entry in computed.entries],
            "lines": [self._line(line) for line in computed.lines],
            "owed": [self._owed(owed) for owed in computed.owed],
            "revenue": [{**plain(each.pool), **exact(each.minor, each.pool.currency)} for each in computed.revenue],
            "waiting": [{**self._key(each.key), **amount(each.minor, each.key.currency)} for each in computed.waiting],
            "rates": [
                {**self._record("opportunity", each.opportunity), "generation": each.generation, **rate(each.rate)}
                for each in computed.rates
            ],
            "fields": [
                {
                    **self._record(each.kind, each.ref),
                    "field": each.field,
                    "value": None if isinstance(each.desired.value, Unknown) else each.desired.value,
                    "known": not isinstance(each.desired.value, Unknown),
                    "why": each.desired.why,
                }
                for each in computed.fields
            ],
            "tasks": [
                {
                    **self._record("opportunity", each.task.record),
                    "task": each.task.rule,
                    "action": each.action,
                    "key": each.task.key,
                    "epoch": each.task.epoch,
                    "subject": each.task.subject,
                    "body": each.task.body,
                    "due_on": each.task.due_on.isoformat(),
                    "owner": each.task.owner,
                }
                for each in computed.tasks
            ],
            "findings": [
                {
                    "code": each.code,
                    "severity": each.severity,
                    "about": self._teller.name(str(each.ref)),
                    "ref": str(each.ref),
                    "message": each.message,
                }
                for each in computed.findings
            ],
        }

    def _record(self, kind: str, ref: Ref) -> dict[str, Any]:
        return {kind: self._teller.name(str(ref)), "ref": str(ref)}

    def _key(self, key: Key) -> dict[str, Any]:
        names = ("program", "partner", "plan", "rule", "role", "generation", "period", "component")
        return {**self._record("opportunity", key.opportunity), **{name: getattr(key, name) for name in names}}

    def _entry(self, entry: Entry) -> dict[str, Any]:
        currency = entry.pool.currency
        return {
            **self._record("opportunity", entry.opportunity),
            **plain(entry.pool),
            "generation": entry.generation,
            "version": entry.version,
            "rule": entry.rule,
            "role": entry.role,
            "effective_on": plain(entry.effective_on),
            **share(entry.share),
            "basis": None if entry.basis is None else exact(entry.basis, currency),
            "rate": None if entry.rate is None else rate(entry.rate),
            "blocked": entry.blocked,
        }

    def _line(self, line: Line) -> dict[str, Any]:
        return {
            **self._key(line.key),
            "kind": line.kind,
            **amount(line.minor, line.key.currency),
            "sequence": line.sequence,
            "posted": line.posted_period,
            "caused_by": self._teller.name(line.caused_by),
            "actor": line.actor,
            "stamp": line.stamp.isoformat(),
            "explanation": plain(dict(line.explanation)),
            "why": list(self._teller.why(line)),
        }

    def _owed(self, owed: Owed) -> dict[str, Any]:
        return {
            **self._key(owed.key),
            **amount(owed.minor, owed.key.currency),
            "exact": exact(owed.exact, owed.key.currency)["exact"],
            "explanation": plain(dict(owed.explanation)),
            "why": list(self._teller.why(owed)),
        }


def share(value: Fraction) -> dict[str, str]:
    """A share as an exact fraction and as a percentage of at most 28 digits."""
    with localcontext(prec=_PLACES):
        percent = Decimal(value.numerator) * 100 / Decimal(value.denominator)
    return {"share": str(value), "percent": f"{percent:f}"}


def amount(minor: int, currency: str) -> dict[str, Any]:
    """An amount as text in major units and as an integer of minor ones."""
    return {"amount": f"{Money(minor, currency).amount:f}", "minor": minor, "currency": currency}


def money(value: Money | None) -> dict[str, Any] | None:
    """An amount that may be missing."""
    return None if value is None else amount(value.minor, value.currency)


def exact(minor: Fraction, currency: str) -> dict[str, Any]:
    """An amount that was not rounded: in major units as decimal text (28 digits) and as a fraction of minor ones."""
    with localcontext(prec=_PLACES):
        major = Decimal(minor.numerator) / Decimal(minor.denominator) / 10 ** exponent(currency)
    return {"amount": f"{major:f}", "exact": str(minor), "currency": currency}


def rate(value: Rate) -> Mapping[str, Any]:
    """A rate of exchange and how it was found."""
    return {
        "base": value.base,
        "quote": value.quote,
        "published_on": value.on.isoformat(),
        "value": str(value.value),
        "path": value.path,
    }
