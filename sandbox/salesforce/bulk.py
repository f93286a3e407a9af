"""Bulk API 2.0: query jobs, and the routes of both kinds of job.

A job does its work when it is started and reports JobComplete when it is asked next (or later: a switch). A query job
fixes the rows of its result when it is created, in the order asked for or, by a switch, in one of the server's own; values
are read when the results are fetched.
"""

import csv
import io
import random
import threading
from array import array
from typing import Any

from sandbox.salesforce.bulk_ingest import Ingest
from sandbox.salesforce.bulk_jobs import Job, Jobs
from sandbox.salesforce.errors import SalesforceError, method_not_allowed, not_found
from sandbox.salesforce.org import ApiCall, Org
from sandbox.salesforce.query import row_ids, rows_by_id
from sandbox.salesforce.soql.compile import Compiled, Node
from sandbox.wire import Reply, json_reply

_MOST_RECORDS = 50_000
_DELIMITERS = {"COMMA": ",", "TAB": "\t", "PIPE": "|", "SEMICOLON": ";", "CARET": "^", "BACKQUOTE": "`"}


class Bulk:
    """Answers `/jobs/…`."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._jobs = Jobs(org)
        self._ingest = Ingest(org, self._jobs)
        self._lock = threading.Lock()
        self._locators = 0

    def answer(self, call: ApiCall, rest: tuple[str, ...]) -> Reply:
        """Answer one call. Raises: `SalesforceError`."""
        if not self._org.switches.bulk_enabled:
            raise SalesforceError("API_DISABLED_FOR_ORG", "Bulk API is not enabled for this Organization or Partner")
        match call.method, rest:
            case "POST", ("query",):
                return self._create(call)
            case "GET", ("query" | "ingest" as kind,):
                return json_reply(200, {"done": True, "records": self._jobs.listed(kind), "nextRecordsUrl": None})
            case "GET", ("query", job_id):
                return json_reply(200, self._looked_at(self._jobs.find("query", job_id)).shown())
            case "PATCH", ("query", job_id):
                return self._abort(call, job_id)
            case "DELETE", ("query" | "ingest" as kind, job_id):
                self._jobs.remove(self._jobs.find(kind, job_id))
                return Reply(204)
            case "GET", ("query", job_id, "results"):
                return self._results(call, self._jobs.find("query", job_id))
            case _, ("ingest", *more):
                return self._ingest.answer(call, tuple(more))
            case _, ("query", *_):
                raise method_not_allowed(call.method, "GET,POST,PATCH,DELETE")
            case _:
                raise not_found()

    def _create(self, call: ApiCall) -> Reply:
        body = call.body()
        operation, soql = body.get("operation"), body.get("query")
        if operation not in ("query", "queryAll") or not isinstance(soql, str):
            raise SalesforceError("INVALIDJOB", "operation and query are required")
        compiled = self._org.queries.compiled(soql, operation == "queryAll")
        if compiled.aggregate or compiled.counts_only or compiled.children or compiled.offset:
            raise SalesforceError("API_ERROR", "Aggregate queries, child queries and OFFSET are not supported")
        switches = self._org.switches
        if compiled.entity.name in switches.bulk_query_refused:
            raise SalesforceError("INVALIDENTITY", f"Entity '{compiled.entity.name}' is not supported by the Bulk API.")
        if any(kind in ("address", "location") for kind in _kinds(compiled)):
            raise SalesforceError("API_ERROR", "Selecting compound data not supported in Bulk Query")
        with self._org.store.read() as db:
            rids = row_ids(db, compiled)
        if switches.bulk_order_seed is not None:
            random.Random(switches.bulk_order_seed).shuffle(rids)
        job = self._jobs.add(
            "query",
            call,
            {
                "operation": operation,
                "object": compiled.entity.name,
                "state": "UploadComplete",
                "columnDelimiter": body.get("columnDelimiter", "COMMA"),
                "lineEnding": body.get("lineEnding", "LF"),
            },
            soql,
        )
        shown = job.shown()
        started = self._jobs.change(job, {"_polls": switches.bulk_running_polls}, rids.tobytes())
        if switches.bulk_running_polls == 0:
            self._finish(started)
        return json_reply(200, shown)

    def _looked_at(self, job: Job) -> Job:
        if job.info["state"] not in ("UploadComplete", "InProgress"):
            return job
        if job.info["_polls"] > 0:
            return self._jobs.change(job, {"state": "InProgress", "_polls": job.info["_polls"] - 1})
        return self._finish(job)

    def _finish(self, job: Job) -> Job:
        ends, count = self._org.switches.bulk_query_ends, len(job.payload) // 8
        done = {
            "state": ends,
            "jobType": "V2Query",
            "numberRecordsProcessed": count if ends == "JobComplete" else 0,
            "retries": 0,
            "totalProcessingTime": 1 + count // 100,
        }
        if ends == "Failed":
            done["errorMessage"] = "InternalServerError : the query could not be finished"
        return self._jobs.change(job, done)

    def _abort(self, call: ApiCall, job_id: str) -> Reply:
        job = self._jobs.find("query", job_id)
        if call.body().get("state") != "Aborted":
            raise SalesforceError("INVALIDJOBSTATE", "the state of a query job can only become Aborted")
        return json_reply(200, self._jobs.change(job, {"state": "Aborted"}).shown())

    def _results(self, call: ApiCall, job: Job) -> Reply:
        if job.version != call.version:
            raise SalesforceError("API_VERSION_MISMATCH", "the job belongs to another API version", status=409)
        if job.info["state"] != "JobComplete":
            raise SalesforceError("INVALIDJOBSTATE", "results are available once the job is complete")
        try:
            most = min(int(call.param("maxRecords") or _MOST_RECORDS), self._org.switches.bulk_part, _MOST_RECORDS)
            start = int(call.param("locator") or 0)
        except ValueError:
            raise SalesforceError("INVALID_QUERY_LOCATOR") from None
        if start and self._breaks():
            raise SalesforceError("INVALID_QUERY_LOCATOR")
        rids = array("q", job.payload)
        part = rids[start : start + max(1, most)]
        compiled = self._org.queries.compiled(job.soql, job.info["operation"] == "queryAll")
        with self._org.store.read() as db:
            rows = rows_by_id(db, compiled, part)
        end = start + len(part)
        headers = {
            "content-type": "text/csv",
            "Sforce-NumberOfRecords": str(len(rows)),
            "Sforce-Locator": str(end) if end < len(rids) else "null",
        }
        plain = self._org.switches.bulk_numbers == "plain"
        return Reply(200, csv_rows(compiled, rows, job.info, plain), headers)

    def _breaks(self) -> bool:
        every = self._org.switches.bulk_part_breaks
        with self._lock:
            self._locators += 1
            return every is not None and self._locators % every == 0


def csv_rows(compiled: Compiled, rows: list[tuple[Any, ...]], info: dict[str, Any], plain: bool = False) -> bytes:
    """Rows as CSV with a header, every cell quoted; `plain` writes whole numbers without a fraction."""
    columns = list(_columns(compiled.node))
    moments = {index for name, index, _ in columns if is_moment(compiled, name)}
    out = io.StringIO()
    ending = "\r\n" if info.get("lineEnding") == "CRLF" else "\n"
    delimiter = _DELIMITERS.get(str(info.get("columnDelimiter")), ",")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=ending, quoting=csv.QUOTE_ALL)
    writer.writerow([name for name, _, _ in columns])
    for row in rows:
        writer.writerow([_cell(row[index], flag, index in moments, plain) for _, index, flag in columns])
    return out.getvalue().encode()


def _cell(value: Any, is_flag: bool, is_moment: bool, plain: bool) -> str:
    if value is None:
        return ""
    if plain and isinstance(value, float) and value.is_integer():
        return str(int(value))
    if is_flag:
        return "true" if value else "false"
    return str(value).replace("+0000", "Z") if is_moment else str(value)


def _columns(node: Node, before: str = "") -> list[tuple[str, int, bool]]:
    found = [(before + name, index, flag) for name, index, flag in node.leaves]
    for relationship, parent in node.parents.items():
        found += _columns(parent, f"{before}{relationship}.")
    return found


def _kinds(compiled: Compiled) -> list[str]:
    found = [compiled.entity.find(name.rsplit(".", 1)[-1]) for name, _, _ in _columns(compiled.node)]
    return [field.type for field in found if field is not None]


def is_moment(compiled: Compiled, name: str) -> bool:
    """Whether a column holds instants."""
    field = compiled.entity.find(name.rsplit(".", 1)[-1])
    return (field is not None and field.type == "datetime") or name.endswith(("Date", "Modstamp"))
