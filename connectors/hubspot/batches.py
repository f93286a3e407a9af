"""Write records in batches and find out, one by one, what became of each.

What HubSpot does with a batch (recorded): it answers in an order of its own; it leaves a merged-away id out without a word;
one bad input refuses all, unless every input carries a trace id of its own, and then 207 lists the bad ones; the same id
twice refuses all in any case; it has answered 200 with nothing written.

So: every input carries its key as trace id, an id stands once in a batch, results are matched by id, then trace id, and
what is neither in the results nor in the errors is ``unknown``. A batch refused whole is halved until the bad input stands
alone: a poison record blocks only itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from connectors.hubspot.calls import BATCH
from connectors.hubspot.exchange import Answer
from connectors.hubspot.records import Json
from connectors.hubspot.refusals import error_code, error_text
from partnersync.changes import Outcome
from partnersync.errors import ConnectorError, QuotaError, RejectedError, UnauthorizedError, UnavailableError

Send = Callable[[Sequence[Json]], Answer]
Status = Literal["applied", "rejected", "unknown", "retry"]
_PASSING = ("RATE_LIMITS", "RATE_LIMIT", "INTERNAL_ERROR", "SERVICE_UNAVAILABLE", "TIMEOUT")


@dataclass(frozen=True, slots=True)
class Input:
    """One record to write: the outcome's key, HubSpot's input, and the id (or unique value) that names the record."""

    key: str
    json: Json
    id: str | None = None


def sent(inputs: Iterable[Input], send: Send, matched_by: str = "id") -> Iterator[Outcome]:
    """An outcome per input; ``matched_by`` is the property of a result that equals ``Input.id``.

    Raises:
        UnauthorizedError, QuotaError: after every remaining input was told ``retry``; nothing more can be sent.
    """
    batches = list(_batches(inputs))
    for number, batch in enumerate(batches):
        try:
            yield from _one(batch, send, matched_by)
        except _Stopped as stopped:
            waiting = [*stopped.unsent, *(each for later in batches[number + 1 :] for each in later)]
            yield from alike((each.key for each in waiting), "retry", stopped.error)
            raise stopped.error from stopped


def alike(keys: Iterable[str], status: Status, error: ConnectorError) -> Iterator[Outcome]:
    """The same outcome for each key."""
    code = error.code or (f"HTTP_{error.status}" if error.status is not None else None)
    return (Outcome(key, status, code=code, message=str(error)) for key in keys)


class _Stopped(Exception):
    """Nothing more can be sent on this connection now."""

    def __init__(self, error: ConnectorError, unsent: Sequence[Input]) -> None:
        super().__init__(str(error))
        self.error = error
        self.unsent = unsent


def _batches(inputs: Iterable[Input]) -> Iterator[list[Input]]:
    """At most 100 at a time, in order; an id or key that comes again waits for the next batch."""
    waiting = list(inputs)
    while waiting:
        batch: list[Input] = []
        later: list[Input] = []
        ids: set[str] = set()
        keys: set[str] = set()
        for each in waiting:
            if len(batch) == BATCH or each.key in keys or (each.id is not None and each.id in ids):
                later.append(each)
            else:
                batch.append(each)
            keys.add(each.key)
            if each.id is not None:
                ids.add(each.id)
        yield batch
        waiting = later


def _one(batch: Sequence[Input], send: Send, matched_by: str) -> Iterator[Outcome]:
    try:
        answer = send([{**each.json, "objectWriteTraceId": each.key} for each in batch])
    except UnavailableError as error:
        yield from alike((each.key for each in batch), "unknown" if error.maybe_done else "retry", error)
    except (UnauthorizedError, QuotaError) as error:
        raise _Stopped(error, batch) from error
    except RejectedError as error:
        if len(batch) == 1:
            yield from alike([batch[0].key], "rejected", error)
            return
        middle = len(batch) // 2
        try:
            yield from _one(batch[:middle], send, matched_by)
        except _Stopped as stopped:
            raise _Stopped(stopped.error, [*stopped.unsent, *batch[middle:]]) from stopped
        yield from _one(batch[middle:], send, matched_by)
    else:
        yield from _matched(batch, answer, matched_by)


def _matched(batch: Sequence[Input], answer: Answer, matched_by: str) -> Iterator[Outcome]:
    by_id: dict[str, Json] = {}
    by_trace: dict[str, Json] = {}
    for result in answer.results:
        named = result.get("id") if matched_by == "id" else (result.get("properties") or {}).get(matched_by)
        by_id[str(named)] = result
        if result.get("objectWriteTraceId") is not None:
            by_trace[str(result["objectWriteTraceId"])] = result
    errors = _errors(answer.body)
    for each in batch:
        own = each.id or ""
        written = by_id.get(own) or by_trace.get(each.key)
        refused = errors.get(("trace", each.key)) or errors.get(("id", own))
        if written is not None:
            yield Outcome(each.key, "applied", id=str(written["id"]), echo=_echo(each, written))
        elif refused is not None:
            yield _refused(each.key, refused)
        else:
            yield Outcome(
                each.key, "unknown", code="NO_RESULT", message=f"HubSpot left it out of its answer{_other(errors)}"
            )


def _echo(each: Input, written: Json) -> Mapping[str, str | None] | None:
    """What HubSpot says that the record says now; None where it does not speak of everything that was sent."""
    said, sent = written.get("properties") or {}, each.json["properties"]
    if any(not isinstance(said.get(name, 0), str | None) for name in sent):
        return None
    return {name: said[name] or None for name in sent}


def _refused(key: str, error: Json) -> Outcome:
    status: Status = "retry" if error.get("category") in _PASSING else "rejected"
    return Outcome(key, status, code=error_code(error) or "REFUSED", message=f"HubSpot refused it{error_text(error)}")


def _errors(body: Mapping[str, Any]) -> dict[tuple[str, str], Json]:
    """Errors by the trace id or record id they name; those that name neither under an empty kind."""
    found: dict[tuple[str, str], Json] = {}
    for error in body.get("errors") or ():
        context = error.get("context") or {}
        named = {("trace", trace) for trace in _texts(context.get("objectWriteTraceId"))}
        named |= {("id", id_) for name in ("ids", "id") for id_ in _texts(context.get(name))}
        found.update(dict.fromkeys(named or {("", str(len(found)))}, error))
    return found


def _texts(value: Any) -> Sequence[str]:
    return [str(each) for each in value] if isinstance(value, list) else [] if value is None else [str(value)]


def _other(errors: Mapping[tuple[str, str], Json]) -> str:
    """What HubSpot said without naming a record."""
    return next((error_text(error) for (kind, _), error in errors.items() if not kind), "")
