"""The HubSpot connector: puts its parts together for one portal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TypeVar

from connectors.base import Capabilities, Freshness, Surroundings, TaskDraft
from connectors.connection import Connection
from connectors.hubspot import schema
from connectors.hubspot.associations import Associations
from connectors.hubspot.calls import BATCH, Calls
from connectors.hubspot.config import HubSpotConnection
from connectors.hubspot.dialect import HubSpotDialect
from connectors.hubspot.exchange import Exchange
from connectors.hubspot.normal import normal
from connectors.hubspot.properties import Properties
from connectors.hubspot.pulling import Pages, Pulling
from connectors.hubspot.task_texts import TASKS
from connectors.hubspot.tasks import Tasks
from connectors.hubspot.writing import Writing
from connectors.retry import RetryPolicy
from connectors.transport import Line
from partnersync.changes import Outcome, Write
from partnersync.records import FieldSchema, Identity, ObjectSchema, Page, Person, RawRecord, Wanted

T = TypeVar("T")


def connect(
    name: str,
    settings: Connection,
    secrets: Callable[[str], str],
    surroundings: Surroundings,
    policy: RetryPolicy = RetryPolicy(),  # noqa: B008 (a frozen value)
    pages: Pages = Pages(),  # noqa: B008 (a frozen value)
) -> HubSpotConnector:
    """The connector of a configured portal; nothing is sent yet."""
    assert isinstance(settings, HubSpotConnection)
    line = Line(name, settings.hosts, HubSpotDialect(), surroundings, settings.timeout.total_seconds())
    exchange = Exchange(line, settings.url, lambda: secrets(settings.token), settings.api_version)
    return HubSpotConnector(line, exchange, Calls(exchange, policy), settings, pages)


class HubSpotConnector:
    """One portal, signed in with a static token; used by one thread at a time."""

    capabilities = Capabilities(writable=True, tasks=TASKS, batch=BATCH, creates_fields=True)

    def __init__(self, line: Line, exchange: Exchange, calls: Calls, settings: HubSpotConnection, pages: Pages) -> None:
        self._line = line
        self._settings = settings
        self._exchange = exchange
        self._calls = calls
        self._identity: Identity | None = None
        associations, clock = Associations(calls), line.surroundings.clock
        self._pulling = Pulling(calls, associations, lambda: self.identify().org, settings.overlap, clock, pages)
        self._tasks = Tasks(calls, associations, self.identify, clock)
        self._writing = Writing(calls)
        self._properties = Properties(calls)

    def identify(self) -> Identity:
        """Which portal the token opens, with its currency and timezone; asked once."""
        if self._identity is None:
            with self._line.calls("token"):
                self._identity = schema.identity(self._calls)
            self._exchange.timezone = self._identity.timezone
        return self._identity

    def hot(self, wanted: Sequence[Wanted]) -> Iterator[Page]:
        """What changed: one search per object where nothing did."""
        return self._counted("hot", self._pulling.hot(wanted))

    def warm(self, wanted: Sequence[Wanted]) -> Iterator[Page]:
        """Archived and merged records."""
        return self._counted("warm", self._pulling.warm(wanted))

    def cold(self, wanted: Sequence[Wanted]) -> Iterator[Page]:
        """Everything live."""
        return self._counted("cold", self._pulling.cold(wanted))

    def fetch(self, object_: str, ids: Sequence[str], fields: Sequence[str]) -> Mapping[str, RawRecord]:
        """The present state of records, from the records themselves, not the search index."""
        with self._line.calls("write"):
            return self._pulling.fetch(object_, ids, fields)

    def people(self) -> tuple[Person, ...]:
        """Every owner."""
        with self._line.calls("warm"):
            return schema.people(self._calls, self.identify().org)

    def describe(self, objects: Sequence[str]) -> Mapping[str, ObjectSchema]:
        """The properties of each object that the portal knows."""
        with self._line.calls("check"):
            found = {name: schema.described(self._calls, name) for name in objects}
        return {name: one for name, one in found.items() if one is not None}

    def send(self, writes: Sequence[Write]) -> Iterator[Outcome]:
        """Update, upsert or create records in batches of 100."""
        return self._counted("write", self._writing.send(writes))

    def prepare_tasks(self, tasks: Sequence[TaskDraft]) -> None:
        """The association types, and whether tasks have our unique property."""
        with self._line.calls("write"):
            self._tasks.prepare(tasks)

    def put_tasks(self, tasks: Sequence[TaskDraft]) -> Iterator[Outcome]:
        """Create, update or close tasks."""
        return self._counted("write", self._tasks.put(tasks))

    def find_tasks(self, tasks: Sequence[TaskDraft], *, deleted_too: bool = False) -> Mapping[str, RawRecord]:
        """The tasks that exist, by key."""
        with self._line.calls("write"):
            return self._tasks.find(tasks, deleted_too=deleted_too)

    def lands_within(self) -> timedelta:
        """Zero where tasks have our unique property."""
        with self._line.calls("write"):
            return timedelta(0) if self._tasks.keyed() else self._settings.lands_within

    def normal(self, schema: FieldSchema, value: str | None) -> str | None:
        """``value`` as HubSpot's properties are compared."""
        return normal(schema, value)

    def create_fields(self, object_: str, fields: Sequence[FieldSchema]) -> Iterable[Outcome]:
        """Create properties; they appear in the group ``partnersync``."""
        return self._counted("write", self._properties.create(object_, fields))

    def close(self) -> None:
        """Give back sockets."""
        self._exchange.close()

    def _counted(self, freshness: Freshness, steps: Iterator[T]) -> Iterator[T]:
        """The same steps, each counted as what it is for, whatever else is called between them."""
        while True:
            with self._line.calls(freshness):
                try:
                    step = next(steps)
                except StopIteration:
                    return
            yield step
