"""Bring records in: what changed, what was archived or merged, everything."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from math import inf
from typing import Any

from connectors.hubspot.associations import Associations
from connectors.hubspot.calls import BATCH, LIST_PAGE, Calls
from connectors.hubspot.changes import Changes, Reach
from connectors.hubspot.cursor import Cursor, fields_mark, packed, top_mark
from connectors.hubspot.exchange import Answer
from connectors.hubspot.failures import none_yet
from connectors.hubspot.full import FullReads, Whole
from connectors.hubspot.records import (
    ALWAYS_READ,
    MERGED_IDS,
    Json,
    deletion,
    merges,
    raw_record,
    stamp_ms,
    taken,
)
from partnersync.clock import Clock
from partnersync.errors import RejectedError
from partnersync.records import Merged, Page, RawRecord, Unreadable, Wanted

PRIMARY_COMPANY = "hs_primary_associated_company"
_STAMPS = {"contacts": "lastmodifieddate"}
_LONGEST_NAMES = 2_000
"""Characters of property names in one request: search bodies over 3,000 and long list URLs (414) were refused."""


@dataclass(frozen=True, slots=True)
class Pages:
    """How many records a page brings and a search reaches; HubSpot's own limits unless a test wants short ones."""

    listed: int = LIST_PAGE
    searched: Reach = field(default_factory=Reach)


