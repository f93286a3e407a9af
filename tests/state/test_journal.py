"""What is sent is journaled before, is ours from then on, and an outcome says which of it stays ours."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select, update

from partnersync.changes import Done, FieldChange, Intent, Status, TaskChange
from partnersync.errors import ConflictError
from partnersync.facts import Reach
from partnersync.records import Page
from reconcile.writeback import apply
from state.database import Database, Fence
from state.facts import Facts
from state.journal import Journal
from state.leases import acquire, release
from state.schema import intent, lease
from state.standings import Standings, StoredCell
from state.tasks import Tasks
from tests.state.conftest import Watch
from tests.state.world import record, ref, remember

DEAL = ref("Opportunity", "1")
INTENT = Intent("ps-1", DEAL, {"Partner__c": "Acme"}, {"Partner__c": None})
TASK = TaskChange("task_create", "ps-t", "confirm", "once", DEAL, "Confirm", "why", date(2026, 4, 1), "005", "high")


@pytest.fixture
def journal(database: Database, fence: Fence) -> Journal:
    remember(Facts(database), fence, record("Opportunity", "1"))
    return Journal(database, fence)


def cell(database: Database, name: str = "Partner__c") -> StoredCell | None:
    return Standings(database).cells([DEAL]).get((DEAL, name))


def test_it_is_the_journal_that_apply_declares(journal: Journal) -> None:
    declared: apply.Journal = journal

    assert declared.unresolved("salesforce", "00D1") == []


def test_what_was_begun_is_unresolved_until_it_is_finished(journal: Journal) -> None:
    intents = [INTENT, Intent("ps-t", DEAL, task=TASK)]
    journal.begin(intents)

    assert journal.unresolved("salesforce", "00D1") == intents
    assert journal.unresolved("hubspot", "777") == []
    journal.finish([Done(INTENT, "unknown"), Done(intents[1], "applied", id="00T1")])
    assert journal.unresolved("salesforce", "00D1") == [INTENT]
    journal.finish([Done(INTENT, "verified", {"Partner__c": "Acme"})])
    assert journal.unresolved("salesforce", "00D1") == []


def test_what_is_seen_after_a_write_is_later_than_it_also_where_the_clock_was_set_back_meanwhile(
    journal: Journal, database: Database, watch: Watch, url: str
) -> None:
    journal.begin([replace(INTENT, desired=dict.fromkeys("abcdefgh", "Acme"))])
    journal.finish([Done(replace(INTENT, desired=dict.fromkeys("abcdefgh", "Acme")), "applied")])
    watch.advance(hours=-2)
    later = Database.open(url, "acme", watch)  # another process

    assert later.stamp() > max(
        found.written_at for found in Standings(later).cells([DEAL]).values() if found.written_at
    )
    later.close()


def test_a_lost_lease_journals_nothing(database: Database, fence: Fence, journal: Journal) -> None:
    release(fence)
    with pytest.raises(ConflictError):
        journal.begin([INTENT])

    assert journal.unresolved("salesforce", "00D1") == []


@pytest.mark.parametrize(
    ("status", "since"),
    [("unknown", ("Acme",)), ("conflict", ("Acme",)), ("rejected", None), ("pending", None)],
)
def test_a_value_is_ours_unless_it_surely_never_landed(
    database: Database, journal: Journal, status: Status, since: tuple[str, ...] | None
) -> None:
    journal.begin([INTENT])
    journal.finish([Done(INTENT, status)])

    found = cell(database)
    assert (found.since if found else None) == since


def test_what_landed_is_the_base_with_what_the_crm_made_of_it(database: Database, journal: Journal) -> None:
    journal.begin([INTENT])
    journal.finish([Done(INTENT, "applied", {"Partner__c": "ACME"})])

    found = cell(database)
    assert found is not None
    assert (found.has_base, found.sent, found.read_back, found.since) == (True, "Acme", "ACME", ())


def test_values_sent_after_the_base_are_ours_too(database: Database, journal: Journal) -> None:
    journal.begin([INTENT])
    journal.finish([Done(INTENT, "verified")])
    late = replace(INTENT, key="ps-2", desired={"Partner__c": "Globex"})
    journal.begin([late])
    journal.finish([Done(late, "unknown")])

    found = cell(database)
    assert found is not None
    assert (found.sent, found.since) == ("Acme", ("Globex",))


GLOBEX = replace(INTENT, key="ps-2", desired={"Partner__c": "Globex"})


def test_of_open_writes_the_one_that_was_sent_last_comes_last_also_where_it_was_wished_for_first(
    journal: Journal, watch: Watch
) -> None:
    for each in (INTENT, GLOBEX, INTENT):
        journal.begin([each])
        journal.finish([Done(each, "unknown")])
        watch.advance(minutes=1)

    assert journal.unresolved("salesforce", "00D1") == [GLOBEX, INTENT]


def overtaken(database: Database, how: str) -> Journal:
    """The journal of another run, after the one before stood still, was killed or ended."""
    with database.marking() as open_:
        if how == "stood still":
            open_.execute(update(lease).values(expires_at=lease.c.renewed_at))
    if how == "ended":
        release(Fence(database, "run", "tests", 1, 120.0))
    return Journal(database, acquire(database, "another", gone=lambda _: how == "was killed"))


@pytest.mark.parametrize(("how", "late"), [("stood still", ["Acme"]), ("was killed", []), ("ended", [])])
@pytest.mark.parametrize("settled", ["verified", "pending", "conflict", "superseded"])
def test_what_a_run_that_stood_still_had_in_hand_may_land_after_newer_writes(
    database: Database, journal: Journal, how: str, late: list[str], settled: Status
) -> None:
    journal.begin([INTENT])
    newer = overtaken(database, how)
    for each, became in ((INTENT, settled), (GLOBEX, "verified")):
        newer.begin([each])
        newer.finish([Done(each, became)])  # type: ignore[arg-type]

    found = cell(database)
    assert found is not None
    assert (found.sent, found.since, [value for _, value in found.late]) == ("Globex", (), late)


@pytest.mark.parametrize("status", ["unknown", "verified"])
def test_what_was_answered_for_before_a_run_stood_still_lands_no_more(
    database: Database, journal: Journal, status: Status
) -> None:
    journal.begin([INTENT])
    journal.finish([Done(INTENT, status)])
    newer = overtaken(database, "stood still")
    newer.begin([GLOBEX])
    newer.finish([Done(GLOBEX, "verified")])

    found = cell(database)
    assert found is not None
    assert found.late == ()


def test_the_same_write_sent_again_is_one_intent(journal: Journal) -> None:
    journal.begin([INTENT])
    journal.finish([Done(INTENT, "unknown")])
    journal.begin([INTENT])

    assert journal.unresolved("salesforce", "00D1") == [INTENT]


def test_the_same_write_in_a_later_run_is_another_intent(database: Database, journal: Journal, watch: Watch) -> None:
    journal.begin([INTENT])
    journal.finish([Done(INTENT, "verified")])
    other = replace(INTENT, key="ps-2", desired={"Partner__c": "Globex"})
    journal.begin([other])
    journal.finish([Done(other, "verified")])
    journal.begin([INTENT])
    assert len(journal.unresolved("salesforce", "00D1")) == 1
    journal.finish([Done(INTENT, "verified")])

    found = cell(database)
    assert found is not None
    assert (found.sent, found.since) == ("Acme", ())


def test_an_adopted_value_becomes_the_base_and_a_persons_edit_is_noted(database: Database, journal: Journal) -> None:
    adopt = FieldChange("adopt", DEAL, "Partner__c", None, "acme", "Acme", "crm_wins", "")
    edit = FieldChange("override", DEAL, "Partner_Share__c", "10", "20", "30", "crm_wins", "")
    journal.remember([adopt, edit])

    adopted, edited = cell(database), cell(database, "Partner_Share__c")
    assert adopted is not None
    assert edited is not None
    assert (adopted.sent, adopted.read_back) == ("Acme", "acme")
    assert (edited.has_base, edited.noted) == (False, ("20", "30"))


def test_a_task_is_known_by_its_key_until_it_is_closed(database: Database, journal: Journal) -> None:
    made = Intent("ps-t", DEAL, task=TASK)
    journal.begin([made])
    journal.finish([Done(made, "applied", id="00T1")])
    ((known,),) = Tasks(database).of([DEAL]).values()
    close = Intent("ps-t", DEAL, task=replace(TASK, action="task_close", task=known.task))
    journal.begin([close])
    journal.finish([Done(close, "applied")])
    ((closed,),) = Tasks(database).of([DEAL]).values()

    assert (known.task, known.subject, known.open) == (ref("Task", "00T1"), "Confirm", True)
    assert (closed.task, closed.open) == (known.task, False)


def test_what_was_refused_is_parked_until_the_record_or_the_wish_changes(
    database: Database, fence: Fence, journal: Journal, watch: Watch
) -> None:
    """A refusal stands for the same values on the same record; a task's due day may move with the day."""
    task = Intent("ps-t", DEAL, task=TASK)
    journal.begin([INTENT, task])
    journal.finish([Done(INTENT, "rejected", message="no"), Done(task, "rejected", message="inactive owner")])
    tomorrow = Intent("ps-t", DEAL, task=replace(TASK, due_on=date(2026, 4, 2)))
    other = Intent("ps-t", DEAL, task=replace(TASK, owner="006"))

    assert journal.park([INTENT, tomorrow]) == {"ps-1": "no", "ps-t": "inactive owner"}
    assert journal.park([replace(INTENT, before={"Partner__c": "x"}), other, Intent("ps-2", DEAL, {"A": "b"})]) == {}
    changed = Page("Opportunity", (record("Opportunity", "1", 5, Amount="2"),))
    seen_at = watch.now() + timedelta(minutes=1)
    Facts(database).remember(fence, changed, "opportunity", seen_at, "crm", {}, lambda _: Reach(), "f1")
    assert journal.park([INTENT, tomorrow]) == {}


