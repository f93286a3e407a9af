"""What the CRMs should say of a case's deals: desired fields and open tasks, by the writeback of the config."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from mapping.book import Book
from mapping.conditions import compile_when
from partnersync.changes import TaskChange
from partnersync.clock import local_day
from partnersync.facts import Account
from partnersync.ids import Ref
from partnersync.records import Person
from reconcile.writeback.asked import shown_partner, task_facts, task_texts
from reconcile.writeback.config import ConnectionWriteback
from reconcile.writeback.desired import Desired, Standing, account_value, opportunity_value
from reconcile.writeback.tasks import Known, Wish, closing, decide, owner_of
from service.cases.facts import Grounds


@dataclass(frozen=True, slots=True)
class FieldWanted:
    """What one field of a record should say."""

    kind: Literal["opportunity", "account"]
    ref: Ref
    field: str
    desired: Desired


@dataclass(frozen=True, slots=True)
class TaskWanted:
    """A task of ours after the step, and what the step did with it."""

    task: Known
    action: Literal["create", "update", "keep", "close"]


@dataclass(slots=True)
class Desk:
    """Fields and tasks of one case. Tasks stay between its steps, as they would in the CRM."""

    grounds: Grounds
    tasks: dict[str, Known]

    def fields(self, book: Book, standings: Iterable[tuple[Standing, Account | None]]) -> Iterator[FieldWanted]:
        """Every field of every record that the config writes."""
        accounts: dict[Ref, tuple[Account, list[Standing]]] = {}
        for standing, account in standings:
            deal = standing.opportunity
            for name, rule in self._section(deal.ref).opportunity.items():
                wanted = opportunity_value(rule, standing, book, book.timezone, deal.ref.crm)
                yield FieldWanted("opportunity", deal.ref, name, wanted)
            if account is not None:
                accounts.setdefault(account.ref, (account, []))[1].append(standing)
        for ref, (account, held) in sorted(accounts.items()):
            for name, own in self._section(ref).account.items():
                value = account_value(own, account, held, book, book.timezone, ref.crm)
                yield FieldWanted("account", ref, name, value)

    def wanted(
        self, book: Book, standings: Iterable[tuple[Standing, Account | None]], as_of: datetime
    ) -> Iterator[TaskWanted]:
        """Every task that is open after this step, or that the step closed."""
        today = local_day(as_of, book.timezone)
        workspace = self.grounds.settings.workspace
        for standing, account in standings:
            deal = standing.opportunity.ref
            for rule in self._section(deal).tasks:
                mine = {key: task for key, task in self.tasks.items() if (task.rule, task.record) == (rule.id, deal)}
                if compile_when(rule.when, book.vocabulary, book.timezone).matches(task_facts(standing, account, book)):
                    owner = self._owner(book, standing)
                    change = decide(
                        workspace, Wish(rule, deal, task_texts(standing, account, book), owner, rule.task), mine, today
                    )
                    changes = [change] if change else []
                else:
                    changes = [change for task in mine.values() if (change := closing(task)) is not None]
                yield from self._kept(mine, changes)

    def _kept(self, mine: Mapping[str, Known], changes: Iterable[TaskChange]) -> Iterator[TaskWanted]:
        done = {change.key: change for change in changes}
        for key, change in done.items():
            task = Known(
                key, change.rule, change.record, change.epoch, replace(change.record, object="Task", id=key),
                "completed" if change.action == "task_close" else "open",
                change.subject, change.body, change.due_on, change.owner,
            )  # fmt: skip
            self.tasks[key] = task
            match change.action:
                case "task_create":
                    yield TaskWanted(task, "create")
                case "task_close":
                    yield TaskWanted(task, "close")
                case _:
                    yield TaskWanted(task, "update")
        yield from (TaskWanted(task, "keep") for key, task in mine.items() if key not in done and task.state == "open")

    def _section(self, ref: Ref) -> ConnectionWriteback:
        return self.grounds.settings.writeback.get(ref.org, ConnectionWriteback())

    def _owner(self, book: Book, standing: Standing) -> str | None:
        """The first who is named: a case has no list of people who left."""
        partner = shown_partner(standing, book)
        candidates = (standing.opportunity.owner, partner.manager if partner else None)
        fallback = self.grounds.settings.people.task_fallback
        deal = standing.opportunity.ref
        people = {
            who: Person(replace(deal, object="User", id=who), who, who, active=True)
            for who in (*candidates, fallback)
            if who
        }
        return owner_of(candidates, people, fallback)
