"""Routes below `/services/data`: versions, and for each version its resources."""

import re
from urllib.parse import unquote

from sandbox.salesforce import composite, discovery, replication, rows, search, sobject_collections, tree
from sandbox.salesforce.bulk import Bulk
from sandbox.salesforce.errors import SalesforceError, admit, method_not_allowed, not_found
from sandbox.salesforce.limits import Quota
from sandbox.salesforce.org import ApiCall, Org
from sandbox.salesforce.records import Actor
from sandbox.salesforce.signin import SignIn
from sandbox.salesforce.tooling import tooling
from sandbox.wire import Reply, Request, json_reply

_VERSION = re.compile(r"v(\d+)\.0\Z")
_MOST_URI, _MOST_HEADERS = 16_384, 16_384


class Rest:
    """Answers REST calls: the session, the version and the quota first, then the resource."""

    def __init__(self, org: Org, signin: SignIn, quota: Quota) -> None:
        self._org = org
        self._signin = signin
        self._quota = quota
        self._bulk = Bulk(org)

    def answer(self, request: Request) -> Reply:
        """Answer one call from outside."""
        if len(request.target) > _MOST_URI:
            return Reply(414, b"<html><body>URI Too Long</body></html>", {"content-type": "text/html"})
        headers = sum(len(name) + len(value) + 4 for name, value in request.headers.items())
        if len(request.target) + headers > _MOST_HEADERS:
            return Reply(
                431, b"<html><body>Request Header Fields Too Large</body></html>", {"content-type": "text/html"}
            )
        raw = [unquote(part) for part in request.raw_path().split("/")[3:]]
        while raw and raw[-1] == "":
            raw.pop()
        segments = tuple(raw)
        if not segments:
            return json_reply(200, discovery.versions())
        counted = {}
        try:
            version = _version(segments[0])
            actor = self._actor(request)
            if not self._quota.spend():
                raise SalesforceError("REQUEST_LIMIT_EXCEEDED")
            counted = self._quota.header()
            reply = self._routed(ApiCall(request, version, segments[1:], actor))
        except SalesforceError as error:
            return error.reply(counted)
        return Reply(reply.status, reply.body, {**reply.headers, **counted}) if counted else reply

    def inside(self, request: Request) -> Reply:
        """Answer a subrequest of a composite call, which costs no API call."""
        segments = tuple(unquote(part) for part in request.raw_path().split("/")[3:] if part != "")
        try:
            if not segments or not request.path.startswith("/services/data/"):
                raise not_found()
            call = ApiCall(request, _version(segments[0]), segments[1:], self._actor(request))
            if segments[1:2] == ("composite",) and segments[2:3] != ("sobjects",):
                raise SalesforceError("INVALID_INPUT", "composite resources cannot be nested")
            return self._routed(call)
        except SalesforceError as error:
            return error.reply()

    def _actor(self, request: Request) -> Actor:
        saves = "allowsave=true" in request.headers.get("sforce-duplicate-rule-header", "").replace(" ", "").lower()
        return Actor(self._signin.user_of(request), saves_duplicates=saves)

    def _counted_inside(self, request: Request) -> Reply:
        if not self._quota.spend():
            return SalesforceError("REQUEST_LIMIT_EXCEEDED").reply()
        return self.inside(request)

    def _routed(self, call: ApiCall) -> Reply:
        org = self._org
        match call.segments:
            case ():
                return json_reply(200, discovery.resources(org, call))
            case ("limits",):
                _only(call, "GET")
                return json_reply(200, self._quota.report())
            case ("query" | "queryAll" as kind,):
                return self._query(call, kind == "queryAll")
            case ("query" | "queryAll", locator):
                return json_reply(200, org.queries.more(locator, call.base, _batch_size(call)))
            case ("sobjects", *rest):
                return self._sobjects(call, rest)
            case ("composite",) if call.method == "GET":
                names = ("sobjects", "batch", "tree")
                return json_reply(200, {name: f"{call.base}/composite/{name}" for name in names})
            case ("composite",):
                _only(call, "POST")
                return composite.composite(org, call, self.inside)
            case ("composite", "batch"):
                _only(call, "POST")
                return composite.batch(org, call, self._counted_inside)
            case ("composite", "tree", name):
                return tree.create(org, call, org.sobject(name))
            case ("composite", "sobjects", *_):
                return sobject_collections.answer(org, call)
            case ("tooling", *rest):
                return tooling(org, call, tuple(rest))
            case ("jobs", *rest):
                return self._bulk.answer(call, tuple(rest))
            case ("search",):
                _only(call, "GET")
                return json_reply(200, search.search(org, call))
            case ("parameterizedSearch",):
                return json_reply(200, search.parameterized(org, call))
            case ("recent",):
                return json_reply(200, [])
            case _:
                raise not_found()

    def _query(self, call: ApiCall, with_deleted: bool) -> Reply:
        if call.method not in ("GET", "HEAD"):
            raise method_not_allowed(call.method, "HEAD,GET")
        explained = call.param("explain")
        if explained:
            return json_reply(200, self._org.queries.explain_plan(explained))
        soql = call.param("q")
        if not soql:
            raise SalesforceError("MALFORMED_QUERY", "A query string has to be specified")
        if (call.param("columns") or "").lower() == "true":
            return json_reply(200, self._org.queries.explain_columns(soql))
        return json_reply(200, self._org.queries.run(soql, call.base, with_deleted, _batch_size(call)))

    def _sobjects(self, call: ApiCall, rest: list[str]) -> Reply:
        org = self._org
        if not rest:
            _only(call, "GET")
            return json_reply(200, discovery.global_describe(org, call))
        sobject = org.sobject(rest[0])
        if rest[1:]:
            admit(org.switches, sobject.name, rest[1])
        match rest[1:]:
            case [] if call.method == "POST":
                return rows.create(org, call, sobject)
            case []:
                _only(call, "GET")
                return json_reply(200, discovery.basic(org, sobject, call))
            case ["describe"]:
                _only(call, "GET")
                return discovery.describe(org, sobject, call)
            case ["updated"]:
                return json_reply(200, replication.updated(org, call, sobject))
            case ["deleted"]:
                return json_reply(200, replication.deleted(org, call, sobject))
            case ["Id" | "id"] if call.method == "POST":
                return rows.create(org, call, sobject)
            case [record_id]:
                return rows.by_id(org, call, sobject, record_id)
            case [field, value]:
                return rows.by_external_id(org, call, sobject, field, value)
            case _:
                raise not_found()


def _version(text: str) -> str:
    match = _VERSION.match(text)
    number = int(match.group(1)) if match is not None else 0
    if not 0 < number <= discovery.NEWEST:
        raise not_found()
    if number < discovery.OLDEST:
        raise SalesforceError("UNSUPPORTED_API_VERSION", "The requested API version is retired", status=410)
    return f"{number}.0"


def _only(call: ApiCall, method: str) -> None:
    if call.method != method and not (method == "GET" and call.method == "HEAD"):
        raise method_not_allowed(call.method, "HEAD,GET" if method == "GET" else method)


def _batch_size(call: ApiCall) -> int | None:
    for option in (call.header("sforce-query-options") or "").split(","):
        name, _, value = option.partition("=")
        if name.strip().lower() == "batchsize" and value.strip().isdigit():
            return int(value)
    return None
