"""The Salesforce connector: one signed-in connection to one org."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from threading import RLock
from typing import TypeVar

from connectors.ahead import ahead
from connectors.base import Bulk, Capabilities, Freshness, Surroundings, TaskDraft
from connectors.connection import Connection
from connectors.retry import RetryPolicy
from connectors.salesforce import reading
from connectors.salesforce.api import Api
from connectors.salesforce.conditional import send_unmodified
from connectors.salesforce.config import SalesforceConnection
from connectors.salesforce.dialect import SalesforceDialect
from connectors.salesforce.fieldmaking import created, spelled_out
from connectors.salesforce.ingest import MOST, Ingest
from connectors.salesforce.pulling import Pulling
from connectors.salesforce.sending import AT_ONCE, CHUNK, Sender
from connectors.salesforce.shapes import Selection, Shape
from connectors.salesforce.tasks import TASK, Closing, Desk
from connectors.salesforce.tokens import Tokens
from connectors.salesforce.values import normal
from connectors.salesforce.writes import PARENT, Sight, headers, items
from connectors.transport import Line, session
from partnersync.changes import Outcome, Write
from partnersync.errors import ConnectorError, RejectedError
from partnersync.records import FieldSchema, Identity, ObjectSchema, Page, Person, RawRecord, Wanted

T = TypeVar("T")


def connect(
    name: str, settings: Connection, secrets: Callable[[str], str], surroundings: Surroundings
) -> SalesforceConnector:
    """The connector of one configured org; nothing is sent yet."""
    assert isinstance(settings, SalesforceConnection)
    return SalesforceConnector(name, settings, secrets, surroundings)


class SalesforceConnector:
    """Pulls by composite calls and bulk jobs, writes by sObject Collections; used by one thread at a time.

    The next page of a pull is fetched by a thread of our own while the caller works on this one; ``_turn`` keeps its calls
    apart from the caller's.
    """

    def __init__(
        self,
        name: str,
        settings: SalesforceConnection,
        secrets: Callable[[str], str],
        surroundings: Surroundings,
        policy: RetryPolicy = RetryPolicy(),  # noqa: B008 - a frozen value
    ) -> None:
        self._settings = settings
        self._line = Line(
            name, settings.hosts, SalesforceDialect(), surroundings, timeout=settings.timeout.total_seconds()
        )
        made = session(self._line, plain_loopback=settings.url.startswith("http://"))
        tokens = Tokens(settings, secrets, self._line, made, policy)
        self._api = Api(tokens, made, settings.api_version, self._line, policy)
        self._sender = Sender(self._api, surroundings.stop, headers(settings))
        self._ingest = Ingest(self._sender)
        self._sight = Sight()
        self._closing = Closing()
        self._shapes: dict[str, Shape] = {}
        self._pulling = Pulling(self._api, self._shapes, self._shape, settings.bulk_from or None)
        self._turn = RLock()
        self._identity: Identity | None = None

    @property
    def capabilities(self) -> Capabilities:
        """What can be done here, as far as known: an org may turn out to take one collection in a call, not five."""
        batch = AT_ONCE if self._sender.composite else CHUNK
        least = self._settings.bulk_writes_from if self._ingest.works else 0
        bulk = Bulk(least, MOST) if least else None
        creates = self._settings.create_fields == "tooling"
        return Capabilities(
            writable=True, tasks=TASK, batch=batch, creates_fields=creates, read_back=reading.RETRIEVE, bulk=bulk
        )

    def close(self) -> None:
        """Give back the sockets."""
        self._api.close()

    # -- reading -----------------------------------------------------------------------------------------------------

    def identify(self) -> Identity:
        """Sign in and say which org this is."""
        if self._identity is None:
            with self._calls("check"):
                self._identity = replace(reading.identity(self._api), user=self._api.tokens.current().user)
        return self._identity

    def hot(self, wanted: Sequence[Wanted]) -> Iterator[Page]:
        """What changed since each cursor, all objects in one call; a first pull reads everything."""
        yield from ahead(self._counted("hot", self._pulling.hot(wanted)))

    def warm(self, wanted: Sequence[Wanted]) -> Iterator[Page]:
        """Accounts, contacts and leads that were merged into others; the schema is read anew on the way."""
        self.describe([one.object for one in wanted])
        yield from self._counted("warm", self._pulling.warm(wanted))

    def cold(self, wanted: Sequence[Wanted]) -> Iterator[Page]:
        """Everything live; then every merge that is still known."""
        yield from ahead(self._counted("cold", self._pulling.cold(wanted)))

    def fetch(self, object_: str, ids: Sequence[str], fields: Sequence[str]) -> Mapping[str, RawRecord]:
        """The present state of these records by the id asked for; deleted and unknown ids are left out."""
        with self._calls("write"):
            if self.capabilities.bulk is not None:
                self._ingest.settle(object_)
            shape = self._shape(object_)
            asked = {*fields, *({PARENT} & shape.schema.fields.keys())}
            found = reading.records(self._api, Selection.of(shape, asked), ids)
        self._sight.remember(found.values())
        if PARENT in fields:
            return found
        return {
            id_: replace(record, values={name: value for name, value in record.values.items() if name != PARENT})
            for id_, record in found.items()
        }

    def people(self) -> tuple[Person, ...]:
        """Every user, inactive ones included."""
        with self._calls("warm"):
            return reading.people(self._api)

    def describe(self, objects: Sequence[str]) -> Mapping[str, ObjectSchema]:
        """The org's own schema, asked anew; fields that our user may not see are absent."""
        with self._calls("warm"):
            found = reading.shapes(self._api, objects)
        self._shapes.update(found)
        self._pulling.described(found)
        return {object_: shape.schema for object_, shape in found.items()}

    # -- writing -----------------------------------------------------------------------------------------------------

    def send(self, writes: Sequence[Write]) -> Iterator[Outcome]:
        """Update records, 200 in a collection and five collections in a call, or by a job; strict ones 25 in a call."""
        with self._calls("write"):
            found, refused = items(writes, lambda object_: self._shape(object_).schema.fields, self._sight)
        yield from refused
        strict = [item for item in found if item.unmodified_since is not None]
        free = [item for item in found if item.unmodified_since is None]
        yield from self._counted("write", send_unmodified(self._sender, strict))
        able = self.capabilities
        by_job = able.bulk is not None and (len(free) >= able.bulk.least or len(free) > able.batch)
        sent = self._ingest.send(free) if by_job else self._sender.send(free, method="PATCH")
        yield from self._counted("write", sent)

    def prepare_tasks(self, tasks: Sequence[TaskDraft]) -> None:
        """What Task is like here, and what closes one."""
        with self._calls("write"), suppress(ConnectorError):
            self._desk().prepare(tasks)

    def put_tasks(self, tasks: Sequence[TaskDraft]) -> Iterator[Outcome]:
        """Create, update or close tasks, once per key."""
        with self._calls("write"):
            desk = self._desk()
        yield from self._counted("write", desk.put(tasks))

    def find_tasks(self, tasks: Sequence[TaskDraft], *, deleted_too: bool = False) -> Mapping[str, RawRecord]:
        """Tasks by key, through the key field or the tasks of their record."""
        with self._calls("write"):
            return self._desk().find(tasks, deleted_too=deleted_too)

    def lands_within(self) -> timedelta:
        """Zero where tasks are upserted by our key field."""
        with self._calls("write"):
            return timedelta(0) if self._desk().keyed else self._settings.lands_within

    def normal(self, schema: FieldSchema, value: str | None) -> str | None:
        """The form in which this field is compared."""
        return normal(schema, value)

    def create_fields(self, object_: str, fields: Sequence[FieldSchema]) -> Iterable[Outcome]:
        """Made through the Tooling API where the settings allow it; else refused, with what to do."""
        if self._settings.create_fields == "by_hand":
            yield from spelled_out(object_, fields)
            return
        yield from self._counted("check", created(self._api, object_, fields))
        self._shapes.pop(object_, None)

    # -- parts -------------------------------------------------------------------------------------------------------

    @contextmanager
    def _calls(self, freshness: Freshness) -> Iterator[None]:
        """Calls made inside are counted as ``freshness``; meanwhile no page is fetched ahead."""
        with self._turn, self._line.calls(freshness):
            yield

    def _counted(self, freshness: Freshness, made: Iterator[T]) -> Iterator[T]:
        """``made``, with the calls behind each counted as ``freshness``, and nothing of what happens between them."""
        while True:
            with self._calls(freshness):
                one = next(made, None)
            if one is None:
                return
            yield one

    def _shape(self, object_: str) -> Shape:
        if object_ not in self._shapes:
            self._shapes.update(reading.shapes(self._api, [object_]))
        if object_ not in self._shapes:
            raise RejectedError(f"Salesforce has no object {object_}, or our user may not see it", code="NOT_FOUND")
        return self._shapes[object_]

    def _desk(self) -> Desk:
        return Desk(self._api, self._sender, self._shape(TASK), self._settings.task_key, self._closing)
