"""Records in bulk: sObject Collections of 200, five of them in one composite call, an outcome for each record.

A collection holds no record twice (Salesforce refuses a list with a duplicate) and its records in runs of one object, ten at
most; within an object in the order of their parents, so that records whose writes lock the same account stand together.
Each record of an answer has its own result, by place. A record that somebody else holds locked is sent again after a pause;
a request whose answer was lost leaves all its records ``unknown``, unless sending it twice has one effect.

A trigger fails the whole list that it is run for, be it for one record that it stumbles over, or because 200 are more than its
limits allow. Nothing of such a list was written; it is sent again in halves, every other record in each.

Not every org takes collections inside a composite call. The first refusal that the same collections do not meet when they
are sent alone settles it for as long as we run. A list that is refused alone holds something that makes Salesforce refuse it
whole: it is halved until that stands alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Event
from typing import Any

from connectors.retry import RetryPolicy
from connectors.salesforce.api import MOST_QUERIES, Answer, Api, Part
from connectors.salesforce.errors import LOCKED, PASSING, cause, short
from connectors.salesforce.reading import chunks
from partnersync.changes import Outcome
from partnersync.errors import ConnectorError, RejectedError, UnavailableError

CHUNK = 200
AT_ONCE = CHUNK * MOST_QUERIES
_MOST_RUNS = 10
TRIGGER = "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
_AGAIN = PASSING | {"REQUEST_LIMIT_EXCEEDED"}
_HALVINGS = 4
"""Calls, times the logarithm of its length, for a list that a trigger failed whole: as many find four single culprits."""
_LOCKS = RetryPolicy(attempts=4, total=30.0, first_wait=0.25, longest_wait=5.0)
_Told = Sequence[tuple["Item", Outcome]]


@dataclass(frozen=True, slots=True)
class Item:
    """One record to send: its intent key, what must be unique in a chunk (id or key value), and its JSON body.

    ``parent`` is the record that Salesforce locks with it. With ``unmodified_since`` it is written only if nobody modified
    it after that.
    """

    key: str
    place: str
    object: str
    body: Mapping[str, Any]
    parent: str = ""
    unmodified_since: datetime | None = None


@dataclass(slots=True)
class Sender:
    """Sends collections to one org, ``headers`` with every one. ``composite``: it takes five in a call, as far as known."""

    api: Api
    stop: Event
    headers: Mapping[str, str] = field(default_factory=dict)
    composite: bool = True

    def send(
        self, items: Sequence[Item], *, method: str, suffix: str = "", idempotent: bool = False
    ) -> Iterator[Outcome]:
        """One outcome per item. ``suffix`` follows ``composite/sobjects`` (object and key field of an upsert).

        Raises:
            UnauthorizedError, QuotaError: nobody's records can be sent now; those not yet answered for were not.
        """
        request = _Request(method, f"composite/sobjects{suffix}", idempotent)
        for group in chunks(_chunked(items), MOST_QUERIES):
            yield from until_unlocked(group, lambda left: self._whole(left, request), self.stop, self.api.may_send)

    def _whole(self, group: Sequence[Sequence[Item]], request: _Request) -> Iterator[tuple[Item, Outcome]]:
        found = {item.key: outcome for item, outcome in self._group(group, request)}
        told = [[(item, found[item.key]) for item in chunk] for chunk in group]
        yield from (one for each in told if not _failed_whole(each) for one in each)
        for each in filter(_failed_whole, told):
            yield from self._halved(each, request)

    def _halved(self, failed: _Told, request: _Request) -> Iterator[tuple[Item, Outcome]]:
        """The outcomes of a list that a trigger failed whole, sent in halves, those that fail again in halves of these.

        The calls that this may take are limited. What is left then waits for the next cycle, unless nothing came through
        alone either: a trigger that refuses everything is for a person to mend, and no list of the object is halved again.
        """
        left, calls, passed = [failed], _HALVINGS * len(failed).bit_length(), False
        if {item.object for item, _ in failed} <= request.refused:
            calls = 0
        while left and calls > 0 and not self.stop.is_set():
            items = [item for item, _ in left.pop()]
            for half in (items[::2], items[1::2]):
                self.api.may_send()
                calls -= 1
                told = list(self._group([half], request))
                passed = passed or any(outcome.status == "applied" for _, outcome in told)
                if _failed_whole(told):
                    left.append(told)
                else:
                    yield from told
        if left and not passed and not self.stop.is_set():
            request.refused.update(item.object for item, _ in failed)
        for item, outcome in (each for told in left for each in told):
            yield item, replace(outcome, status="retry") if passed or self.stop.is_set() else outcome

    def _group(self, group: Sequence[Sequence[Item]], request: _Request) -> Iterator[tuple[Item, Outcome]]:
        together = self.composite and len(group) > 1
        answers = self._together(group, request) if together else [self._alone(chunk, request) for chunk in group]
        if together:
            refused = [n for n, answer in enumerate(answers) if isinstance(answer.failure, RejectedError)]
            for n in refused:
                answers[n] = self._alone(group[n], request)
            if len(refused) == len(group):
                self.composite = any(isinstance(answer.failure, RejectedError) for answer in answers)
        for chunk, answer in zip(group, answers, strict=True):
            if isinstance(answer.failure, RejectedError) and len(chunk) > 1:
                middle = len(chunk) // 2
                for half in (chunk[:middle], chunk[middle:]):
                    yield from self._group([half], request)
            else:
                yield from _outcomes(chunk, answer)

    def _together(self, group: Sequence[Sequence[Item]], request: _Request) -> list[Answer]:
        parts = [
            Part(f"c{n}", request.method, request.path, _collection(chunk), self.headers)
            for n, chunk in enumerate(group)
        ]
        try:
            found = self.api.write_parts(parts, idempotent=request.idempotent)
        except (RejectedError, UnavailableError) as error:
            return [Answer(part.name, None, error) for part in parts]
        return [found.get(part.name, unanswered(part.name)) for part in parts]

    def _alone(self, chunk: Sequence[Item], request: _Request) -> Answer:
        try:
            body = self.api.write(
                request.method,
                request.path,
                _collection(chunk),
                idempotent=request.idempotent,
                headers=self.headers,
            )
        except (RejectedError, UnavailableError) as error:
            return Answer("c0", None, error)
        return Answer("c0", body)


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    path: str
    idempotent: bool
    refused: set[str] = field(default_factory=set)
    """Objects of which a trigger refuses everything."""


def until_unlocked(
    group: Sequence[Sequence[Item]],
    send: Callable[[Sequence[Sequence[Item]]], Iterable[tuple[Item, Outcome]]],
    stop: Event,
    may_send: Callable[[], None],
) -> Iterator[Outcome]:
    """One outcome per item of ``group``; those that are locked are sent again a few times, in their order.

    Raises:
        UnauthorizedError, QuotaError: after the outcomes of those that had been answered for.
    """
    failed: ConnectorError | None = None
    outcomes: dict[str, Outcome] = {}
    left = [list(chunk) for chunk in group]

    def again() -> None:
        for item, outcome in send(left):
            outcomes[item.key] = outcome
        left[:] = [kept for chunk in left if (kept := [i for i in chunk if outcomes[i.key].code == LOCKED])]
        if left:
            raise UnavailableError("records are locked", code=LOCKED)

    try:
        with suppress(UnavailableError):  # whatever is still locked keeps its outcome, ``retry``
            _LOCKS.call(again, stop=stop, idempotent=False, before_again=may_send)
    except ConnectorError as error:
        failed = error
    yield from outcomes.values()
    if failed is not None:
        raise failed


@dataclass(slots=True)
class _Open:
    """A collection that is being filled."""

    items: list[Item] = field(default_factory=list)
    places: set[str] = field(default_factory=set)
    objects: set[str] = field(default_factory=set)

    def takes(self, item: Item) -> bool:
        """Whether there is room, no other item for the same place, and no run too many."""
        runs = len(self.objects | {item.object})
        return len(self.items) < CHUNK and item.place not in self.places and runs <= _MOST_RUNS

    def add(self, item: Item) -> None:
        self.items.append(item)
        self.places.add(item.place)
        self.objects.add(item.object)


def _chunked(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Collections of runs of one object each; a second item for the same place goes into a later one."""
    made: list[_Open] = []
    for item in sorted(items, key=lambda item: (item.object, item.parent)):
        chunk = next((each for each in made if each.takes(item)), None)
        if chunk is None:
            made.append(chunk := _Open())
        chunk.add(item)
    yield from (chunk.items for chunk in made)


