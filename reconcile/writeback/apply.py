"""Do what was decided: journal each write before it is sent, send, read back, and say what became of every change.

The problem is the answer that never comes. A request that timed out may have landed, may land later, or never; a process may
die between the CRM's commit and ours. So no write is sent that the journal does not hold, and none that is in the journal
without an outcome is ever guessed at: the record is read. Field by field, with before = what it said when we decided:

    the CRM now says   then
    what we wanted     it landed: verified
    what it said       it did not land: send again (the same value to the same record: twice is once)
    something else     a person was faster: conflict; the next plan decides anew

Of several open writes to one record the newest says everything that was wanted last: an older one that did not land is
superseded and never sent again.

Where a person halts the workspace between two requests, what went before is read back and what did not go is left to the next
plan; while it is halted, or only a plan is wanted, what is open is read and stays so.

A task is found by its key. Where the CRM holds the key in a unique field, sending twice has one effect; where it cannot, a
create whose fate is unknown is looked for among the tasks of its record, and made again only when it is not there once any
landing has landed: a create of the last minutes may still be running inside the CRM, so before it is made again we wait as
long as one may run there, and look once more.

A change is sent only if the record still says what it said when the plan was made; what moved is listed and left to the
next plan. What the CRM refused is parked: not sent again while neither our values nor the record change, unless a
person asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from threading import Event
from typing import Literal

from partnersync.changes import Change, Done, FieldChange, Intent, Outcome, Status, TaskChange, Write
from partnersync.clock import Clock
from partnersync.errors import ConnectorError, HaltedError
from partnersync.ids import intent_key
from reconcile.writeback.grouping import chunks, in_requests, last_word, without
from reconcile.writeback.guards import SENDING
from reconcile.writeback.parties import Fence, Journal, Writer

_READ_CHUNK = 2000
_LONGEST_SEND = timedelta(minutes=10)
"""From the journal to the last byte: what a batch may wait for its turn, its retries and its answer."""
_SLICE = 20.0
_PATIENCE = timedelta(seconds=_SLICE)
"""How long a fence is good for while something is waited for."""
Normal = Callable[[str, str, str | None], str | None]
"""(object, field, value) → the value in the form in which this field is compared."""


@dataclass(frozen=True, slots=True)
class Applied:
    """One change and its outcome: applied, verified, unknown, rejected, conflict (the record moved) or parked."""

    change: Change
    status: Status
    message: str = ""


@dataclass(slots=True)
class Doer:
    """Applies changes of one org or portal; with ``insist`` also those that the CRM refused.

    ``recovering``: the database was restored, and tasks that it does not know may be there: each is looked for first.
    ``waited``: whatever was sent before has landed by now.
    """

    workspace: str
    journal: Journal
    writer: Writer
    fence: Fence
    normal: Normal
    stop: Event
    clock: Clock
    insist: bool = False
    recovering: bool = False
    waited: bool = False

    def apply(self, changes: Iterable[Change]) -> Iterator[Applied]:
        """Send what is to be sent; yields one outcome per change, as they come. Stops between batches when told to."""
        listed = [change for change in changes if change.action in SENDING]
        fields = [change for change in listed if isinstance(change, FieldChange)]
        for object_, group in groupby(fields, key=lambda change: change.ref.object):
            by_record = [tuple(each) for _, each in groupby(group, key=lambda change: change.ref)]
            sizes = self.writer.sizes(len(by_record))
            for chunk in chunks(by_record, max(sizes[0], _READ_CHUNK)):
                yield from self._fields(object_, chunk, sizes)
        for alike in in_requests(
            [change for change in listed if isinstance(change, TaskChange)], lambda change: change
        ):
            for tasks in chunks(alike, self.writer.batch):
                if self.stop.is_set():
                    return
                yield from self._tasks(tasks)

    def resolve(self, crm: str, org: str, *, send: bool = True) -> Iterator[Done]:
        """Settle what an earlier run left open, before anything new is planned: read, and send again what did not land.

        Not to ``send``, only to read, leaves open what did not land.
        """
        intents = self.journal.unresolved(crm, org)
        fields = [intent for intent in intents if intent.task is None]
        newest = {intent.ref: intent.key for intent in fields}
        for object_, group in groupby(
            sorted(fields, key=lambda i: (i.ref.object, i.ref.id)), key=lambda i: i.ref.object
        ):
            left = list(group)
            together, batch = self.writer.sizes(len(left))
            for chunk in chunks(left, max(together, _READ_CHUNK)):
                results, again = self._judge(object_, chunk)
                results, again = last_word(results, again, newest)
                self.journal.finish(results)
                yield from results
                for part in chunks(again, together) if send else ():
                    yield from self._send(object_, part, batch)
        for alike in in_requests([intent for intent in intents if intent.task is not None], lambda intent: intent.task):
            for tasks in chunks(alike, self.writer.batch):
                yield from self._resolve_tasks(tasks, send)

    def _fields(
        self, object_: str, records: Sequence[tuple[FieldChange, ...]], sizes: tuple[int, int]
    ) -> Iterator[Applied]:
        if self.stop.is_set():
            return
        names = sorted({change.field for record in records for change in record})
        now = self.writer.current(object_, [record[0].ref.id for record in records], names)
        ready: list[Intent] = []
        changes: dict[str, list[FieldChange]] = {}
        for record in records:
            held = []
            for change in record:
                problem = self._moved(change, now.get(change.ref.id))
                if problem:
                    yield Applied(change, "conflict", problem)
                else:
                    held.append(change)
            if held:
                intent = self._intent(held)
                ready.append(intent)
                changes[intent.key] = held
        parked = self._parked(ready)
        for key, said in parked.items():
            for change in changes[key]:
                yield Applied(change, "parked", f"refused before: {said}")
        together, batch = sizes
        for part in chunks([intent for intent in ready if intent.key not in parked], together):
            if self.stop.is_set():
                return
            for done in self._send(object_, part, batch):
                for change in changes[done.intent.key]:
                    yield Applied(change, done.status, done.message)

    def _moved(self, change: FieldChange, now: Mapping[str, str | None] | None) -> str:
        if now is None:
            return "the record is gone"
        if change.field not in now:
            return "the field is hidden now"
        said = self.normal(change.ref.object, change.field, now[change.field])
        return "" if said == change.current else f"changed since the plan: it says {said or 'nothing'} now"

    def _intent(self, changes: Sequence[FieldChange]) -> Intent:
        ref = changes[0].ref
        desired = {change.field: change.desired for change in changes}
        before = {change.field: change.current for change in changes}
        told = [f"{name}={'' if value is None else '=' + value}" for name, value in sorted(desired.items())]
        return Intent(intent_key("fields", self.workspace, str(ref), *told), ref, desired, before)

    def _send(self, object_: str, intents: Sequence[Intent], batch: int) -> list[Done]:
        """Journal, send request by request, read back what is not plainly refused, journal the outcomes."""
        self.fence.check()
        self.journal.begin(intents)
        by_key = {intent.key: intent for intent in intents}
        outcomes, halted = self._request_by_request(intents, batch)
        results: list[Done] = []
        unsure: list[Intent] = []
        for key, intent in by_key.items():
            outcome = outcomes.get(key, Outcome(key, "unknown", message="the CRM's answer does not mention it"))
            if outcome.status in {"rejected", "conflict"}:
                results.append(Done(intent, _STATUS[outcome.status], code=outcome.code, message=outcome.message))
            elif outcome.status == "applied" and outcome.echo is not None:
                results.append(self._verified(intent, outcome.echo))
            else:
                unsure.append(intent)
        try:
            read, again = self._judge(
                object_, unsure, {key for key, told in outcomes.items() if told.status == "applied"}
            )
        except ConnectorError as error:
            results += [Done(intent, "unknown", message=f"could not be read back: {error}") for intent in unsure]
        else:
            results += read
            for intent in again:
                told = outcomes.get(intent.key)
                refused = told is not None and told.status == "retry"
                message = told.message if told else "no trace of it yet"
                results.append(Done(intent, "pending" if refused else "unknown", message=message))
        self.journal.finish(results)
        if halted:
            raise halted
        return results

    def _request_by_request(
        self, intents: Sequence[Intent], batch: int
    ) -> tuple[dict[str, Outcome], HaltedError | None]:
        """What the CRM said of each, by key, and the halt that came in between: no request goes out after it."""
        outcomes: dict[str, Outcome] = {}
        halted: HaltedError | None = None
        for part in chunks(intents, batch):
            if halted or (outcomes and self.stop.is_set()):
                outcomes.update((intent.key, _not_sent(intent, halted)) for intent in part)
                continue
            try:
                self.fence.check()
            except HaltedError as error:
                halted = error
                outcomes.update((intent.key, _not_sent(intent, halted)) for intent in part)
                continue
            checked_at = self.clock.now()
            try:
                for outcome in self.writer.send([Write(i.key, i.ref, i.desired) for i in part]):
                    outcomes[outcome.key] = outcome
                    if self.clock.now() - checked_at > _PATIENCE:  # a job in the CRM outlasts the lease
                        self.fence.check()
                        checked_at = self.clock.now()
            except HaltedError as error:  # within the request, before a second try: the first may have landed
                halted = error
        return outcomes, halted

    def _judge(
        self, object_: str, intents: Sequence[Intent], taken: Collection[str] = ()
    ) -> tuple[list[Done], list[Intent]]:
        """Read the records and say of each whether the write landed; the second list did not land (yet).

        The CRM said of those that are ``taken`` (keys) that it wrote them: where nobody changed the record after us, another
        value than was sent is the CRM's own form of it, as a flow or a trigger makes it, and no person's edit.
        """
        if not intents:
            return [], []
        names = sorted({name for intent in intents for name in intent.desired})
        now = self.writer.read_back(object_, [intent.ref.id for intent in intents], names)
        results: list[Done] = []
        again: list[Intent] = []
        for intent in intents:
            found = now.get(intent.ref.id)
            said = found.values if found else {}
            if found is None:
                results.append(Done(intent, "conflict", message="the record is gone"))
            elif found.by_us and intent.key in taken:
                results.append(self._verified(intent, said))
            elif self._same(intent, said, intent.desired):
                results.append(Done(intent, "verified", {name: said.get(name) for name in intent.desired}))
            elif self._same(intent, said, intent.before):
                again.append(intent)
            else:
                results.append(Done(intent, "conflict", message="somebody else changed it meanwhile"))
        return results, again

    def _verified(self, intent: Intent, said: Mapping[str, str | None]) -> Done:
        read = {name: said.get(name) for name in intent.desired}
        if self._same(intent, read, intent.desired):
            return Done(intent, "verified", read)
        return Done(intent, "applied", read, message="the CRM keeps another value than was sent")

    def _same(self, intent: Intent, said: Mapping[str, str | None], wanted: Mapping[str, str | None]) -> bool:
        normal, object_ = self.normal, intent.ref.object
        return all(normal(object_, name, said.get(name)) == normal(object_, name, wanted[name]) for name in wanted)

    def _tasks(self, changes: Sequence[TaskChange]) -> Iterator[Applied]:
        by_key = {change.key: change for change in changes}
        # Whoever is sent and not answered for is looked for by the next run first: by then any late landing has landed.
        ref = changes[0].record
        waiting = {intent.key for intent in self.journal.unresolved(ref.crm, ref.org)} & by_key.keys()
        for key in sorted(waiting):
            yield Applied(by_key[key], "unknown", "sent before, and not yet known to be there")
        intents = [self._task_intent(change) for change in changes if change.key not in waiting]
        parked = self._parked(intents)
        for key, said in parked.items():
            yield Applied(by_key[key], "parked", f"refused before: {said}")
        ready = [intent for intent in intents if intent.key not in parked]
        there = self._found(ready)
        for done in there:
            yield Applied(by_key[done.intent.key], done.status, "was there already")
        taken = {done.intent.key for done in there}
        ready = [intent for intent in ready if intent.key not in taken]
        for done in self._put(ready) if ready else ():
            yield Applied(by_key[done.intent.key], done.status, done.message)

    def _found(self, intents: Sequence[Intent]) -> list[Done]:
        """The tasks that an earlier life of the database made: ours from now on, as they are, or as somebody deleted them."""
        there = self._there(intents) if self.recovering else []
        if there:
            self.journal.begin([done.intent for done in there])
            self.journal.finish(there)
        return there

    def _parked(self, intents: Sequence[Intent]) -> Mapping[str, str]:
        return {} if self.insist else self.journal.park(intents)

    @staticmethod
    def _task_intent(change: TaskChange) -> Intent:
        return Intent(change.key, change.record, task=change)

    def _put(self, intents: Sequence[Intent]) -> list[Done]:
        tasks = [intent.task for intent in intents if intent.task is not None]
        self.writer.prepare_tasks(tasks)  # so that nothing comes between the fence and the request
        self.fence.check()
        self.journal.begin(intents)
        try:
            self.fence.check()
        except HaltedError as error:
            self.journal.finish([Done(i, "unknown" if i.begun_at else "pending", message=str(error)) for i in intents])
            raise
        outcomes = {outcome.key: outcome for outcome in self.writer.put_tasks(tasks)}
        results = []
        for intent in intents:
            outcome = outcomes.get(intent.key, Outcome(intent.key, "unknown", message="no answer for it"))
            results.append(
                Done(intent, _STATUS[outcome.status], id=outcome.id, code=outcome.code, message=outcome.message)
            )
        self.journal.finish(results)
        return results

    def _resolve_tasks(self, intents: Sequence[Intent], send: bool) -> Iterator[Done]:
        """A create that is found is done, and one that is not there is sent again.

        An update or a close of which the task shows nothing is left to the next plan, which looks whether a person edited it.
        """
        landed = self._landed(intents)
        yield from landed
        again = without(intents, landed)
        if not send:
            return
        replanned = [Done(each, "pending", message="no trace of it yet") for each in again if not _creates(each)]
        self.journal.finish(replanned)
        yield from replanned
        again = without(again, replanned)
        if any(self._may_still_land(intent) for intent in again):
            if not self._wait_for_landings():
                return  # told to stop: what is open stays open
            landed = self._landed(again)
            yield from landed
            again = without(again, landed)
        if again:
            yield from self._put(again)

    def _landed(self, intents: Sequence[Intent]) -> list[Done]:
        landed = self._there(intents)
        self.journal.finish(landed)
        return landed

    def _there(self, intents: Sequence[Intent]) -> list[Done]:
        """Whose task is in the CRM, or was until somebody deleted it; of updates and closes: whose task says what they wanted."""
        tasks = [each.task for each in intents if each.task is not None]
        creates = [task for task in tasks if task.action == "task_create"]
        changes = [task for task in tasks if task.action != "task_create"]
        found = dict(self.writer.find_tasks(creates, deleted_too=True)) if creates else {}
        found |= self.writer.changed_tasks(changes) if changes else {}
        return [Done(intent, "applied", id=found[intent.key]) for intent in intents if intent.key in found]

    def _may_still_land(self, intent: Intent) -> bool:
        """Whether a create may still be running, though nobody waits for its answer any more."""
        if self.waited or not _creates(intent) or intent.begun_at is None:
            return False
        lands_within = self.writer.lands_within()
        return bool(lands_within) and self.clock.now() - intent.begun_at < lands_within + _LONGEST_SEND

    def _wait_for_landings(self) -> bool:
        """Wait out whatever was sent before now; false when told to stop."""
        left = self.writer.lands_within().total_seconds()
        while left > 0:
            self.fence.check()
            if self.stop.wait(min(left, _SLICE)):
                return False
            left -= _SLICE
        self.waited = True
        return True


_STATUS: Mapping[Literal["applied", "rejected", "unknown", "retry", "conflict"], Status] = {
    "applied": "applied",
    "rejected": "rejected",
    "unknown": "unknown",
    "retry": "pending",
    "conflict": "conflict",
}


def _creates(intent: Intent) -> bool:
    return intent.task is not None and intent.task.action == "task_create"


def _not_sent(intent: Intent, halted: HaltedError | None) -> Outcome:
    """Left to the next plan; one that an earlier run sent may land all the same, so that its fate stays unknown."""
    why = f"not sent: {halted or 'told to stop'}"
    return Outcome(intent.key, "unknown" if intent.begun_at else "retry", message=why)
