"""Composite: up to 25 subrequests as one API call, later ones naming earlier results; and composite/batch.

A call that writes is one transaction; without allOrNone a failed subrequest is undone alone. References look
like `@{newAccount.id}` or `@{deals.records[0].Id}`, in URLs, bodies and headers.
"""

import re
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any

import orjson

from sandbox.salesforce.errors import SalesforceError
from sandbox.salesforce.org import ApiCall, Org
from sandbox.wire import Reply, Request, build_request, json_reply

MOST_SUBREQUESTS = 25
MOST_QUERIES = 5
_REFERENCE = re.compile(r"@\{([^}]+)\}")
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_QUERY = re.compile(r"/(query|queryAll)(/|\?|$)", re.IGNORECASE)
_COLLECTIONS = re.compile(r"/composite/sobjects(/|\?|$)", re.IGNORECASE)
_HALTED = [
    {
        "errorCode": "PROCESSING_HALTED",
        "message": "The transaction was rolled back since another operation in the same transaction failed.",
    }
]
Answer = Callable[[Request], Reply]
Result = dict[str, Any]


class _Rollback(Exception):
    """A subrequest failed and all must be undone."""


def composite(org: Org, call: ApiCall, answer: Answer) -> Reply:
    """`POST /composite`."""
    body = call.body()
    subrequests = _checked(body, org.switches.collections_share_query_cap)
    if org.switches.composite_collections == "call_refused" and any(
        _COLLECTIONS.search(str(s["url"])) for s in subrequests
    ):
        raise _no_collections()
    all_or_none = body.get("allOrNone") is True
    writes = any(str(sub.get("method", "")).upper() not in ("GET", "HEAD") for sub in subrequests)
    results: list[Result] = []
    try:
        with org.store.savepoint() if writes else nullcontext():
            found: dict[str, Any] = {}
            for sub in subrequests:
                results.append(_one(org, call, sub, found, answer, writes))
                if all_or_none and results[-1]["httpStatusCode"] >= 400:
                    raise _Rollback
    except _Rollback:
        failed = len(results) - 1
        results = [
            result if place == failed else _halted(str(sub.get("referenceId")))
            for place, (sub, result) in enumerate(
                zip(subrequests, results + [{}] * (len(subrequests) - len(results)), strict=True)
            )
        ]
    return json_reply(200, {"compositeResponse": results})


def batch(org: Org, call: ApiCall, answer: Answer) -> Reply:
    """`POST /composite/batch`: independent subrequests, each an API call of its own."""
    body = call.body()
    subrequests = body.get("batchRequests")
    if not isinstance(subrequests, list) or not subrequests:
        raise SalesforceError("JSON_PARSER_ERROR", "batchRequests is missing or empty")
    if len(subrequests) > MOST_SUBREQUESTS:
        raise _too_many(f"The batch request can't contain more than {MOST_SUBREQUESTS} subrequests")
    results: list[Result] = []
    halted = False
    for sub in subrequests:
        if halted:
            halt = {"errorCode": "BATCH_PROCESSING_HALTED", "message": "Batch processing halted per request"}
            results.append({"statusCode": 412, "result": [halt]})
            continue
        url = str(sub.get("url", ""))
        url = url if url.startswith("/services/") else f"/services/data/{url.lstrip('/')}"
        rich = sub.get("richInput")
        inner = _request(call, str(sub.get("method", "GET")), url, {}, rich)
        reply = answer(inner)
        results.append({"statusCode": reply.status, "result": _body(reply)})
        halted = body.get("haltOnError") is True and reply.status >= 400
    return json_reply(200, {"hasErrors": any(result["statusCode"] >= 400 for result in results), "results": results})


def subrequests_of(body: Any) -> list[Mapping[str, Any]]:
    """The subrequests of either form, as far as they are well formed."""
    if not isinstance(body, dict):
        return []
    listed = body.get("compositeRequest") or body.get("batchRequests") or []
    return [sub for sub in listed if isinstance(sub, dict)] if isinstance(listed, list) else []