def _failed_whole(told: _Told) -> bool:
    return len(told) > 1 and all(outcome.code == TRIGGER for _, outcome in told)


def _collection(chunk: Sequence[Item]) -> Mapping[str, Any]:
    return {"allOrNone": False, "records": [item.body for item in chunk]}


def _outcomes(chunk: Sequence[Item], answer: Answer) -> Iterator[tuple[Item, Outcome]]:
    failure = answer.failure
    results = [each for each in answer.body if isinstance(each, dict)] if isinstance(answer.body, list) else ()
    if failure is None and len(results) != len(chunk):
        failure = UnavailableError("Salesforce answered for other records than were sent", maybe_done=True)
    if failure is not None:
        yield from ((item, of_failure(item, failure)) for item in chunk)
        return
    for item, result in zip(chunk, results, strict=True):
        yield item, _of_result(item, result)


def _of_result(item: Item, result: Mapping[str, Any]) -> Outcome:
    if result.get("success"):
        return Outcome(item.key, "applied", id=result.get("id"))
    error: Mapping[str, Any] = next(iter(result.get("errors") or ()), {})
    code = str(error.get("statusCode") or error.get("errorCode") or "UNKNOWN")
    fields = ", ".join(error.get("fields") or ())
    rule = (error.get("duplicateResult") or {}).get("duplicateRule")
    told = f" [{fields}]" if fields else f" [duplicate rule {short(rule, 80)}]" if rule else ""
    return refused(item, code, str(error.get("message") or ""), told)


def refused(item: Item, code: str, text: str, more: str = "") -> Outcome:
    """One record's refusal, with the CRM's whole ``text``; ``retry`` where waiting helps."""
    code = cause(code, text)
    return Outcome(item.key, "retry" if code in _AGAIN else "rejected", code=code, message=short(text) + more)


def of_failure(item: Item, error: ConnectorError) -> Outcome:
    """A call that failed as a whole: unanswered means nobody knows; refused for another reason than its records, retry."""
    code, message = error.code or type(error).__name__, short(error)
    if isinstance(error, RejectedError):
        return Outcome(item.key, "rejected", code=code, message=message)
    maybe_done = isinstance(error, UnavailableError) and error.maybe_done
    return Outcome(item.key, "unknown" if maybe_done else "retry", code=code, message=message)


def unanswered(name: str) -> Answer:
    """A part of a composite call that the answer does not mention."""
    return Answer(name, None, UnavailableError("Salesforce left a part unanswered", maybe_done=True))
