"""Apply: hand the approved changes to each connection's doer, and keep what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field

import structlog

from partnersync.changes import Change, FieldChange, Plan, TaskChange
from partnersync.errors import ConnectorError, HaltedError
from reconcile.writeback.apply import Applied, Doer
from reconcile.writeback.tasks import review_key
from service.named import written
from service.shop import Shop
from service.steps.writer import ConnectorWriter
from state.backup import recovering
from state.database import Fence
from state.journal import Journal

QUIET = frozenset({"adopt", "override", "review", "hold"})
OPEN = ("unknown", "pending")
SETTLED = ("applied", "verified", "rejected", "parked")


@dataclass(slots=True)
class Doing:
    """Outcomes by word, those that people should read, and what stopped a connection."""

    counts: Counter[str] = field(default_factory=Counter)
    noteworthy: list[Applied] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def open(self) -> int:
        """How many writes may have landed or were not sent."""
        return sum(self.counts[status] for status in OPEN)

    def follow(self, later: Doing) -> None:
        """Take in what a further round made of the open ones."""
        for status in OPEN if not later.failed else ():
            del self.counts[status]
        sent = {status: n for status, n in later.counts.items() if status not in QUIET and status != "unapproved"}
        self.counts.update(sent)
        self.noteworthy = [each for each in self.noteworthy if each.status not in OPEN] + later.noteworthy
        self.failed = later.failed


def apply_plan(
    shop: Shop,
    fence: Fence,
    plan: Plan,
    run: int,
    approved: Collection[str] | None = None,
    tell: Callable[[int], None] = lambda _: None,
    *,
    insist: bool = False,
    hear: Callable[[Applied], None] = lambda _: None,
) -> Doing:
    """Send the plan's changes; ``approved`` are digests of those that may be sent (None: all).

    ``insist``: also what a CRM refused lately and will probably refuse again. ``hear`` is told every outcome.
    """
    doing = Doing()
    journal = Journal(shop.database, fence, run)
    allowed = [change for change in plan.changes if approved is None or change.digest in approved]
    doing.counts["unapproved"] = len(plan.changes) - len(allowed)
    asking = _asking(shop, plan)
    journal.remember([c for c in allowed if isinstance(c, FieldChange) and c.action in QUIET and c not in asking])
    asked: set[str] = set()
    doing.counts.update(c.action for c in allowed if c.action in QUIET)
    done = 0
    for connection, changes in _by_connection(shop, allowed):
        try:
            for outcome in _doer(shop, fence, journal, connection, insist).apply(changes):
                _keep(doing, outcome)
                hear(outcome)
                if isinstance(outcome.change, TaskChange) and outcome.status in SETTLED:
                    asked.add(outcome.change.key)
                done += 1
                tell(done)
        except ConnectorError as error:
            doing.failed[connection] = str(error)
            log = structlog.get_logger("partnersync.apply")
            log.warning("apply stopped", connection=connection, error=str(error))
        finally:
            journal.remember([change for change, key in asking.items() if key in asked])
            shop.meter.flush()
    return doing


def _asking(shop: Shop, plan: Plan) -> dict[FieldChange, str]:
    """The reviews whose task is still to be made, and its key: nobody was asked before it is there."""
    made = {change.key for change in plan.changes if isinstance(change, TaskChange)}
    reviews = [change for change in plan.changes if isinstance(change, FieldChange) and change.action == "review"]
    keys = {change: review_key(shop.settings.workspace, change) for change in reviews}
    return {change: key for change, key in keys.items() if key in made}


def resolve_all(shop: Shop, fence: Fence, run: int, *, send: bool = True) -> Doing:
    """Settle what an earlier run left in flight or unknown, on every connection that answers.

    What did not land is sent again where that is wanted (``send``) and nobody halted the workspace; else it stays open.
    """
    doing = Doing()
    journal = Journal(shop.database, fence, run)
    for connection, site in shop.sites.items():
        if connection in shop.failures or not journal.unresolved(site.crm, site.org):
            continue
        try:
            for done in _doer(shop, fence, journal, connection).resolve(site.crm, site.org, send=send):
                doing.counts[f"resolved_{done.status}"] += 1
        except HaltedError:
            send = False
        except ConnectorError as error:
            doing.failed[connection] = str(error)
    return doing


def _doer(shop: Shop, fence: Fence, journal: Journal, connection: str, insist: bool = False) -> Doer:
    fields = [each for each in written(shop.settings) if each.connection == connection]
    strict = {(each.object, each.field) for each in fields if each.rule.if_modified == "refuse"}
    writer = ConnectorWriter(shop.crm(connection), strict)
    normal = shop.schemas(connection).normal
    return Doer(
        shop.settings.workspace,
        journal,
        writer,
        fence,
        normal,
        shop.stop,
        shop.clock,
        insist,
        recovering(shop.database) is not None,
    )


def unsettled(shop: Shop, doing: Doing) -> Counter[str]:
    """How many writes may have landed or were not sent, by connection."""
    left = [each.change for each in doing.noteworthy if each.status in OPEN]
    return Counter({connection: len(changes) for connection, changes in _by_connection(shop, left)})


def _by_connection(shop: Shop, changes: Sequence[Change]) -> Iterator[tuple[str, list[Change]]]:
    found: dict[str, list[Change]] = {}
    for change in changes:
        ref = change.ref if isinstance(change, FieldChange) else change.record
        connection = shop.connection_of(ref.crm, ref.org)
        if connection is not None:
            found.setdefault(connection, []).append(change)
    yield from found.items()


def _keep(doing: Doing, outcome: Applied) -> None:
    doing.counts[outcome.status] += 1
    if outcome.status not in {"applied", "verified"}:
        doing.noteworthy.append(outcome)
