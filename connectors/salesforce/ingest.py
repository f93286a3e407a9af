"""Very many writes to one object as a job of the Bulk API 2.0, and what became of each row.

Five calls and a few looks at the job take the place of a call for every thousand records, and Salesforce itself works through
the rows. Each row ends in one of three lists: successful, failed with its reason, or not processed (the job gave up, was
aborted, or ran out of time); a row that stands in none of them is ``unknown`` and read back like any other.

Nothing may be written twice because an answer was lost. Of the four requests that make a job, only the last one writes:

    create      lost: another job is made; one without rows writes nothing and Salesforce forgets it
    upload      lost: sent again; refused then means that it had arrived
    complete    lost: the job is looked at; still open means that it did not arrive
    looking     lost: looked at again

Whoever is killed meanwhile leaves a job that goes on writing. So the first reading of an object that is to be written waits
until no such job of our user is left, and what it wrote is read rather than sent again. While a job runs, ``send`` gives
provisional outcomes now and then, so that the caller can renew what it holds; the last outcome of a row is the one that counts.

An org that refuses the job (Bulk switched off, no permission) is sent collections from then on.
"""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.salesforce.api import Api
from connectors.salesforce.errors import cause, short
from connectors.salesforce.ids import long_id
from connectors.salesforce.sending import TRIGGER, Item, Sender, refused
from connectors.streaming import lines
from partnersync.changes import Outcome
from partnersync.errors import RejectedError, UnauthorizedError, UnavailableError

JOBS = "jobs/ingest"
MOST = 10_000
"""Rows of a job: Salesforce works through batches of so many."""
_MOST_BYTES = 90_000_000
_PATIENCE = 1800.0
_SETTLING = 60.0
_FIRST_LOOK, _LONGEST_LOOK = 0.5, 10.0
_RUNNING = frozenset({"UploadComplete", "InProgress"})
_TRIES = 5
_NULL = "#N/A"
_DUPLICATES = "DUPLICATES_DETECTED"


