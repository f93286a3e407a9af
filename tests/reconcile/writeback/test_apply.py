"""Apply against a small CRM in memory that loses answers, refuses records and is edited by people in between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from threading import Event

import pytest

from partnersync.changes import Outcome, Write
from partnersync.errors import ConflictError, HaltedError
from partnersync.ids import Ref
from reconcile.writeback.apply import Intent
from tests.reconcile.writeback.crm import NOW, Book, Crm, Held, Lost, Patient, change, doer, task


def test_every_change_is_sent_in_batches_read_back_and_verified() -> None:
    crm, book = Crm({each: {"partner": None} for each in "abc"}), Book()

    applied = list(doer(crm, book).apply([change(each, "Acme") for each in "abc"]))

    assert [each.status for each in applied] == ["verified"] * 3
    assert crm.sends == 2
    assert book.open == {}


def test_a_record_that_moved_since_the_plan_is_listed_and_not_written() -> None:
    crm, book = Crm({"a": {"partner": "Typed by a rep"}, "b": {"partner": None}}), Book()

    applied = list(doer(crm, book).apply([change("a", "Acme"), change("b", "Acme"), change("gone", "Acme")]))

    assert [(each.change.ref.id, each.status) for each in applied] == [
        ("a", "conflict"),
        ("gone", "conflict"),
        ("b", "verified"),
    ]
    assert crm.records["a"] == {"partner": "Typed by a rep"}


def test_many_requests_are_read_back_together_and_the_fence_is_asked_before_each() -> None:
    crm, book, fence = Crm({each: {"partner": None} for each in "abcde"}, together=10), Book(), Held()

    applied = list(doer(crm, book, fence).apply([change(each, "Acme") for each in "abcde"]))

    assert [each.status for each in applied] == ["verified"] * 5
    assert (crm.sends, crm.reads, fence.asked) == (3, [5, 5], 4)


def test_whoever_is_stopped_between_two_requests_leaves_the_rest_of_them_pending() -> None:
    class Stopping(Crm):
        def send(self, writes: Sequence[Write]) -> Iterator[Outcome]:
            stop.set()
            return super().send(writes)

    stop = Event()
    crm, book = Stopping({each: {"partner": None} for each in "abcde"}, together=10), Book()

    applied = list(doer(crm, book, stop=stop).apply([change(each, "Acme") for each in "abcde"]))

    assert crm.sends == 1
    assert [each.status for each in applied] == ["verified"] * 2 + ["pending"] * 3


@pytest.mark.parametrize("when", [2, 3])
def test_a_halt_between_two_requests_leaves_what_did_not_go_to_the_next_plan(when: int) -> None:
    """It is settled before the run ends: what stayed in flight would be sent by the next run, before anybody decided anew."""

    class Halting(Held):
        def check(self) -> None:
            super().check()
            if self.asked > when:
                raise HaltedError("dana halted this workspace")

    crm, book = Crm({each: {"partner": None} for each in "abcde"}, together=10), Book()

    with pytest.raises(HaltedError):
        list(doer(crm, book, Halting()).apply([change(each, "Acme") for each in "abcde"]))

    sent = 2 * (when - 1)
    assert crm.sends == when - 1
    assert Counter(done.status for done in book.done) == {"verified": sent, "pending": 5 - sent}


def test_what_an_earlier_run_sent_stays_open_where_a_halt_keeps_it_from_being_sent_again() -> None:
    """It may land late, so that its values must still be known as ours."""

    class Halting(Held):
        def check(self) -> None:
            super().check()
            if self.asked > 1:
                raise HaltedError("dana halted this workspace")

    crm, book = Crm({"a": {"partner": None}}, lose="before"), Book()
    list(doer(crm, book).apply([change("a", "Acme")]))
    book.open = {key: replace(intent, begun_at=NOW) for key, intent in book.open.items()}
    book.done.clear()

    with pytest.raises(HaltedError):
        list(doer(crm, book, Halting()).resolve("memory", "1"))

    assert [done.status for done in book.done] == ["unknown"]
    assert list(book.open)


def test_whoever_only_plans_reads_what_is_open_and_sends_nothing() -> None:
    crm, book = Crm({"a": {"partner": None}, "b": {"partner": None}}, lose="before"), Book()
    list(doer(crm, book).apply([change("a", "Acme"), change("b", "Acme"), task()]))
    crm.lose, crm.records["b"]["partner"], sends = "", "Acme", crm.sends

    settled = list(doer(crm, book).resolve("memory", "1", send=False))

    assert [(done.intent.ref.id, done.status) for done in settled] == [("b", "verified")]
    assert (crm.sends, crm.tasks, len(book.open)) == (sends, [], 2)


@pytest.mark.parametrize("landed", [True, False])
def test_an_update_of_a_task_without_an_answer_is_looked_at_and_never_sent_blindly(landed: bool) -> None:
    """A person may have edited the task since: what is to be written there now is for the next plan to say."""
    crm, book = Crm({"a": {}}, tasks=["ps-1"] if landed else []), Book()
    update = replace(task(), action="task_update", task=Ref("memory", "1", "Task", "00T1"))
    book.begin([Intent("ps-1", update.record, task=update, begun_at=NOW)])

    settled = list(doer(crm, book).resolve("memory", "1"))

    assert [done.status for done in settled] == ["applied" if landed else "pending"]
    assert crm.tasks == (["ps-1"] if landed else [])


def test_a_strict_write_that_the_crm_refuses_is_a_conflict() -> None:
    crm, book = Crm({"a": {"partner": None}}, modified={"a"}), Book()

    (applied,) = doer(crm, book).apply([change("a", "Acme")])

    assert (applied.status, applied.message) == ("conflict", "modified")
    assert not book.open


def test_a_refused_record_leaves_the_others_of_its_batch_applied() -> None:
    crm, book = Crm({"a": {"partner": None}, "b": {"partner": None}}, refuse={"a"}), Book()

    applied = list(doer(crm, book).apply([change("a", "Acme"), change("b", "Acme")]))

    assert [each.status for each in applied] == ["rejected", "verified"]


def test_what_was_refused_is_parked_until_a_person_insists() -> None:
    crm, book = Crm({"a": {"partner": None}}, refuse={"a"}), Book()
    first = doer(crm, book)
    list(first.apply([change("a", "Acme")]))

    parked = list(first.apply([change("a", "Acme")]))
    sends = crm.sends
    first.insist = True
    crm.refuse.clear()
    again = list(first.apply([change("a", "Acme")]))

    assert [(each.status, each.message) for each in parked] == [("parked", "refused before: no")]
    assert sends == 1
    assert [each.status for each in again] == ["verified"]


def test_an_answer_lost_after_the_write_landed_is_settled_by_reading() -> None:
    crm, book = Crm({"a": {"partner": None}}, lose="after"), Book()

    applied = list(doer(crm, book).apply([change("a", "Acme")]))

    assert [each.status for each in applied] == ["verified"]


@pytest.mark.parametrize(("touched", "status"), [(set(), "applied"), ({"a"}, "conflict")], ids=["by us", "by others"])
def test_another_form_of_what_was_sent_is_ours_unless_somebody_changed_the_record(
    touched: set[str], status: str
) -> None:
    crm, book = Crm({"a": {"partner": None}}, capitals=True, touched=touched), Book()

    (applied,) = doer(crm, book).apply([change("a", "Acme")])

    assert applied.status == status
    assert book.done[-1].read_back == ({"partner": "ACME"} if status == "applied" else None)


def test_a_write_that_did_not_land_stays_open_and_the_next_run_sends_it_once_more() -> None:
    crm, book = Crm({"a": {"partner": None}}, lose="before"), Book()
    first = list(doer(crm, book).apply([change("a", "Acme")]))
    crm.lose = ""

    settled = list(doer(crm, book).resolve("memory", "1"))

    assert [each.status for each in first] == ["unknown"]
    assert [each.status for each in settled] == ["verified"]
    assert crm.records["a"] == {"partner": "Acme"}
    assert book.open == {}


@pytest.mark.parametrize("landed", [False, True])
def test_of_two_open_writes_to_one_record_the_newer_alone_is_sent_again(landed: bool) -> None:
    """Found by the worlds: both were sent again, after one look at the fence, and the older one's value was left over."""
    crm, book = Crm({"a": {"partner": None}}, lose="before"), Book()
    list(doer(crm, book).apply([change("a", "Acme")]))
    list(doer(crm, book).apply([change("a", "Globex")]))
    crm.lose, crm.sends = "", 0
    if landed:
        crm.records["a"]["partner"] = "Globex"

    settled = {each.intent.desired["partner"]: each.status for each in doer(crm, book).resolve("memory", "1")}

    assert settled == {"Acme": "superseded", "Globex": "verified"}
    assert (crm.records["a"], crm.sends) == ({"partner": "Globex"}, 0 if landed else 1)
    assert book.open == {}


