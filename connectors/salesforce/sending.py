"""Records in bulk: sObject Collections of 200, five of them in one composite call, an outcome for each record.

A chunk holds one object and no record twice (Salesforce refuses a list with a duplicate). Each record of an answer has its
own result, by place. A record that somebody else holds locked is sent again after a pause; a request whose answer was lost
leaves all its records ``unknown``, unless sending it twice has one effect.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Event
from typing import Any

from connectors.retry import RetryPolicy
from connectors.salesforce.api import MOST_QUERIES, Answer, Api, Part
from connectors.salesforce.errors import LOCKED, short
from connectors.salesforce.reading import chunks
from partnersync.changes import Outcome
from partnersync.errors import ConnectorError, RejectedError, UnavailableError

CHUNK = 200
AT_ONCE = CHUNK * MOST_QUERIES
_AGAIN = frozenset({LOCKED, "REQUEST_LIMIT_EXCEEDED", "SERVER_UNAVAILABLE"})
_LOCKS = RetryPolicy(attempts=4, total=30.0, first_wait=0.25, longest_wait=5.0)


@dataclass(frozen=True, slots=True)
class Item:
    """One record to send: its intent key, what must be unique in a chunk (id or key value), and its JSON body."""

    key: str
    place: str
    object: str
    body: Mapping[str, Any]


def send(
    api: Api, items: Sequence[Item], stop: Event, *, method: str, suffix: str = "", idempotent: bool = False
) -> Iterator[Outcome]:
    """One outcome per item. ``suffix`` follows ``composite/sobjects`` (object and key field of an upsert).

    Raises:
        UnauthorizedError, QuotaError: nobody's records can be sent now; those not yet answered for were not.
    """
    for group in chunks(_chunked(items), MOST_QUERIES):
        outcomes: dict[str, Outcome] = {}
        left = [list(chunk) for chunk in group]

        def again(outcomes: dict[str, Outcome] = outcomes, left: list[list[Item]] = left) -> None:
            for item, outcome in _send_group(api, left, method, suffix, idempotent):
                outcomes[item.key] = outcome
            left[:] = [kept for chunk in left if (kept := [i for i in chunk if outcomes[i.key].code == LOCKED])]
            if left:
                raise UnavailableError("records are locked", code=LOCKED)

        with suppress(UnavailableError):  # whatever is still locked keeps its outcome, ``retry``
            _LOCKS.call(again, stop=stop, idempotent=False)
        yield from outcomes.values()


def _chunked(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Chunks of one object each; a second item for the same place opens another chunk."""
    open_: dict[str, list[list[Item]]] = {}
    for item in items:
        for chunk in open_.setdefault(item.object, []):
            if len(chunk) < CHUNK and all(other.place != item.place for other in chunk[-CHUNK:]):
                chunk.append(item)
                break
        else:
            open_[item.object].append([item])
    for chunks_ in open_.values():
        yield from chunks_


def _send_group(
    api: Api, group: Sequence[Sequence[Item]], method: str, suffix: str, idempotent: bool
) -> Iterator[tuple[Item, Outcome]]:
    path = f"composite/sobjects{suffix}"
    bodies = [{"allOrNone": False, "records": [item.body for item in chunk]} for chunk in group]
    try:
        if len(group) == 1:
            answers = [Answer("c0", api.write(method, path, bodies[0], idempotent=idempotent))]
        else:
            parts = [Part(f"c{n}", method, path, body) for n, body in enumerate(bodies)]
            found = api.write_parts(parts, idempotent=idempotent)
            answers = [found.get(part.name, _unanswered(part.name)) for part in parts]
    except (RejectedError, UnavailableError) as error:
        answers = [Answer(f"c{n}", None, error) for n in range(len(group))]
    for chunk, answer in zip(group, answers, strict=True):
        if isinstance(answer.failure, RejectedError) and len(chunk) > 1:
            # Something in it makes Salesforce refuse the whole list: halve it until that stands alone.
            middle = len(chunk) // 2
            for half in (chunk[:middle], chunk[middle:]):
                yield from _send_group(api, [half], method, suffix, idempotent)
        else:
            yield from _outcomes(chunk, answer)


def _outcomes(chunk: Sequence[Item], answer: Answer) -> Iterator[tuple[Item, Outcome]]:
    failure = answer.failure
    results = answer.body if isinstance(answer.body, list) else ()
    if failure is None and len(results) != len(chunk):
        failure = UnavailableError("Salesforce answered for other records than were sent", maybe_done=True)
    if failure is not None:
        yield from ((item, _of_failure(item, failure)) for item in chunk)
        return
    for item, result in zip(chunk, results, strict=True):
        yield item, _of_result(item, result)


def _of_result(item: Item, result: Mapping[str, Any]) -> Outcome:
    if result.get("success"):
        return Outcome(item.key, "applied", id=result.get("id"))
    error: Mapping[str, Any] = next(iter(result.get("errors") or ()), {})
    code = str(error.get("statusCode") or error.get("errorCode") or "UNKNOWN")
    fields = ", ".join(error.get("fields") or ())
    message = short(error.get("message")) + (f" [{fields}]" if fields else "")
    return Outcome(item.key, "retry" if code in _AGAIN else "rejected", code=code, message=message)


def _of_failure(item: Item, error: ConnectorError) -> Outcome:
    """A call that failed as a whole: unanswered means nobody knows; refused for another reason than its records, retry."""
    code, message = error.code or type(error).__name__, short(error)
    if isinstance(error, RejectedError):
        return Outcome(item.key, "rejected", code=code, message=message)
    maybe_done = isinstance(error, UnavailableError) and error.maybe_done
    return Outcome(item.key, "unknown" if maybe_done else "retry", code=code, message=message)


def _unanswered(name: str) -> Answer:
    return Answer(name, None, UnavailableError("Salesforce left a part unanswered", maybe_done=True))