def test_a_refusal_is_not_tried_again_because_time_passed(journal: Journal, watch: Watch) -> None:
    journal.begin([INTENT])
    journal.finish([Done(INTENT, "rejected", message="no")])
    for _ in range(3):
        watch.at += timedelta(days=30)

        assert journal.park([INTENT]) == {"ps-1": "no"}


def statuses(database: Database) -> list[tuple[str, str, int | None]]:
    with database.reading() as open_:
        return [(row.key, row.status, row.run) for row in open_.execute(select(intent).order_by(intent.c.id))]


def test_a_newer_wish_replaces_an_older_one_that_is_still_to_be_sent(database: Database, fence: Fence) -> None:
    remember(Facts(database), fence, record("Opportunity", "1"))
    first, second = Journal(database, fence, 1), Journal(database, fence, 2)
    elsewhere = replace(INTENT, key="ps-3", ref=ref("Opportunity", "2"))
    first.begin([INTENT, elsewhere, Intent("ps-t", DEAL, task=TASK)])
    first.finish(
        [Done(INTENT, "pending"), Done(elsewhere, "pending"), Done(Intent("ps-t", DEAL, task=TASK), "pending")]
    )

    newer = Intent("ps-2", DEAL, {"Partner__c": "Globex"}, {"Partner__c": None})
    second.begin([newer])

    assert statuses(database) == [
        ("ps-1", "superseded", 1), ("ps-3", "pending", 1), ("ps-t", "pending", 1), ("ps-2", "inflight", 2)
    ]  # fmt: skip
    found = cell(database)
    assert found is not None
    assert found.since == ("Globex",)


