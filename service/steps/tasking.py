"""Plan the tasks of many deals: what their rules ask for, and one look at the CRM for all that people may have touched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from mapping.conditions import Decider, compile_when
from partnersync.changes import TaskChange
from partnersync.clock import local_day
from partnersync.facts import Account
from partnersync.ids import Ref
from partnersync.records import Person
from reconcile.writeback.asked import shown_partner, task_facts, task_texts
from reconcile.writeback.config import ConnectionWriteback, TaskRule
from reconcile.writeback.desired import Standing
from reconcile.writeback.tasks import Known, Wish, closing, decide, epoch_of, owner_of
from service.shop import Shop
from service.steps.known import as_known, looked_up
from service.steps.rules import Rules
from state.people import People
from state.tasks import StoredTask


@dataclass(frozen=True, slots=True)
class Case:
    """What one rule asks of one deal: ``wish`` is None where it asks for nothing (any more)."""

    rule: TaskRule
    mine: Mapping[str, Known]
    wish: Wish | None


class Tasking:
    """Plans the tasks of one cycle; a CRM is asked once for each chunk of deals, and only about tasks where it matters."""

    def __init__(self, shop: Shop, rules: Rules) -> None:
        self._shop = shop
        self._rules = rules
        self._workspace = shop.settings.workspace
        self._whens: dict[str, Decider] = {}
        self._people: dict[str, Mapping[str, Person]] = {}
        self.today = local_day(rules.as_of, rules.book.timezone)
        self.closed: list[str] = []
        """Keys of tasks that a person completed or deleted, as seen while planning."""

    def cases(
        self,
        connection: str,
        section: ConnectionWriteback,
        ref: Ref,
        standing: Standing,
        stored: Sequence[StoredTask],
        account: Account | None,
    ) -> list[Case]:
        """What the rules of a connection ask of one of its deals."""
        facts = task_facts(standing, account, self._rules.book)
        texts = task_texts(standing, account, self._rules.book)
        found = []
        for rule in section.tasks:
            mine = {task.key: as_known(task) for task in stored if task.rule in (rule.id, rule.was)}
            wish = None
            if self._when(rule).matches(facts):
                wish = Wish(rule, ref, texts, self.owner(connection, standing), rule.task)
            found.append(Case(rule, mine, wish))
        return found

    def seen(self, connection: str, cases: Iterable[Case]) -> dict[str, Known]:
        """Our tasks that matter, as the CRM has them now, in one look for all of ``cases``.

        Raises:
            ConnectorError: it could not be asked.
        """
        mine = {key: task for case in cases if self._matters(case) for key, task in case.mine.items()}
        if not mine:
            return {}
        seen = looked_up(self._shop.crm(connection), mine)
        self.closed += [key for key, task in seen.items() if task.state != "open" and mine[key].state == "open"]
        return seen

    def changes(self, cases: Iterable[Case], seen: Mapping[str, Known]) -> Iterator[TaskChange]:
        """What is to be done about the tasks of one deal; ``seen`` is what a look at the CRM gave."""
        for case in cases:
            mine = {key: seen.get(key, task) for key, task in case.mine.items()}
            if case.wish is None:
                yield from (change for task in mine.values() if (change := closing(task)) is not None)
            elif (change := decide(self._workspace, case.wish, mine, self.today)) is not None:
                yield change

    def owner(self, connection: str, standing: Standing) -> str | None:
        """Who gets a task about a deal."""
        partner = shown_partner(standing, self._rules.book)
        return self.first_active(connection, (standing.opportunity.owner, partner.manager if partner else None))

    def first_active(self, connection: str, candidates: tuple[str | None, ...]) -> str | None:
        """Who of these gets a task, or who stands in for them."""
        if connection not in self._people:
            self._people[connection] = People(self._shop.database).of(self._shop.sites[connection])
        return owner_of(candidates, self._people[connection], self._shop.settings.people.task_fallback)

    def _matters(self, case: Case) -> bool:
        """Whether what a person did to our tasks decides: where we would write to one, close it, or follow it by another."""
        if case.wish is None:
            return any(closing(task) for task in case.mine.values())
        changes = decide(self._workspace, case.wish, case.mine, self.today) is not None
        return (changes and bool(case.mine)) or self._rolls_over(case.rule, case.mine, self.today)

    @staticmethod
    def _rolls_over(rule: TaskRule, mine: Mapping[str, Known], today: date) -> bool:
        epoch = epoch_of(rule, today)
        return any(task.state == "open" and task.epoch != epoch for task in mine.values())

    def _when(self, rule: TaskRule) -> Decider:
        if rule.id not in self._whens:
            self._whens[rule.id] = compile_when(rule.when, self._rules.book.vocabulary, self._rules.book.timezone)
        return self._whens[rule.id]