@dataclass(slots=True)
class Ingest:
    """Sends by jobs; ``works`` until the org refuses one."""

    sender: Sender
    works: bool = True
    _settled: set[str] = field(default_factory=set)

    @property
    def _api(self) -> Api:
        return self.sender.api

    def settle(self, object_: str) -> None:
        """Wait until no job that an earlier life of ours began is still writing to the object.

        Raises:
            UnavailableError: one is, and goes on longer than can be waited for.
        """
        if object_ in self._settled:
            return
        until, look = time.monotonic() + _SETTLING, _FIRST_LOOK
        for job in [str(job["id"]) for job in self._jobs() if self._is_ours(job, object_)]:
            while self._look(job).get("state") in _RUNNING:
                if time.monotonic() > until or self.sender.stop.wait(look):
                    raise UnavailableError(f"the job {job} of ours is still writing to {object_}", code="JOB_RUNNING")
                look = min(2 * look, _LONGEST_LOOK)
        self._settled.add(object_)

    def send(self, items: Sequence[Item]) -> Iterator[Outcome]:
        """One final outcome per item, and provisional ones (``unknown``) before it while a job runs.

        Raises:
            UnauthorizedError, QuotaError: nobody's records can be sent now; those not yet answered for were not.
        """
        first: dict[tuple[str, str], Item] = {}
        rest = []
        for item in sorted(items, key=lambda item: (item.object, item.parent)):
            if (item.object, item.place) in first or _NULL in item.body.values():
                rest.append(item)
            else:
                first[item.object, item.place] = item
        for part in _parts(first.values()):
            yield from self._job(part)
        yield from self.sender.send(rest, method="PATCH")

    def _job(self, items: Sequence[Item]) -> Iterator[Outcome]:
        object_ = items[0].object
        try:
            job = self._uploaded(object_, items) if self.works else None
        except (RejectedError, UnauthorizedError) as error:
            if isinstance(error, UnauthorizedError) and error.status == 401:
                raise
            self.works, job = False, None
        if job is None:
            yield from self.sender.send(items, method="PATCH")
            return
        self._settled.discard(object_)
        again = []
        try:
            self._complete(job)
            yield from self._waited(job, items)
            for item, outcome in self._results(job, items):
                # A job knows no header that saves duplicates, nor any lists but its own to spare a trigger.
                if (outcome.code == _DUPLICATES and self.sender.headers) or outcome.code == TRIGGER:
                    again.append(item)
                else:
                    yield outcome
        except (RejectedError, UnavailableError) as error:
            told = f"the job {job} was begun, and what became of it is not known: {short(error)}"
            yield from (Outcome(item.key, "unknown", code=error.code, message=told) for item in items)
            return
        self._settled.add(object_)
        yield from self.sender.send(again, method="PATCH")

    def _uploaded(self, object_: str, items: Sequence[Item]) -> str:
        """The id of a job that holds the rows and has not begun."""
        asked = {"object": object_, "operation": "update", "contentType": "CSV", "lineEnding": "LF"}
        made = self._api.write("POST", JOBS, asked, idempotent=True)
        if not made or not made.get("id"):
            raise RejectedError("Salesforce made no bulk job", code="NO_JOB")
        path = f"{JOBS}/{made['id']}/batches"
        rows = _csv(items)
        try:
            self._api.upload(path, rows, idempotent=False)
        except UnavailableError as lost:
            try:
                self._api.upload(path, rows, idempotent=True)
            except RejectedError:
                if not lost.maybe_done:
                    raise
        return str(made["id"])

    def _complete(self, job: str) -> None:
        """Let it begin."""
        for _ in range(_TRIES):
            try:
                self._api.write("PATCH", f"{JOBS}/{job}", {"state": "UploadComplete"})
                return
            except UnavailableError as lost:
                if not lost.maybe_done:
                    raise
            if self._look(job).get("state") != "Open":
                return
        raise UnavailableError(f"the job {job} was not begun", code="NOT_BEGUN")

    def _waited(self, job: str, items: Sequence[Item]) -> Iterator[Outcome]:
        """Until the job is over; provisional outcomes meanwhile.

        Raises:
            UnavailableError: it goes on longer than can be waited for.
        """
        until, look = time.monotonic() + _PATIENCE, _FIRST_LOOK
        while self._look(job).get("state") in _RUNNING:
            if time.monotonic() > until or self.sender.stop.wait(look):
                raise UnavailableError(f"the job {job} is still running", code="JOB_RUNNING")
            yield Outcome(items[0].key, "unknown", code="JOB_RUNNING", message=f"the job {job} is running")
            look = min(2 * look, _LONGEST_LOOK)

    def _results(self, job: str, items: Sequence[Item]) -> Iterator[tuple[Item, Outcome]]:
        state = self._look(job)
        done = self._rows(job, "successfulResults", "sf__Id")
        failed = self._rows(job, "failedResults", "Id")
        left = self._rows(job, "unprocessedrecords", "Id")
        for item in items:
            if item.place in done:
                yield item, Outcome(item.key, "applied", id=item.place)
            elif item.place in failed:
                yield item, _refusal(item, failed[item.place].get("sf__Error") or "")
            elif item.place in left:
                told = short(state.get("errorMessage")) or f"the job ended as {state.get('state')}"
                yield item, Outcome(item.key, "retry", code="UNPROCESSED", message=told)
            else:
                yield item, Outcome(item.key, "unknown", code="NO_RESULT", message=f"the job {job} does not mention it")

    def _rows(self, job: str, kind: str, id_: str) -> dict[str, Mapping[str, str]]:
        def ask() -> list[dict[str, str]]:
            answer = self._api.stream(f"{JOBS}/{job}/{kind}", "text/csv")
            try:
                return list(csv.DictReader(lines(answer, self._api.timeout), strict=True))
            except (csv.Error, UnicodeDecodeError) as error:
                raise UnavailableError(f"the job's {kind} are cut off: {error}", code="network") from error

        return {long_id(row[id_]): row for row in self._api.attempt(ask) if row.get(id_)}

    def _look(self, job: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._api.get(f"{JOBS}/{job}") or {}
        return found

    def _jobs(self) -> Iterator[Mapping[str, Any]]:
        path: str | None = f"{JOBS}?jobType=V2Ingest"
        while path is not None:
            found = self._api.get(path) or {}
            yield from found.get("records", ())
            more = found.get("nextRecordsUrl")
            path = self._api.below(more) if more else None

    def _is_ours(self, job: Mapping[str, Any], object_: str) -> bool:
        mine = long_id(str(job.get("createdById") or "")) == self._api.tokens.current().user
        return mine and job.get("object") == object_ and job.get("state") in _RUNNING


def _parts(items: Iterable[Item]) -> Iterator[list[Item]]:
    """One object each, as many rows and bytes as a job takes."""
    part: list[Item] = []
    size = 0
    for item in items:
        room = sum(len(str(value)) + 3 for value in item.body.values())
        if part and (len(part) == MOST or size + room > _MOST_BYTES or part[0].object != item.object):
            yield part
            part, size = [], 0
        part.append(item)
        size += room
    if part:
        yield part


def _csv(items: Sequence[Item]) -> bytes:
    """A column for every field of any row: an empty cell leaves the field alone, ``#N/A`` clears it."""
    names = sorted({name for item in items for name in item.body} - {"attributes", "Id"})
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    out.writerow(["Id", *names])
    for item in items:
        out.writerow([item.place, *(_cell(item.body[name]) if name in item.body else "" for name in names)])
    return text.getvalue().encode()


def _cell(value: Any) -> str:
    if value is None:
        return _NULL
    return str(value).lower() if isinstance(value, bool) else str(value)


def _refusal(item: Item, text: str) -> Outcome:
    """``REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --`` as the outcome of a row."""
    code, _, told = text.partition(":")
    message, _, fields = told.rpartition(":")
    named = fields.replace("--", "").strip()
    return refused(item, cause(code.strip() or "UNKNOWN", text), message or told, f" [{named}]" if named else "")
