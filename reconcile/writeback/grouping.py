"""How writes go together: what one request takes, what is left to send, and which of several has the last word."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby, islice
from typing import TypeVar

from partnersync.changes import Done, Intent, TaskChange
from partnersync.ids import Ref

Item = TypeVar("Item")


def in_requests(items: Iterable[Item], task: Callable[[Item], TaskChange | None]) -> Iterator[list[Item]]:
    """Tasks that a CRM takes in one request, so that a check of the fence stands before every request: creations, whatever
    they are about, then changes."""

    def changed(item: Item) -> bool:
        found = task(item)
        return found is None or found.action != "task_create"

    for _, group in groupby(sorted(items, key=changed), key=changed):
        yield list(group)


def without(intents: Sequence[Intent], settled: Sequence[Done]) -> list[Intent]:
    """Those of which nothing is known yet."""
    keys = {done.intent.key for done in settled}
    return [intent for intent in intents if intent.key not in keys]


def last_word(
    results: Sequence[Done], again: Sequence[Intent], newest: Mapping[Ref, str]
) -> tuple[list[Done], list[Intent]]:
    """The same, but of each record only the newest intent (key) is sent again; the others landed or are superseded."""

    def overtaken(intent: Intent) -> bool:
        return newest[intent.ref] != intent.key

    gone = [done.intent for done in results if done.status == "conflict" and overtaken(done.intent)]
    gone += [intent for intent in again if overtaken(intent)]
    kept = [done for done in results if done.intent not in gone]
    kept += [Done(intent, "superseded", message="a newer write to this record took its place") for intent in gone]
    return kept, [intent for intent in again if not overtaken(intent)]


def chunks(items: Sequence[Item], size: int) -> Iterator[list[Item]]:
    """The same in parts of at most ``size``."""
    walk = iter(items)
    while chunk := list(islice(walk, size)):
        yield chunk
