"""The calls that partnersync makes to HubSpot, each named once; arguments are HubSpot's own JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import Any

from hubspot import HubSpot

from connectors.hubspot.exchange import Answer, Exchange
from connectors.hubspot.refusals import Effect, unread, unread_ids
from connectors.retry import RetryPolicy
from partnersync.errors import UnavailableError

BATCH = 100
LIST_PAGE = 100
SEARCH_PAGE = 200
ASSOCIATION_BATCH = 1_000

Json = Mapping[str, Any]


class Calls:
    """Reads are tried again while that helps; a write that may have happened is not (``RetryPolicy``).

    Every method may raise the ``ConnectorError`` family.
    """

    def __init__(self, exchange: Exchange, policy: RetryPolicy) -> None:
        self._exchange = exchange
        self._policy = policy
        self._crm = HubSpot(api_factory=lambda package, name, _: getattr(package, name)(api_client=exchange)).crm

    def beside(self) -> Callable[[Callable[[], Answer]], Answer]:
        """What makes a read in another thread, counted as what this thread's calls are for."""
        line = self._exchange.line
        freshness = line.freshness

        def made(call: Callable[[], Answer]) -> Answer:
            with line.calls(freshness):
                return call()

        return made

    def account(self) -> Answer:
        """Which portal this is; the client has no call for it."""
        return self._tried("none", lambda: self._exchange.call_api("/account-info/v3/details", "GET"), "portalId")

    def owners(self, *, archived: bool, after: str | None) -> Answer:
        """A page of owners."""
        return self._ask("none", self._owners.get_page, limit=500, archived=archived, **_given(after=after))

    def list(self, object_: str, properties: Sequence[str], after: str | None, *, archived: bool, limit: int) -> Answer:
        """A page of all records, from the records themselves, in the order of their ids."""
        wanted = _given(after=after, properties=list(properties) or None)
        return self._ask("none", self._records.get_page, object_, limit=limit, archived=archived, **wanted)

    def search(self, object_: str, request: Json) -> Answer:
        """A page of what the search index holds; it lags behind the records."""
        return self._ask("none", self._search.do_search, object_, request)

    def read(
        self, object_: str, ids: Sequence[str], properties: Sequence[str], id_property: str | None = None
    ) -> Answer:
        """Up to 100 records by id or unique property: missing ones are left out, for merged-away ones stand their survivors."""
        request = {"properties": list(properties), "propertiesWithHistory": []} | _given(idProperty=id_property)
        return self._all(partial(self._batches.read, object_), request, [{"id": id_} for id_ in ids])

    def update(self, object_: str, inputs: Sequence[Json]) -> Answer:
        """Set properties of up to 100 records."""
        return self._ask("fixed", self._batches.update, object_, {"inputs": list(inputs)})

    def upsert(self, object_: str, inputs: Sequence[Json]) -> Answer:
        """Set properties of up to 100 records named by a unique property, making those that are missing."""
        return self._ask("fixed", self._batches.upsert, object_, {"inputs": list(inputs)})

    def create(self, object_: str, inputs: Sequence[Json], *, unique: bool = False) -> Answer:
        """Make up to 100 records; ``unique``: each holds a unique value, so that a second send makes no second one."""
        effect: Effect = "fixed" if unique else "new"
        return self._ask(effect, self._batches.create, object_, {"inputs": list(inputs)})

    def associations(self, one: str, other: str, inputs: Sequence[Json]) -> Answer:
        """What up to 1,000 records are associated with; each of them pages on its own."""
        return self._all(partial(self._links.get_page, one, other), {}, inputs)

    def association_types(self, one: str, other: str) -> Answer:
        """The association types from one object to another, built-in and labelled."""
        return self._ask("none", self._link_types.get_all, one, other)

    def properties(self, object_: str) -> Answer:
        """Every property that is not archived."""
        return self._ask("none", self._properties.get_all, object_, archived=False)

    def property(self, object_: str, name: str) -> Answer:
        """One property."""
        return self._ask("none", self._properties.get_by_name, object_, name, tells="name")

    def create_properties(self, object_: str, inputs: Sequence[Json]) -> Answer:
        """Make properties; a second send finds them there."""
        return self._ask("fixed", self._property_batches.create, object_, {"inputs": list(inputs)})

    def change_property(self, object_: str, name: str, changes: Json) -> Answer:
        """Change a property; ``options`` replaces the whole list."""
        return self._ask("fixed", self._properties.update, object_, name, changes)

    def groups(self, object_: str) -> Answer:
        """The groups that properties are shown in."""
        return self._ask("none", self._groups.get_all, object_)

    def create_group(self, object_: str, group: Json) -> Answer:
        """Make a property group."""
        return self._ask("fixed", self._groups.create, object_, group)

    def pipelines(self, object_: str) -> Answer:
        """The pipelines with their stages."""
        return self._ask("none", self._pipelines.get_all, object_)

    def _all(self, operation: Callable[..., Answer], request: Json, inputs: Sequence[Json]) -> Answer:
        """The results of a batch read, put together from several answers where HubSpot could not read some at first."""
        left, found = list(inputs), list[Mapping[str, Any]]()

        def send() -> Answer:
            answer = operation({**request, "inputs": left}, _preload_content=False)
            told = unread_ids(answer.body) if answer.body.get("results") is not None else frozenset[str]()
            again = [each for each in left if each["id"] in told]
            if again:
                found.extend(answer.results)
                left[:] = again
            return answer

        last = self._tried("none", send, "results")
        return replace(last, body={**last.body, "results": [*found, *last.results]})

    def _ask(
        self, effect: Effect, operation: Callable[..., Answer], *args: Any, tells: str = "results", **named: Any
    ) -> Answer:
        return self._tried(effect, lambda: operation(*args, _preload_content=False, **named), tells)

    def _tried(self, effect: Effect, send: Callable[[], Answer], tells: str) -> Answer:
        """The answer; of a read only one that ``tells`` all that was asked for: what it lacks must not pass for no records."""

        def sent() -> Answer:
            self._exchange.sending.effect = effect
            answer = send()
            if effect == "none" and answer.body.get(tells) is None:
                raise UnavailableError(f"HubSpot answered {answer.status} without {tells}", code="unreadable_answer")
            if effect == "none" and (error := unread(answer.status, answer.body)) is not None:
                raise error
            return answer

        around = self._exchange.line.surroundings
        reads = effect == "none"
        return self._policy.call(
            sent, stop=around.stop, idempotent=reads, before_again=None if reads else around.may_send
        )

    # The client makes a new API object at each attribute access; these are kept.

    @cached_property
    def _records(self) -> Any:
        return self._crm.objects.basic_api

    @cached_property
    def _search(self) -> Any:
        return self._crm.objects.search_api

    @cached_property
    def _batches(self) -> Any:
        return self._crm.objects.batch_api

    @cached_property
    def _links(self) -> Any:
        return self._crm.associations.v4.batch_api

    @cached_property
    def _link_types(self) -> Any:
        return self._crm.associations.v4.schema.definitions_api

    @cached_property
    def _properties(self) -> Any:
        return self._crm.properties.core_api

    @cached_property
    def _property_batches(self) -> Any:
        return self._crm.properties.batch_api

    @cached_property
    def _groups(self) -> Any:
        return self._crm.properties.groups_api

    @cached_property
    def _pipelines(self) -> Any:
        return self._crm.pipelines.pipelines_api

    @cached_property
    def _owners(self) -> Any:
        return self._crm.owners.owners_api


def _given(**named: Any) -> dict[str, Any]:
    return {name: value for name, value in named.items() if value is not None}
