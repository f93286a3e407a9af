"""The Salesforce org as the server, the control endpoint and the generator see it."""

# ruff: noqa: S608 (only names from our own schema enter the SQL; values are parameters)

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from sandbox.clock import Clock
from sandbox.salesforce import labels
from sandbox.salesforce.bulk1 import Bulk1
from sandbox.salesforce.errors import MESSAGES, SalesforceError
from sandbox.salesforce.ids import create_sequences, full_id
from sandbox.salesforce.limits import Quota
from sandbox.salesforce.loading import found_org, load
from sandbox.salesforce.objects.model import SObject
from sandbox.salesforce.org import Org
from sandbox.salesforce.query import Queries
from sandbox.salesforce.records import Actor, Records
from sandbox.salesforce.rest import Rest
from sandbox.salesforce.schema import Schema
from sandbox.salesforce.signin import SignIn
from sandbox.salesforce.statuses import TaskStatuses
from sandbox.settings import Settings
from sandbox.store import Store
from sandbox.wire import Reply, Request, build_request

_STAMPS = frozenset(("CreatedDate", "LastModifiedDate", "SystemModstamp", "LastStageChangeDate", "CompletedDateTime"))
_AUTHORS = frozenset(("CreatedById", "LastModifiedById"))
T = TypeVar("T")


