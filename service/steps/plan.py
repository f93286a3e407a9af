"""Plan: the records that may need writing, what their fields should say, and the merge with what the CRM says now."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from partnersync.changes import Change, FieldChange, Plan, TaskChange
from partnersync.errors import ConnectorError
from partnersync.facts import Account, Opportunity
from partnersync.ids import Ref
from partnersync.records import Unreadable
from reconcile.writeback.config import ConnectionWriteback, FieldRule
from reconcile.writeback.desired import Desired, Standing, Unknown, account_value, opportunity_value
from reconcile.writeback.merge import Noted
from reconcile.writeback.plan import Cell, Held, field_change, plan
from reconcile.writeback.tasks import Known, review
from service.shop import Shop
from service.steps.cells import NONE_KNOWN, base_of, says
from service.steps.drift import unwritable
from service.steps.rules import Rules
from service.steps.settle import Moved, earned
from service.steps.tasking import Case, Tasking
from service.steps.writer import Schemas
from state.holds import Hold, Holds
from state.standings import Standings, StoredCell, StoredDeal, StoredRecord
from state.tasks import Tasks

DAY = timedelta(days=1)


@dataclass(slots=True)
class Planned:
    """The plan, which records were looked at and need nothing, which tasks people closed, which holds ended because another
    value is wanted, and which connections could not be asked.
    """

    plan: Plan
    quiet: list[int] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    let_go: list[tuple[Ref, str]] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


def plan_all(shop: Shop, rules: Rules, moved: Moved, tell: Callable[[int], None] = lambda _: None) -> Planned:
    """Plan for every record that may need writing."""
    planner = Planner(shop, rules, moved)
    changes: list[Change] = []
    quiet: list[int] = []
    store = Standings(shop.database)
    accounts: set[int] = set()
    looked = 0
    for ids in store.dirty("opportunity"):
        accounts |= store.accounts_of(ids)
        looked += _collect(planner.deals(ids), ids, changes, quiet)
        tell(looked)
    for ids in store.dirty("account"):
        accounts |= set(ids)
    listed = sorted(accounts)
    for start in range(0, len(listed), 500):
        some = listed[start : start + 500]
        looked += _collect(planner.accounts(some), some, changes, quiet)
        tell(looked)
    made = plan(shop.settings.workspace, rules.config, rules.as_of, changes)
    return Planned(made, quiet, planner.closed, planner.let_go, planner.failed)


def _collect(
    found: Iterable[tuple[int, Change | None]], ids: Iterable[int], changes: list[Change], quiet: list[int]
) -> int:
    busy = set()
    for id_, change in found:
        busy.add(id_)
        if change is not None:
            changes.append(change)
    listed = list(ids)
    quiet += [id_ for id_ in listed if id_ not in busy]
    return len(listed)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A deal that may need writing, and what the task rules ask of it."""

    id: int
    connection: str
    section: ConnectionWriteback
    deal: StoredDeal
    standing: Standing
    cases: Sequence[Case]
    made: frozenset[str] = frozenset()
    """Keys of all tasks of ours that it ever had."""


