"""The first Bulk API, `/services/async/XX.0/job…`: jobs hold batches, and a batch is done once it is sent.

A job speaks the form it is asked in; its batches speak JSON where the job's content is JSON, else XML, and rows
travel as CSV or JSON. The rows of a query batch are fixed when it is sent. XML rows and PK chunking are left out.
"""

from array import array
from typing import Any

import orjson

from sandbox.salesforce import bulk1_forms as forms
from sandbox.salesforce.bulk import csv_rows, is_moment
from sandbox.salesforce.bulk1_forms import Bulk1Error
from sandbox.salesforce.bulk_ingest import nested, write_row
from sandbox.salesforce.discovery import NEWEST, OLDEST
from sandbox.salesforce.errors import SalesforceError
from sandbox.salesforce.ids import full_id, mint
from sandbox.salesforce.moments import stamp, stamp_ms
from sandbox.salesforce.org import Org
from sandbox.salesforce.query import row_ids, rows_by_id
from sandbox.salesforce.records import Actor
from sandbox.salesforce.signin import SignIn
from sandbox.salesforce.sobject_collections import Result, run
from sandbox.wire import Reply, Request, build_request

_WRITES = ("insert", "update", "upsert", "delete", "hardDelete")
_QUERIES = ("query", "queryAll")
_MOST_ROWS = 10_000
Info = dict[str, Any]


