"""Mistakes of a case file that only show when its parts are held against one another: ids that nobody has, steps out of order."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel

from partnersync.placing import Fault
from partnersync.source import Where
from partnersync.wording import near
from service.cases.expectations import ExpectedField
from service.cases.language import Case, CaseFile, Facts, Moment

_KINDS = ("accounts", "opportunities", "registrations", "touchpoints", "overrides")
_NEEDED = {
    "registrations": ("partner",),
    "touchpoints": ("partner", "occurred_at"),
    "overrides": ("opportunity", "shares", "decided_on"),
}
_NAMES = {
    "account": "accounts",
    "parent": "accounts",
    "opportunity": "opportunities",
    "twin": "opportunities",
    "caused_by": "opportunities",
}
_ONE = {"accounts": "account", "opportunities": "opportunity"}
_EXPECTED = ("credits", "lines", "owed", "fields", "tasks", "findings")


def mistakes(file: CaseFile) -> Iterator[Fault]:
    """Every mistake between the parts of a file."""
    named: set[str] = set()
    for at, case in enumerate(file.cases):
        here: Where = ("cases", at)
        if case.name in named:
            yield Fault((*here, "name"), f"another case is called {case.name!r} already", "choose another name")
        named.add(case.name)
        yield from _cycles(here, case)
        known = {kind: _ids(case, kind) for kind in ("accounts", "opportunities")}
        told: set[tuple[str, str | None, str]] = set()
        for where, facts in _brought(here, case):
            yield from _facts(where, facts, known, told)
        yield from _expected(here, case, known)


def _cycles(here: Where, case: Case) -> Iterator[Fault]:
    if case.steps and (case.as_of or case.expect):
        setting = "as_of" if case.as_of else "expect"
        yield Fault((*here, setting), f"a case with `steps` has {setting} in each of them", "move it into a step")
    elif not case.cycles:
        yield Fault((*here, "as_of"), "when does it run?", "write as_of: 2026-05-01, or steps", at_key=True)
    before: Moment | None = None
    for at, step in enumerate(case.steps):
        if before is not None and step.as_of.isoformat()[:10] < before.isoformat()[:10]:
            yield Fault(
                (*here, "steps", at, "as_of"), f"is before the step above it, {before}", "steps go forward in time"
            )
        before = step.as_of


def _brought(here: Where, case: Case) -> Iterator[tuple[Where, Facts]]:
    yield here, case
    for at, step in enumerate(case.steps):
        yield (*here, "steps", at), step


def _ids(case: Case, kind: str) -> set[str]:
    """How records of a kind may be named: by id, and by ``crm:id``."""
    records = [record for facts in (case, *case.steps) for record in getattr(facts, kind)]
    return {record.id for record in records} | {f"{record.crm}:{record.id}" for record in records if record.crm}


def _facts(
    here: Where, facts: Facts, known: dict[str, set[str]], told: set[tuple[str, str | None, str]]
) -> Iterator[Fault]:
    for kind in _KINDS:
        for at, record in enumerate(getattr(facts, kind)):
            where = (*here, kind, at)
            first = (kind, record.crm, record.id) not in told
            if not record.deleted:
                told.add((kind, record.crm, record.id))
            for name in _NEEDED.get(kind, ()) if first and not record.deleted else ():
                if not getattr(record, name):
                    yield Fault((*where, name), f"{name!r} is required where {record.id} is first told of", at_key=True)
            yield from _references(where, record, known)
            if (getattr(record, "weight", None) or 0) < 0:
                yield Fault((*where, "weight"), "a weight is never negative")
    for at, rate in enumerate(facts.rates):
        if rate.rate <= 0:
            yield Fault((*here, "rates", at, "rate"), f"a rate must be above zero, found {rate.rate}")


def _references(where: Where, record: BaseModel, known: dict[str, set[str]]) -> Iterator[Fault]:
    for name, kind in _NAMES.items():
        id_ = getattr(record, name, None)
        if id_ is not None and id_ not in known[kind]:
            meant = near(id_, known[kind])
            hint = f"did you mean {meant!r}?" if meant else f"add it under {kind}"
            yield Fault((*where, name), f"this case has no {_ONE[kind]} {id_!r}", hint)


def _expected(here: Where, case: Case, known: dict[str, set[str]]) -> Iterator[Fault]:
    for at, step in enumerate(case.cycles):
        where = (*here, "steps", at, "expect") if case.steps else (*here, "expect")
        for part in _EXPECTED:
            for index, item in enumerate(getattr(step.expect, part, None) or ()):
                place = (*where, part, index)
                yield from _references(place, item, known)
                if isinstance(item, ExpectedField) and (item.opportunity is None) == (item.account is None):
                    yield Fault(
                        (*place, "field"), "is it a field of an opportunity or of an account?", "name one of them"
                    )