class Planner:
    """Plans chunks of records of one cycle."""

    def __init__(self, shop: Shop, rules: Rules, moved: Moved) -> None:
        self._shop = shop
        self._rules = rules
        self._moved = moved
        self._store = Standings(shop.database)
        self._schemas: dict[str, Schemas] = {}
        self._tasking = Tasking(shop, rules)
        self._timezone = rules.book.timezone
        self._unwritable = unwritable(shop)
        self._holds = {(each.ref, each.field): each for each in Holds(shop.database).all(ended=True)}
        self.let_go: list[tuple[Ref, str]] = []
        """Fields of which another value is wanted now than the one that was held back."""
        self.failed = dict(shop.failures)
        """Connections that could not be asked what a plan needs to know; nothing more is planned for them."""

    @property
    def closed(self) -> list[str]:
        """Keys of tasks that a person completed or deleted, as seen while planning."""
        return self._tasking.closed

    def deals(self, ids: Sequence[int]) -> Iterator[tuple[int, Change | None]]:
        """The changes of opportunities and their tasks; None where the CRM could not be asked and the record waits."""
        deals = self._store.deals(ids)
        cells = self._store.cells((deal.ref for deal in deals.values()), self._rules.as_of - DAY)
        tasks = Tasks(self._shop.database).of(deal.ref for deal in deals.values())
        standings = {id_: self.standing(deal) for id_, deal in deals.items()}
        accounts = self._accounts_of(each for each in standings.values() if each)
        asked: list[_Asked] = []
        for id_, deal in deals.items():
            connection, section = self._section(deal.ref)
            if section is None or not (section.opportunity or section.tasks) or deal.version is None:
                continue
            standing = standings[id_]
            if standing is None:
                continue
            account = accounts.get(standing.opportunity.account) if standing.opportunity.account else None
            stored = tasks.get(deal.ref, [])
            cases = (
                self._tasking.cases(connection, section, deal.ref, standing, stored, account)
                if standing.readable
                else []
            )
            made = frozenset(task.key for task in stored)
            asked.append(_Asked(id_, connection, section, deal, standing, cases, made))
        seen = self._seen(asked)
        for each in asked:
            yield from self._asked(each.connection, each.id, self._deal(each, cells, seen))

    def _seen(self, asked: Sequence[_Asked]) -> dict[str, Known]:
        """Our tasks of these deals that matter, as their CRMs have them now: one look for each CRM."""
        seen: dict[str, Known] = {}
        for connection in sorted({each.connection for each in asked} - self.failed.keys()):
            cases = [case for each in asked if each.connection == connection for case in each.cases]
            try:
                seen |= self._tasking.seen(connection, cases)
            except ConnectorError as error:
                self.failed[connection] = str(error)
        return seen

    def _deal(
        self, asked: _Asked, cells: Mapping[tuple[Ref, str], StoredCell], seen: Mapping[str, Known]
    ) -> Iterator[Change]:
        deal, standing = asked.deal, asked.standing
        for name, rule in asked.section.opportunity.items():
            wanted = opportunity_value(rule, standing, self._rules.book, self._timezone, deal.ref.crm)
            change = self._field(asked.connection, deal, name, rule, wanted, cells, standing.opportunity.name)
            if change is not None:
                yield change
                yield from self._question(change, asked.made, lambda: self._tasking.owner(asked.connection, standing))
        yield from self._tasking.changes(asked.cases, seen)

    def _accounts_of(self, standings: Iterable[Standing]) -> dict[Ref, Account]:
        """The accounts of these opportunities, where a task rule asks for one."""
        rules = [rule for section in self._shop.settings.writeback.values() for rule in section.tasks]
        texts = "".join(f"{rule.subject}{rule.body or ''}" for rule in rules)
        if "{account." not in texts and not any(
            c.field.startswith("account.") for r in rules for c in r.when.clauses()
        ):
            return {}
        refs = {standing.opportunity.account for standing in standings}
        found = self._store.named(ref for ref in refs if ref is not None).items()
        facts = {ref: self._shop.reader.fact("account", each.version.record) for ref, each in found if each.version}
        return {ref: fact for ref, fact in facts.items() if isinstance(fact, Account)}

    def accounts(self, ids: Sequence[int]) -> Iterator[tuple[int, Change | None]]:
        """The changes of accounts; None where the CRM could not be asked and the record waits."""
        records = self._store.records(ids)
        wanted = [id_ for id_, each in records.items() if (s := self._section(each.ref)[1]) is not None and s.account]
        by_account = self._store.deals_of(wanted)
        deals = self._store.deals(sorted({deal for held in by_account.values() for deal in held}))
        cells = self._store.cells((records[id_].ref for id_ in wanted), self._rules.as_of - DAY)
        asking = [records[id_].ref for id_ in wanted if self._asks(records[id_].ref)]
        tasks = Tasks(self._shop.database).of(asking) if asking else {}
        for id_ in wanted:
            connection, section = self._section(records[id_].ref)
            if section is None:
                continue
            held = (self.standing(deals[deal]) for deal in by_account[id_] if deal in deals)
            standings = [each for each in held if each is not None]
            made = {task.key for task in tasks.get(records[id_].ref, ())}
            changes = self._account(connection, section, records[id_], standings, cells, made)
            yield from self._asked(connection, id_, changes)

    def _account(
        self,
        connection: str,
        section: ConnectionWriteback,
        record: StoredRecord,
        standings: Sequence[Standing],
        cells: Mapping[tuple[Ref, str], StoredCell],
        made: Collection[str],
    ) -> Iterator[Change]:
        if record.version is None:
            return
        fact = self._shop.reader.fact("account", record.version.record)
        if isinstance(fact, Unreadable):
            return
        assert isinstance(fact, Account)
        for name, rule in section.account.items():
            value = account_value(rule, fact, standings, self._rules.book, self._timezone, record.ref.crm)
            change = self._field(connection, record, name, rule, value, cells, fact.name)
            if change is not None:
                yield change
                yield from self._question(change, made, lambda: self._tasking.first_active(connection, (fact.owner,)))

    def _asks(self, ref: Ref) -> bool:
        """Whether a person may be asked about a field of an account."""
        _, section = self._section(ref)
        return section is not None and any(rule.policy == "review" for rule in section.account.values())

    def _question(
        self, change: FieldChange, made: Collection[str], owner: Callable[[], str | None]
    ) -> Iterator[TaskChange]:
        """The task that asks a person about a field, where that is wanted and it was not made before."""
        if change.action == "review":
            task = review(self._shop.settings.workspace, change, owner(), self._tasking.today)
            if task.key not in made:
                yield task

    def _asked(self, connection: str, id_: int, changes: Iterator[Change]) -> Iterator[tuple[int, Change | None]]:
        """A plan asks a CRM for its schema and for tasks; one that does not answer keeps only its own records waiting."""
        if connection not in self.failed:
            try:
                for change in list(changes):
                    yield id_, change
            except ConnectorError as error:
                self.failed[connection] = str(error)
        if connection in self.failed:
            yield id_, None

    def standing(self, deal: StoredDeal) -> Standing | None:
        """An opportunity as it stands; None where there is nothing readable of it."""
        if deal.version is None:
            return None
        fact = self._shop.reader.fact("opportunity", deal.version.record)
        if isinstance(fact, Unreadable):
            return None
        assert isinstance(fact, Opportunity)
        return Standing(fact, deal.credits, earned(deal.posted, self._moved, deal.ref), deal.blocked, deal.readable)

    def _section(self, ref: Ref) -> tuple[str, ConnectionWriteback | None]:
        connection = self._shop.connection_of(ref.crm, ref.org) or ""
        return connection, self._shop.settings.writeback.get(connection)

    def _field(
        self,
        connection: str,
        record: StoredRecord,
        name: str,
        rule: FieldRule,
        wanted: Desired,
        cells: Mapping[tuple[Ref, str], StoredCell],
        label: str,
    ) -> FieldChange | None:
        assert record.version is not None
        if (connection, record.ref.object, name) in self._unwritable:
            return None
        known = cells.get((record.ref, name), NONE_KNOWN)
        current, hidden = says(record.version, name, known)
        base = base_of(record.version, known)
        if base is None and wanted.value is None and current is None:
            return None
        noted = Noted(*known.noted) if known.noted else None
        hold = self._holds.get((record.ref, name))
        held, released = self._held(hold) if hold else (None, None)
        lately = tuple(value for at, value in known.lately if released is None or at > released)
        cell = Cell(record.ref, name, rule, wanted, current, base, noted, hidden, label, lately, held)
        schemas = self._schema(connection)

        def normal(value: str | None) -> str | None:
            return schemas.normal(record.ref.object, name, value)

        if held is not None and not isinstance(wanted.value, Unknown) and normal(wanted.value) != normal(held.value):
            self.let_go.append((record.ref, name))
        return field_change(cell, normal)

    @staticmethod
    def _held(hold: Hold) -> tuple[Held | None, datetime | None]:
        return (Held(hold.value), None) if hold.released_at is None else (None, hold.released_at)

    def _schema(self, connection: str) -> Schemas:
        if connection not in self._schemas:
            self._schemas[connection] = self._shop.schemas(connection)
        return self._schemas[connection]
