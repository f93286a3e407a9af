"""What a call is named in counters and fault rules, and whether it writes."""

import re
from typing import Any

import orjson

from sandbox.salesforce.composite import subrequests_of
from sandbox.wire import Request

_SELECT = re.compile(rb"\s*select\s", re.IGNORECASE)
_FIXED = {"updated", "deleted", "describe"}


def label(request: Request) -> str:
    """Such as `token`, `query`, `queryMore`, `sobjects.create`, `composite`, `collections.update`."""
    path = request.path.rstrip("/")
    if path.startswith("/services/oauth2/"):
        return path.rsplit("/", 1)[-1]
    if path.startswith("/services/Soap/"):
        return "soap.login"
    if path.startswith("/id/"):
        return "identity"
    if path.startswith("/services/async"):
        return f"bulk1.{_job1_verb(request.method, path.split('/')[4:])}"
    segments = [part for part in path.split("/") if part][2:]
    match segments:
        case []:
            return "versions"
        case [_]:
            return "resources"
        case [_, "query" | "queryAll" as kind]:
            return kind
        case [_, "query" | "queryAll", _]:
            return "queryMore"
        case [_, "composite"]:
            return "composite"
        case [_, "composite", "batch"]:
            return "composite.batch"
        case [_, "composite", "sobjects", *rest]:
            return f"collections.{_collection_verb(request.method, len(rest))}"
        case [_, "sobjects", *rest]:
            return f"sobjects.{_row_verb(request.method, rest)}"
        case [_, "jobs", kind, *rest]:
            return f"bulk.{kind}.{_job_verb(request.method, rest)}"
        case [_, name, *_]:
            return name
    return "unknown"


def is_write(request: Request) -> bool:
    """Whether the call would change records."""
    name = label(request)
    if name in ("composite", "composite.batch"):
        try:
            body: Any = request.json()
        except orjson.JSONDecodeError:
            return False
        return any(str(sub.get("method", "GET")).upper() not in ("GET", "HEAD") for sub in subrequests_of(body))
    if name == "collections.read" or name in ("token", "revoke", "soap.login", "userinfo", "identity"):
        return False
    if name.startswith("bulk1."):
        return name == "bulk1.batch" and not _SELECT.match(request.body)
    if name.startswith("bulk."):
        return name in ("bulk.ingest.upload", "bulk.ingest.state")
    return request.method not in ("GET", "HEAD")


def _collection_verb(method: str, depth: int) -> str:
    match method, depth:
        case "POST", 0:
            return "create"
        case "PATCH", 0:
            return "update"
        case "PATCH", _:
            return "upsert"
        case "DELETE", _:
            return "delete"
        case _:
            return "read"


def _row_verb(method: str, rest: list[str]) -> str:
    match method, rest:
        case _, []:
            return "global"
        case _, [_, kind] if kind in _FIXED:
            return kind
        case "POST", _:
            return "create"
        case "DELETE", _:
            return "delete"
        case "PATCH", [_, _]:
            return "update"
        case "PATCH", _:
            return "upsert"
        case _, [_]:
            return "basic"
        case _:
            return "read"


def _job_verb(method: str, rest: list[str]) -> str:
    match method, rest:
        case "POST", _:
            return "create"
        case "PUT", _:
            return "upload"
        case "PATCH", _:
            return "state"
        case "DELETE", _:
            return "delete"
        case _, []:
            return "list"
        case _, [_]:
            return "status"
        case _:
            return "results"


def _job1_verb(method: str, rest: list[str]) -> str:
    match method, rest:
        case "POST", ["job"]:
            return "create"
        case "POST", ["job", _]:
            return "state"
        case "POST", ["job", _, "batch"]:
            return "batch"
        case _, [*_, "result"] | [*_, "result", _]:
            return "results"
        case _:
            return "status"
