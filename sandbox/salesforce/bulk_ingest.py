"""Bulk API 2.0 ingest: CSV in, a result for every row out. JobComplete does not mean that every row succeeded."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from sandbox.salesforce.bulk_jobs import Job, Jobs
from sandbox.salesforce.errors import SalesforceError, method_not_allowed, not_found
from sandbox.salesforce.ids import full_id
from sandbox.salesforce.objects.model import SObject
from sandbox.salesforce.org import ApiCall, Org
from sandbox.salesforce.records import Actor
from sandbox.salesforce.rows import external_field, find_by_external_id
from sandbox.salesforce.sobject_collections import Result, run
from sandbox.wire import Reply, json_reply

_OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete")
_NULL = "#N/A"


class Ingest:
    """Answers `/jobs/ingest/…`."""

    def __init__(self, org: Org, jobs: Jobs) -> None:
        self._org = org
        self._jobs = jobs

    def answer(self, call: ApiCall, rest: tuple[str, ...]) -> Reply:
        """Answer one call. Raises: `SalesforceError`."""
        match call.method, rest:
            case "POST", ():
                with self._org.store.write():
                    return json_reply(200, self._create(call).shown())
            case "PUT", (job_id, "batches"):
                with self._org.store.write():
                    self._upload(call, self._jobs.find("ingest", job_id))
                return Reply(201)
            case "PATCH", (job_id,):
                with self._org.store.write():
                    job = self._move(call, self._jobs.find("ingest", job_id))
                return json_reply(200, job.shown())
            case "GET", (job_id,):
                return json_reply(200, self._looked_at(call, self._jobs.find("ingest", job_id)).shown())
            case "GET", (
                job_id,
                "successfulResults" | "failedResults" | "unprocessedrecords" | "unprocessedRecords" as kind,
            ):
                return self._results(self._jobs.find("ingest", job_id), kind)
            case _, (_,) | (_, _) | ():
                raise method_not_allowed(call.method, "GET,POST,PUT,PATCH,DELETE")
            case _:
                raise not_found()

    def _create(self, call: ApiCall) -> Job:
        body = call.body()
        operation, name = body.get("operation"), str(body.get("object", ""))
        sobject = self._org.schema.find(name)
        if operation not in _OPERATIONS or sobject is None:
            raise SalesforceError("INVALIDJOB", f"unable to find object or operation: {name} {operation}")
        if operation == "upsert":
            external_field(self._org, sobject, str(body.get("externalIdFieldName", "Id")))
        job = self._jobs.add(
            "ingest",
            call,
            {
                "operation": operation,
                "object": sobject.name,
                "externalIdFieldName": body.get("externalIdFieldName"),
                "state": "Open",
                "jobType": "V2Ingest",
                "columnDelimiter": body.get("columnDelimiter", "COMMA"),
                "lineEnding": body.get("lineEnding", "LF"),
            },
        )
        url = f"services/data/v{call.version}/jobs/ingest/{job.id}/batches"
        return self._jobs.change(job, {"contentUrl": url})

    def _upload(self, call: ApiCall, job: Job) -> None:
        if job.info["state"] != "Open" or job.soql:
            raise SalesforceError("INVALIDJOBSTATE", f"the job is {job.info['state']} or holds its rows already")
        self._jobs.change(job, {}, soql=call.request.body.decode("utf-8-sig"))

    def _move(self, call: ApiCall, job: Job) -> Job:
        match call.body().get("state"):
            case "Aborted" if job.info["state"] in ("Open", "UploadComplete", "InProgress"):
                return self._jobs.change(job, {"state": "Aborted"})
            case "UploadComplete" if job.info["state"] == "Open":
                polls = self._org.switches.bulk_running_polls
                started = self._jobs.change(job, {"state": "UploadComplete", "_polls": polls})
                if polls == 0:
                    self._finish(call, started)
                return started
            case _:
                raise SalesforceError("INVALIDJOBSTATE", f"a job cannot go from {job.info['state']} there")

    def _looked_at(self, call: ApiCall, job: Job) -> Job:
        if job.info["state"] not in ("UploadComplete", "InProgress"):
            return job
        with self._org.store.write():
            if job.info["_polls"] > 0:
                return self._jobs.change(job, {"state": "InProgress", "_polls": job.info["_polls"] - 1})
            return self._finish(call, job)

    def _finish(self, call: ApiCall, job: Job) -> Job:
        rows = list(_rows(job))
        left = min(self._org.switches.bulk_unprocessed, len(rows))
        results = self._do(call, job, rows[: len(rows) - left])
        done = {
            "state": "Failed" if left else "JobComplete",
            "numberRecordsProcessed": len(results),
            "numberRecordsFailed": sum(not result["success"] for result in results),
            "retries": 20 if left else 0,
            "totalProcessingTime": len(results),
            "apiActiveProcessingTime": len(results),
            "apexProcessingTime": 0,
        }
        if left:
            done["errorMessage"] = "InternalServerError : too many retries of a batch"
        return self._jobs.change(job, done, orjson.dumps(results))

    def _do(self, call: ApiCall, job: Job, rows: Sequence[dict[str, str]]) -> list[Result]:
        sobject = self._org.sobject(job.info["object"])
        operation, external = job.info["operation"], job.info.get("externalIdFieldName") or "Id"

        def write(row: dict[str, str]) -> Callable[[], Result]:
            return lambda: write_row(self._org, call.actor, operation, external, sobject, nested(row))

        return run(self._org, [write(row) for row in rows], all_or_none=False)

    def _results(self, job: Job, kind: str) -> Reply:
        rows = list(_rows(job))
        results: list[Result] = orjson.loads(job.payload) if job.payload else []
        names = list(rows[0]) if rows else []
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
        if kind.lower() == "unprocessedrecords":
            writer.writerow(names)
            for row in rows[len(results) :]:
                writer.writerow(row.values())
        elif kind == "successfulResults":
            writer.writerow(["sf__Id", "sf__Created", *names])
            for row, result in zip(rows, results, strict=False):
                if result["success"]:
                    writer.writerow([result["id"], str(result["created"]).lower(), *row.values()])
        else:
            writer.writerow(["sf__Id", "sf__Error", *names])
            for row, result in zip(rows, results, strict=False):
                if not result["success"]:
                    error = result["errors"][0]
                    text = f"{error['statusCode']}:{error['message']}:{' '.join(error['fields'])} --"
                    writer.writerow([row.get("Id", ""), text, *row.values()])
        return Reply(200, out.getvalue().encode(), {"content-type": "text/csv"})


def nested(row: Mapping[str, str]) -> dict[str, Any]:
    """A CSV row as JSON would say it: the column `Account.Key__c` becomes `{"Account": {"Key__c": …}}`, unless it is empty."""
    body: dict[str, Any] = {}
    for name, value in row.items():
        relationship, dot, key = name.partition(".")
        if not dot:
            body[name] = value
        elif value != "":
            body.setdefault(relationship, {})[key] = value
    return body


def write_row(
    org: Org, actor: Actor, operation: str, external: str, sobject: SObject, row: Mapping[str, Any]
) -> Result:
    """Write one row as its operation says. Raises: `SalesforceError`."""
    records = org.records
    body = {name: None if value == _NULL else value for name, value in row.items() if value != ""}
    given = full_id(body.pop("Id", "") or "")
    if operation == "upsert" and external != "Id":
        field = external_field(org, sobject, external)
        key = next((value for name, value in body.items() if name.lower() == external.lower()), None)
        if not key:
            raise SalesforceError("MISSING_ARGUMENT", f"{field.name} not specified", [])
        matches = find_by_external_id(org, sobject, field, key)
        rest = {name: value for name, value in body.items() if name.lower() != external.lower()}
        if len(matches) > 1:
            raise SalesforceError("DUPLICATE_EXTERNAL_ID", f"{field.name}: more than one record found", [])
        if matches:
            records.update(sobject, matches[0], rest, actor)
            return {"id": matches[0], "success": True, "created": False}
        return {"id": records.create(sobject, body, actor), "success": True, "created": True}
    if operation == "insert" or (operation == "upsert" and given is None):
        return {"id": records.create(sobject, body, actor), "success": True, "created": True}
    if given is None:
        raise SalesforceError("MISSING_ARGUMENT", "Id not specified", [])
    unknown = SalesforceError("INVALID_CROSS_REFERENCE_KEY", fields=[])
    if operation in ("delete", "hardDelete"):
        records.delete(sobject, given, actor, missing=unknown)
    else:
        records.update(sobject, given, body, actor, missing=unknown)
    return {"id": given, "success": True, "created": False}


def _rows(job: Job) -> list[dict[str, str]]:
    delimiters = {"COMMA": ",", "TAB": "\t", "PIPE": "|", "SEMICOLON": ";", "CARET": "^", "BACKQUOTE": "`"}
    reader = csv.DictReader(io.StringIO(job.soql), delimiter=delimiters.get(job.info["columnDelimiter"], ","))
    return [{name: value or "" for name, value in row.items() if name is not None} for row in reader]