class Bulk1:
    """Answers `/services/async/…`."""

    def __init__(self, org: Org, signin: SignIn) -> None:
        self._org = org
        self._signin = signin
        with org.store.write(hooked=False) as db:
            db.execute("CREATE TABLE IF NOT EXISTS sf_job1 (id TEXT PRIMARY KEY, info TEXT NOT NULL)")
            db.execute(
                "CREATE TABLE IF NOT EXISTS sf_batch1 (id TEXT PRIMARY KEY, job TEXT NOT NULL, info TEXT NOT NULL,"
                " request BLOB NOT NULL, result BLOB NOT NULL)"
            )

    def answer(self, request: Request) -> Reply:
        """Answer one call."""
        as_json = "json" in request.headers.get("content-type", request.headers.get("accept", ""))
        try:
            return self._routed(request, as_json)
        except Bulk1Error as error:
            return forms.refusal(error, as_json)

    def _routed(self, request: Request, as_json: bool) -> Reply:
        if not self._org.switches.bulk_enabled:
            raise Bulk1Error("FeatureNotEnabled", "Async API not enabled")
        version, *rest = [part for part in request.path.split("/") if part][2:] or [""]
        if not _served(version):
            raise Bulk1Error("InvalidVersion", f"Invalid Api version: {version}")
        actor = Actor(self._user(request))
        match request.method, rest:
            case "POST", ["job"]:
                return self._create(forms.asked(request.body, as_json), version, actor, as_json)
            case "POST", ["job", job_id]:
                return self._move(self._job(job_id), forms.asked(request.body, as_json), as_json)
            case "GET", ["job", job_id]:
                job = self._job(job_id)
                plain = "content-type" not in request.headers
                return forms.shown("jobInfo", self._counted(job), _is_json(job) if plain else as_json)
            case "POST", ["job", job_id, "batch"]:
                return self._add(self._job(job_id), request.body, actor)
            case "GET", ["job", job_id, "batch"]:
                job = self._job(job_id)
                return forms.batches(self._batches(job), _is_json(job))
            case "GET", ["job", job_id, "batch", batch_id]:
                job = self._job(job_id)
                return forms.shown("batchInfo", self._batch(job, batch_id)[0], _is_json(job))
            case "GET", ["job", job_id, "batch", batch_id, "request"]:
                job = self._job(job_id)
                kind = "application/json" if _is_json(job) else "text/csv"
                return Reply(200, self._batch(job, batch_id)[1], {"content-type": kind})
            case "GET", ["job", job_id, "batch", batch_id, "result", *result_id]:
                return self._results(self._job(job_id), batch_id, bool(result_id), version)
            case _:
                raise Bulk1Error("InvalidUrl", f"Destination URL not reachable: {request.path}")

    def _user(self, request: Request) -> str:
        token = request.headers.get("x-sfdc-session", "")
        bearer = {"authorization": f"Bearer {token}"} if token else request.headers
        try:
            return self._signin.user_of(build_request("GET", request.target, bearer.items()))
        except SalesforceError as error:
            raise Bulk1Error("InvalidSessionId", "Invalid session id") from error

    def _create(self, given: Info, version: str, actor: Actor, as_json: bool) -> Reply:
        operation, name = given.get("operation"), str(given.get("object", ""))
        content = given.get("contentType") or "XML"
        sobject = self._org.schema.find(name)
        if operation not in (*_WRITES, *_QUERIES):
            raise Bulk1Error("InvalidJob", f"Unable to parse Job: unknown operation {operation}")
        if sobject is None:
            raise Bulk1Error("InvalidJob", f"InvalidEntity : {name} is not a valid entity")
        if content not in ("CSV", "JSON"):
            raise Bulk1Error("InvalidJob", f"The sandbox takes CSV and JSON rows, not {content}")
        external = given.get("externalIdFieldName")
        if operation == "upsert" and not external:
            raise Bulk1Error("InvalidJob", "External ID was blank for upsert. An external ID must be specified.")
        now = stamp(self._org.clock.now_ms())
        info = {
            "operation": operation,
            "object": sobject.name,
            "createdById": actor.user_id,
            "createdDate": now,
            "systemModstamp": now,
            "state": "Open",
            "externalIdFieldName": external,
            "concurrencyMode": given.get("concurrencyMode") or "Parallel",
            "contentType": content,
            "apiVersion": float(version),
        }
        with self._org.store.write(hooked=False) as db:
            (job_id,) = mint(db, "750")
            job = {"id": job_id, **info}
            db.execute("INSERT INTO sf_job1 VALUES (?, ?)", (job_id, orjson.dumps(job)))
        return forms.shown("jobInfo", self._counted(job), as_json, 201)

    def _move(self, job: Info, given: Info, as_json: bool) -> Reply:
        state = given.get("state")
        if state not in ("Closed", "Aborted"):
            raise Bulk1Error("InvalidJobState", f"Cannot update job to {state}")
        moved = {**job, "state": state, "systemModstamp": stamp(self._org.clock.now_ms())}
        with self._org.store.write(hooked=False) as db:
            db.execute("UPDATE sf_job1 SET info = ? WHERE id = ?", (orjson.dumps(moved), job["id"]))
        return forms.shown("jobInfo", self._counted(moved), as_json)

    def _add(self, job: Info, body: bytes, actor: Actor) -> Reply:
        if job["state"] != "Open":
            raise Bulk1Error("InvalidJobState", f"Job {job['id']} is {job['state']}, not Open")
        now = stamp(self._org.clock.now_ms())
        batch: Info = {"jobId": job["id"], "state": "Queued", "stateMessage": None, "createdDate": now}
        batch |= {"systemModstamp": now, "numberRecordsProcessed": 0, "numberRecordsFailed": 0}
        batch |= {"totalProcessingTime": 0, "apiActiveProcessingTime": 0, "apexProcessingTime": 0}
        done: Info = {"state": "Completed"}
        result = b""
        try:
            if job["operation"] in _QUERIES:
                rids = self._found(job, body)
                done, result = {**done, "numberRecordsProcessed": len(rids)}, rids.tobytes()
            else:
                results = self._write(job, body, actor)
                failed = sum(not one["success"] for one in results)
                done |= {"numberRecordsProcessed": len(results), "numberRecordsFailed": failed}
                result = orjson.dumps(results)
        except SalesforceError as error:
            done = {"state": "Failed", "stateMessage": f"InvalidBatch : Failed to process query: {error}"}
        with self._org.store.write(hooked=False) as db:
            (batch_id,) = mint(db, "751")
            batch = {"id": batch_id, **batch}
            db.execute(
                "INSERT INTO sf_batch1 VALUES (?, ?, ?, ?, ?)",
                (batch_id, job["id"], orjson.dumps({**batch, **done}), body, result),
            )
        return forms.shown("batchInfo", batch, _is_json(job), 201)

    def _found(self, job: Info, body: bytes) -> "array[int]":
        compiled = self._org.queries.compiled(body.decode("utf-8", "replace"), job["operation"] == "queryAll")
        if compiled.aggregate or compiled.counts_only or compiled.children or compiled.offset:
            raise SalesforceError("FEATURENOTENABLED", "Foreign Key Relationships not supported in Bulk Query")
        if compiled.entity.name != job["object"]:
            raise SalesforceError("INVALID_TYPE", f"the job is about {job['object']}, not {compiled.entity.name}")
        with self._org.store.read() as db:
            return row_ids(db, compiled)

    def _write(self, job: Info, body: bytes, actor: Actor) -> list[Result]:
        as_json = _is_json(job)
        rows = [row if as_json else nested(row) for row in forms.rows(body, as_json)]
        if len(rows) > _MOST_ROWS:
            raise Bulk1Error("ExceededQuota", f"Maximum number of records exceeded: {len(rows)} of {_MOST_ROWS}")
        sobject = self._org.sobject(job["object"])
        operation, external = job["operation"], job["externalIdFieldName"] or "Id"
        writes = [lambda row=row: write_row(self._org, actor, operation, external, sobject, row) for row in rows]
        return run(self._org, writes, all_or_none=False)

    def _results(self, job: Info, batch_id: str, one_result: bool, version: str) -> Reply:
        info, soql, payload = self._batch(job, batch_id)
        if info["state"] != "Completed":
            raise Bulk1Error("InvalidBatch", "Records not processed")
        if job["operation"] not in _QUERIES:
            return forms.written(orjson.loads(payload), _is_json(job))
        if not one_result:
            return forms.result_ids(["752" + info["id"][3:]], _is_json(job))
        compiled = self._org.queries.compiled(soql.decode("utf-8", "replace"), job["operation"] == "queryAll")
        with self._org.store.read() as db:
            rows = rows_by_id(db, compiled, array("q", payload))
            if not _is_json(job):
                text = csv_rows(compiled, rows, {}) if rows else b"Records not found for this query"
                return Reply(200, text, {"content-type": "text/csv"})
            records = self._org.queries.records(db, compiled, rows, f"/services/data/v{version}")
        moments = [name for name, _, _ in compiled.node.leaves if is_moment(compiled, name)]
        for record in records:
            for name in moments:
                record[name] = None if record[name] is None else stamp_ms(record[name])
        return Reply(200, orjson.dumps(records), {"content-type": "application/json"})

    def _counted(self, job: Info) -> Info:
        batches = self._batches(job)
        states = [batch["state"] for batch in batches]
        return {
            **job,
            "numberBatchesQueued": 0,
            "numberBatchesInProgress": 0,
            "numberBatchesCompleted": states.count("Completed"),
            "numberBatchesFailed": states.count("Failed"),
            "numberBatchesTotal": len(batches),
            "numberRecordsProcessed": sum(batch["numberRecordsProcessed"] for batch in batches),
            "numberRetries": 0,
            "numberRecordsFailed": sum(batch["numberRecordsFailed"] for batch in batches),
            "totalProcessingTime": 0,
            "apiActiveProcessingTime": 0,
            "apexProcessingTime": 0,
        }

    def _job(self, job_id: str) -> Info:
        with self._org.store.read() as db:
            row = db.execute("SELECT info FROM sf_job1 WHERE id = ?", (full_id(job_id),)).fetchone()
        if row is None:
            raise Bulk1Error("InvalidJob", f"Invalid job id: {job_id}")
        info: Info = orjson.loads(row[0])
        return info

    def _batch(self, job: Info, batch_id: str) -> tuple[Info, bytes, bytes]:
        with self._org.store.read() as db:
            row = db.execute(
                "SELECT info, request, result FROM sf_batch1 WHERE id = ? AND job = ?", (full_id(batch_id), job["id"])
            ).fetchone()
        if row is None:
            raise Bulk1Error("InvalidBatch", f"Unable to find batch: {batch_id}")
        return orjson.loads(row[0]), row[1], row[2]

    def _batches(self, job: Info) -> list[Info]:
        with self._org.store.read() as db:
            found = db.execute("SELECT info FROM sf_batch1 WHERE job = ? ORDER BY id", (job["id"],)).fetchall()
        return [orjson.loads(info) for (info,) in found]


def _is_json(job: Info) -> bool:
    return bool(job["contentType"] == "JSON")


def _served(version: str) -> bool:
    whole, _, minor = version.partition(".")
    return whole.isdecimal() and minor == "0" and OLDEST <= int(whole) <= NEWEST
