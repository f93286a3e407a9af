"""What changed of one object since its cursor: on an idle org three subrequests of the one call that all objects share.

    usual           ``updated`` (watermark), ``deleted``, and the rows after the cursor, inline
    no query left   ``updated`` and ``deleted`` alone; only if they name ids does the next call ask for the rows
    no deletion log the recycle bin is queried instead (also when the last pull was longer ago than the log reaches)
    log was purged  the recycle bin is queried too: an overfull log loses entries that are two hours old

Further pages are asked for by position (stamp, id), never by the server's locator: a row that is edited while the list is
read would come with a later stamp than its place, and a cursor stored there would skip what lies between. A page may be
shorter than asked, even empty: ``done`` alone ends the list. A query that takes the server too long is asked for half the
time since its position, and half of that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from connectors.salesforce import soql
from connectors.salesforce.api import Answer, Api, Part
from connectors.salesforce.cursor import OVERLAP, Cursor
from connectors.salesforce.errors import TOO_LONG
from connectors.salesforce.marks import OLDEST_DELETED, covered, deletions, mark_part, purged, updates
from connectors.salesforce.rows import read_rows, ref
from connectors.salesforce.shapes import Shape, came_into_sight, seen_again
from connectors.salesforce.steps import describe_part, described, without_hidden
from connectors.salesforce.wire import instant
from partnersync.errors import ConnectorError
from partnersync.records import Gone, Page

LEAST_SPAN = timedelta(minutes=1)
"""Of stamps: a query for less that still takes too long is not made shorter."""
DESCRIBE_AGAIN = timedelta(hours=24)
"""Every day the first call also asks whether fields came into sight or went out of it."""

STAMP_TICK = timedelta(seconds=1)
"""Stamps are whole seconds: of two changes within one, a row shows the later under the stamp of both."""


class Changes:
    """The incremental pull of one object."""

    def __init__(self, cursor: Cursor, api: Api) -> None:
        self.done = False
        self.object = cursor.selection.object
        self.watermark = cursor.watermark
        self.shape: Shape | None = None
        self.lost_fields = False
        self.in_sight = False
        """A field came into sight: everything must be read again, and this pull is over."""
        self._api = api
        self._cursor = cursor
        self._since = cursor.watermark - OVERLAP
        self._at = (cursor.stamp, cursor.id) if cursor.state == "paging" else (self._since, "")
        self._span: timedelta | None = None
        self._until: datetime | None = None
        """Rows are asked for up to here, ``_span`` at a time; None: all that is left."""
        self._goal: datetime | None = None
        self._asked: tuple[str, ...] = ()
        """The fields that the rows were last asked with; a describe in the same call may show that some are gone."""
        self._gone: dict[str, datetime] = {}
        self._empty_page_next: str | None = None
        self._bin_at = (self._since, "")
        self._bin_next: str | None = None
        self._bin_left = False

    # -- asking ------------------------------------------------------------------------------------------------------

    def parts(self, queries: int) -> Sequence[Part]:
        """The marks once, then the bin and the rows as far as ``queries`` allows."""
        asked: list[Part] = []
        if self._goal is None:
            asked += self._marks()
        if self._bin_left and queries:
            asked.append(Part("bin", "GET", self._bin_next or self._bin_path()))
            queries -= 1
        if queries:
            asked.append(Part("rows", "GET", self._empty_page_next or self._rows_path()))
        return asked

    def _marks(self) -> Iterator[Part]:
        chosen, now = self._cursor.selection, self._api.now()
        if now - self._cursor.described_at > DESCRIBE_AGAIN:
            yield describe_part(chosen.object)
        logged = chosen.replicates and self._since > now - OLDEST_DELETED
        self._bin_left = not logged and "IsDeleted" in chosen.system
        if chosen.replicates:
            yield mark_part(chosen.object, "updated", self._cursor.watermark, now)
        if logged:
            yield mark_part(chosen.object, "deleted", self._cursor.watermark, now)

    def _rows_path(self) -> str:
        chosen = self._cursor.selection
        self._asked = chosen.fields
        where = soql.after(chosen.stamp, *self._at)
        if self._until is not None:
            where = f"({where}) AND {soql.before(chosen.stamp, self._until)}"
        return self._api.query_path(soql.select(chosen.fields, chosen.object, where, f"{chosen.stamp}, Id"))

    def _bin_path(self) -> str:
        chosen = self._cursor.selection
        where = f"IsDeleted = true AND ({soql.after(chosen.stamp, *self._bin_at)})"
        order = f"{chosen.stamp}, Id"
        return self._api.query_path(soql.select(("Id", chosen.stamp), chosen.object, where, order), deleted_too=True)

    # -- answers -----------------------------------------------------------------------------------------------------

    def take(self, answers: Mapping[str, Answer]) -> Iterator[Page]:
        """At most one page per call."""
        if "describe" in answers:
            self._take_shape(answers["describe"])
        if self.in_sight:
            return
        nothing_updated = self._take_marks(answers) if self._goal is None else False
        if "bin" in answers:
            self._take_bin(answers["bin"])
        rows = answers.get("rows")
        if rows is not None and rows.failure is not None:
            self._ask_otherwise(rows.failure)
        elif self._bin_left:
            return  # deletions come before the rows that may live again; the rows are asked for anew
        elif rows is not None:
            yield from self._page(rows)
        elif nothing_updated:
            yield self._last_page()

    def _take_shape(self, answer: Answer) -> None:
        before = self._cursor.selection
        self.shape = described(answer, before.object)
        self.in_sight = self.done = came_into_sight(before, self.shape)
        self._cursor = replace(self._cursor, selection=seen_again(before, self.shape), described_at=self._api.now())

    def _take_marks(self, answers: Mapping[str, Answer]) -> bool:
        """Set the goal; whether the server is sure that nothing was updated."""
        asked_at, chosen = self._api.asked_at(), self._cursor.selection
        goal = covered(answers.get("updated"), asked_at)
        if "deleted" in answers:
            goal = min(goal, covered(answers["deleted"], asked_at))
        # While paging, rows committed late may already lie behind our position: the stored watermark stays.
        self._goal = self._cursor.watermark if self._cursor.state == "paging" else max(goal, self._cursor.watermark)
        for id_, at in deletions(answers.get("deleted")):
            self._note_gone(id_, at)
        if "deleted" in answers and (answers["deleted"].failure is not None or purged(answers["deleted"], self._since)):
            self._bin_left = "IsDeleted" in chosen.system
        return self._cursor.state == "rest" and updates(answers.get("updated")) == 0

    def _note_gone(self, id_: str, at: datetime) -> None:
        if at >= self._since:  # older ones were told before, and may have been restored since
            self._gone[ref("", "", id_).id] = at

    def _take_bin(self, answer: Answer) -> None:
        if answer.failure is not None:
            if answer.failure.code == "INVALID_QUERY_LOCATOR" and self._bin_next is not None:
                self._bin_next = None
                return
            raise answer.failure
        body = answer.body
        for row in body["records"]:
            self._note_gone(row["Id"], instant(row[self._cursor.selection.stamp]))
            self._bin_at = (instant(row[self._cursor.selection.stamp]), row["Id"])
        self._bin_left = not body["done"]
        self._bin_next = self._api.below(body["nextRecordsUrl"]) if self._bin_left and not body["records"] else None

    def _ask_otherwise(self, failure: ConnectorError) -> None:
        """By position after a locator that expired, for half the time, or without a field that went out of sight.

        Raises:
            ConnectorError: nothing of that helps.
        """
        if failure.code == "INVALID_QUERY_LOCATOR" and self._empty_page_next is not None:
            self._empty_page_next = None
            return
        if failure.code in TOO_LONG:
            span = ((self._until or self._api.now()) - self._at[0]) / 2
            if span < LEAST_SPAN:
                raise failure
            self._span, self._until, self._empty_page_next = span, self._at[0] + span, None
            return
        if failure.code == "INVALID_FIELD" and self._asked != self._cursor.selection.fields:
            self._empty_page_next = None
            return  # the describe of the same call told it already: the next query asks for what is in sight
        fewer = without_hidden(self._cursor.selection, failure)
        if fewer is None:
            raise failure
        self.lost_fields = True
        self._cursor = replace(self._cursor, selection=fewer)

    def _page(self, rows: Answer) -> Iterator[Page]:
        chosen, body = self._cursor.selection, rows.body
        records, unreadable = read_rows(body["records"], chosen, self._api.org, self._api.asked_at())
        last = next((row for row in reversed(body["records"]) if row.get(chosen.stamp) and row.get("Id")), None)
        if last is not None:
            self._at = (instant(last[chosen.stamp]), last["Id"])
        for record in records:
            self._gone.pop(record.ref.id, None)
        self.done = body["done"] and self._until is None
        self._empty_page_next = self._api.below(body["nextRecordsUrl"]) if not body["done"] and last is None else None
        if body["done"]:
            self._go_past(nothing_found=last is None)
        page = self._last_page() if self.done else self._page_between()
        yield replace(page, records=records, unreadable=unreadable, tick=STAMP_TICK)

    def _go_past(self, *, nothing_found: bool) -> None:
        """The next span of stamps; twice as long after one that was empty."""
        if self._until is None or self._span is None:
            return
        self._at = (self._until, "")
        self._span *= 2 if nothing_found else 1
        end = self._until + self._span
        self._until = end if end < self._api.now() else None

    def _page_between(self) -> Page:
        assert self._goal is not None
        stamp, id_ = self._at
        self._cursor = replace(self._cursor, state="paging", watermark=self._goal, stamp=stamp, id=id_)
        return Page(self._cursor.selection.object, gone=self._told_gone(), cursor=self._cursor.text())

    def _last_page(self) -> Page:
        assert self._goal is not None
        self.done = True
        rest = replace(self._cursor, state="rest", watermark=self._goal, stamp=self._goal, id="")
        return Page(rest.selection.object, gone=self._told_gone(), cursor=rest.text(), done=True)

    def _told_gone(self) -> tuple[Gone, ...]:
        object_, org = self._cursor.selection.object, self._api.org
        gone = tuple(Gone(ref(org, object_, id_), at) for id_, at in sorted(self._gone.items()))
        self._gone.clear()
        return gone
