"""Put tasks, and find them again by their key.

A task comes once. If the portal has a unique property ``partnersync_key`` on tasks, HubSpot itself refuses a second one:
creating twice ends in the first. Whether tasks may have such a property is not documented, so without it the key stands in
a line of the body, a creation whose fate is unknown is reported so and never repeated here, and a task is found through
the tasks of its record: association reads are exact, while the search index lags. Where an answer does not repeat the trace
ids (recorded ones do not), the key in a new task says which one it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import groupby

from connectors.base import TaskDraft
from connectors.hubspot.associations import Associations
from connectors.hubspot.batches import Input, alike, sent
from connectors.hubspot.calls import BATCH, Calls
from connectors.hubspot.exchange import Answer
from connectors.hubspot.records import Json, raw_record
from connectors.hubspot.task_texts import KEY_PROPERTY, READ, TASKS, key_in, properties, told
from partnersync.changes import Outcome
from partnersync.clock import Clock
from partnersync.errors import ConnectorError, QuotaError, RejectedError, UnauthorizedError, UnavailableError
from partnersync.records import Identity, RawRecord


class Tasks:
    """The tasks of one portal."""

    def __init__(
        self, calls: Calls, associations: Associations, identity: Callable[[], Identity], clock: Clock
    ) -> None:
        self._clock = clock
        self._calls = calls
        self._associations = associations
        self._identity = identity
        self._known_keyed: bool | None = None

    def prepare(self, drafts: Sequence[TaskDraft]) -> None:
        """Ask what creating these needs: remembered where it is told."""
        for object_ in sorted({draft.about_object for draft in drafts if not _is_known(draft)}):
            with suppress(ConnectorError):
                self._associations.unlabelled(TASKS, object_)
                self.keyed()

    def put(self, drafts: Sequence[TaskDraft]) -> Iterator[Outcome]:
        """Create those without an id, update or close the others; one outcome per draft.

        Raises:
            UnauthorizedError, QuotaError: the first of them, after every draft was told what became of it.
        """
        failed: ConnectorError | None = None
        for known, group in groupby(sorted(drafts, key=_is_known), key=_is_known):
            some = list(group)
            try:
                yield from self._changed(some) if known else self._created(some)
            except (UnauthorizedError, QuotaError) as error:
                failed = failed or error
        if failed is not None:
            raise failed

    def _changed(self, drafts: Sequence[TaskDraft]) -> Iterator[Outcome]:
        yield from self._sent(drafts, self._change, partial(self._calls.update, TASKS))

    def _created(self, drafts: Sequence[TaskDraft]) -> Iterator[Outcome]:
        """Of all objects together; one that takes no tasks keeps none from the others."""
        left, failed = list(drafts), None
        for object_ in sorted({draft.about_object for draft in drafts}):
            try:
                self._associations.unlabelled(TASKS, object_)
            except ConnectorError as error:
                keys = [draft.key for draft in left if draft.about_object == object_]
                left = [draft for draft in left if draft.about_object != object_]
                yield from alike(keys, "rejected" if isinstance(error, RejectedError) else "retry", error)
                failed = failed or (error if isinstance(error, (UnauthorizedError, QuotaError)) else None)
        if left:
            yield from self._settled(self._sent(left, self._creation, self._create))
        if failed is not None:
            raise failed

    def _sent(
        self,
        drafts: Sequence[TaskDraft],
        prepared: Callable[[TaskDraft], Input],
        send: Callable[[Sequence[Json]], Answer],
    ) -> Iterator[Outcome]:
        """Outcomes, also where asking HubSpot what a task must look like failed and so nothing was sent."""
        keys = [draft.key for draft in drafts]
        try:
            inputs = [prepared(draft) for draft in drafts]
        except RejectedError as error:
            yield from alike(keys, "rejected", error)
        except ConnectorError as error:
            yield from alike(keys, "retry", error)
            if not isinstance(error, UnavailableError):
                raise
        else:
            yield from sent(inputs, send)

    def _create(self, inputs: Sequence[Json]) -> Answer:
        answer = self._calls.create(TASKS, inputs, unique=self.keyed())
        return replace(answer, body={**answer.body, "results": [_traced(each) for each in answer.results]})

    def find(self, drafts: Sequence[TaskDraft], *, deleted_too: bool = False) -> Mapping[str, RawRecord]:
        """The tasks that exist, by key: by their id, the unique property, or among the tasks of their record.

        An archived one has lost its record and its unique value may be given again: it is found in the list of all of them.
        """
        if not drafts:
            return {}
        found: dict[str, RawRecord] = {}
        keys = {draft.key for draft in drafts}
        for json in self._read([draft.id for draft in drafts if draft.id is not None]):
            self._keep(found, keys, json, {draft.id: draft.key for draft in drafts})
        missing = [draft for draft in drafts if draft.key not in found]
        if missing and self.keyed():
            for json in self._read([draft.key for draft in missing], KEY_PROPERTY):
                self._keep(found, keys, json)
            missing = [draft for draft in missing if draft.key not in found]
        for object_ in sorted({draft.about_object for draft in missing}):
            records = [draft.about for draft in missing if draft.about_object == object_]
            links = self._associations.of(object_, TASKS, records)
            ids = {link.id for own in links.values() for link in own}
            for json in self._read(sorted(ids, key=_age)):
                self._keep(found, keys, json)
        if deleted_too and keys - found.keys():
            archived: dict[str, RawRecord] = {}
            for json in self._archived():
                self._keep(archived, keys - found.keys(), json)
            found |= {key: replace(record, life="deleted") for key, record in archived.items()}
        return found

    def keyed(self) -> bool:
        """Whether tasks have our unique property; asked once."""
        if self._known_keyed is None:
            try:
                found = self._calls.property(TASKS, KEY_PROPERTY).body
            except RejectedError:
                found = {}
            self._known_keyed = found.get("hasUniqueValue") is True
        return self._known_keyed

    def _keep(
        self, found: dict[str, RawRecord], keys: set[str], json: Json, by_id: Mapping[str | None, str] | None = None
    ) -> None:
        """The oldest task of each key; a task that a person edited may have lost its key and is known by its id."""
        identity = self._identity()
        record = raw_record(identity.org, TASKS, json, (), self._clock.now())
        if not isinstance(record, RawRecord):
            return
        values = told(json, identity.timezone or "UTC")
        key = (by_id or {}).get(record.ref.id) or values["key"]
        if not isinstance(key, str) or key not in keys:
            return
        before = found.get(key)
        if before is None or _age(record.ref.id) < _age(before.ref.id):
            found[key] = replace(record, values={**values, "key": key})

    def _read(self, ids: Sequence[str], id_property: str | None = None) -> Iterator[Json]:
        for start in range(0, len(ids), BATCH):
            yield from self._calls.read(TASKS, ids[start : start + BATCH], READ, id_property).results

    def _archived(self) -> Iterator[Json]:
        after: str | None = None
        while True:
            answer = self._calls.list(TASKS, READ, after, archived=True, limit=BATCH)
            yield from answer.results
            after = answer.after
            if after is None:
                return

    def _settled(self, outcomes: Iterator[Outcome]) -> Iterator[Outcome]:
        """A refused creation whose key is in the portal already was done before."""
        refused: list[Outcome] = []
        for outcome in outcomes:
            if outcome.status == "rejected" and self._known_keyed:
                refused.append(outcome)
            else:
                yield outcome
        try:
            there = {
                str((json.get("properties") or {}).get(KEY_PROPERTY)): str(json["id"])
                for json in self._read([outcome.key for outcome in refused], KEY_PROPERTY)
            }
        except ConnectorError as error:
            yield from alike((outcome.key for outcome in refused), "unknown", error)
            return
        for outcome in refused:
            id_ = there.get(outcome.key)
            yield outcome if id_ is None else Outcome(outcome.key, "applied", id=id_)

    def _change(self, draft: TaskDraft) -> Input:
        values = {"hs_task_status": "COMPLETED"} if draft.done else self._properties(draft)
        return Input(draft.key, {"id": draft.id, "properties": values}, draft.id)

    def _creation(self, draft: TaskDraft) -> Input:
        type_id = self._associations.unlabelled(TASKS, draft.about_object)
        values = {**self._properties(draft), "hs_task_type": "TODO"}
        values["hs_task_status"] = "COMPLETED" if draft.done else "NOT_STARTED"
        if self.keyed():
            values[KEY_PROPERTY] = draft.key
        to = {
            "to": {"id": draft.about},
            "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id}],
        }
        return Input(draft.key, {"properties": values, "associations": [to]})

    def _properties(self, draft: TaskDraft) -> dict[str, str]:
        return properties(draft, self._identity().timezone or "UTC", keyed=self.keyed())


def _is_known(draft: TaskDraft) -> bool:
    return draft.id is not None


def _traced(result: Json) -> Json:
    """A new task under its key where the answer does not repeat the trace id, which not every portal does."""
    if result.get("objectWriteTraceId") is not None:
        return result
    return {**result, "objectWriteTraceId": key_in(result)}


def _age(id_: str) -> tuple[int, str]:
    """HubSpot's ids grow."""
    return (int(id_), "") if id_.isdecimal() else (1 << 62, id_)
