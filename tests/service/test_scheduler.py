"""The ticker: what is due runs once, an error ends a cycle and not the service, and a stop is prompt."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from service.schedule import Rhythm, Slot
from service.scheduler import Scheduler


class Real:
    def now(self) -> datetime:
        return datetime.now(UTC)


RHYTHM = Rhythm("sf", timedelta(seconds=1), None, None, "UTC")


def running(scheduler: Scheduler, seconds: float) -> float:
    """Let it tick for a while; returns how long the stop took."""
    thread = threading.Thread(target=scheduler.run)
    thread.start()
    time.sleep(seconds)
    asked = time.monotonic()
    scheduler.stop.set()
    thread.join(timeout=10)
    return time.monotonic() - asked


def test_each_slot_runs_once_and_a_failing_cycle_does_not_end_the_service() -> None:
    ran: list[Slot] = []

    def cycle(slots: Sequence[Slot]) -> None:
        ran.extend(slots)
        if len(ran) == 1:
            raise RuntimeError("the first one breaks")

    took = running(Scheduler([RHYTHM], Real(), threading.Event(), lambda s: s, dict, cycle), 3.3)

    assert len(ran) == len(set(ran)) >= 2
    assert took < 1


def test_a_slot_that_another_scheduler_claimed_is_not_run() -> None:
    ran: list[Slot] = []

    running(Scheduler([RHYTHM], Real(), threading.Event(), lambda s: (), dict, ran.extend), 1.2)

    assert ran == []


def test_a_slot_that_ran_before_the_restart_is_not_run_again() -> None:
    ran: list[Slot] = []
    daily = Rhythm("sf", timedelta(days=1), None, None, "UTC")
    start = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)

    running(Scheduler([daily], Real(), threading.Event(), lambda s: s, lambda: {"hot:sf": start}, ran.extend), 1.2)

    assert ran == []
