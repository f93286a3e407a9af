"""Find what changed through a search that caps, pages by offset, lags, and sorts by the very stamp that moves.

The problem, with numbers. A search shows at most 10,000 hits and pages by offset. Sorted by modification stamp, a record
edited while we read moves to the end: the 201st hit becomes the 200th, which we have passed, and is never seen. A bulk
import stamps 30,000 records with one millisecond, so that "everything after the last stamp" never ends, or skips. And an
idle portal must cost one call even when a bulk write touched 5,000 records within the last minutes, which the overlap
makes us look at again and again.

The choice.

*One look.* The newest 200 since ``probe``, newest first, with their total. Same total and same records as the last look:
nothing happened, one call. If they reach back beyond ``since``, they hold every change: still one call. If not (we wrote
500 records a minute ago, and now a rep edits one), the records newer than any taken are the change, provided that the
total says so: 500 before, one of them new to the window, 501 now. Any other total: something surfaced further back.

*Settling.* The index shows changes in any order: one of 10:00:00 may surface after one of 10:00:07, and where its record was
among the 500 already, no total tells. So what one look does not show is read once more when it is older than the overlap.

*Read forward* (only then). From ``since`` in ascending order, 200 at a time, each page asked anew from the
last stamp seen (keyset), so that nothing can shift past us and no offset grows. An offset is used only within the last
``overlap``, which the next pull reads again.

*Ties.* A page of one single stamp is read by ``stamp EQ s`` in the order of ids. More than 10,000 of them are split at an
id taken from the far end of what can be paged; a set that shrank while it was paged is read again.

The watermark is the newest stamp shown or the server's own time, whichever is earlier, less the overlap: never our clock.
Left out: windows cut by time (forward reading makes them unnecessary, except for ties, where time cannot cut). What surfaces
later than the overlap, behind 200 newer ones, waits for the nightly full read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.hubspot.calls import SEARCH_PAGE
from connectors.hubspot.cursor import top_mark
from connectors.hubspot.exchange import Answer
from connectors.hubspot.records import Json, milliseconds, stamp_ms, taken
from partnersync.errors import UnavailableError

_REREADS = 5

Search = Callable[[Mapping[str, Any]], Answer]


@dataclass(frozen=True, slots=True)
class Reach:
    """HubSpot's limits: hits in a page, hits that can be paged through in all."""

    page: int = SEARCH_PAGE
    cap: int = 10_000


@dataclass(frozen=True, slots=True)
class Look:
    """The newest records since some stamp; ``whole``: there are no others. ``newest`` is 0 where there are none."""

    records: Sequence[Json]
    total: int
    whole: bool
    newest: int
    server_ms: int | None

    @property
    def top(self) -> str:
        """Identifies these records in their present versions."""
        return top_mark([(str(each["id"]), stamp_ms(each)) for each in self.records], whole=self.whole)

    def reaches(self, since: int) -> bool:
        """Whether nothing from ``since`` on can be missing here; a record without a stamp does not tell."""
        return self.whole or any(taken(each, since) for each in self.records)

    def newer(self, stamp: int, known: frozenset[str], total: int) -> Sequence[Json] | None:
        """The records changed after ``stamp`` and those without one; None if something else may have changed.

        ``known`` and ``total`` are the ids and the number of records as the last look left them.
        """
        fresh = [each for each in self.records if not taken(each, stamp + 1)]
        joined = sum(str(each["id"]) not in known for each in fresh)
        return fresh if len(fresh) < len(self.records) and self.total == total + joined else None

    def watermark(self, overlap_ms: int) -> int:
        """Up to where everything may be taken as seen; 0 where nothing was ever changed."""
        if not self.newest:
            return 0
        latest = self.newest if self.server_ms is None else min(self.newest, self.server_ms)
        return max(0, latest - overlap_ms)

    def settled(self, overlap_ms: int) -> int:
        """Up to where nothing more surfaces: what is older than ``overlap_ms``, by the server's own time, is in the index."""
        return self.watermark(overlap_ms) if self.server_ms is None else min(self.newest, self.server_ms - overlap_ms)


