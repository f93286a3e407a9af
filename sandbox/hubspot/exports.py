"""Exports: records as a CSV file, done as soon as it is asked for, fetched by a link that soon ends.

Only CSV, and never zipped. The link carries its own end and a signature, for it asks for no token.
"""

from __future__ import annotations

import csv
import hashlib
import hmac
import io
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sandbox.hubspot import given as sent
from sandbox.hubspot import moments, refusals, search_request, searching, shapes
from sandbox.hubspot.call import Call, ok
from sandbox.hubspot.desk import Desk, kind_of
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.records import record_of
from sandbox.hubspot.tables import take
from sandbox.wire import Reply, json_reply

_LINK_MS = 300_000
_EVERY_HIT = 1 << 40


def start(call: Call) -> Reply:
    """Begin an export, and end it: its lines are those of now."""
    body = call.body()
    absent = [name for name in ("exportType", "format", "objectType", "objectProperties") if not body.get(name)]
    if absent:
        raise refusals.invalid(
            f"Invalid input JSON on line 1, column 1: Some required fields were not set: [{', '.join(absent)}]"
        )
    if body["format"] not in ("CSV", "XLSX", "XLS") or body["exportType"] not in ("VIEW", "LIST"):
        raise refusals.invalid("Invalid input JSON on line 1, column 1: Enum type must be one of the known")
    if body["format"] != "CSV" or body["exportType"] != "VIEW":
        raise refusals.invalid("The sandbox exports views as CSV only")
    kind = kind_of(str(body["objectType"]))
    names = [str(name) for name in sent.sequence(body["objectProperties"], "objectProperties")]
    with call.writing() as desk:
        text = _file(desk, kind, names, body)
        (task, at) = take(desk.db, "export"), desk.now
        desk.db.execute("INSERT INTO hs_export VALUES (?, ?, ?)", (task, at, text))
    status = f"{call.request.base_url}{call.request.path.rstrip('/')}/tasks/{task}/status"
    return json_reply(202, {"id": str(task), "links": {"status": status}})


def status(call: Call) -> Reply:
    """How far an export is, with a fresh link to its file."""
    with call.reading() as desk:
        task, at, _ = _found(call, desk)
        ends = desk.now + _LINK_MS
    link = f"{call.request.base_url}/crm/exports/files/{task}?ends={ends}&signature={_signature(call, task, ends)}"
    done = moments.iso(at)
    stamps = {"requestedAt": done, "startedAt": done, "completedAt": done}
    return ok({"status": "COMPLETE", "result": link, **stamps})


def download(call: Call) -> Reply:
    """The file behind a link."""
    ends = sent.identifier(call.request.param("ends") or "")
    with call.reading() as desk:
        task, _, text = _found(call, desk)
        signed = hmac.compare_digest(call.request.param("signature") or "", _signature(call, task, ends or 0))
        if ends is None or not signed or desk.now > ends:
            return Reply(403, b"<Error><Code>AccessDenied</Code></Error>", {"content-type": "application/xml"})
    return Reply(200, text.encode(), {"content-type": "text/csv; charset=utf-8"})


def _found(call: Call, desk: Desk) -> tuple[int, int, str]:
    row = desk.db.execute(
        "SELECT id, at, text FROM hs_export WHERE id = ?", (sent.identifier(call.params["task"]),)
    ).fetchone()
    if row is None:
        raise refusals.record_missing(call.params["task"])
    return row[0], row[1], row[2]


def _file(desk: Desk, kind: Kind, names: list[str], body: Mapping[str, Any]) -> str:
    wanted = body.get("publicCrmSearchRequest") or {}
    if not isinstance(wanted, dict):
        raise refusals.malformed("line 1, column 1: Cannot deserialize value of `publicCrmSearchRequest`")
    request = replace(search_request.parse(wanted, desk.settings.search_cap), after=0, limit=_EVERY_HIT)
    linked = body.get("associatedObjectType")
    to_kinds = [kind_of(str(one)) for one in (linked if isinstance(linked, list) else [linked] if linked else [])]
    known = desk.properties(kind)
    labels = {row[0]: row[1] for row in desk.db.execute(_LABELS, (kind.type_id,))}
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    shown = [name for name in names if name in known]
    heads = [f"Associated {to_kind.title} IDs" for to_kind in to_kinds]
    writer.writerow(["Record ID", *(labels.get(name, name) for name in shown), *heads])
    _, hits = searching.hits(desk, kind, request)
    for row in hits:
        record = record_of(row)
        values = shapes.values_of(kind, record)
        ids = [
            ";".join(str(one) for (one,) in desk.db.execute(_LINKED, (kind.type_id, record.id, to_kind.type_id)))
            for to_kind in to_kinds
        ]
        writer.writerow([record.id, *(values.get(name, "") for name in shown), *ids])
    return out.getvalue()


_LABELS = "SELECT name, json_extract(definition, '$.label') FROM hs_property WHERE kind = ?"
_LINKED = "SELECT DISTINCT to_id FROM hs_association WHERE from_kind = ? AND from_id = ? AND to_kind = ? ORDER BY to_id"


def _signature(call: Call, task: int, ends: int) -> str:
    return hmac.new(call.settings.client_secret.encode(), f"{task}:{ends}".encode(), hashlib.sha256).hexdigest()
