"""The shape of a condition: YAML tree → clauses and groups, each mistake placed where it stands.

A clause whose field is built in is typed at once. One whose field may be a config's own (``extra:``) is typed when the
whole config is known (``Vocabulary``), by the same function.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema
from pydantic_core import InitErrorDetails, PydanticCustomError, ValidationError

from mapping.conditions.comparisons import OPERATORS, Mistake, Test, read_tests
from mapping.conditions.vocabulary import BUILT_IN, NAMESPACES, OPEN_NAMESPACES, Vocabulary, near
from partnersync.placing import Fault
from partnersync.source import Where

GROUPS = ("all", "any", "not")


@dataclass(frozen=True, slots=True)
class Clause:
    """One field and what is asked of it, as written."""

    field: str
    written: Any
    where: Where = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Several conditions of which all or any must hold, or one that must not."""

    how: Literal["all", "any", "not"]
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Condition:
    """Clauses and groups that must all hold; none at all always holds. ``written`` is the tree it was read from."""

    parts: tuple[Clause | Group, ...] = ()
    written: Any = None

    def clauses(self) -> Iterator[Clause]:
        """Every clause at any depth."""
        for part in self.parts:
            if isinstance(part, Clause):
                yield part
            else:
                for inner in part.parts:
                    yield from inner.clauses()

    def faults(self, where: Where, vocabulary: Vocabulary, namespaces: Iterable[str]) -> Iterator[Fault]:
        """What is wrong with it in the light of the whole config; ``where`` is its own path in the file."""
        allowed = tuple(namespaces)
        known = {name: field for name, field in vocabulary.fields.items() if name.partition(".")[0] in allowed}
        for clause in self.clauses():
            here = (*where, *clause.where)
            field = vocabulary.fields.get(clause.field)
            if field is None:
                meant = near(clause.field, known)
                yield Fault(here, f"unknown field {clause.field!r}", f"did you mean {meant!r}?" if meant else "", True)
            elif clause.field not in known:
                yield Fault(here, f"{clause.field} is not known here", f"use {_listed(allowed)}", at_key=True)
            else:
                for mistake in read_tests(field, clause.written)[1]:
                    yield Fault((*here, *mistake.loc), mistake.message)


def read_condition(value: object) -> Condition:
    """A condition from a YAML tree.

    Raises:
        ValidationError: with every mistake, located.
    """
    if isinstance(value, Condition):
        return value
    mistakes: list[InitErrorDetails] = []
    condition = _condition(value, (), mistakes)
    if mistakes:
        raise ValidationError.from_exception_data("when", mistakes)
    return condition


def _condition(value: object, where: Where, mistakes: list[InitErrorDetails]) -> Condition:
    if not isinstance(value, Mapping):
        mistakes.append(_wrong(where, "expected conditions such as `opportunity.type: new`", value))
        return Condition()
    parts: list[Clause | Group] = []
    for key, inner in value.items():
        here = (*where, str(key))
        if key in GROUPS:
            parts.append(_group(key, inner, here, mistakes))
        elif _known(str(key), inner, here, mistakes):
            parts.append(Clause(str(key), inner, here))
    return Condition(tuple(parts), value)


def _group(how: Any, value: object, where: Where, mistakes: list[InitErrorDetails]) -> Group:
    if how == "not":
        return Group(how, (_condition(value, where, mistakes),))
    if not isinstance(value, list) or not value:
        mistakes.append(_wrong(where, f"expected a list of conditions under `{how}`", value))
        return Group(how, ())
    return Group(how, tuple(_condition(item, (*where, at), mistakes) for at, item in enumerate(value)))


def _known(name: str, written: object, where: Where, mistakes: list[InitErrorDetails]) -> bool:
    """Whether a clause may stand; what is surely wrong with it is reported here, the rest waits for the vocabulary."""
    field = BUILT_IN.get(name)
    subject, _, rest = name.partition(".")
    if field is None and (subject not in OPEN_NAMESPACES or not rest):
        meant = near(name, (*BUILT_IN, *GROUPS))
        hint = f" (did you mean {meant!r}?)" if meant else f" (fields begin with {_listed(NAMESPACES)})"
        mistakes.append(_wrong((*where, "[key]"), f"unknown field {name!r}{hint}", written))
        return False
    found = read_tests(field, written)[1]
    mistakes.extend(_located(where, mistake, written) for mistake in found)
    return not found


def _located(where: Where, mistake: Mistake, written: object) -> InitErrorDetails:
    if mistake.unknown is None:
        return _wrong((*where, *mistake.loc), mistake.message, written, "too_short" if mistake.empty else "value_error")
    context = {"discriminator": f"'{mistake.unknown}'", "tag": mistake.unknown, "expected_tags": ", ".join(OPERATORS)}
    return InitErrorDetails(type="union_tag_invalid", loc=(*where, *mistake.loc), input=written, ctx=context)


def _wrong(
    where: Where, message: str, found: object, kind: Literal["value_error", "too_short"] = "value_error"
) -> InitErrorDetails:
    """``too_short`` is also what remains of a group whose only part was wrong; the loader tells the two apart."""
    error = PydanticCustomError(kind, "{error}", {"error": message})
    return InitErrorDetails(type=error, loc=where, input=found)


def _listed(words: Iterable[str]) -> str:
    return ", ".join(f"{word}.…" for word in words)


def _schema() -> dict[str, Any]:
    """What an editor is told of a condition."""
    scalar = {"type": ["string", "number", "boolean"]}
    values: dict[str, Any] = {"type": "array", "items": scalar, "minItems": 1}
    tests = {operator: {"anyOf": [scalar, values]} for operator in OPERATORS}
    asked = {
        "anyOf": [
            scalar,
            values,
            {"type": "object", "properties": tests, "additionalProperties": False, "minProperties": 1},
        ]
    }
    inner = {"type": "object"}
    return {
        "type": "object",
        "properties": {
            "all": {"type": "array", "items": inner, "minItems": 1},
            "any": {"type": "array", "items": inner, "minItems": 1},
            "not": inner,
            **dict.fromkeys(BUILT_IN, asked),
        },
        "patternProperties": {f"^({'|'.join(OPEN_NAMESPACES)})\\.[a-z][a-z0-9_]*$": asked},
        "additionalProperties": False,
    }


def _written(condition: Condition) -> Any:
    return condition.written


When = Annotated[Condition, PlainValidator(read_condition), PlainSerializer(_written), WithJsonSchema(_schema())]
"""The type of a ``when:`` setting in a pydantic model."""

__all__ = ["Clause", "Condition", "Group", "Test", "When", "read_condition"]