class Changes:
    """Searches one object; ``stamp`` is the property that holds its modification stamp."""

    def __init__(self, search: Search, stamp: str, properties: Sequence[str], reach: Reach) -> None:
        self._search = search
        self._stamp = stamp
        self._properties = list(properties)
        self._page = reach.page
        self._cap = reach.cap

    def look(self, since: int) -> Look:
        """The newest records since a stamp."""
        filters, after = (self._since(since),), None
        while True:
            answer = self._ask(filters, self._stamp, "DESCENDING", after)
            if answer.results or answer.after is None:
                break
            after = self._next(answer, after)
        newest = max(map(stamp_ms, answer.results), default=0)
        server = None if answer.server_time is None else milliseconds(answer.server_time)
        return Look(answer.results, _total(answer), after is None and answer.after is None, newest, server)

    def forward(self, since: int, settled: int) -> Iterator[tuple[int, Sequence[Json]]]:
        """Every record changed since a stamp, oldest first, with the stamp up to which all were yielded before.

        Records changed after ``settled`` while this runs may be left for the next pull.
        """
        low, after, before = since, None, frozenset[tuple[str, int]]()
        while True:
            answer = self._ask((self._since(low),), self._stamp, "ASCENDING", after)
            versions = {(str(each["id"]), stamp_ms(each)): each for each in answer.results}
            yield low, [each for version, each in versions.items() if version not in before]
            before = frozenset(versions)
            if answer.after is None:
                return
            stamps = [stamp for _, stamp in versions if stamp]
            firm = max((stamp for stamp in stamps if stamp < settled), default=low)
            if firm > low:
                low, after = firm, None
            elif stamps and set(stamps) == {low}:
                for tied in self.all((_filter(self._stamp, "EQ", low),)):
                    yield low, tied
                low, after = low + 1, None
            elif stamps and max(stamps) > low and self._deep(answer):
                low, after = max(stamps), None
            else:
                after = self._next(answer, after)

    def all(self, filters: Sequence[Json]) -> Iterator[Sequence[Json]]:
        """Every record that matches, in the order of ids; none is missed because another left the set meanwhile."""
        for _ in range(_REREADS):
            first = answer = self._ask(filters, "hs_object_id", "ASCENDING", None)
            if _total(first) > self._cap:
                yield from self._split(filters)
                return
            after = None
            while _total(answer) >= _total(first):
                yield answer.results
                if answer.after is None:
                    return
                after = self._next(answer, after)
                answer = self._ask(filters, "hs_object_id", "ASCENDING", after)
        raise UnavailableError("HubSpot's records change faster than they can be searched", code="moving_set")

    def _split(self, filters: Sequence[Json]) -> Iterator[Sequence[Json]]:
        """Two halves at an id from the far end of what paging reaches, whatever order HubSpot sorts ids in."""
        far = self._ask(filters, "hs_object_id", "ASCENDING", str(self._cap - self._page))
        ids = sorted(int(each["id"]) for each in far.results)
        if len(ids) < 2:
            raise UnavailableError("HubSpot shows more than 10,000 records and none to split them at", code="no_split")
        middle = ids[len(ids) // 2 - 1]
        bounds = [each for each in filters if each["propertyName"] != "hs_object_id"]
        own = {each["operator"]: int(each["value"]) for each in filters if each["propertyName"] == "hs_object_id"}
        for more in ({**own, "LTE": middle}, {**own, "GT": middle}):
            yield from self.all([*bounds, *(_filter("hs_object_id", name, value) for name, value in more.items())])

    def _ask(self, filters: Sequence[Json], sort: str, direction: str, after: str | None) -> Answer:
        request: dict[str, Any] = {
            "filterGroups": [{"filters": list(filters)}],
            "sorts": [{"propertyName": sort, "direction": direction}],
            "properties": self._properties,
            "limit": self._page,
        }
        return self._search(request if after is None else {**request, "after": after})

    def _since(self, stamp: int) -> Json:
        return _filter(self._stamp, "GTE", stamp)

    def _deep(self, answer: Answer) -> bool:
        after = answer.after or ""
        return after.isdecimal() and int(after) + self._page > self._cap

    def _next(self, answer: Answer, before: str | None) -> str:
        after = answer.after
        if after is None or after == before:
            raise UnavailableError("HubSpot's search does not page on", code="stuck_paging")
        return after


def _filter(name: str, operator: str, value: int) -> Json:
    return {"propertyName": name, "operator": operator, "value": str(value)}


def _total(answer: Answer) -> int:
    total = answer.body.get("total")
    return total if isinstance(total, int) else len(answer.results)
