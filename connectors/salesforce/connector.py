"""The Salesforce connector: one signed-in connection to one org."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from connectors.base import Capabilities, Freshness, Surroundings, TaskDraft
from connectors.connection import Connection
from connectors.retry import RetryPolicy
from connectors.salesforce import reading
from connectors.salesforce.api import Api
from connectors.salesforce.changes import Changes
from connectors.salesforce.conditional import send_unmodified
from connectors.salesforce.config import SalesforceConnection
from connectors.salesforce.cursor import parse_cursor
from connectors.salesforce.dialect import SalesforceDialect
from connectors.salesforce.full import FullRead
from connectors.salesforce.sending import AT_ONCE, Sender
from connectors.salesforce.shapes import Selection, Shape, came_into_sight
from connectors.salesforce.steps import run
from connectors.salesforce.tasks import TASK, Desk
from connectors.salesforce.tokens import Tokens
from connectors.salesforce.values import normal
from connectors.salesforce.writes import PARENT, Sight, headers, items
from connectors.transport import Line, session
from partnersync.changes import Outcome, Write
from partnersync.errors import RejectedError
from partnersync.records import FieldSchema, Identity, ObjectSchema, Page, Person, RawRecord, Wanted

T = TypeVar("T")
MERGED_WITHIN = timedelta(days=3)
"""How far back the hourly look at merges goes; the nightly one takes all that the recycle bin holds."""


def connect(
    name: str, settings: Connection, secrets: Callable[[str], str], surroundings: Surroundings
) -> SalesforceConnector:
    """The connector of one configured org; nothing is sent yet."""
    assert isinstance(settings, SalesforceConnection)
    return SalesforceConnector(name, settings, secrets, surroundings)


class SalesforceConnector:
    """Pulls by composite calls, writes by sObject Collections; used by one thread at a time."""

    capabilities = Capabilities(writable=True, tasks=TASK, batch=AT_ONCE, creates_fields=False)

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
        self._sight = Sight()
        self._shapes: dict[str, Shape] = {}
        self._identity: Identity | None = None

    def close(self) -> None:
        """Give back the sockets."""
        self._api.close()

    # -- reading -----------------------------------------------------------------------------------------------------

    def identify(self) -> Identity:
        """Sign in and say which org this is."""
        if self._identity is None:
            with self._line.calls("check"):
                self._identity = reading.identity(self._api)
        return self._identity

    def hot(self, wanted: Sequence[Wanted]) -> Iterator[Page]:
        """What changed since each cursor, all objects in one call; a first pull reads everything."""
        pulls = [self._pull(one) for one in wanted]
        yield from self._counted("hot", run(pulls, self._api))
        anew = [
            FullRead(one, self._api, since=pull.watermark)
            for one, pull in zip(wanted, pulls, strict=True)
            if isinstance(pull, Changes) and pull.in_sight
        ]
        yield from self._counted("hot", run(anew, self._api))
        self._learn(pulls)

    def warm(self, wanted: Sequence[Wanted]) -> Iterator[Page]:
        """Accounts, contacts and leads that were merged into others; the schema is read anew on the way."""
        self.describe([one.object for one in wanted])
        since = self._api.now() - MERGED_WITHIN
        yield from self._counted("warm", (self._merged(one, since) for one in wanted))

    def cold(self, wanted: Sequence[Wanted]) -> Iterator[Page]:
        """Everything live; then every merge that is still known."""
        pulls = [FullRead(replace(one, cursor=None), self._api, cold=True) for one in wanted]
        yield from self._counted("cold", run(pulls, self._api))
        self._learn(pulls)
        for one in wanted:
            with self._line.calls("cold"):
                page = self._merged(one, None)
            if page.merged:
                yield page

    def fetch(self, object_: str, ids: Sequence[str], fields: Sequence[str]) -> Mapping[str, RawRecord]:
        """The present state of these records by the id asked for; deleted and unknown ids are left out."""
        with self._line.calls("write"):
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
        with self._line.calls("warm"):
            return reading.people(self._api)

    def describe(self, objects: Sequence[str]) -> Mapping[str, ObjectSchema]:
        """The org's own schema, asked anew; fields that our user may not see are absent."""
        with self._line.calls("warm"):
            found = reading.shapes(self._api, objects)
        self._shapes.update(found)
        return {object_: shape.schema for object_, shape in found.items()}

    # -- writing -----------------------------------------------------------------------------------------------------

    def send(self, writes: Sequence[Write]) -> Iterator[Outcome]:
        """Update records, 200 in a collection and five collections in a call; strict ones 25 in a call."""
        with self._line.calls("write"):
            found, refused = items(writes, lambda object_: self._shape(object_).schema.fields, self._sight)
        yield from refused
        strict = [item for item in found if item.unmodified_since is not None]
        free = [item for item in found if item.unmodified_since is None]
        yield from self._counted("write", send_unmodified(self._sender, strict))
        yield from self._counted("write", self._sender.send(free, method="PATCH"))

    def put_tasks(self, tasks: Sequence[TaskDraft]) -> Iterator[Outcome]:
        """Create, update or close tasks, once per key."""
        with self._line.calls("write"):
            desk = self._desk()
        yield from self._counted("write", desk.put(tasks))

    def find_tasks(self, tasks: Sequence[TaskDraft]) -> Mapping[str, RawRecord]:
        """Tasks by key, through the key field or the tasks of their record."""
        with self._line.calls("write"):
            return self._desk().find(tasks)

    def lands_within(self) -> timedelta:
        """Zero where tasks are upserted by our key field."""
        with self._line.calls("write"):
            return timedelta(0) if self._desk().keyed else self._settings.lands_within

    def normal(self, schema: FieldSchema, value: str | None) -> str | None:
        """The form in which this field is compared."""
        return normal(schema, value)

    def create_fields(self, object_: str, fields: Sequence[FieldSchema]) -> Iterable[Outcome]:
        """Refused, with what to do: a field made by an integration stays invisible until an admin grants it."""
        for field in fields:
            message = f"create {object_}.{field.name} ({field.kind}) in Setup and make it visible to our user"
            yield Outcome(field.name, "rejected", code="BY_HAND", message=message)

    # -- parts -------------------------------------------------------------------------------------------------------

    def _pull(self, wanted: Wanted) -> FullRead | Changes:
        cursor = parse_cursor(wanted.object, wanted.cursor)
        if cursor is None:
            return FullRead(wanted, self._api)
        # A field that nobody read so far means that every record must be read again.
        if not set(wanted.fields) <= set(cursor.selection.asked):
            return FullRead(wanted, self._api, since=cursor.watermark)
        if cursor.state == "full":
            return FullRead(wanted, self._api, cursor=cursor)
        shape = self._shapes.get(wanted.object)
        if shape is not None and came_into_sight(cursor.selection, shape):
            return FullRead(wanted, self._api, since=cursor.watermark)
        return Changes(cursor, self._api)

    def _counted(self, freshness: Freshness, made: Iterator[T]) -> Iterator[T]:
        """``made``, with the calls behind each counted as ``freshness``, and nothing of what happens between them."""
        while True:
            with self._line.calls(freshness):
                one = next(made, None)
            if one is None:
                return
            yield one

    def _merged(self, wanted: Wanted, since: datetime | None) -> Page:
        object_ = wanted.object
        if "MasterRecordId" not in self._shape(object_).schema.fields:
            return Page(object_, done=True)
        return Page(object_, merged=reading.merges(self._api, object_, since), done=True)

    def _learn(self, pulls: Iterable[FullRead | Changes]) -> None:
        """Keep what was described on the way; forget what turned out to be out of date."""
        for pull in pulls:
            if pull.lost_fields:
                self._shapes.pop(pull.object, None)
            elif pull.shape is not None:
                self._shapes[pull.object] = pull.shape

    def _shape(self, object_: str) -> Shape:
        if object_ not in self._shapes:
            self._shapes.update(reading.shapes(self._api, [object_]))
        if object_ not in self._shapes:
            raise RejectedError(f"Salesforce has no object {object_}, or our user may not see it", code="NOT_FOUND")
        return self._shapes[object_]

    def _desk(self) -> Desk:
        return Desk(self._api, self._sender, self._shape(TASK), self._settings.task_key)