def _checked(body: Mapping[str, Any], collections_count: bool) -> list[Mapping[str, Any]]:
    subrequests = body.get("compositeRequest")
    if not isinstance(subrequests, list) or not subrequests:
        raise SalesforceError("JSON_PARSER_ERROR", "compositeRequest is missing or empty")
    if len(subrequests) > MOST_SUBREQUESTS:
        raise _too_many(f"The composite request can't contain more than {MOST_SUBREQUESTS} subrequests")
    seen: set[str] = set()
    queries = 0
    for sub in subrequests:
        if not isinstance(sub, dict) or not all(sub.get(key) for key in ("method", "url", "referenceId")):
            raise SalesforceError("JSON_PARSER_ERROR", "Each subrequest needs method, url and referenceId")
        name, url = str(sub["referenceId"]), str(sub["url"])
        if name in seen:
            raise SalesforceError("INVALID_INPUT", f"Duplicate referenceId provided: {name}")
        seen.add(name)
        counted = _QUERY.search(url) or (collections_count and _COLLECTIONS.search(url))
        queries += bool(counted)
    if queries > MOST_QUERIES:
        raise _too_many(
            f"The composite request can't contain more than {MOST_QUERIES} sObject Collections or query operations"
        )
    return subrequests


def _one(
    org: Org, call: ApiCall, sub: Mapping[str, Any], found: dict[str, Any], answer: Answer, writes: bool
) -> Result:
    name = str(sub["referenceId"])
    try:
        url = str(_filled(str(sub["url"]), found))
        headers = {str(key): str(_filled(value, found)) for key, value in (sub.get("httpHeaders") or {}).items()}
        payload = _filled(sub.get("body"), found)
    except LookupError as error:
        refused = [{"errorCode": "PROCESSING_HALTED", "message": str(error.args[0])}]
        return {"body": refused, "httpHeaders": {}, "httpStatusCode": 400, "referenceId": name}
    if org.switches.composite_collections == "part_refused" and _COLLECTIONS.search(url):
        refused = _no_collections().body()
        return {"body": refused, "httpHeaders": {}, "httpStatusCode": 400, "referenceId": name}
    request = _request(call, str(sub["method"]), url, headers, payload)
    is_write = request.method not in ("GET", "HEAD")
    with org.store.savepoint() if writes and is_write else nullcontext():
        reply = answer(request)
    body = _body(reply)
    if reply.status < 400:
        found[name] = body
    shown = {"Location": reply.headers["location"]} if "location" in reply.headers else {}
    return {"body": body, "httpHeaders": shown, "httpStatusCode": reply.status, "referenceId": name}


def _filled(value: Any, found: Mapping[str, Any]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(one, found) for key, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, found) for one in value]
    if not isinstance(value, str) or "@{" not in value:
        return value
    whole = _REFERENCE.fullmatch(value)
    if whole is not None:
        return _looked_up(whole.group(1), found)
    return _REFERENCE.sub(lambda match: str(_looked_up(match.group(1), found)), value)


def _looked_up(path: str, found: Mapping[str, Any]) -> Any:
    steps = [int(index) if index else name for name, index in _STEP.findall(path)]
    value: Any = found
    try:
        for step in steps:
            value = value[step]
    except (LookupError, TypeError):
        raise LookupError(
            f"Invalid reference specified. No value for {path} found in {steps[0] if steps else path}"
        ) from None
    return value


def _request(call: ApiCall, method: str, url: str, headers: Mapping[str, str], payload: Any) -> Request:
    sent = {"authorization": call.header("authorization") or "", **{k.lower(): v for k, v in headers.items()}}
    body = b"" if payload is None else orjson.dumps(payload)
    return build_request(method, url, sent.items(), body, call.request.base_url, call.request.peer_port)


def _body(reply: Reply) -> Any:
    return orjson.loads(reply.body) if reply.body else None


def _halted(name: str) -> Result:
    return {"body": _HALTED, "httpHeaders": {}, "httpStatusCode": 400, "referenceId": name}


def _no_collections() -> SalesforceError:
    return SalesforceError("INVALID_INPUT", "sObject Collections are not supported in a composite request.")


def _too_many(message: str) -> SalesforceError:
    return SalesforceError("LIMIT_EXCEEDED", message)
