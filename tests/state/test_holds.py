"""What may not be written again, what was taken back, and what a run did, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from partnersync.changes import Done, FieldChange, Intent, TaskChange
from partnersync.lines import TakenBack
from state.database import Database, Fence
from state.facts import Facts
from state.holds import Hold, Holds
from state.journal import Journal
from state.ledger import Ledger
from state.pools import Pools, pool_of
from state.reversals import Reversals
from state.standings import Standings
from state.undoing import Undoing
from tests.state.conftest import Watch
from tests.state.test_money import LINE
from tests.state.world import record, ref, remember

DEAL = ref("Opportunity", "1")
TASK = TaskChange("task_create", "ps-t", "confirm", "once", DEAL, "Confirm", "why", date(2026, 4, 1), "005", "high")


@pytest.fixture
def journal(database: Database, fence: Fence) -> Journal:
    remember(Facts(database), fence, record("Opportunity", "1"))
    return Journal(database, fence, 7)


def written(journal: Journal, key: str, value: str, before: str | None) -> None:
    made = Intent(key, DEAL, {"Partner__c": value}, {"Partner__c": before})
    journal.begin([made])
    journal.finish([Done(made, "verified", {"Partner__c": value})])


def test_a_hold_stands_until_it_is_released_and_its_record_is_then_looked_at_again(
    database: Database, fence: Fence, journal: Journal, watch: Watch
) -> None:
    store, standings = Holds(database), Standings(database)
    (looked,) = (ids for ids in standings.dirty("opportunity"))
    standings.settle(fence, looked)
    held = Hold(DEAL, "Partner__c", "Acme", "run 7 was rolled back", "dana", watch.now(), 7)
    other = replace(held, field="Other__c", value=None)
    store.put(fence, [held, other])
    assert store.all() == [other, held]

    store.release(fence, [(DEAL, "Partner__c")], watch.now())

    assert store.all() == [other]
    assert store.all(ended=True) == [other, replace(held, released_at=watch.now())]
    assert list(standings.dirty("opportunity")) == [looked]
    store.put(fence, [held])
    assert store.all() == [other, held]


def test_what_is_taken_back_stands_with_its_pool_until_it_ends(database: Database, fence: Fence, watch: Watch) -> None:
    pool = pool_of(LINE.key)
    Ledger(database).append(fence, [LINE], "c1", [pool])
    assert list(Pools(database).stream("dirty", watch.now())) == []
    taken = TakenBack(LINE.key, LINE.minor, LINE.minor, 7, "dana")
    reversal = replace(LINE, key=replace(LINE.key, component="manual"), minor=-LINE.minor)

    Ledger(database).append(fence, [reversal], "c1", taken=[taken])
    (pooled,) = Pools(database).stream("dirty", watch.now())
    assert (pooled.taken_back, Reversals(database).all()) == ((taken,), [taken])
    Ledger(database).append(fence, [], "c1", [pool])
    Reversals(database).end(fence, [LINE.key], watch.now())

    assert Reversals(database).all() == []
    (pooled,) = Pools(database).stream("dirty", watch.now())
    assert pooled.taken_back == (replace(taken, ended=True),)
    assert Pools(database).named([pool]) == [pooled]
    assert Pools(database).named([replace(pool, partner="nobody")]) == []


def test_what_a_run_wrote_is_told_with_what_stood_there_before(database: Database, journal: Journal) -> None:
    written(journal, "ps-1", "Acme", "Carl")
    made = Intent("ps-t", DEAL, task=TASK)
    refused = Intent("ps-2", DEAL, {"Other__c": "x"}, {"Other__c": None})
    journal.begin([made, refused])
    journal.finish([Done(made, "applied", id="00T1"), Done(refused, "rejected", message="no")])

    field, task = Undoing(database).wrote(7)

    assert (dict(field.desired), dict(field.before), dict(field.read_back), field.later) == (
        {"Partner__c": "Acme"}, {"Partner__c": "Carl"}, {"Partner__c": "Acme"}, frozenset()
    )  # fmt: skip
    assert (task.task, dict(task.desired)) == (TASK, {})
    assert Undoing(database).wrote(8) == []


def test_what_a_later_run_wrote_or_adopted_is_told_and_what_was_put_back_is_not_told_again(
    database: Database, fence: Fence, journal: Journal
) -> None:
    written(journal, "ps-1", "Acme", None)
    written(Journal(database, fence, 8), "ps-2", "Globex", "Acme")
    (first,) = Undoing(database).wrote(7)
    (second,) = Undoing(database).wrote(8)
    assert (first.later, second.later) == ({"Partner__c"}, frozenset())
    Undoing(database).reverted(fence, [second.id])

    assert Undoing(database).wrote(8) == []
    adopted = FieldChange("adopt", DEAL, "Partner__c", "Globex", "Carl", "Carl", "crm_wins", "")
    journal.remember([adopted])
    assert Undoing(database).wrote(7)[0].later == {"Partner__c"}


def test_a_request_whose_fate_is_open_is_counted(database: Database, journal: Journal) -> None:
    journal.begin([Intent("ps-1", DEAL, {"Partner__c": "Acme"}, {"Partner__c": None})])

    assert (Undoing(database).open(7), Undoing(database).wrote(7)) == (1, [])