def test_a_person_who_was_faster_than_the_resend_keeps_what_they_typed() -> None:
    crm, book = Crm({"a": {"partner": None}}, lose="before"), Book()
    list(doer(crm, book).apply([change("a", "Acme")]))
    crm.records["a"]["partner"] = "Typed by a rep"

    settled = list(doer(crm, book).resolve("memory", "1"))

    assert [each.status for each in settled] == ["conflict"]
    assert crm.records["a"] == {"partner": "Typed by a rep"}


@pytest.mark.parametrize("lost", ["before", "after"])
def test_a_task_whose_answer_was_lost_exists_exactly_once_after_the_next_run(lost: str) -> None:
    crm, book = Crm({"a": {}}, lose=lost), Book()
    list(doer(crm, book).apply([task()]))
    crm.lose = ""

    settled = list(doer(crm, book).resolve("memory", "1"))

    assert [each.status for each in settled] == ["applied"]
    assert crm.tasks == ["ps-1"]


def test_tasks_that_take_requests_of_their_own_are_sent_each_after_a_check_of_the_fence() -> None:
    """Creations, whatever they are about, then changes: a runner that was overtaken sends one request at most."""
    crm, book = Crm({}, batch=10), Book()
    about = Ref("memory", "1", "account", "b")
    mixed = [
        task(),
        replace(task(), key="ps-2", action="task_update"),
        replace(task(), key="ps-3", record=about),
        replace(task(), key="ps-4"),
    ]

    class LostMeanwhile:
        """Lost once the creations were sent."""

        def check(self) -> None:
            if crm.tasks:
                raise ConflictError("another run holds the workspace")

    with pytest.raises(ConflictError):
        list(doer(crm, book, LostMeanwhile()).apply(mixed))

    assert crm.tasks == ["ps-1", "ps-3", "ps-4"]


