"""A tree and a pydantic model → the model, or every mistake at once, each on its line with its fix.

pydantic stops at a mistake: what stands behind it (a check between two settings, say) is not looked at. A person who mends
one line to be told of the next loses an afternoon, so the wrong parts are taken out of a copy of the tree and the rest is
validated again, until what is left is right; every round's messages are kept, except those that our own taking-out caused.
Checks across sections then run on what is left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from partnersync.errors import ConfigError
from partnersync.source import Source, Step, Tree, Where

Model = TypeVar("Model", bound=BaseModel)
_ROUNDS = 30


@dataclass(frozen=True, slots=True)
class Fault:
    """A mistake found by a check: where in the tree, what, and the fix."""

    where: Where
    message: str
    hint: str = ""
    at_key: bool = False


Check = Callable[[Model], Iterable[Fault]]


def place(
    source: Source,
    model: type[Model],
    checks: Iterable[Check[Model]] = (),
    stand_ins: Mapping[str, Tree] | None = None,
) -> Model:
    """Validate ``source`` as ``model`` and run ``checks`` on the result.

    ``stand_ins`` are right values for required top-level settings: where the file's own is missing or wrong they take its
    place, so that the rest can still be checked; the problem is reported all the same.

    Raises:
        ConfigError: with every problem of the text, the model and the checks.
    """
    problems = list(source.problems)
    if not isinstance(source.tree, dict):
        raise ConfigError([*problems, source.problem((), "expected settings such as `version: 1`")])
    cut: set[Where] = set()
    parsed: Model | None = None
    hushed: set[Where] = set()
    rest = Rest(source.tree, cut)
    for _ in range(_ROUNDS):
        try:
            parsed = model.model_validate(rest.tree)
            break
        except ValidationError as error:
            faults = list(_faults(error, rest, model))
            hushed |= _explained(faults)
            for fault, kind in faults:
                ours = kind == "too_short" and any(path[: len(fault.where)] == fault.where for path in cut)
                if not ours and not (kind == "missing" and (fault.where in cut or fault.where in hushed)):
                    problems.append(source.problem(fault.where, fault.message, fault.hint, at_key=fault.at_key))
            cut |= {_spoiled(fault.where, kind) for fault, kind in faults}
            tried, rest = rest, Rest(source.tree, cut, stand_ins)
            if rest.tree == tried.tree:
                break
    if parsed is not None:
        for check in checks:
            for fault in check(parsed):
                where = rest.original(fault.where)
                problems.append(source.problem(where, fault.message, fault.hint, at_key=fault.at_key))
    if problems or parsed is None:
        raise ConfigError(tuple(dict.fromkeys(problems)) or (source.problem((), "cannot be read"),))
    return parsed


class Rest:
    """What is left of a tree without its wrong parts, and the way back to the file's own paths."""

    def __init__(self, tree: Tree, cut: set[Where], stand_ins: Mapping[str, Tree] | None = None) -> None:
        self._kept: dict[Where, list[int]] = {}
        self.tree = self._without(tree, (), cut)
        for key, value in (stand_ins or {}).items():
            if (key,) in cut and isinstance(self.tree, dict):
                self.tree[key] = value

    def _without(self, node: Tree, where: Where, cut: set[Where]) -> Tree:
        if isinstance(node, dict):
            return {
                key: self._without(value, (*where, key), cut) for key, value in node.items() if (*where, key) not in cut
            }
        if isinstance(node, list):
            kept = [index for index in range(len(node)) if (*where, index) not in cut]
            self._kept[where] = kept
            return [self._without(node[index], (*where, index), cut) for index in kept]
        return node

    def original(self, loc: Iterable[Step], *, missing: bool = False) -> Where:
        """A path of the file for a path of the rest; steps that are in neither (pydantic's union tags) are left out.

        ``missing``: the last step names what is not there, and is kept.
        """
        where: Where = ()
        node = self.tree
        steps = tuple(loc)
        for index, step in enumerate(steps):
            if isinstance(node, dict) and isinstance(step, str) and step in node:
                node, where = node[step], (*where, step)
            elif isinstance(node, list) and isinstance(step, int) and step < len(node):
                node, where = node[step], (*where, self._kept[where][step])
            elif missing and index == len(steps) - 1:
                where = (*where, step)
        return where


