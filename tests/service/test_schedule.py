"""Slots: the same name for the same work, whatever the clock, the ticks and the restarts do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from service.schedule import Rhythm, Slot, current, due

RHYTHM = Rhythm("sf", timedelta(minutes=15), timedelta(hours=1), (2, 30), "America/New_York")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_every_tick_within_an_interval_names_the_same_slot() -> None:
    first, last = (current(at(f"2026-05-04T10:{m}"), [RHYTHM])[0] for m in ("15", "29"))

    assert first == last == Slot(at("2026-05-04T10:15"), "sf", "hot")


def test_a_slot_that_was_claimed_is_not_due_again_and_the_next_one_is() -> None:
    done = {"hot:sf": at("2026-05-04T10:15"), "warm:sf": at("2026-05-04T10:00"), "cold:sf": at("2026-05-04T00:00")}

    assert due(at("2026-05-04T10:29"), [RHYTHM], done) == ()
    assert [slot.name for slot in due(at("2026-05-04T10:30"), [RHYTHM], done)] == ["hot:sf"]


def test_after_a_standstill_only_the_newest_slot_of_each_kind_is_due() -> None:
    done = {slot.name: slot.at for slot in current(at("2026-05-01T10:15"), [RHYTHM])}

    slots = due(at("2026-05-04T10:20"), [RHYTHM], done)

    assert [(slot.name, slot.at) for slot in slots] == [
        ("cold:sf", at("2026-05-04T00:00")),
        ("warm:sf", at("2026-05-04T10:00")),
        ("hot:sf", at("2026-05-04T10:15")),
    ]


def test_a_clock_that_jumps_back_makes_nothing_due_twice() -> None:
    done = {slot.name: slot.at for slot in current(at("2026-05-04T10:20"), [RHYTHM])}

    assert due(at("2026-05-04T08:20"), [RHYTHM], done) == ()


def test_the_cold_slot_is_one_per_local_day_through_both_changes_of_the_clock() -> None:
    nightly = Rhythm("sf", timedelta(days=400), None, (1, 30), "America/New_York")
    seen = []
    for day in ("2026-11-01", "2026-03-08"):
        for minutes in range(0, 24 * 60, 10):
            slots = current(at(f"{day}T00:00") + timedelta(minutes=minutes), [nightly])
            seen += [slot for slot in slots if slot.kind == "cold"]

    assert sorted({slot.at.date().isoformat() for slot in seen}) == [
        "2026-03-07",
        "2026-03-08",
        "2026-10-31",
        "2026-11-01",
    ]


def test_a_time_of_day_that_the_spring_skips_is_made_up_for() -> None:
    slot = current(at("2026-03-08T07:45"), [RHYTHM])[-1]

    assert slot == Slot(at("2026-03-08T00:00"), "sf", "cold")
