"""What was computed, in the words in which expectations are written, each item with the reason why it is so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

from partnersync.credits import UNASSIGNED, Credit
from partnersync.ids import Ref
from partnersync.lines import Key, Line, Owed
from partnersync.money import Money, exponent
from reconcile.explain import explain
from reconcile.writeback.desired import Unknown
from service.cases.running import Computed, Run

Values = Mapping[str, Any]
"""By the names of expectations; opportunities and accounts are Refs, amounts (exact, in major units) with their currency."""


@dataclass(frozen=True, slots=True)
class Told:
    """One computed item. ``nothing``: it says that there is nothing (an amount of zero, an empty field)."""

    values: Values
    why: Callable[[], tuple[str, ...]]
    nothing: bool = False


class Teller:
    """Tells what one case's steps computed; knows what people call its records."""

    def __init__(self, run: Run) -> None:
        self._names = {str(ref): name for ref, name in run.names.items()}
        self._refs: dict[str, Ref] = {str(ref): ref for ref in run.names}

    def name(self, text: str) -> str:
        """What people call a record; any other text is itself."""
        return self._names.get(text, text)

    def told(self, computed: Computed) -> dict[str, list[Told]]:
        """Every item by part."""
        return {
            "credits": [self._credit(credit) for credit in computed.credits],
            "lines": [self._line(line) for line in computed.lines],
            "owed": [self._owed(owed) for owed in computed.owed],
            "revenue": list(_revenue(computed)),
            "fields": list(_fields(computed)),
            "tasks": list(_tasks(computed)),
            "findings": [
                Told({"code": f.code, "opportunity": f.ref}, partial(tuple, (f.message,))) for f in computed.findings
            ],
        }

    def why(self, item: Line | Owed) -> tuple[str, ...]:
        """The explanation, one sentence after the other, each step introduced by its title."""
        return tuple(
            f"{step.title}: {sentence}" if first else f"{'':{len(step.title)}}  {sentence}"
            for step in explain(item, self.name)
            for first, sentence in _first(step.sentences)
        )

    def _credit(self, credit: Credit) -> Told:
        values = {
            "opportunity": credit.opportunity,
            "role": credit.role,
            "partner": credit.partner,
            "share": credit.share,
            "amount": _major(credit.amount),
            "rule": credit.rule,
        }
        notes = tuple(f"{'late: ' if item.late else ''}{item.note}" for item in credit.evidence if item.note)
        return Told(values, lambda: (f"rule {credit.rule}", *notes), credit.partner == UNASSIGNED)

    def _line(self, line: Line) -> Told:
        cause: Ref | str = self._refs.get(line.caused_by, line.caused_by)
        values = {
            **_key(line.key),
            "kind": line.kind,
            "posted": line.posted_period,
            "caused_by": cause,
            "amount": _major(Money(line.minor, line.key.currency)),
        }
        return Told(values, lambda: self.why(line))

    def _owed(self, owed: Owed) -> Told:
        values = {**_key(owed.key), "amount": _major(Money(owed.minor, owed.key.currency))}
        return Told(values, lambda: self.why(owed), owed.minor == 0)


def _first(sentences: tuple[str, ...]) -> Iterator[tuple[bool, str]]:
    return ((at == 0, sentence) for at, sentence in enumerate(sentences))


def _major(money: Money | None) -> tuple[Fraction, str] | None:
    return None if money is None else (Fraction(money.amount), money.currency)


def _key(key: Key) -> dict[str, Any]:
    names = ("opportunity", "partner", "plan", "rule", "role", "generation", "period")
    return {name: getattr(key, name) for name in names}


def _revenue(computed: Computed) -> Iterator[Told]:
    for each in computed.revenue:
        pool = each.pool
        amount = (each.minor / 10 ** exponent(pool.currency), pool.currency)
        values = {"partner": pool.partner, "plan": pool.plan, "period": pool.period, "amount": amount}
        yield Told(values, tuple, not each.minor)


def _fields(computed: Computed) -> Iterator[Told]:
    for each in computed.fields:
        wanted = each.desired
        value = "unknown" if isinstance(wanted.value, Unknown) else wanted.value
        yield Told(
            {each.kind: each.ref, "field": each.field, "value": value}, partial(tuple, (wanted.why,)), value is None
        )


def _tasks(computed: Computed) -> Iterator[Told]:
    for each in computed.tasks:
        if each.action != "close":
            task = each.task
            values = {
                "opportunity": task.record,
                "task": task.rule,
                "subject": task.subject,
                "due_on": task.due_on,
                "owner": task.owner,
            }
            yield Told(values, partial(tuple, (each.action,)))
