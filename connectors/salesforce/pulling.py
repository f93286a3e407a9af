"""What a pull of one org is made of: which read each object needs, in what order, and what to do when one breaks off.

Objects share composite calls (``steps.run``). A full read that turns out to be larger than ``bulk_from`` goes on as a bulk
job; where the org refuses that, it goes on by query after all, from where the job began.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from connectors.failures import Failures
from connectors.salesforce import reading
from connectors.salesforce.api import Api
from connectors.salesforce.bulk_read import BulkRead
from connectors.salesforce.changes import Changes
from connectors.salesforce.cursor import Cursor, parse_cursor
from connectors.salesforce.failures import none_yet
from connectors.salesforce.full import FullRead
from connectors.salesforce.shapes import Selection, Shape, came_into_sight
from connectors.salesforce.steps import run
from partnersync.records import Page, Wanted

MERGED_WITHIN = timedelta(days=3)
"""How far back the hourly look at merges goes; the nightly one takes all that the recycle bin holds."""
JUST_NOW = 60.0
"""Seconds: what was described so lately need not be described again."""


class Pulling:
    """The reads of one org. ``known`` are the shapes described so far, shared with whoever writes."""

    def __init__(
        self, api: Api, known: dict[str, Shape], shape_of: Callable[[str], Shape], bulk_from: int | None
    ) -> None:
        self._api = api
        self._known = known
        self._shape_of = shape_of
        self._bulk_from = bulk_from
        self._described: dict[str, tuple[Shape, float]] = {}

    def described(self, shapes: Mapping[str, Shape]) -> None:
        """What objects are like, as the org said just now."""
        now = time.monotonic()
        self._described.update({object_: (shape, now) for object_, shape in shapes.items()})

    def hot(self, wanted: Sequence[Wanted]) -> Iterator[Page]:
        """What changed since each cursor, all objects in one call; a first pull reads everything."""
        failures = none_yet()
        yield from self._all([self._pull(one) for one in wanted], wanted, failures)
        failures.tell()

    def warm(self, wanted: Sequence[Wanted]) -> Iterator[Page]:
        """What was merged lately."""
        failures, since = none_yet(), self._api.now() - MERGED_WITHIN
        for one in wanted:
            with failures.of(one.object):
                yield self._merged(one, since)
        failures.tell()

    def cold(self, wanted: Sequence[Wanted]) -> Iterator[Page]:
        """Everything live; then every merge that is still known."""
        failures = none_yet()
        yield from self._all([self._full(replace(one, cursor=None), cold=True) for one in wanted], wanted, failures)
        for one in wanted:
            with failures.of(one.object):
                page = self._merged(one, None)
                if page.merged:
                    yield page
        failures.tell()

    def _all(self, pulls: Sequence[FullRead | Changes], wanted: Sequence[Wanted], failures: Failures) -> Iterator[Page]:
        """Every page of ``pulls`` and of the reads that follow from them; an object that cannot be pulled is noted."""
        asked = {one.object: one for one in wanted}
        while pulls:
            yield from run([pull for pull in pulls if not pull.done], self._api, failures)
            self._learn(pulls)
            anew = [
                self._full(asked[pull.object], since=pull.watermark)
                for pull in pulls
                if isinstance(pull, Changes) and pull.in_sight
            ]
            large = [
                BulkRead(cursor, self._api, self._shape_of, cold=pull.cold)
                for pull in pulls
                if isinstance(pull, FullRead) and (cursor := pull.for_bulk) is not None
            ]
            for bulk in large:
                bulk.start()  # all of them before the first is waited for
            for bulk in large:
                with failures.of(bulk.object):
                    yield from bulk.pages()
            by_query = [
                FullRead(asked[bulk.object], self._api, cursor=bulk.left, cold=bulk.cold)
                for bulk in large
                if bulk.left is not None
            ]
            pulls = [*anew, *by_query]

    def _pull(self, wanted: Wanted) -> FullRead | Changes:
        cursor = parse_cursor(wanted.object, wanted.cursor)
        if cursor is None:
            return self._full(wanted)
        # Every record must be read again for a field that is new; one that goes may come back, when some were read without it.
        if set(wanted.fields) != set(cursor.selection.asked):
            return self._full(wanted, since=cursor.watermark)
        if cursor.state == "full":
            return self._full(wanted, cursor=cursor)
        shape = self._known.get(wanted.object)
        if shape is not None and came_into_sight(cursor.selection, shape):
            return self._full(wanted, since=cursor.watermark)
        return Changes(cursor, self._api)

    def _full(
        self, wanted: Wanted, *, cursor: Cursor | None = None, since: datetime | None = None, cold: bool = False
    ) -> FullRead:
        shape = self._shown(wanted) if cursor is None else None
        return FullRead(
            wanted, self._api, cursor=cursor, since=since, cold=cold, bulk_from=self._bulk_from, shape=shape
        )

    def _shown(self, wanted: Wanted) -> Shape | None:
        """What an object is like, if the org said so just now and shows all that is wanted; else it is better asked again."""
        shape, at = self._described.get(wanted.object, (None, 0.0))
        if shape is None or time.monotonic() - at > JUST_NOW or Selection.of(shape, wanted.fields).hidden:
            return None
        return shape

    def _merged(self, wanted: Wanted, since: datetime | None) -> Page:
        object_ = wanted.object
        if "MasterRecordId" not in self._shape_of(object_).schema.fields:
            return Page(object_, done=True)
        return Page(object_, merged=reading.merges(self._api, object_, since), done=True)

    def _learn(self, pulls: Iterable[FullRead | Changes]) -> None:
        """Keep what was described on the way; forget what turned out to be out of date."""
        for pull in pulls:
            if pull.lost_fields:
                self._known.pop(pull.object, None)
                self._described.pop(pull.object, None)
            elif pull.shape is not None:
                self._known[pull.object] = pull.shape
