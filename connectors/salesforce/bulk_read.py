"""The rest of a large full read as one query job of the Bulk API 2.0, its result read as it comes.

Three calls and a few looks at the job take what would be hundreds of pages. The result is CSV in parts of 50,000 rows;
pages are cut from it while it arrives, so memory holds two of them, however many rows there are. Its order is the server's
own (large objects are read in slices side by side), so the read cannot go on after an id; it goes on by its place in the
result, which the server keeps unchanged for seven days: part 3, after 14,000 rows. A break in the connection, a kill or a
restart costs the rows of one part that are sent once more and not looked at.

An org may refuse the job (switched off, no such permission, a kind of field that CSV cannot hold), fail it, abort it, or
take too long. Then the read is left to queries by id (``left``), from where the job began.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any
from urllib.parse import quote

from connectors.salesforce import soql
from connectors.salesforce.api import Api
from connectors.salesforce.csv_rows import Convert, conversions, rows
from connectors.salesforce.cursor import Cursor, JobPlace
from connectors.salesforce.rows import read_rows
from connectors.salesforce.shapes import Shape
from connectors.streaming import lines
from partnersync.errors import ConnectorError, RejectedError, UnauthorizedError, UnavailableError
from partnersync.records import Page, RawRecord, Unreadable

JOBS = "jobs/query"
PART = 50_000
PAGE = 2_000
FIRST_LOOK, LONGEST_LOOK = 0.25, 10.0
PATIENCE = 1800.0
"""Seconds that a job may take to be read; queries take no longer than that for what jobs are made for."""
_OVER = frozenset({"Failed", "Aborted"})
_END = "null"


class BulkRead:
    """What is left of one object's full read; ``cursor`` may hold the place in a job that was begun before."""

    def __init__(self, cursor: Cursor, api: Api, shape_of: Callable[[str], Shape], *, cold: bool) -> None:
        self.object = cursor.selection.object
        self.cold = cold
        self.left: Cursor | None = None
        """From where the read must go on by queries; None: it is whole."""
        self._begun_at = replace(cursor, job=None)
        self._job = cursor.job
        self._api = api
        self._shape_of = shape_of
        self._convert: Mapping[str, Convert] = {}
        self._rows: Iterator[dict[str, Any]] | None = None
        self._next_locator = ""
        self._promised = 0

    def start(self) -> None:
        """Create the job, unless one was begun before. Whatever stands against that leaves the read to queries."""
        chosen = self._begun_at.selection
        try:
            self._convert = conversions(self._shape_of(chosen.object), self._parents(), chosen.fields)
            if self._job is None:
                text = soql.select(chosen.fields, chosen.object, soql.beyond(self._begun_at.id))
                made = self._api.read(JOBS, {"operation": "query", "query": text})
                if not made or not made.get("id"):
                    raise RejectedError("Salesforce made no bulk job", code="NO_JOB")
                self._job = JobPlace(str(made["id"]))
        except ConnectorError as error:
            self._leave(error)

    def pages(self) -> Iterator[Page]:
        """The pages; none if the read is left to queries before there is one."""
        if self.left is not None:
            return
        yield self._page()  # the job's id is stored before it is waited for
        try:
            yield from self._waiting()
            done = False
            while not done:
                page = self._api.attempt(self._next_page)
                done = page.done
                yield page
        except RejectedError as error:
            self._leave(error)

    def _leave(self, error: ConnectorError) -> None:
        """Go on by queries, which say what is wrong if they meet the same.

        Raises:
            ConnectorError: the program ends, or our sign-in does not hold.
        """
        if self._api.stop.is_set() or (isinstance(error, UnauthorizedError) and error.status == 401):
            raise error
        self.left = self._begun_at

    def _parents(self) -> Mapping[str, Shape]:
        shape = self._shape_of(self.object)
        relations = {field.rpartition(".")[0] for field in self._begun_at.selection.fields if "." in field}
        return {name: self._shape_of(name) for relation in relations for name in shape.parents.get(relation, ())}

    # -- waiting -----------------------------------------------------------------------------------------------------

    def _waiting(self) -> Iterator[Page]:
        """Until the job's result is there. Now and then an empty page, so that what the caller holds does not run out.

        Raises:
            RejectedError: there will be no result.
        """
        assert self._job is not None
        until, look = time.monotonic() + PATIENCE, FIRST_LOOK
        while (state := (self._api.get(f"{JOBS}/{self._job.id}") or {}).get("state")) != "JobComplete":
            if state in _OVER:
                raise RejectedError(f"the bulk job {self._job.id} ended as {state}", code=state)
            if time.monotonic() > until:
                raise RejectedError(f"the bulk job {self._job.id} takes too long", code="TOO_LONG")
            if self._api.stop.wait(look):
                raise UnavailableError("stopped while waiting for a bulk job")
            look = min(2 * look, LONGEST_LOOK)
            if look == LONGEST_LOOK:
                yield self._page()

    # -- reading -----------------------------------------------------------------------------------------------------

    def _next_page(self) -> Page:
        """The next rows; after a break, from the same place.

        Raises:
            UnavailableError: the connection broke: ask again.
            RejectedError: the job's result is gone.
        """
        assert self._job is not None
        try:
            if self._rows is None:
                self._rows = self._part(self._job)
            got = tuple(islice(self._rows, PAGE))
            place = replace(self._job, rows=self._job.rows + len(got))
            part_ends = len(got) < PAGE
            if part_ends and place.rows < self._promised:
                raise UnavailableError("the bulk result is shorter than it says", code="network")
        except UnavailableError:
            self._rows = None
            raise
        api, chosen = self._api, self._begun_at.selection
        records, unreadable = read_rows(got, chosen, api.org, api.asked_at())
        place = replace(place, seen=place.seen + len(records))
        if part_ends and self._next_locator != _END:
            place, self._rows = replace(place, locator=self._next_locator, rows=0), None
        self._job = place
        return self._page(records, unreadable, done=part_ends and self._next_locator == _END)

    def _part(self, place: JobPlace) -> Iterator[dict[str, Any]]:
        where = f"?maxRecords={PART}" + (f"&locator={quote(place.locator, safe='')}" if place.locator else "")
        answer = self._api.stream(f"{JOBS}/{place.id}/results{where}", "text/csv")
        self._next_locator = answer.headers.get("Sforce-Locator") or _END
        self._promised = int(answer.headers.get("Sforce-NumberOfRecords") or 0)
        return rows(lines(answer, self._api.timeout), self._convert, place.rows)

    def _page(
        self, records: tuple[RawRecord, ...] = (), unreadable: tuple[Unreadable, ...] = (), *, done: bool = False
    ) -> Page:
        assert self._job is not None
        seen = self._begun_at.seen + self._job.seen
        cursor = self._begun_at.at_rest() if done else replace(self._begun_at, job=self._job)
        return Page(
            self.object,
            records,
            unreadable=unreadable,
            cursor=None if self.cold else cursor.text(),
            done=done,
            full=True,
            total=seen if done else None,
        )