@dataclass(frozen=True, slots=True)
class Pulling:
    """Reads records for one portal; ``portal`` tells its id when the first record needs it."""

    calls: Calls
    associations: Associations
    portal: Callable[[], str]
    overlap: timedelta
    clock: Clock
    pages: Pages = Pages()

    def hot(self, wanted: Sequence[Wanted]) -> Iterator[Page]:
        """What changed since each cursor; the first time everything, listed, and then what changed meanwhile.

        Raises:
            ConnectorError: the first object that HubSpot refuses to show, named, after all others are done.
        """
        wholes: list[Whole] = []
        failures = none_yet()
        for one in wanted:
            with failures.of(one.object):
                cursor, total = Cursor.read(one.cursor, one.fields), inf
                if cursor is None:
                    cursor, total = self._start(one)
                if cursor.listing is None:
                    yield from self._changed(one, cursor)
                else:
                    wholes.append(self._whole(one, cursor, total))
        yield from self._full.pages(wholes, failures)
        failures.tell()

    def warm(self, wanted: Sequence[Wanted]) -> Iterator[Page]:
        """Every archived record and every merge: search shows neither.

        Raises:
            ConnectorError: as ``hot``.
        """
        failures = none_yet()
        for one in wanted:
            with failures.of(one.object):
                yield from self._warm(one)
        failures.tell()

    def cold(self, wanted: Sequence[Wanted]) -> Iterator[Page]:
        """Everything live, from the records themselves.

        Raises:
            ConnectorError: as ``hot``.
        """
        failures = none_yet()
        yield from self._full.pages([self._whole(one, None) for one in wanted], failures)
        failures.tell()

    def _warm(self, wanted: Wanted) -> Iterator[Page]:
        after: str | None = None
        while True:
            answer = self.calls.list(wanted.object, (), after, archived=True, limit=self.pages.listed)
            gone = tuple(deletion(self.portal(), wanted.object, each, self.clock.now()) for each in answer.results)
            after = answer.after
            if gone:
                yield Page(wanted.object, gone=gone)
            if after is None:
                break
        yield from self._survivors(wanted.object)
        yield Page(wanted.object, done=True)

    def fetch(self, object_: str, ids: Sequence[str], fields: Sequence[str]) -> Mapping[str, RawRecord]:
        """Records by their own id: a merged-away one is gone, though HubSpot answers with the record it lives on in."""
        asked = list(dict.fromkeys(ids))
        found: dict[str, RawRecord] = {}
        for start in range(0, len(asked), BATCH):
            batch = asked[start : start + BATCH]
            results = self.calls.read(object_, batch, _properties(fields)).results
            for json in self._completed(object_, results, fields):
                record = raw_record(self.portal(), object_, json, fields, self.clock.now())
                if isinstance(record, RawRecord) and record.ref.id in batch:
                    found[record.ref.id] = record
        return found

    def _whole(self, wanted: Wanted, cursor: Cursor | None, total: float = inf) -> Whole:
        return Whole.of(wanted, _narrow(wanted.fields), cursor, self.pages.listed, total)

    @property
    def _full(self) -> FullReads:
        def page(wanted: Wanted, results: Sequence[Json]) -> Page:
            return self._page(wanted, results, full=True)

        return FullReads(self.calls, page, self.pages.listed)

    def _survivors(self, object_: str) -> Iterator[Page]:
        """What was ever merged; an object whose records HubSpot does not merge has no property to ask for."""
        has_merged = {"propertyName": MERGED_IDS, "operator": "HAS_PROPERTY"}
        try:
            for survivors in self._changes(object_, (MERGED_IDS,)).all((has_merged,)):
                if merged := self._merged(object_, survivors):
                    yield Page(object_, merged=merged)
        except RejectedError:
            return

    def _start(self, wanted: Wanted) -> tuple[Cursor, int]:
        """Where searching will begin once everything was listed, and about how many records there are: found out before the
        listing, from HubSpot itself.
        """
        changes = self._changes(wanted.object, ())
        look = changes.look(0)
        total = look.total
        since = look.watermark(self._overlap_ms)
        reaches = look.reaches(since)
        if not reaches:
            look = changes.look(since)
        ahead = Cursor(
            fields_mark(wanted.fields),
            since,
            since,
            look.total,
            look.top,
            look.newest,
            settled=look.newest,  # whatever changed by then is listed, whether search shows it yet or not
            listing="",
        )
        return (replace(self._within(ahead, look.records), window="") if reaches else ahead), total

    def _changed(self, wanted: Wanted, cursor: Cursor) -> Iterator[Page]:
        changes = self._changes(wanted.object, wanted.fields)
        look = changes.look(cursor.probe)
        settled = look.settled(self._overlap_ms)
        shown = look.reaches(cursor.settled + 1)  # all that may have changed without a sign of it
        due = not shown and (settled >= cursor.newest or settled - cursor.settled >= self._overlap_ms)
        if (look.total, look.top) == (cursor.total, cursor.top) and not due:
            final = shown and settled > cursor.settled
            later = replace(cursor, settled=settled).written() if final else None
            yield Page(wanted.object, cursor=later, done=True)
            return
        newest = max(cursor.newest, look.newest)
        firm = max(cursor.settled, settled) if shown or due else cursor.settled
        since = max(cursor.since, min(firm, look.watermark(self._overlap_ms)))
        ahead = replace(cursor, since=since, total=look.total, top=look.top, newest=newest, settled=firm)
        known = cursor.ids
        if look.reaches(cursor.since):
            following = self._within(ahead, look.records) if look.reaches(since) else replace(ahead, window="")
            yield replace(self._page(wanted, look.records), cursor=following.written(), done=True)
            return
        low = cursor.settled if due else cursor.newest
        if known is not None and (fresh := look.newer(low, known, cursor.total)) is not None:
            joined = known.union(str(each["id"]) for each in fresh)
            following = (
                self._within(ahead, look.records) if look.reaches(since) else replace(ahead, window=packed(joined))
            )
            yield replace(self._page(wanted, fresh), cursor=following.written(), done=True)
            return
        if known is not None and (yield from self._newest(wanted, cursor, changes, ahead, known, low)):
            return
        yield from self._forward(wanted, cursor, changes, ahead)

    def _newest(
        self, wanted: Wanted, cursor: Cursor, changes: Changes, ahead: Cursor, known: frozenset[str], low: int
    ) -> Generator[Page, None, bool]:
        """Bring what changed after ``low``; whether the total says that this was all that changed.

        What changes while this runs is left to the next pull. The cursor moves with the last page, and only if this was all.
        """
        joined = set(known)
        for _, results in changes.forward(low, ahead.newest):
            fresh = [each for each in results if not taken(each, low + 1) and stamp_ms(each) <= ahead.newest]
            joined.update(str(each["id"]) for each in fresh)
            if fresh:
                yield self._page(wanted, fresh)
        if len(joined) - len(known) != ahead.total - cursor.total:
            return False
        following = replace(ahead, window=packed(joined))
        yield Page(wanted.object, cursor=following.written(), done=True)
        return True

    def _forward(self, wanted: Wanted, cursor: Cursor, changes: Changes, ahead: Cursor) -> Iterator[Page]:
        recent: dict[str, Json] = {}
        for low, results in changes.forward(cursor.since, ahead.since):
            recent.update((str(each["id"]), each) for each in results if not taken(each, ahead.since))
            upto = max(cursor.since, low - self._overlap_ms)
            so_far = Cursor(cursor.fields, since=upto, probe=upto)
            yield replace(self._page(wanted, results), cursor=so_far.written())
        yield Page(wanted.object, cursor=self._within(ahead, tuple(recent.values())).written(), done=True)

    def _within(self, ahead: Cursor, records: Sequence[Json]) -> Cursor:
        """The cursor whose next look begins at its ``since``, when all records from there on are at hand."""
        stamps = {str(each["id"]): stamp_ms(each) for each in records if not taken(each, ahead.since)}
        shown = sorted(stamps.items(), key=lambda item: item[1], reverse=True)[: self.pages.searched.page]
        top = top_mark(shown, whole=len(shown) == len(stamps))
        newest = max(filter(None, stamps.values()), default=ahead.newest)
        window = packed(stamps)
        return replace(ahead, probe=ahead.since, total=len(stamps), top=top, newest=newest, window=window)

    def _page(self, wanted: Wanted, results: Sequence[Json], *, full: bool = False) -> Page:
        records: list[RawRecord] = []
        unreadable: list[Unreadable] = []
        results = self._filled(wanted, results)
        for json in self._completed(wanted.object, results, wanted.fields):
            record = raw_record(self.portal(), wanted.object, json, wanted.fields, self.clock.now())
            if isinstance(record, RawRecord):
                records.append(record)
            else:
                unreadable.append(record)
        merged = self._merged(wanted.object, results)
        return Page(wanted.object, tuple(records), merged=merged, unreadable=tuple(unreadable), full=full)

    def _merged(self, object_: str, results: Sequence[Json]) -> tuple[Merged, ...]:
        now = self.clock.now()
        return tuple(merge for json in results for merge in merges(self.portal(), object_, json, now))

    def _changes(self, object_: str, fields: Sequence[str]) -> Changes:
        def search(request: Mapping[str, Any]) -> Answer:
            return self.calls.search(object_, request)

        stamp = _STAMPS.get(object_, "hs_lastmodifieddate")
        return Changes(search, stamp, _narrow(fields) if fields else [stamp], self.pages.searched)

    def _filled(self, wanted: Wanted, results: Sequence[Json]) -> Sequence[Json]:
        """The records with all properties, where there were too many of them for the request that found them."""
        if _narrow(wanted.fields) or not results:
            return results
        found: dict[str, Json] = {}
        ids = [str(each["id"]) for each in results]
        for start in range(0, len(ids), BATCH):
            read = self.calls.read(wanted.object, ids[start : start + BATCH], _properties(wanted.fields))
            found.update((str(each["id"]), each) for each in read.results)
        return [found[id_] for id_ in ids if id_ in found]

    def _completed(self, object_: str, results: Sequence[Json], fields: Sequence[str]) -> Sequence[Json]:
        """The records with their main company where the portal has no property that names it.

        HubSpot leaves out a property that it does not know; nothing else needs to be asked to find that out.
        """
        if PRIMARY_COMPANY not in fields:
            return results
        lacking = [str(each["id"]) for each in results if PRIMARY_COMPANY not in (each.get("properties") or {})]
        if not lacking:
            return results
        main = self.associations.main(object_, "companies", lacking)
        named = {id_: {PRIMARY_COMPANY: main.get(id_)} for id_ in lacking}
        return [
            {**each, "properties": {**(each.get("properties") or {}), **named.get(str(each["id"]), {})}}
            for each in results
        ]

    @property
    def _overlap_ms(self) -> int:
        return self.overlap // timedelta(milliseconds=1)


def _properties(fields: Sequence[str]) -> list[str]:
    return list(dict.fromkeys((*fields, *ALWAYS_READ)))


def _narrow(fields: Sequence[str]) -> list[str]:
    """The properties to ask for where records are found; none if their names are too long for it."""
    properties = _properties(fields)
    return properties if sum(len(name) + len("properties=&") for name in properties) <= _LONGEST_NAMES else []