class Salesforce:
    """A `Vendor`: one org."""

    name = "salesforce"

    def __init__(self, store: Store, clock: Clock, settings: Settings) -> None:
        store.on_connect(lambda db: db.create_function("sf_fold", 1, _folded, deterministic=True))
        with store.write(hooked=False) as db:
            create_sequences(db)
            schema = Schema(store, settings, clock)
            records = Records(store, schema, clock, settings)
            queries = Queries(store, schema, clock, settings)
            self._org = Org(store, clock, settings, schema, records, queries)
            self.integration_user = found_org(self._org)
            self._statuses = TaskStatuses(self._org, self.integration_user)
            self._statuses.follow()
            self.signin = SignIn(self._org, self.integration_user)
            self._bulk1 = Bulk1(self._org, self.signin)
        self._quota = Quota(clock, settings)
        self._rest = Rest(self._org, self.signin, self._quota)

    def owns(self, path: str) -> bool:
        """`/services/…` and `/id/…` are Salesforce's."""
        return path.startswith(("/services/", "/id/")) or path == "/services"

    def endpoint(self, request: Request) -> str:
        """The label of a call."""
        return labels.label(_as_meant(request))

    def is_write(self, request: Request) -> bool:
        """Whether a call would change records."""
        return labels.is_write(_as_meant(request))

    def answer(self, request: Request) -> Reply:
        """Do what a call asks."""
        request = _as_meant(request)
        self._statuses.follow()
        if request.path.rstrip("/") == "/services/data" or request.path.startswith("/services/data/"):
            return self._rest.answer(request)
        if request.path.startswith("/services/async"):
            return self._bulk1.answer(request)
        return self.signin.answer(request)

    def rate_limited(self, form: str, request: Request) -> Reply:
        """403 REQUEST_LIMIT_EXCEEDED; forms `default` (a day's calls), `long_running` and `concurrent`."""
        messages = {
            "default": MESSAGES["REQUEST_LIMIT_EXCEEDED"],
            "long_running": "ConcurrentPerOrgLongTxn Limit exceeded.",
            "concurrent": "ConcurrentRequests (Concurrent API Requests) Limit exceeded.",
        }
        error = SalesforceError("REQUEST_LIMIT_EXCEEDED", messages.get(form, messages["default"]))
        return error.reply(self._quota.header())

    def load(self, object_name: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        """Store many rows unchecked; `Id` and stamps may be given. Raises: `ValueError`."""
        return load(self._org, object_name, rows, self.integration_user)

    def add_field(self, object_name: str, definition: Mapping[str, Any]) -> None:
        """Add a custom field from a describe-like definition. Raises: `ValueError`."""
        self._org.schema.add_field(object_name, definition)

    def create(self, object_name: str, fields: Mapping[str, Any], person: str) -> str:
        """Create a record as a person. Raises: `ValueError`."""
        return self._as_person(lambda: self._org.records.create(self._object(object_name), fields, self._actor(person)))

    def edit(self, object_name: str, record_id: str, fields: Mapping[str, Any], person: str) -> None:
        """Change a record as a person. Raises: `ValueError`."""
        self._as_person(
            lambda: self._org.records.update(self._object(object_name), _known(record_id), fields, self._actor(person))
        )

    def delete(self, object_name: str, record_id: str, person: str) -> None:
        """Delete a record as a person. Raises: `ValueError`."""
        self._as_person(
            lambda: self._org.records.delete(self._object(object_name), _known(record_id), self._actor(person))
        )

    def restore(self, object_name: str, record_id: str, person: str) -> None:
        """Undelete a record as a person. Raises: `ValueError`."""
        self._as_person(
            lambda: self._org.records.undelete(self._object(object_name), _known(record_id), self._actor(person))
        )

    def merge(self, object_name: str, winner_id: str, loser_ids: Sequence[str], person: str) -> str:
        """Merge records as a person; the winner keeps its id. Raises: `ValueError`."""
        winner, losers = _known(winner_id), [_known(loser) for loser in loser_ids]
        self._as_person(lambda: self._org.records.merge(self._object(object_name), winner, losers, self._actor(person)))
        return winner

    def objects(self) -> list[str]:
        """The objects of the org."""
        return [sobject.name for sobject in self._org.schema.objects()]

    def dump(self, object_name: str, stamps: bool) -> list[dict[str, Any]]:
        """Every row, deleted ones too, by id. Raises: `ValueError`."""
        sobject = self._object(object_name)
        self._statuses.follow()
        left_out = frozenset[str]() if stamps else _STAMPS | _AUTHORS
        fields = [field for field in sobject.fields if field.name not in left_out]
        columns = ", ".join(f'"{field.name}"' for field in fields)
        with self._org.store.read() as db:
            rows = db.execute(f'SELECT {columns} FROM {sobject.table} ORDER BY "Id"').fetchall()
        return [
            {
                field.name: value == 1 if field.type == "boolean" else value
                for field, value in zip(fields, row, strict=True)
            }
            for row in rows
        ]

    def _object(self, name: str) -> SObject:
        found = self._org.schema.find(name)
        if found is None:
            raise ValueError(f"no such object: {name}")
        return found

    def _actor(self, person: str) -> Actor:
        if not person:
            return Actor(self.integration_user, api=False)
        with self._org.store.write(hooked=False) as db:
            row = db.execute(
                'SELECT "Id" FROM "sf_User" WHERE "Name" = ? OR "Username" = ? OR "Id" = ?'
                ' ORDER BY "IsActive" DESC, "Id"',
                (person, person, person),
            ).fetchone()
            if row is not None:
                return Actor(str(row[0]), api=False)
            first, _, last = person.rpartition(" ")
            username = f"{person.lower().replace(' ', '.')}@sandbox.example"
            user = {"FirstName": first or None, "LastName": last, "Username": username, "Email": username}
            (user_id,) = self.load("User", [{**user, "Alias": last[:8].lower()}])
            return Actor(user_id, api=False)

    def _as_person(self, act: Callable[[], T]) -> T:
        try:
            return act()
        except SalesforceError as error:
            raise ValueError(str(error)) from error


def _known(record_id: str) -> str:
    found = full_id(record_id)
    if found is None:
        raise ValueError(f"not an id: {record_id}")
    return found


def _as_meant(request: Request) -> Request:
    """A POST with `_HttpMethod` stands for that method, for clients that cannot send PATCH."""
    meant = request.param("_HttpMethod")
    if request.method != "POST" or not meant:
        return request
    return build_request(
        meant, request.target, request.headers.items(), request.body, request.base_url, request.peer_port
    )


def _folded(text: Any) -> Any:
    return text.casefold() if isinstance(text, str) else text
