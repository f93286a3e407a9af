"""Everything live of one object, in order of id: the first pull, and the nightly cold read.

The watermark is asked for in the same call as the first page, one subrequest before it, so that nothing that changes while
the pages are read is older than it. Pages follow the server's locator; when that has expired, or in another process, the
read goes on after the last id. The first page tells how many records there are: from ``bulk_from`` on, this read ends there
and leaves the rest to a bulk job (``for_bulk``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from connectors.salesforce import soql
from connectors.salesforce.api import Answer, Api, Part
from connectors.salesforce.cursor import Cursor
from connectors.salesforce.errors import TOO_LONG
from connectors.salesforce.marks import covered, mark_part
from connectors.salesforce.rows import read_rows
from connectors.salesforce.shapes import Selection, Shape
from connectors.salesforce.steps import describe_part, described, without_hidden
from partnersync.records import Page, Wanted


class FullRead:
    """A read of everything. ``cursor`` goes on with one that was cut off; ``cold`` leaves the stored cursor alone.

    ``since`` is the watermark of pulls before this one, which stays: deletions after it have not been told yet. ``shape`` is what
    the object is like, where that was asked just now.
    """

    def __init__(
        self,
        wanted: Wanted,
        api: Api,
        *,
        cursor: Cursor | None = None,
        since: datetime | None = None,
        cold: bool = False,
        bulk_from: int | None = None,
        shape: Shape | None = None,
    ) -> None:
        self.object = wanted.object
        self.cold = cold
        self.for_bulk = cursor if cursor is not None and cursor.job is not None else None
        self.done = self.for_bulk is not None
        self.shape = shape
        self.lost_fields = False
        self._wanted = wanted
        self._api = api
        self._bulk_from = bulk_from
        self._since = since
        self._cursor = cursor
        if cursor is None and shape is not None:
            self._cursor = self._start(Selection.of(shape, wanted.fields))
        self._marked = cold or cursor is not None or since is not None
        self._locator: str | None = None

    def parts(self, queries: int) -> Sequence[Part]:
        """Describe first, unless that was done; then the watermark and a page; then pages."""
        if self._cursor is None:
            return (describe_part(self._wanted.object),)
        if queries < 1:
            return ()
        cursor = self._cursor
        page = Part("rows", "GET", self._locator or self._rows_path(cursor))
        if self._marked or not cursor.selection.replicates:
            return (page,)
        now = self._api.now()
        return (mark_part(cursor.selection.object, "updated", now, now), page)

    def take(self, answers: Mapping[str, Answer]) -> Iterator[Page]:
        """One page per call."""
        if "describe" in answers:
            self.shape = described(answers["describe"], self._wanted.object)
            self._cursor = self._start(Selection.of(self.shape, self._wanted.fields))
            return
        cursor = self._cursor
        if cursor is None or "rows" not in answers:
            return
        if not self._marked:
            self._marked = True
            cursor = replace(cursor, watermark=covered(answers.get("updated"), self._api.asked_at()))
        rows = answers["rows"]
        if rows.failure is not None:
            self._go_on_after(rows, cursor)
            return
        yield self._page(rows, cursor)

    def _start(self, selection: Selection) -> Cursor:
        now: datetime = self._api.now()
        return Cursor("full", selection, described_at=now, watermark=self._since or now, stamp=now)

    def _rows_path(self, cursor: Cursor) -> str:
        chosen = cursor.selection
        return self._api.query_path(soql.select(chosen.fields, chosen.object, soql.beyond(cursor.id), "Id"))

    def _page(self, answer: Answer, cursor: Cursor) -> Page:
        body = answer.body
        records, unreadable = read_rows(body["records"], cursor.selection, self._api.org, self._api.asked_at())
        last = max((row["Id"] for row in body["records"] if isinstance(row.get("Id"), str)), default=cursor.id)
        cursor = replace(cursor, id=max(cursor.id, last), seen=cursor.seen + len(records))
        last_page = self.done = bool(body["done"])
        if last_page:
            cursor = cursor.at_rest()
        elif self._bulk_from is not None and self._locator is None and body["totalSize"] >= self._bulk_from:
            self.for_bulk, self.done = cursor, True
        self._locator = None if last_page else self._api.below(body["nextRecordsUrl"])
        self._cursor = cursor
        return Page(
            cursor.selection.object,
            records,
            unreadable=unreadable,
            cursor=None if self.cold else cursor.text(),
            done=last_page,
            full=True,
            total=cursor.seen if last_page else None,
        )

    def _go_on_after(self, rows: Answer, cursor: Cursor) -> None:
        """An expired locator means to ask by id again; a field that went out of sight, to ask without it; a query that took
        too long, to leave the rest to a bulk job.

        Raises:
            ConnectorError: anything else.
        """
        assert rows.failure is not None
        self._cursor = cursor
        if rows.failure.code == "INVALID_QUERY_LOCATOR" and self._locator is not None:
            self._locator = None
            return
        if rows.failure.code in TOO_LONG and self._bulk_from is not None:
            self.for_bulk, self.done = cursor, True
            return
        fewer = without_hidden(cursor.selection, rows.failure)
        if fewer is None:
            raise rows.failure
        self.lost_fields = True
        self._locator, self._cursor = None, replace(cursor, selection=fewer)
