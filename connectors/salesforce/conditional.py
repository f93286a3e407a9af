"""Writes under the strict policy: a record that anyone modified since it was read is not overwritten.

Salesforce checks ``If-Unmodified-Since`` only on single records, so these go 25 to a composite call instead of 200 to a
collection. It compares whole seconds: an edit within the second of the reading passes unseen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from email.utils import format_datetime

from connectors.salesforce import soql
from connectors.salesforce.api import MOST_PARTS, Part
from connectors.salesforce.reading import chunks
from connectors.salesforce.sending import Item, Sender, of_failure, unanswered, until_unlocked
from partnersync.changes import Outcome
from partnersync.errors import RejectedError, UnavailableError

_MODIFIED = 412


def send_unmodified(sender: Sender, items: Sequence[Item]) -> Iterator[Outcome]:
    """One outcome per item: ``conflict`` where the record was modified after ``item.unmodified_since``.

    Raises:
        UnauthorizedError, QuotaError: nobody's records can be sent now; those not yet answered for were not.
    """
    ordered = sorted(items, key=lambda item: (item.object, item.parent))
    for group in chunks(ordered, MOST_PARTS):
        yield from until_unlocked([group], lambda left: _patched(sender, left[0]), sender.stop, sender.api.may_send)


def _patched(sender: Sender, items: Sequence[Item]) -> Iterator[tuple[Item, Outcome]]:
    parts = [_part(f"r{n}", item, sender) for n, item in enumerate(items)]
    try:
        answers = sender.api.write_parts(parts)
    except RejectedError as error:
        if len(items) > 1:
            middle = len(items) // 2
            for half in (items[:middle], items[middle:]):
                yield from _patched(sender, half)
        else:
            yield items[0], of_failure(items[0], error)
        return
    except UnavailableError as error:
        yield from ((item, of_failure(item, error)) for item in items)
        return
    for part, item in zip(parts, items, strict=True):
        failure = answers.get(part.name, unanswered(part.name)).failure
        if failure is None:
            yield item, Outcome(item.key, "applied", id=item.place)
        elif failure.status == _MODIFIED:
            message = "somebody modified the record since it was read"
            yield item, Outcome(item.key, "conflict", code=failure.code or "PRECONDITION_FAILED", message=message)
        else:
            yield item, of_failure(item, failure)


def _part(name: str, item: Item, sender: Sender) -> Part:
    assert item.unmodified_since is not None
    body = {field: value for field, value in item.body.items() if field not in ("attributes", "Id")}
    since = format_datetime(item.unmodified_since, usegmt=True)
    path = f"sobjects/{soql.name(item.object)}/{item.place}"
    return Part(name, "PATCH", path, body, {**sender.headers, "If-Unmodified-Since": since})
