"""Bulk jobs as rows: their state, what they were asked, what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from sandbox.salesforce.errors import not_found
from sandbox.salesforce.ids import full_id, mint
from sandbox.salesforce.moments import stamp
from sandbox.salesforce.org import ApiCall, Org


@dataclass(frozen=True, slots=True)
class Job:
    """One job; `payload` is a query's row ids or an ingest's results, `soql` a query's text or the CSV sent."""

    id: str
    kind: str
    version: str
    info: dict[str, Any]
    soql: str
    payload: bytes

    def shown(self) -> dict[str, Any]:
        """As REST shows it; what begins with an underscore is the sandbox's own."""
        return {"id": self.id, **{name: value for name, value in self.info.items() if not name.startswith("_")}}


class Jobs:
    """The jobs of the org."""

    def __init__(self, org: Org) -> None:
        self._org = org
        with org.store.write(hooked=False) as db:
            db.execute(
                "CREATE TABLE IF NOT EXISTS sf_job (id TEXT PRIMARY KEY, kind TEXT NOT NULL, version TEXT NOT NULL,"
                " info TEXT NOT NULL, soql TEXT NOT NULL, payload BLOB NOT NULL)"
            )

    def add(self, kind: str, call: ApiCall, info: Mapping[str, Any], soql: str = "") -> Job:
        """A new job, by the calling user, now."""
        now = stamp(self._org.clock.now_ms())
        whole = {
            **info,
            "createdById": call.actor.user_id,
            "createdDate": now,
            "systemModstamp": now,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(call.version),
        }
        with self._org.store.write(hooked=False) as db:
            (job_id,) = mint(db, "750")
            db.execute(
                "INSERT INTO sf_job VALUES (?, ?, ?, ?, ?, ?)",
                (job_id, kind, call.version, orjson.dumps(whole), soql, b""),
            )
        return Job(job_id, kind, call.version, whole, soql, b"")

    def find(self, kind: str, job_id: str) -> Job:
        """A job by id. Raises: `SalesforceError` NOT_FOUND."""
        with self._org.store.read() as db:
            row = db.execute(
                "SELECT id, kind, version, info, soql, payload FROM sf_job WHERE kind = ? AND id = ?",
                (kind, full_id(job_id)),
            ).fetchone()
        if row is None:
            raise not_found()
        return Job(row[0], row[1], row[2], orjson.loads(row[3]), row[4], row[5])

    def listed(self, kind: str) -> list[dict[str, Any]]:
        """Every job of a kind."""
        with self._org.store.read() as db:
            rows = db.execute("SELECT id, info FROM sf_job WHERE kind = ? ORDER BY id", (kind,)).fetchall()
        return [Job(job_id, kind, "", orjson.loads(info), "", b"").shown() for job_id, info in rows]

    def change(
        self, job: Job, changes: Mapping[str, Any], payload: bytes | None = None, soql: str | None = None
    ) -> Job:
        """The job with some of its state replaced."""
        info = {**job.info, **changes, "systemModstamp": stamp(self._org.clock.now_ms())}
        changed = Job(
            job.id,
            job.kind,
            job.version,
            info,
            job.soql if soql is None else soql,
            job.payload if payload is None else payload,
        )
        with self._org.store.write(hooked=False) as db:
            db.execute(
                "UPDATE sf_job SET info = ?, soql = ?, payload = ? WHERE id = ?",
                (orjson.dumps(info), changed.soql, changed.payload, job.id),
            )
        return changed

    def remove(self, job: Job) -> None:
        """Forget a job."""
        with self._org.store.write(hooked=False) as db:
            db.execute("DELETE FROM sf_job WHERE id = ?", (job.id,))
