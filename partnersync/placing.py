"""A tree and a pydantic model → the model, or every mistake at once, each on its line with its fix.

pydantic stops at a mistake: what stands behind it (a check between two settings, say) is not looked at, and what refers to a
wrong part is wrong as well. A person who mends one line to be told of the next loses an afternoon; one who gets ten messages
for one slip loses trust. So each mistake is mended in a copy of the tree (``mending``) and the copy is validated again, until it
is right; the messages of every round are kept, but for those that our own mending caused. Then the checks across sections run,
and what they say of a part that was lost is not told.

    sorces: {opportunity: [{from: crmm.Deal, …}]}      two mistakes, two messages, though nothing else could be read
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from partnersync.errors import ConfigError, Problem
from partnersync.mending import Mended, Repairs
from partnersync.shape import Shape, shape_of
from partnersync.source import Source, Step, Tree, Where
from partnersync.wording import near, told

Model = TypeVar("Model", bound=BaseModel)
Pattern = tuple[Step | None, ...]
_ROUNDS = 40


@dataclass(frozen=True, slots=True)
class Fault:
    """A mistake found by a check: where in the tree, what, and the fix.

    ``given`` are the paths it was judged by (None: any step). Where one of them is lost to another mistake, the fault is only
    that mistake's shadow and is not told.
    """

    where: Where
    message: str
    hint: str = ""
    at_key: bool = False
    given: tuple[Pattern, ...] = ()


Check = Callable[[Model], Iterable[Fault]]


def place(source: Source, model: type[Model], checks: Iterable[Check[Model]] = ()) -> Model:
    """Validate ``source`` as ``model`` and run ``checks`` on the result.

    Raises:
        ConfigError: with every problem of the text, the model and the checks.
    """
    problems = list(source.problems)
    if not isinstance(source.tree, dict):
        raise ConfigError([*problems, source.problem((), "expected settings such as `version: 1`")])
    rounds = _Rounds(source, model)
    parsed = rounds.run()
    problems += rounds.problems
    if parsed is not None:
        for check in checks:
            believed = rounds.believed(check(parsed))
            problems += [
                source.problem(fault.where, fault.message, fault.hint, at_key=fault.at_key) for fault in believed
            ]
    if problems or parsed is None:
        raise ConfigError(tuple(dict.fromkeys(problems)) or (source.problem((), "cannot be read"),))
    return parsed


class _Rounds(Generic[Model]):
    """Validate, report, mend; again."""

    def __init__(self, source: Source, model: type[Model]) -> None:
        self.problems: list[Problem] = []
        self._source = source
        self._model = model
        self._repairs = Repairs()
        self._mended = Mended(source.tree, self._repairs)
        self._told: set[Where] = set()

    def run(self) -> Model | None:
        """The model of what was meant, None where the mending found no end."""
        for where in sorted(self._source.lost, key=str):
            self._give_up(where)
        for _ in range(_ROUNDS):
            self._mended = Mended(self._source.tree, self._repairs)
            try:
                return self._model.model_validate(self._mended.tree)
            except ValidationError as error:
                self._round(error.errors(include_url=False))
        return None

    def believed(self, faults: Iterable[Fault]) -> Iterable[Fault]:
        """The faults that are no shadow of another mistake, under the file's own paths."""
        for fault in faults:
            where = self._mended.original(fault.where, missing=True)
            if self._repairs.lost_at_or_above(where) is None and not any(map(self._repairs.lost_of, fault.given)):
                yield replace(fault, where=where)

    @property
    def _shape(self) -> Shape:
        return shape_of(self._model)

    def _round(self, details: list[ErrorDetails]) -> None:
        """First names, then values: a group whose names were wrong is judged anew in the next round."""
        unknown = [d for d in details if d["type"] == "extra_forbidden"]
        misnamed = {where[:-1] for d in unknown if (where := self._unknown(self._mended.original(d["loc"])))}
        for detail in details:
            missing = detail["type"] in ("missing", "union_tag_not_found")
            if detail["type"] == "extra_forbidden":
                continue
            where = self._mended.original(detail["loc"], missing=missing)
            if detail["type"] == "union_tag_not_found":
                where = (*where, str(detail["ctx"]["discriminator"]).strip("'"))
            if missing and (where[:-1] in misnamed or self._misnamed(where)):
                continue
            self._wrong(detail, where, missing)

    def _unknown(self, where: Where) -> Where | None:
        """Report an unknown setting; its path if it is now read under the name that was meant."""
        here = self._mended.at(where[:-1])
        known = self._shape.keys(self._mended.named(where[:-1]), self._mended.tree)
        taken = set(here) if isinstance(here, dict) else set()
        group = self._mended.named(where[:-1])
        wanting = {key for key in known - taken if self._shape.required((*group, key), self._mended.tree)}
        word = str(where[-1])
        meant = near(word, wanting) or near(word, known)
        self._tell(where, "unknown setting", f"did you mean {meant!r}?" if meant else "", at_key=True)
        if meant and meant not in taken and not self._repairs.renamed_to((*where[:-1], meant)):
            self._repairs.renamed[where] = meant
            return where
        self._repairs.dropped.add(where)
        return None

    def _misnamed(self, where: Where) -> bool:
        """Whether a missing setting is there under a misspelt name that nobody complained of (pydantic looked for it first)."""
        here = self._source.at(where[:-1])
        if not isinstance(here, dict):
            return False
        known = self._shape.keys(self._mended.named(where[:-1]), self._mended.tree)
        guess = near(str(where[-1]), [key for key in here if key not in known and (*where[:-1], key) not in self._told])
        if not guess:
            return False
        self._tell((*where[:-1], guess), "unknown setting", f"did you mean {where[-1]!r}?", at_key=True)
        self._repairs.renamed[(*where[:-1], guess)] = str(where[-1])
        return True

    def _wrong(self, detail: ErrorDetails, where: Where, missing: bool) -> None:
        lost = self._repairs.lost_at_or_above(where)
        if lost is not None:  # what we put there does not do: give the group up
            self._give_up(lost)
            return
        shadow = detail["type"] == "too_short" and any(path[:-1] == where for path in self._repairs.dropped)
        if where in self._repairs.renamed or shadow:
            self._give_up(where)
            return
        if missing:
            self._tell(where, f"{where[-1]!r} is required here", "", at_key=True)
            self._give_up(where)
            return
        message, meant = told(detail)
        at_key = detail["loc"][-1:] == ("[key]",)
        self._told_wrong(detail, where, message, meant, at_key)

    def _told_wrong(self, detail: ErrorDetails, where: Where, message: str, meant: str, at_key: bool) -> None:
        hint = f"did you mean {meant!r}?" if meant else ""
        group: Tree = self._mended.at(where)
        if detail["type"] == "union_tag_invalid":
            tag = str(detail["ctx"]["discriminator"]).strip("'")
            where = (*where, tag)
            if isinstance(group, dict) and detail["ctx"].get("tag") == tag:  # the key itself says the kind
                self._tell(where, message, hint, at_key=True)
                if meant and meant not in group:
                    self._repairs.renamed[where] = meant
                else:
                    self._give_up(where[:-1])
                return
        self._tell(where, message, hint, at_key=at_key)
        if meant:
            self._repairs.put[where] = meant
        else:
            self._give_up(where)

    def _tell(self, where: Where, message: str, hint: str, *, at_key: bool = False) -> None:
        self._told.add(where)
        self.problems.append(self._source.problem(where, message, hint, at_key=at_key))

    def _give_up(self, where: Where) -> None:
        """Put a value that would do in the place of a wrong one, or leave it out; at the second time, its group."""
        while where in self._repairs.lost and where:
            where = where[:-1]
        if not where:
            return
        named = self._mended.named(where)
        needed = self._shape.required(named, self._mended.tree) or self._shape.named_freely(named, self._mended.tree)
        made = self._shape.value(named, self._mended.tree) if needed else None
        if made is None:
            self._repairs.dropped.add(where)
            self._repairs.put.pop(where, None)
        else:
            self._repairs.put[where] = made
