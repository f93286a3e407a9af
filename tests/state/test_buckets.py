"""No window of a rate limit ever holds more calls than the CRM allows, however many processes and threads make them."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from threading import Thread

import pytest

from connectors.base import Budget
from state.buckets import Buckets, Size
from state.database import Database
from state.meter import DatabaseMeter
from tests.state.conftest import Watch

SEARCH = ("hs", "search")
_CALLER = """
import json, sys, time
from datetime import UTC, datetime
from state.database import Database
from state.meter import DatabaseMeter

class Clock:
    def now(self):
        return datetime.now(UTC)

url, calls, most, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
meter = DatabaseMeter(Database.open(url, "acme", Clock()), {("hs", "burst"): (most, seconds)})
made = []
while len(made) < calls:
    waits = meter.wait("hs", "burst")
    if waits:
        time.sleep(waits)
    else:
        made.append(time.time())
print(json.dumps(made))
"""


def fullest(made: list[float], seconds: float) -> int:
    """The most calls that any window of so many seconds holds."""
    made = sorted(made)
    return max(sum(1 for other in made[n:] if other < at + seconds) for n, at in enumerate(made))


def made_by(buckets: list[Buckets], seconds: float) -> list[float]:
    """When each of these, all at once, could make its calls."""
    made: list[float] = []
    until = time.monotonic() + seconds

    def calling(one: Buckets) -> None:
        while (now := time.monotonic()) < until:
            waits = one.take(*SEARCH)
            if waits:
                time.sleep(min(waits, until - now + 0.01))
            else:
                made.append(time.monotonic())

    threads = [Thread(target=calling, args=(one,)) for one in buckets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return made


def test_two_processes_together_never_overfill_a_window_and_waste_little_of_it(database: Database, url: str) -> None:
    """Rolling windows, and in real processes: two fixed windows would pass twice as many around the turn."""
    told = [sys.executable, "-c", _CALLER, url, "90", "48", "0.8"]
    running = [subprocess.Popen(told, stdout=subprocess.PIPE, text=True) for _ in range(2)]

    made = [at for one in running for at in json.loads(one.communicate(timeout=60)[0])]

    assert len(made) == 180
    assert fullest(made, 0.75) <= 48
    # 180 calls at 48 in each 0.8 s take at least three windows; processes that start apart and a noisy machine add to it.
    assert max(made) - min(made) >= 2.4
    assert max(made) - min(made) < 6.0


def test_threads_of_one_process_share_its_places(database: Database) -> None:
    one = Buckets(database, {SEARCH: Size(5, 0.5)})

    made = made_by([one] * 4, 1.3)

    assert fullest(made, 0.45) <= 5
    assert len(made) >= 10


def test_places_that_a_killed_process_took_come_back(database: Database) -> None:
    size = {SEARCH: Size(16, 0.3)}
    for _ in range(16):
        assert Buckets(database, size).take(*SEARCH) == 0.0  # sixteen processes that took a place each and died

    waits = Buckets(database, size).take(*SEARCH)
    assert 0 < waits <= 0.615  # the time to use them, a window, and as long again for calls still on their way
    time.sleep(waits + 0.1)

    assert Buckets(database, size).take(*SEARCH) == 0.0


def test_what_a_process_does_not_use_in_time_is_given_back(database: Database) -> None:
    one, two = (Buckets(database, {SEARCH: Size(32, 4.0)}) for _ in range(2))
    assert one.take(*SEARCH) == 0.0  # takes two, uses one
    time.sleep(0.25)
    assert one.take(*SEARCH) == 0.0  # too late for the second: gives it back, takes two more

    free = 0
    while two.take(*SEARCH) == 0.0:
        free += 1

    assert free == 32 - 1 - 2


def test_the_first_answer_tells_how_large_a_bucket_is(database: Database, watch: Watch) -> None:
    meter = DatabaseMeter(database)
    assert [meter.wait("hs", "burst") for _ in range(3)] == [0.0] * 3  # nothing is known yet

    meter.learn("hs", Budget("burst", 3, 20, watch.now(), 10.0))

    assert [meter.wait("hs", "burst") for _ in range(17)] == [0.0] * 17
    assert meter.wait("hs", "burst") > 0
    assert DatabaseMeter(database).wait("hs", "burst") > 0


def test_whoever_was_open_before_the_size_was_told_learns_it_too(database: Database, watch: Watch) -> None:
    early, meter = DatabaseMeter(database), DatabaseMeter(database)
    assert early.wait("hs", "burst") == 0.0
    meter.learn("hs", Budget("burst", 20, 20, watch.now(), 10.0))
    time.sleep(0.3)

    assert early.wait("hs", "burst") > 0


def test_calls_of_other_programs_count_where_the_crm_tells_of_them(database: Database, watch: Watch) -> None:
    meter = DatabaseMeter(database)
    meter.learn("hs", Budget("burst", 1, 20, watch.now(), 10.0))
    assert meter.wait("hs", "burst") == 0.0

    meter.learn("hs", Budget("burst", 18, 20, watch.now(), 10.0))

    free = 0
    while meter.wait("hs", "burst") == 0.0:
        free += 1
    assert free == 2


@pytest.mark.parametrize(("told", "used"), [(190, 188), (100, 99), (250, 248), (110, 109), (20, 20), (1, 1)])
def test_a_little_of_a_limit_is_never_used(told: int, used: int) -> None:
    """188 in 10.1 s were measured to be safe where 190 in 10 s are allowed."""
    assert Size.told(told, 10.0) == Size(used, 10.1)


def test_a_place_counts_from_its_answer_on_however_long_the_call_travelled(database: Database) -> None:
    """Found on a busy machine: a search that hung for a moment before it was sent arrived with the next five."""
    one, two = (Buckets(database, {SEARCH: Size(1, 0.5)}) for _ in range(2))
    assert one.take(*SEARCH) == 0.0
    time.sleep(0.7)  # on its way

    early = two.take(*SEARCH)
    one.answered(*SEARCH)
    answered_at = time.monotonic()
    while waits := one.take(*SEARCH):
        time.sleep(waits)

    assert early > 0
    assert time.monotonic() - answered_at >= 0.5


def test_a_burst_is_not_spread(database: Database) -> None:
    """A first load must not crawl at the mean rate: what is free may be used at once."""
    one = Buckets(database, {SEARCH: Size(188, 10.1)})

    began = [one.take(*SEARCH) for _ in range(188)]

    assert began == [0.0] * 188
    assert one.take(*SEARCH) > 5


def test_a_full_window_of_which_nothing_is_known_is_taken_for_the_smallest(database: Database) -> None:
    meter = DatabaseMeter(database)
    assert meter.wait("hs", "burst") == 0.0

    meter.full("hs", "burst", 20, 0.4)

    for one in (meter, DatabaseMeter(database)):
        assert 0 < one.wait("hs", "burst") <= 0.5
    time.sleep(0.6)
    assert [meter.wait("hs", "burst") for _ in range(20)] == [0.0] * 20


def test_a_full_window_of_a_known_size_keeps_its_size(database: Database, watch: Watch) -> None:
    """Another program of the same token used it up; ours holds as many as before once it is over."""
    meter = DatabaseMeter(database)
    meter.learn("hs", Budget("burst", 1, 30, watch.now(), 0.4))

    meter.full("hs", "burst", 10, 10.0)

    assert 0 < meter.wait("hs", "burst") <= 0.5
    time.sleep(0.6)
    assert [meter.wait("hs", "burst") for _ in range(30)] == [0.0] * 30
