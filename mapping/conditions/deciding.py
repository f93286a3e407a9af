"""Conditions compiled once to closures that answer yes, no or unknown, and say in English why.

Each clause becomes one function of the facts (an attribute look-up and a comparison, well under a microsecond); groups
combine their answers as Kleene did: an ``all`` with a no is a no whatever is unknown, and not-unknown is unknown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mapping.conditions.comparisons import Test, read_tests
from mapping.conditions.language import Clause, Condition, Group
from mapping.conditions.vocabulary import Facts, Field, Vocabulary
from partnersync.clock import local_day

Holds = Callable[[Facts], bool | None]
Why = Callable[[Facts], str]
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "is": lambda value, given: value == given,
    "is_not": lambda value, given: value != given,
    "one_of": lambda value, given: value in given,
    "none_of": lambda value, given: value not in given,
    "at_least": lambda value, given: value >= given,
    "more_than": lambda value, given: value > given,
    "at_most": lambda value, given: value <= given,
    "less_than": lambda value, given: value < given,
    "on_or_after": lambda value, given: value >= given,
    "after": lambda value, given: value > given,
    "on_or_before": lambda value, given: value <= given,
    "before": lambda value, given: value < given,
    "starts_with": lambda value, given: value.startswith(given),
    "contains": lambda value, given: given in value,
}
_NEGATIVE = ("is_not", "none_of")


@dataclass(frozen=True, slots=True)
class Decider:
    """A compiled condition. ``holds`` is None where it cannot be known; ``why`` gives the reason in English."""

    holds: Holds
    why: Why

    def matches(self, facts: Facts) -> bool:
        """Whether it surely holds."""
        return self.holds(facts) is True


def compile_when(condition: Condition | None, vocabulary: Vocabulary, timezone: str) -> Decider:
    """The condition as a decider; None always holds. Instants are judged by their day in ``timezone``.

    The condition must be free of ``faults``.
    """
    if condition is None or not condition.parts:
        return Decider(lambda facts: True, lambda facts: "no conditions")
    return _all([_part(part, vocabulary, timezone) for part in condition.parts])


def _part(part: Clause | Group, vocabulary: Vocabulary, timezone: str) -> Decider:
    if isinstance(part, Clause):
        field = vocabulary.fields[part.field]
        tests, mistakes = read_tests(field, part.written)
        if mistakes:
            raise ValueError(f"{part.field}: {mistakes[0].message}")
        return _all([_test(field, test, timezone) for test in tests])
    inner = [compile_when(each, vocabulary, timezone) for each in part.parts]
    match part.how:
        case "all":
            return _all(inner)
        case "any":
            return _any(inner)
        case "not":
            return _not(inner[0])


def _all(parts: list[Decider]) -> Decider:
    if len(parts) == 1:
        return parts[0]
    tests = tuple(part.holds for part in parts)

    def holds(facts: Facts) -> bool | None:
        answer: bool | None = True
        for test in tests:
            given = test(facts)
            if given is False:
                return False
            if given is None:
                answer = None
        return answer

    def why(facts: Facts) -> str:
        answer = holds(facts)
        return "; ".join(part.why(facts) for part in parts if part.holds(facts) is answer)

    return Decider(holds, why)


def _any(parts: list[Decider]) -> Decider:
    tests = tuple(part.holds for part in parts)

    def holds(facts: Facts) -> bool | None:
        answer: bool | None = False
        for test in tests:
            given = test(facts)
            if given is True:
                return True
            if given is None:
                answer = None
        return answer

    def why(facts: Facts) -> str:
        answer = holds(facts)
        return " or ".join(part.why(facts) for part in parts if part.holds(facts) is answer)

    return Decider(holds, why)


def _not(part: Decider) -> Decider:
    inner = part.holds

    def holds(facts: Facts) -> bool | None:
        given = inner(facts)
        return None if given is None else not given

    return Decider(holds, part.why)


def _test(field: Field, test: Test, timezone: str) -> Decider:
    get = field.get
    holds = _presence(field, test.operator) if test.operand is None else _comparison(field, test, timezone)
    negative = test.operator in _NEGATIVE
    wish = test.operator.replace("_not", "").replace("none_of", "one_of").replace("_", " ")

    def why(facts: Facts) -> str:
        value = get(facts)
        if test.operand is None or value is None:
            return f"{field.name} is {'missing' if value is None else _shown(value, timezone)}"
        answer = holds(facts)
        if answer is None:
            return f"{field.name} is {_shown(value, timezone)}, not comparable with {test.shown}"
        if negative and not answer:
            return f"{field.name} is {_shown(value, timezone)}, which is excluded"
        negated = "not " if answer is negative else ""
        if wish in ("contains", "starts with"):
            return f"{field.name} {_shown(value, timezone)!r} {negated}{wish} {test.shown!r}".replace(
                "not contains", "lacks"
            )
        equal = "" if wish == "is" else f"{wish} "
        return f"{field.name} is {_shown(value, timezone)}, {negated}{equal}{test.shown}"

    return Decider(holds, why)


def _presence(field: Field, operator: str) -> Holds:
    get = field.get
    if operator == "missing":
        return lambda facts: get(facts) is None
    return lambda facts: get(facts) is not None


def _comparison(field: Field, test: Test, timezone: str) -> Holds:
    get, compare, given = field.get, _COMPARE[test.operator], test.operand
    if test.operator in ("one_of", "none_of"):
        given = frozenset(given)
    match field.kind:
        case "text" | "choice":
            return lambda facts: None if (value := get(facts)) is None else compare(value.casefold(), given)
        case "texts":
            negative = test.operator in _NEGATIVE
            return _each(field, compare, given, negative)
        case "instant":
            return lambda facts: None if (value := get(facts)) is None else compare(local_day(value, timezone), given)
        case "money":
            return _money(field, test, compare, given)
        case _:
            return lambda facts: None if (value := get(facts)) is None else compare(value, given)


def _each(field: Field, compare: Callable[[Any, Any], bool], given: Any, negative: bool) -> Holds:
    """Of several values any may fit, or, where it is a negation, all must."""
    get, combine = field.get, all if negative else any

    def holds(facts: Facts) -> bool | None:
        values = get(facts)
        return combine(compare(value.casefold(), given) for value in values) if values else None

    return holds


def _money(field: Field, test: Test, compare: Callable[[Any, Any], bool], given: Any) -> Holds:
    """Amounts compare within one currency; another one is not smaller or larger but unknown."""
    get = field.get
    if test.operator in ("is", "is_not", "one_of", "none_of"):
        currencies = {each[1] for each in (given if isinstance(given, frozenset) else [given])}
        return lambda facts: (
            compare(value, given) if (value := get(facts)) is not None and value[1] in currencies else None
        )
    limit, currency = given

    def holds(facts: Facts) -> bool | None:
        value = get(facts)
        return compare(value[0], limit) if value is not None and value[1] == currency else None

    return holds


def _shown(value: Any, timezone: str) -> str:
    match value:
        case (amount, currency):
            return f"{amount:,f} {currency}"
        case frozenset() | tuple():
            return ", ".join(sorted(value))
        case datetime():
            return local_day(value, timezone).isoformat()
        case bool():
            return "true" if value else "false"
        case _:
            return str(value)
