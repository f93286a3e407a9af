"""The comparisons that a clause may ask for, by kind of field, and what is wrong with them.

A bare number is refused where an amount stands: 1000 of what? A group whose bounds exclude one another, an empty list, or
a value that the config's own maps can never yield is refused too: such a rule would sleep for ever without a word.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from mapping.conditions.vocabulary import Field, Kind, near
from partnersync.units import Amount, Day, MoneyText

LOWER, UPPER = ("at_least", "more_than"), ("at_most", "less_than")
_EQUAL = ("is", "is_not", "one_of", "none_of")
_SAME_TEXT = (*_EQUAL, "starts_with", "contains")
_BOUNDS = (*LOWER, *UPPER)
_DAYS = ("before", "on_or_before", "after", "on_or_after")
OPERATORS = (*_SAME_TEXT, *_BOUNDS, *_DAYS)
_BY_KIND: Mapping[Kind, tuple[str, ...]] = {
    "text": _SAME_TEXT, "texts": _SAME_TEXT, "choice": _EQUAL, "number": (*_EQUAL, *_BOUNDS), "money": (*_EQUAL, *_BOUNDS),
    "date": (*_EQUAL, *_DAYS), "instant": (*_EQUAL, *_DAYS), "boolean": ("is", "is_not"),
}  # fmt: skip
_LISTS = ("one_of", "none_of")
PRESENCE = ("missing", "present")
_MONEY: TypeAdapter[Any] = TypeAdapter(MoneyText)
_AMOUNT: TypeAdapter[Any] = TypeAdapter(Amount)
_DAY: TypeAdapter[Any] = TypeAdapter(Day)


@dataclass(frozen=True, slots=True)
class Test:
    """One comparison with its typed operand: a value, a tuple of values for the lists, None for presence."""

    operator: str
    operand: Any
    shown: str


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong, and where below the clause; ``unknown`` is the operator that does not exist."""

    loc: tuple[str | int, ...]
    message: str
    unknown: str | None = None
    empty: bool = False


def read_tests(field: Field | None, written: object) -> tuple[tuple[Test, ...], tuple[Mistake, ...]]:
    """The comparisons of a clause, or its mistakes; without a field only its shape is judged."""
    mistakes: list[Mistake] = []
    tests: list[Test] = []
    if isinstance(written, Mapping):
        if not written:
            mistakes.append(Mistake((), "must not be empty", empty=True))
        for operator, operand in written.items():
            _read(field, str(operator), operand, (str(operator),), tests, mistakes)
    elif written in PRESENCE:
        tests.append(Test(str(written), None, str(written)))
    elif isinstance(written, list):
        _read(field, "one_of", written, (), tests, mistakes)
    else:
        _read(field, "is", written, (), tests, mistakes)
    if field is not None and not mistakes:
        reason = never(field.kind, tests)
        if reason:
            mistakes.append(Mistake((), reason))
    return tuple(tests), tuple(mistakes)


def _read(
    field: Field | None,
    operator: str,
    operand: object,
    loc: tuple[str, ...],
    tests: list[Test],
    mistakes: list[Mistake],
) -> None:
    if operator not in OPERATORS:
        mistakes.append(Mistake((), "", operator))
        return
    if field is not None and operator not in _BY_KIND[field.kind]:
        usable = ", ".join(_BY_KIND[field.kind])
        mistakes.append(
            Mistake(loc, f"{operator} does not fit {field.name}, which is {_noun(field)}; use one of {usable}")
        )
        return
    many = operator in _LISTS
    if many != isinstance(operand, list):
        mistakes.append(Mistake(loc, f"expected {'a list' if many else 'one value'} under {operator}"))
        return
    values = operand if isinstance(operand, list) else [operand]
    if not values:
        mistakes.append(Mistake(loc, "must not be empty", empty=True))
    typed: list[Any] = []
    for at, value in enumerate(values):
        try:
            typed.append(_typed(field, value))
        except ValueError as error:
            mistakes.append(Mistake((*loc, at) if many else loc, str(error)))
    if len(typed) == len(values) and typed:
        shown = ", ".join(_shown(value) for value in typed)
        tests.append(Test(operator, tuple(typed) if many else typed[0], shown))


def _typed(field: Field | None, value: object) -> Any:
    """The value in the field's kind; texts casefolded.

    Raises:
        ValueError: it does not fit; the message says what would.
    """
    if isinstance(value, Mapping | list) or value is None:
        raise ValueError(f"expected a value, found {'nothing' if value is None else 'a group or list'}")
    if field is None:
        return value
    match field.kind:
        case "boolean":
            if not isinstance(value, bool):
                raise ValueError(f"{field.name} is true or false; found {value!r}")
            return value
        case "money":
            return _parsed(_MONEY, value, f"{field.name} is an amount: write it with its currency, such as 1000 USD")
        case "number":
            return _parsed(_AMOUNT, value, f"{field.name} is a number")
        case "date" | "instant":
            return _parsed(_DAY, value, f"{field.name} is a date: write it as 2026-02-01")
        case _:
            if isinstance(value, bool):
                raise ValueError(f"{field.name} is a text; found {'true' if value else 'false'}: put it in quotes")
            return _choice(field, str(value))


def _choice(field: Field, value: str) -> str:
    folded = value.strip().casefold()
    if field.kind == "choice" and folded not in {choice.casefold() for choice in field.choices}:
        meant = near(value, field.choices)
        hint = f" (did you mean {meant!r}?)" if meant else ""
        raise ValueError(f"{field.name} is never {value!r}; it is one of {', '.join(field.choices)}{hint}")
    return folded


def _parsed(adapter: TypeAdapter[Any], value: object, expected: str) -> Any:
    try:
        return adapter.validate_python(value)
    except ValidationError:
        found = ("true" if value else "false") if isinstance(value, bool) else repr(value)
        raise ValueError(f"{expected}; found {found}") from None


def never(kind: Kind, tests: list[Test]) -> str | None:
    """Why these comparisons can never hold together, None if they can."""
    operands = {test.operator: test.operand for test in tests}
    allowed = _allowed(operands)
    if kind != "texts" and allowed is not None:
        left = allowed - set(operands.get("none_of", ())) - {operands.get("is_not")}
        if not left:
            return "never matches: what it allows is also excluded"
    if kind == "money" and len({test.operand[1] for test in tests if test.operator in _BOUNDS}) > 1:
        return "never matches: the bounds are in different currencies"
    for low, high, strict in _PAIRS:
        if low in operands and high in operands:
            a, b = operands[low], operands[high]
            if a > b or (strict and a == b):
                return f"never matches: {low} and {high} exclude one another"
    return None


def _allowed(operands: Mapping[str, Any]) -> set[Any] | None:
    given = [{operands["is"]}] if "is" in operands else []
    given += [set(operands["one_of"])] if "one_of" in operands else []
    return set.intersection(*given) if given else None


_PAIRS = tuple(
    (low, high, low in ("more_than", "after") or high in ("less_than", "before"))
    for lows, highs in ((LOWER, UPPER), (("after", "on_or_after"), ("before", "on_or_before")))
    for low in lows
    for high in highs
)


def _noun(field: Field) -> str:
    nouns: Mapping[Kind, str] = {
        "text": "a text", "texts": "a list of texts", "choice": "a choice", "number": "a number", "money": "an amount",
        "date": "a date", "instant": "a date", "boolean": "true or false",
    }  # fmt: skip
    return nouns[field.kind]


def _shown(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case (amount, currency):
            return f"{amount:,f} {currency}"
        case _:
            return str(value)
