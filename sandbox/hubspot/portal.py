"""The HubSpot vendor of a sandbox: who may call, how often, and what answers."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import orjson

from sandbox.clock import Clock
from sandbox.hubspot import people, property_routes, refusals, search_sql, seeding, tables
from sandbox.hubspot.call import Call, Ground
from sandbox.hubspot.desk import Author, Catalogs, Desk, kind_of
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.limits import Limits
from sandbox.hubspot.refusals import Refusal
from sandbox.hubspot.routes import OWNED, Match, allowed, route_of
from sandbox.settings import HubSpotSettings, Settings
from sandbox.store import Store
from sandbox.wire import Reply, Request

JSON = "application/json;charset=utf-8"
_OPEN = frozenset({"token", "token.access", "token.refresh", "exports.file"})
_SYSTEM = Author("IMPORT", "sandbox", None, None)


class HubSpot:
    """One portal."""

    def __init__(self, store: Store, clock: Clock, settings: Settings) -> None:
        self._settings = settings
        self._limits = Limits()
        self._ground = Ground(store, clock, Catalogs())
        store.on_connect(search_sql.register)
        with store.write(hooked=False) as db:
            tables.create(db)

    @property
    def name(self) -> str:
        return "hubspot"

    def owns(self, path: str) -> bool:
        return OWNED.match(path) is not None

    def endpoint(self, request: Request) -> str:
        found = route_of(request.method, request.path)
        return found.label if found else "unknown"

    def is_write(self, request: Request) -> bool:
        found = route_of(request.method, request.path)
        return found is not None and found.route.write

    def answer(self, request: Request) -> Reply:
        """Answer a call. Every refusal leaves here in the vendor's form, with its correlation id."""
        correlation = str(uuid.uuid4())
        headers: dict[str, str] = {}
        try:
            reply = self._answer(request, correlation, headers)
        except Refusal as refusal:
            reply = _refused(refusal, correlation)
        if reply.body and "content-type" not in {name.lower() for name in reply.headers}:
            headers["Content-Type"] = JSON
        elif reply.body and reply.headers.get("content-type", "").startswith("application/json"):
            headers["content-type"] = JSON
        headers["X-HubSpot-Correlation-Id"] = correlation
        return Reply(reply.status, reply.body, {**reply.headers, **headers})

    def rate_limited(self, form: str, request: Request) -> Reply:
        """429 in the forms `policy`, `category`, `secondly` and `daily`; by default what the call would meet."""
        found = route_of(request.method, request.path)
        if form == "default":
            form = "secondly" if found and found.route.search else self._settings.hubspot.burst_form
        correlation = str(uuid.uuid4())
        match form:
            case "secondly" | "search":
                refusal = refusals.search_secondly()
            case "daily":
                refusal = refusals.daily(correlation)
            case _:
                refusal = refusals.ten_secondly(form, f"publicapi:{self._settings.hubspot.portal_id}")
        reply = _refused(refusal, correlation)
        return Reply(reply.status, reply.body, {**reply.headers, "X-HubSpot-Correlation-Id": correlation})

    def load(self, object_name: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        """Store many records fast, unchecked.

        A row is its properties, flat or under `properties`; `id`, `createdAt`, `updatedAt` (ms or ISO),
        `archived` and `history` ({name: [{value, at, source, user_id}]}) may be given beside them.
        """
        with self._desk() as desk:
            return seeding.load(desk, kind_of(object_name), rows)

    def associate_many(
        self, from_name: str, to_name: str, pairs: Sequence[tuple[str, str]], type_id: int | None = None
    ) -> None:
        """Associate many records fast: by the default type, or by a labelled one beside it."""
        with self._desk() as desk:
            seeding.associate_many(desk, kind_of(from_name), kind_of(to_name), pairs, type_id)

    def add_field(self, object_name: str, definition: Mapping[str, Any]) -> None:
        """Define a property; label, group and field type follow from name and type where left out."""
        with self._desk() as desk:
            kind = kind_of(object_name)
            property_routes.define(desk, kind, seeding.whole_definition(kind, definition))

    def add_property(self, object_name: str, definition: Mapping[str, Any]) -> None:
        """The vendor's word for `add_field`."""
        self.add_field(object_name, definition)

    def add_owner(self, owner: Mapping[str, Any]) -> str:
        """Add an owner: email, firstName, lastName; id, userId, archived, teams where wanted."""
        with self._desk() as desk:
            return seeding.add_owner(desk, owner)

    def add_label(
        self, from_name: str, to_name: str, name: str, label: str, inverse_label: str = ""
    ) -> tuple[int, int]:
        """Define an association label. Returns its type ids there and back."""
        with self._desk() as desk:
            return seeding.add_label(desk, kind_of(from_name), kind_of(to_name), name, label, inverse_label)

    def add_pipeline(self, object_name: str, pipeline: Mapping[str, Any]) -> None:
        """Add a pipeline: id, label, and stages of id, label, and probability or state."""
        with self._desk() as desk:
            seeding.add_pipeline(desk, kind_of(object_name), pipeline)

    def create(self, object_name: str, fields: Mapping[str, Any], person: str) -> str:
        with self._desk(person) as desk:
            return people.create(desk, kind_of(object_name), fields)

    def edit(self, object_name: str, record_id: str, fields: Mapping[str, Any], person: str) -> None:
        with self._desk(person) as desk:
            people.edit(desk, kind_of(object_name), record_id, fields)

    def delete(self, object_name: str, record_id: str, person: str) -> None:
        with self._desk(person) as desk:
            people.delete(desk, kind_of(object_name), record_id)

    def restore(self, object_name: str, record_id: str, person: str) -> None:
        with self._desk(person) as desk:
            people.restore(desk, kind_of(object_name), record_id)

    def merge(self, object_name: str, winner_id: str, loser_ids: Sequence[str], person: str) -> str:
        with self._desk(person) as desk:
            return people.merge(desk, kind_of(object_name), winner_id, loser_ids)

    def objects(self) -> list[str]:
        return people.objects()

    def dump(self, object_name: str, stamps: bool) -> list[dict[str, Any]]:
        with self._ground.reading(self._settings.hubspot, _SYSTEM) as desk:
            return people.dump(desk, object_name, stamps)

    @contextmanager
    def _desk(self, person: str | None = None) -> Iterator[Desk]:
        """One transaction behind the clients' backs. Raises: `ValueError` in the portal's words."""
        try:
            with self._ground.store.write(hooked=False) as db:
                by = _SYSTEM if person is None else people.author(db, person)
                with self._ground.writing(self._settings.hubspot, by) as desk:
                    yield desk
        except Refusal as refusal:
            raise ValueError(str(refusal)) from refusal

    def _answer(self, request: Request, correlation: str, headers: dict[str, str]) -> Reply:
        settings = self._settings.hubspot
        if settings.uri_limit is not None and len(request.target) > settings.uri_limit:
            raise refusals.uri_too_long()
        found = route_of(request.method, request.path)
        if found is None:
            methods = allowed(request.path)
            raise refusals.wrong_method(methods) if methods else refusals.route_missing()
        token = ""
        if found.route.label not in _OPEN:
            token, scopes, oauth = self._signed_in(request, settings)
            now, search = self._ground.clock.now_ms(), found.route.search
            headers |= self._limits.admit(settings, token, search, now, correlation, oauth=oauth)
            _check_scope(found, scopes)
        call = Call(self._ground, request, settings, found.params, found.version, token)
        return found.route.handler(call)

    def _signed_in(self, request: Request, settings: HubSpotSettings) -> tuple[str, tuple[str, ...] | None, bool]:
        """The token of a call, its scopes (None: all), and whether OAuth handed it out. Raises: `Refusal` 401."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise refusals.unauthenticated()
        now = self._ground.clock.now_ms()
        scopes = settings.scopes.get(token)
        expires = settings.expired_tokens.get(token)
        known = token == settings.token or token in settings.scopes or token in settings.expired_tokens
        if not known:
            with self._ground.store.read() as db:
                row = db.execute("SELECT expires_at, scopes FROM hs_token WHERE token = ?", (token,)).fetchone()
            if row is None:
                raise refusals.unauthenticated()
            expires, scopes = row[0], tuple(orjson.loads(row[1])) if row[1] else None
        if expires is not None and expires <= now:
            raise refusals.expired(expires, now)
        return token, scopes, not known


def _check_scope(found: Match, scopes: tuple[str, ...] | None) -> None:
    scope = found.route.scope
    if scopes is None or scope is None:
        return
    if "{" in scope:
        kind = kind_of(found.params.get("kind") or found.params["from"])
        scope = _scope(kind, scope)
    if scope not in scopes:
        raise refusals.missing_scopes([scope])


def _scope(kind: Kind, template: str) -> str:
    area, _, verb = template.partition("}")
    if area == "{schema":
        return f"crm.schemas.{kind.plural}{verb}"
    return kind.scope + verb if kind.scope.startswith("crm.") else kind.scope


def _refused(refusal: Refusal, correlation: str) -> Reply:
    if refusal.body is None:
        return Reply(refusal.status, refusal.raw or b"", refusal.headers)
    body = dict(refusal.body)
    if "message" in body and body.get("status") == "error" and "requestId" not in body:
        head = {key: body.pop(key) for key in ("status", "message")}
        body = {**head, "correlationId": correlation, **body}
    return Reply(refusal.status, orjson.dumps(body), {"content-type": JSON, **refusal.headers})