def test_nothing_is_journaled_or_sent_by_a_run_that_lost_its_lease() -> None:
    crm, book = Crm({"a": {"partner": None}}), Book()

    with pytest.raises(ConflictError):
        list(doer(crm, book, Lost()).apply([change("a", "Acme")]))

    assert (crm.sends, book.open) == (0, {})


def test_a_stop_signal_ends_between_batches() -> None:
    stop = Event()
    crm, book = Crm({each: {"partner": None} for each in "abcd"}), Book()
    walk = doer(crm, book, stop=stop).apply([change(each, "Acme") for each in "abcd"])

    next(walk)
    stop.set()
    rest = list(walk)

    assert crm.sends == 1
    assert len(rest) == 1


def test_the_intent_key_of_the_same_wish_is_the_same_after_a_lost_database() -> None:
    keys = []
    for _ in range(2):
        book = Book()
        list(doer(Crm({"a": {"partner": None}}), book).apply([change("a", "Acme")]))
        keys.append(book.done[0].intent.key)

    assert keys[0] == keys[1]


def test_a_task_whose_fate_is_still_unknown_is_not_sent_again_by_the_same_run() -> None:
    """Found by the worlds: resolve sends it once more and its answer is lost again; planned anew, it came twice."""
    crm, book = Crm({"a": {"partner": None}}, lose="before"), Book()
    list(doer(crm, book).apply([task()]))
    crm.lose = "after"
    resolved = list(doer(crm, book).resolve("memory", "1"))

    applied = list(doer(crm, book).apply([task()]))

    assert [each.status for each in resolved] == ["unknown"]
    assert [each.status for each in applied] == ["unknown"]
    assert crm.tasks == ["ps-1"]
    assert [done.status for done in doer(crm, book).resolve("memory", "1")] == ["applied"]
    assert crm.tasks == ["ps-1"]


