"""Small pages become one of a worthwhile size: each is a transaction, and each transaction waits for the disk.

HubSpot lists 100 records a page: 20,000 deals would be 200 transactions. Pages of a full read that follow one another within
one object, with records alone, are stored together, with the cursor of the last. What a crash costs is reading at most so
many records again. Pages of changes stay what they are: each state of a record that they show is a version.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from threading import Event

from partnersync.errors import ConnectorError
from partnersync.records import Page

MOST = 2_000
"""Records in one transaction; as many as the largest page of any CRM."""


def joined(pages: Iterable[Page], stop: Event, most: int = MOST) -> Iterator[Page]:
    """The same records in fewer pages; what came before a failure or the stop signal is given before it.

    Raises:
        ConnectorError: whatever ``pages`` raises.
    """
    held: dict[str, list[Page]] = {}
    try:
        for page in pages:
            group = held.setdefault(page.object, [])
            if group and not (_is_joinable(page) and _records(group) + len(page.records) <= most):
                yield _one(held.pop(page.object))
                group = held.setdefault(page.object, [])
            group.append(page)
            if page.done or not _is_joinable(page) or _records(group) >= most:
                yield _one(held.pop(page.object))
            if stop.is_set():
                break
    except ConnectorError:
        yield from map(_one, held.values())
        raise
    yield from map(_one, held.values())


def _is_joinable(page: Page) -> bool:
    """Deletions, merges and what cannot be read are judged by the page they came with."""
    return page.full and not (page.gone or page.merged or page.unreadable)


def _records(held: Sequence[Page]) -> int:
    return sum(len(page.records) for page in held)


def _one(held: Sequence[Page]) -> Page:
    if len(held) == 1:
        return held[0]
    records = tuple(record for page in held for record in page.records)
    cursors = [page.cursor for page in held if page.cursor is not None]
    return replace(held[-1], records=records, cursor=cursors[-1] if cursors else None)