def _faults(error: ValidationError, rest: Rest, model: type[BaseModel]) -> Iterable[tuple[Fault, str]]:
    details = error.errors(include_url=False)
    missing = {rest.original(d["loc"], missing=True) for d in details if d["type"] == "missing"}
    for detail in details:
        kind = detail["type"]
        where = rest.original(detail["loc"], missing=kind == "missing")
        if kind == "extra_forbidden":
            siblings = {str(path[-1]) for path in missing if path[:-1] == where[:-1]}
            wanted = _near(str(where[-1]), siblings) or _near(str(where[-1]), _known(model, detail["loc"][:-1]))
            hint = f"did you mean {wanted!r}?" if wanted else ""
            yield Fault(where, "unknown setting", hint, at_key=True), kind
        elif kind == "missing":
            yield Fault(where, f"{where[-1]!r} is required here", "", at_key=True), kind
        else:
            message, hint = _message(detail)
            if kind == "union_tag_invalid":
                where = (*where, str(detail["ctx"]["discriminator"]).strip("'"))
            yield Fault(where, message, hint, at_key=detail["loc"][-1:] == ("[key]",)), kind


def _spoiled(where: Where, kind: str) -> Where:
    """What a mistake makes unreadable: the group that lacks a setting or says a wrong kind, else the value itself."""
    whole_group = kind in {"missing", "union_tag_invalid"} and len(where) > 1
    return where[:-1] if whole_group else where


def _explained(faults: list[tuple[Fault, str]]) -> set[Where]:
    """The missing settings that a misspelt neighbour explains: one mistake, one message."""
    guesses = {
        (fault.where[:-1], fault.hint.split("'")[1])
        for fault, kind in faults
        if kind == "extra_forbidden" and "'" in fault.hint
    }
    return {f.where for f, kind in faults if kind == "missing" and (f.where[:-1], f.where[-1]) in guesses}


def _message(detail: ErrorDetails) -> tuple[str, str]:
    kind, context, found = detail["type"], detail.get("ctx", {}), _shown(detail.get("input"))
    match kind:
        case "value_error":
            return str(context.get("error", detail["msg"])), ""
        case "literal_error" | "enum":
            choices = str(context["expected"]).replace("'", "")
            options = {word for part in choices.split(", ") for word in part.split(" or ")}
            wanted = _near(str(detail.get("input")), options)
            return f"expected one of {choices}; found {found}", f"did you mean {wanted!r}?" if wanted else ""
        case "dict_type" | "model_type" | "model_attributes_type" | "dataclass_type" | "mapping_type":
            return f"expected a group of settings, found {found}", ""
        case "list_type" | "tuple_type" | "set_type" | "frozen_set_type":
            return f"expected a list, found {found}", ""
        case "string_type":
            return f"expected text, found {found}", ""
        case "bool_type" | "bool_parsing":
            return f"expected true or false, found {found}", ""
        case "too_short":
            return "must not be empty", ""
        case "union_tag_not_found" | "union_tag_invalid":
            expected = str(context.get("expected_tags", "")).replace("'", "")
            tag = str(context.get("tag", ""))
            wanted = _near(tag, set(expected.split(", ")))
            found = repr(tag) if tag else found
            return f"expected one of {expected or context.get('discriminator')}; found {found}", (
                f"did you mean {wanted!r}?" if wanted else ""
            )
        case _:
            return detail["msg"][:1].lower() + detail["msg"][1:], ""


def _shown(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case dict():
            return "a group of settings"
        case list() | tuple():
            return "a list"
        case _:
            text = str(value)
            return repr(text if len(text) <= 60 else text[:57] + "…")


def _near(word: str, options: Iterable[str]) -> str | None:
    close = get_close_matches(word, sorted(options), n=1, cutoff=0.6)
    return close[0] if close else None


def _known(model: type[BaseModel], loc: tuple[int | str, ...]) -> set[str]:
    """The settings that the model at ``loc`` knows, for a hint; every model met on the way where unions hide it."""
    models: set[type[BaseModel]] = {model}
    for step in loc:
        found: set[type[BaseModel]] = set()
        for candidate in models:
            fields = {(info.alias or name): info for name, info in candidate.model_fields.items()}
            if step in fields:
                found |= _models_in(fields[str(step)].annotation)
        models = found or models
    return {info.alias or name for candidate in models for name, info in candidate.model_fields.items()}


def _models_in(annotation: Any) -> set[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {annotation}
    found: set[type[BaseModel]] = set()
    for part in getattr(annotation, "__args__", ()):
        found |= _models_in(part)
    return found