def test_a_creation_that_still_runs_in_the_crm_is_waited_for_before_it_is_made_again() -> None:
    """Killed while HubSpot worked on it and run again at once: it is not there yet, and a second one would be one too many."""
    crm, book = Crm({"a": {}}, late=timedelta(seconds=50), landing=["ps-1"]), Book()
    book.begin([Intent("ps-1", task().record, task=task(), begun_at=NOW - timedelta(seconds=1))])
    stop = Patient(crm)

    settled = list(doer(crm, book, stop=stop).resolve("memory", "1"))

    assert [each.status for each in settled] == ["applied"]
    assert crm.tasks == ["ps-1"]
    assert stop.waited == 50


def test_a_creation_that_never_landed_is_made_after_one_wait_for_all() -> None:
    crm, book = Crm({"a": {}}, late=timedelta(seconds=50)), Book()
    for n in range(5):  # three batches of two
        book.begin([Intent(f"ps-{n}", task().record, task=replace(task(), key=f"ps-{n}"), begun_at=NOW)])
    stop = Patient(crm)

    list(doer(crm, book, stop=stop).resolve("memory", "1"))

    assert sorted(crm.tasks) == [f"ps-{n}" for n in range(5)]
    assert stop.waited == 50


@pytest.mark.parametrize(
    ("ago", "late"),
    [(timedelta(minutes=20), timedelta(minutes=2)), (timedelta(seconds=1), timedelta(0))],
    ids=["long ago", "held unique"],
)
def test_nobody_waits_where_nothing_can_land_late(ago: timedelta, late: timedelta) -> None:
    crm, book = Crm({"a": {}}, late=late), Book()
    book.begin([Intent("ps-1", task().record, task=task(), begun_at=NOW - ago)])
    stop = Patient(crm)

    list(doer(crm, book, stop=stop).resolve("memory", "1"))

    assert (crm.tasks, stop.waited) == (["ps-1"], 0)


def test_whoever_is_stopped_while_waiting_leaves_the_creation_open() -> None:
    crm, book = Crm({"a": {}}, late=timedelta(seconds=50)), Book()
    book.begin([Intent("ps-1", task().record, task=task(), begun_at=NOW)])
    stop = Patient(crm)
    stop.set()

    assert list(doer(crm, book, stop=stop).resolve("memory", "1")) == []
    assert (crm.tasks, list(book.open)) == ([], ["ps-1"])


def test_a_clock_set_back_waits_no_longer_than_a_creation_may_run() -> None:
    crm, book = Crm({"a": {}}, late=timedelta(seconds=50)), Book()
    book.begin([Intent("ps-1", task().record, task=task(), begun_at=NOW + timedelta(days=365))])
    stop = Patient(crm)

    list(doer(crm, book, stop=stop).resolve("memory", "1"))

    assert (crm.tasks, stop.waited) == (["ps-1"], 50)