def test_what_is_sent_again_belongs_to_the_run_that_wants_it_now_with_what_stands_there_now(
    database: Database, fence: Fence
) -> None:
    remember(Facts(database), fence, record("Opportunity", "1"))
    Journal(database, fence, 1).begin([INTENT])
    Journal(database, fence, 1).finish([Done(INTENT, "pending")])
    again = replace(INTENT, before={"Partner__c": "Carl"})

    Journal(database, fence, 2).begin([again])

    assert statuses(database) == [("ps-1", "inflight", 2)]
    assert Journal(database, fence).unresolved("salesforce", "00D1") == [again]


def test_what_a_later_run_settles_still_belongs_to_the_run_that_decided_it(database: Database, fence: Fence) -> None:
    remember(Facts(database), fence, record("Opportunity", "1"))
    Journal(database, fence, 1).begin([INTENT])
    Journal(database, fence, 2).begin([INTENT])
    Journal(database, fence, 2).finish([Done(INTENT, "verified")])

    assert statuses(database) == [("ps-1", "verified", 1)]


def test_what_no_plan_wants_any_more_is_let_go(database: Database, fence: Fence, journal: Journal) -> None:
    journal.begin([INTENT])
    journal.finish([Done(INTENT, "pending")])
    assert (journal.supersede(), statuses(database)) == (0, [("ps-1", "pending", None)])

    Standings(database).settle(fence, [id_ for ids in Standings(database).dirty("opportunity") for id_ in ids])

    assert (journal.supersede(), statuses(database)) == (1, [("ps-1", "superseded", None)])


def test_a_refusal_that_is_met_again_is_parked_and_told_of_with_each_run(database: Database, fence: Fence) -> None:
    remember(Facts(database), fence, record("Opportunity", "1"))
    Journal(database, fence, 1).begin([INTENT])
    Journal(database, fence, 1).finish([Done(INTENT, "rejected", message="no")])
    for run in (2, 3):
        assert Journal(database, fence, run).park([INTENT]) == {"ps-1": "no"}
        assert statuses(database) == [("ps-1", "parked", run)]

    Journal(database, fence, 4).begin([INTENT])  # a person insisted
    assert statuses(database)[1:] == [("ps-1", "inflight", 4)]
