"""Many objects, few calls: each composite call carries the next step of every pull that is not done.

A pull that meets a passing failure there is put aside and asked alone when the others are done, all its subrequests anew: a
watermark that is asked for after the rows would be too late for what was committed between.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from connectors.failures import Failures
from connectors.salesforce import soql
from connectors.salesforce.api import MOST_PARTS, MOST_QUERIES, Answer, Api, Part
from connectors.salesforce.errors import TOO_LONG
from connectors.salesforce.shapes import Selection, Shape, shape_of
from partnersync.errors import ConnectorError, RejectedError, UnavailableError
from partnersync.records import Page

MOST_OF_ONE = 4
"""Subrequests that one pull asks for at once: describe, updated, deleted or the bin, rows."""
NOT_SHOWN = frozenset({"NOT_FOUND", "INVALID_TYPE", "INSUFFICIENT_ACCESS"})
"""What describe answers where there is no such object, or our user may not see it."""
_COLUMN = re.compile(r"No such column '([\w.]+)'|relationship '(\w+)' in field path")


class Pull(Protocol):
    """One object's share of a pull."""

    @property
    def object(self) -> str: ...

    @property
    def done(self) -> bool: ...

    def parts(self, queries: int) -> Sequence[Part]:
        """The next subrequests, at most ``queries`` of them queries; none if that is not enough to go on."""
        ...

    def take(self, answers: Mapping[str, Answer]) -> Iterator[Page]:
        """The pages that the answers make, by the names that ``parts`` gave; what took too long is asked for in less.

        Raises:
            ConnectorError: this object cannot be pulled.
        """
        ...


def run(pulls: Sequence[Pull], api: Api, failures: Failures) -> Iterator[Page]:
    """Every page of ``pulls``. An object that cannot be pulled is noted, and does not keep the others from it.

    Raises:
        ConnectorError: the whole call failed.
    """
    left, aside = list(pulls), list[Pull]()
    while left:
        asked: dict[str, tuple[Pull, str]] = {}
        parts: list[Part] = []
        for number, pull in enumerate(left):
            if len(parts) + MOST_OF_ONE > MOST_PARTS:
                break
            for part in pull.parts(MOST_QUERIES - sum(map(_is_query, parts))):
                name = f"p{number}_{part.name}"
                asked[name] = (pull, part.name)
                parts.append(Part(name, part.method, part.path, part.body))
        answers = api.read_parts(parts, told=lambda _: True)
        asked_pulls = list(dict.fromkeys(pull for pull, _ in asked.values()))
        going: list[Pull] = []
        for pull in asked_pulls:
            own = {short: answers[name] for name, (asker, short) in asked.items() if asker is pull and name in answers}
            if any(isinstance(answer.failure, UnavailableError) for answer in own.values()):
                aside.append(pull)
                continue
            with failures.of(pull.object):
                yield from pull.take(own)
                going.append(pull)
        # Whoever had no place this time comes first the next time.
        left = [pull for pull in left if pull not in asked_pulls] + [pull for pull in going if not pull.done]
    for pull in aside:
        with failures.of(pull.object):
            yield from _alone(pull, api)


def _alone(pull: Pull, api: Api) -> Iterator[Page]:
    while not pull.done:
        parts = pull.parts(MOST_QUERIES)
        yield from pull.take(api.read_parts(parts, told=lambda failure: failure.code in TOO_LONG))


def _is_query(part: Part) -> bool:
    return part.path.startswith("query")


def describe_part(object_: str) -> Part:
    """Ask what an object is like."""
    return Part("describe", "GET", f"sobjects/{soql.name(object_)}/describe")


def described(answer: Answer, object_: str) -> Shape:
    """What it is like.

    Raises:
        RejectedError: there is no such object, or our user may not see it.
    """
    if answer.failure is not None:
        if answer.failure.code in NOT_SHOWN:
            raise RejectedError(
                f"Salesforce has no object {object_}, or our user may not see it",
                status=answer.failure.status,
                code=answer.failure.code,
            )
        raise answer.failure
    return shape_of(answer.body)


def without_hidden(selection: Selection, failure: ConnectorError) -> Selection | None:
    """``selection`` less what a refused query says is not there; None if that does not tell.

    A field that the user may no longer see answers exactly like one that does not exist.
    """
    match = _COLUMN.search(str(failure)) if failure.code == "INVALID_FIELD" else None
    if match is None:
        return None
    column, relation = match.groups()
    hit = tuple(
        field
        for field in selection.asked
        if field not in selection.hidden
        and (field == column or field.rpartition(".")[2] == column or field.partition(".")[0] == relation)
    )
    system = tuple(field for field in selection.system if field != column)
    if not hit and system == selection.system:
        return None
    return selection.less(hit, system)
