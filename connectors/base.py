"""What every connector is: capabilities, freshness classes, the protocols above and the meter below.

A connection pulls in three freshness classes. *Hot* runs each cycle and must cost next to nothing on an idle CRM; *warm*
(hourly) brings what hot cannot see: archived and merged records, owners, stages; *cold* (nightly) reads everything, which
also catches what changes without a stamp. Each yields pages whose cursor is stored in the same transaction as their rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event
from typing import Literal, Protocol

from partnersync.changes import Outcome, Write
from partnersync.clock import Clock
from partnersync.records import FieldSchema, Identity, ObjectSchema, Page, Person, RawRecord, Wanted

Freshness = Literal["hot", "warm", "cold", "token", "write", "check"]
"""What a call was for; the meter counts them apart."""


@dataclass(frozen=True, slots=True)
class Bulk:
    """Sending by jobs: from ``least`` writes to one object on, at most ``most`` in a job."""

    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What this CRM can do, so that nothing above asks a vendor's name.

    ``tasks`` is the object that tasks are written to (None: no tasks), ``batch`` how many writes one call takes, ``read_back``
    how many records one call reads (0: as many as it writes).
    """

    writable: bool
    tasks: str | None
    batch: int
    creates_fields: bool
    read_back: int = 0
    bulk: Bulk | None = None


@dataclass(frozen=True, slots=True)
class Budget:
    """What is left of a CRM's allowance, as the CRM itself reported: ``used`` of ``limit`` calls.

    With ``seconds`` it is a rate limit, so many calls in any so many seconds; without, the allowance of a day.
    """

    name: str
    used: int
    limit: int
    at: datetime
    seconds: float | None = None


class Meter(Protocol):
    """Counts calls and remembers allowances, shared by threads and processes; kept by ``state``, declared here."""

    def count(self, connection: str, freshness: Freshness, endpoint: str, status: int | None) -> None:
        """One HTTP exchange happened; ``status`` None: no answer came."""
        ...

    def learn(self, connection: str, budget: Budget) -> None:
        """The CRM said what is left."""
        ...

    def wait(self, connection: str, bucket: str) -> float:
        """Seconds to wait before the next call of ``bucket`` may be sent (0.0: now), reserving its place.

        Raises:
            QuotaError: the connection rests, or the share that is reserved for people would be touched.
        """
        ...

    def answered(self, connection: str, bucket: str) -> None:
        """The call of ``bucket`` for which this thread waited is over, however it ended."""
        ...

    def full(self, connection: str, bucket: str, limit: int, seconds: float) -> None:
        """The CRM refused a call of ``bucket`` because its window is full: ``limit`` calls in ``seconds``, unless it told."""
        ...

    def rest(self, connection: str, seconds: float | None, reason: str) -> None:
        """The CRM's allowance is used up: ask it nothing for so many seconds (None: it did not say for how long)."""
        ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a connector is handed instead of looking it up: time, a stop signal and the meter.

    ``may_send`` is asked before a write is tried again after a wait, and raises where this process may write no more.
    """

    clock: Clock
    stop: Event
    meter: Meter
    may_send: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class TaskDraft:
    """A task in the house's words; the connector turns it into its own fields. ``owner`` is a CRM user or owner id."""

    key: str
    about: str
    about_object: str
    subject: str
    body: str
    due_on: str
    owner: str | None
    priority: Literal["low", "normal", "high"]
    id: str | None = None
    done: bool = False


class Reader(Protocol):
    """Brings records in. Every method may raise the ``ConnectorError`` family and nothing else."""

    def identify(self) -> Identity:
        """Sign in and say which org or portal this is; asked for once."""
        ...

    def hot(self, wanted: Sequence[Wanted]) -> Iterator[Page]:
        """What changed since each cursor; a first pull (no cursor) is a full read that ends with one."""
        ...

    def warm(self, wanted: Sequence[Wanted]) -> Iterator[Page]:
        """What hot cannot see of the same objects: archived and merged records."""
        ...

    def cold(self, wanted: Sequence[Wanted]) -> Iterator[Page]:
        """Everything live, page by page (``full`` pages); leaves hot's cursor alone."""
        ...

    def fetch(self, object_: str, ids: Sequence[str], fields: Sequence[str]) -> Mapping[str, RawRecord]:
        """The present state of these records by the id asked for; deleted, merged-away and unknown ids are left out."""
        ...

    def people(self) -> tuple[Person, ...]:
        """Everyone who can own a record, inactive ones included."""
        ...

    def describe(self, objects: Sequence[str]) -> Mapping[str, ObjectSchema]:
        """The CRM's own schema; an object it does not know is left out. Stage and pipeline values are choices."""
        ...


class Writer(Protocol):
    """Takes changes out. Sending never raises for one record's fault: it becomes that write's outcome."""

    def send(self, writes: Sequence[Write]) -> Iterator[Outcome]:
        """Update records, in batches as large as the CRM takes; one outcome per write, in any order.

        While the CRM works on a job, outcomes that are ``unknown`` come before the final ones; the last one of a write counts.
        A failure of the connection makes the outcome ``unknown`` for every write that may have landed and ``retry``
        for those that surely did not.
        """
        ...

    def prepare_tasks(self, tasks: Sequence[TaskDraft]) -> None:
        """Ask now what ``put_tasks`` must know, so that nothing but sending is left; what fails is asked again there."""
        ...

    def put_tasks(self, tasks: Sequence[TaskDraft]) -> Iterator[Outcome]:
        """Create (``id`` None), update or close tasks; a create whose fate is unknown is never repeated here."""
        ...

    def find_tasks(self, tasks: Sequence[TaskDraft], *, deleted_too: bool = False) -> Mapping[str, RawRecord]:
        """Read back tasks by their key, through the CRM's unique field or the tasks of their record; found ones only.

        ``deleted_too``: of those that nobody sees any more also what the CRM still remembers (its life is then ``deleted``).
        Values come under the house's names: subject, body, due_on, owner, done, key.
        """
        ...

    def lands_within(self) -> timedelta:
        """How long after it was sent a task's creation without an answer may still take effect.

        Zero where the CRM itself holds the key unique, so that a second creation ends in the first.
        """
        ...

    def normal(self, schema: FieldSchema, value: str | None) -> str | None:
        """``value`` in the normal form in which this field is compared: scale, length, case, id length, choice value."""
        ...


class FieldMaker(Protocol):
    """Creates the fields that partnersync writes to, where the CRM lets an integration do so."""

    def create_fields(self, object_: str, fields: Sequence[FieldSchema]) -> Iterable[Outcome]:
        """One outcome per field, keyed by its name; an existing one is ``applied``."""
        ...


class Connector(Reader, Writer, FieldMaker, Protocol):
    """One signed-in connection to one CRM org or portal; used by one thread at a time."""

    @property
    def capabilities(self) -> Capabilities:
        """What can be done here, as far as known."""
        ...

    def close(self) -> None:
        """Give back sockets; the connector is not used afterwards."""
        ...
