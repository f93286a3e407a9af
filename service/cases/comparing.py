"""Expected against computed: what is missing, what is too much, what differs, and why it was computed so.

Each expected item looks for a computed one that is all it says, the most exact first. What is left on both sides is paired by
what it is about, so that a wrong amount reads as one difference (4,000.00 expected, 4,000.01 computed) and not as one line
missing and one too many.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from partnersync.ids import Ref
from partnersync.money import exponent
from service.cases.expectations import Expectation, Expected, Share
from service.cases.running import Computed, Run
from service.cases.telling import Teller, Told, Values

ABOUT: Mapping[str, tuple[str, ...]] = {
    "credits": ("opportunity", "role", "partner"),
    "lines": ("opportunity", "partner", "plan", "rule"),
    "owed": ("opportunity", "partner", "plan", "rule"),
    "revenue": ("partner", "plan", "period"),
    "fields": ("opportunity", "account", "field"),
    "tasks": ("opportunity", "task"),
    "findings": ("opportunity", "code"),
}
"""What an item is about, by part; the rest is what is said of it."""
COMPLETE = frozenset({"credits", "lines", "tasks"})
_SAID = ("share", "amount", "value", "subject")


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as expected. ``expected`` or ``computed`` is empty where there is none; ``why`` explains it."""

    part: str
    expected: str
    computed: str
    why: tuple[str, ...] = ()


def differences(expected: Expected, computed: Computed, run: Run) -> tuple[Difference, ...]:
    """Everything in which a step is not as expected."""
    teller = Teller(run)
    told = teller.told(computed)
    found: list[Difference] = []
    for part in ABOUT:
        wanted: tuple[Expectation, ...] | None = getattr(expected, part)
        if wanted is not None:
            said = [_said(item, run) for item in wanted]
            found += _compared(part, said, _in_question(part, said, told[part]), teller)
    return tuple(found)


def _said(item: Expectation, run: Run) -> dict[str, Any]:
    """What an expectation says, with its ids resolved; a field without a value should be empty."""
    given = {name: getattr(item, name) for name in type(item).model_fields}
    said = {name: value for name, value in given.items() if value is not None or name == "value"}
    for name in ("opportunity", "account", "caused_by"):
        if name in said:
            said[name] = run.refs["accounts" if name == "account" else "opportunities"][said[name]]
    return said


def _in_question(part: str, said: Sequence[Values], told: Sequence[Told]) -> list[Told]:
    """The computed items that expectations are held against: credits only of the deals and roles that are named."""
    if part != "credits" or not said:
        return list(told)
    named = {(each["opportunity"], each["role"]) for each in said}
    return [each for each in told if (each.values["opportunity"], each.values["role"]) in named]


def _compared(part: str, said: Sequence[Values], told: list[Told], teller: Teller) -> Iterator[Difference]:
    left, missing = list(told), list[Values]()
    for wanted in sorted(said, key=len, reverse=True):
        match = next((each for each in left if _holds(wanted, each.values)), None)
        if match is None:
            missing.append(wanted)
        else:
            left.remove(match)
    for wanted in missing:
        about = {name: value for name, value in wanted.items() if name in ABOUT[part]}
        near = next((each for each in left if _holds(about, each.values)), None)
        if near is None:
            yield Difference(part, shown(wanted, teller), "")
        else:
            left.remove(near)
            computed = {name: near.values.get(name) for name in wanted}
            yield Difference(part, shown(wanted, teller), shown(computed, teller), near.why())
    for each in left if part in COMPLETE or not said else ():
        if not each.nothing:
            names = [name for name in (*ABOUT[part], *_SAID) if name in each.values]
            yield Difference(part, "", shown({name: each.values[name] for name in names}, teller), each.why())


def _holds(said: Values, told: Values) -> bool:
    return all(_same(value, told.get(name)) for name, value in said.items())


def _same(said: Any, told: Any) -> bool:
    match said:
        case Share():
            return told is not None and said.holds(told)
        case (Decimal() as amount, str(currency)):
            return bool((Fraction(amount), currency) == told)
        case str() if isinstance(told, str) and said != told:
            return _number(said) is not None and _number(said) == _number(told)
        case _:
            return bool(said == told)


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def shown(values: Values, teller: Teller) -> str:
    """An item on one line, as a case would write it."""
    return ", ".join(f"{name} {_text(value, teller)}" for name, value in values.items())


def _text(value: Any, teller: Teller) -> str:
    match value:
        case None:
            return "–"
        case Ref():
            return teller.name(str(value))
        case (Decimal() | Fraction() as amount, str(currency)):
            places = exponent(currency)
            minor = Fraction(amount) * 10**places
            if minor.denominator == 1:
                return f"{Decimal(minor.numerator).scaleb(-places):,f} {currency}"
            return f"{Fraction(amount)} {currency}"
        case Fraction():
            percent = Decimal(value.numerator) * 100 / value.denominator
            return f"{percent.normalize():f}%" if Fraction(percent) == value * 100 else f"{value} ({percent:.4f}%)"
        case _:
            return str(value)
