"""When a request is sent again, how long is waited, and when not."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from threading import Event, Timer

import pytest

from connectors.retry import RetryPolicy, seconds_to_wait
from partnersync.errors import (
    ConflictError,
    ConnectorError,
    QuotaError,
    RejectedError,
    UnauthorizedError,
    UnavailableError,
)

QUICK = RetryPolicy(attempts=3, total=5.0, first_wait=0.01)
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class Sends:
    """Fails with each of ``errors`` in turn, then answers."""

    def __init__(self, *errors: ConnectorError) -> None:
        self.errors = list(errors)
        self.count = 0

    def __call__(self) -> str:
        self.count += 1
        if self.errors:
            raise self.errors.pop(0)
        return "answer"


def test_a_passing_failure_is_tried_again() -> None:
    send = Sends(UnavailableError(), UnavailableError())

    assert QUICK.call(send, stop=Event(), idempotent=False) == "answer"
    assert send.count == 3


def test_attempts_are_bounded_and_the_last_failure_is_told() -> None:
    last = UnavailableError("third")
    send = Sends(UnavailableError("first"), UnavailableError("second"), last, UnavailableError("never"))

    with pytest.raises(UnavailableError) as caught:
        QUICK.call(send, stop=Event(), idempotent=True)

    assert caught.value is last
    assert send.count == 3


def test_the_total_time_is_bounded() -> None:
    policy = RetryPolicy(attempts=1000, total=0.3, first_wait=0.05, longest_wait=0.1)
    began = time.monotonic()

    with pytest.raises(UnavailableError):
        policy.call(Sends(*(UnavailableError() for _ in range(1000))), stop=Event(), idempotent=True)

    assert time.monotonic() - began < 1.0


@pytest.mark.parametrize("make", [RejectedError, UnauthorizedError, QuotaError])
def test_what_waiting_does_not_help_is_raised_at_once(make: Callable[[], ConnectorError]) -> None:
    send = Sends(make())

    with pytest.raises(ConnectorError):
        QUICK.call(send, stop=Event(), idempotent=True)

    assert send.count == 1


@pytest.mark.parametrize(("idempotent", "sends"), [(False, 1), (True, 2)])
def test_what_may_have_taken_effect_is_sent_again_only_if_that_changes_nothing(idempotent: bool, sends: int) -> None:
    send = Sends(UnavailableError(maybe_done=True))

    with suppress(UnavailableError):
        QUICK.call(send, stop=Event(), idempotent=idempotent)

    assert send.count == sends


def test_the_crm_is_given_the_time_it_asks_for() -> None:
    began = time.monotonic()

    QUICK.call(Sends(UnavailableError(retry_after=0.3)), stop=Event(), idempotent=True)

    assert time.monotonic() - began >= 0.3


def test_a_long_wait_is_not_slept_but_told() -> None:
    send = Sends(UnavailableError(retry_after=61.0))

    with pytest.raises(UnavailableError) as caught:
        QUICK.call(send, stop=Event(), idempotent=True)

    assert caught.value.retry_after == 61.0
    assert send.count == 1


def test_the_stop_signal_ends_the_wait_within_a_second_and_nothing_more_is_sent() -> None:
    stop, send = Event(), Sends(UnavailableError(retry_after=30.0))
    Timer(0.1, stop.set).start()
    began = time.monotonic()

    with pytest.raises(UnavailableError):
        QUICK.call(send, stop=stop, idempotent=True)

    assert time.monotonic() - began < 1.0
    assert send.count == 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        (" 0.5 ", 0.5),
        ("-3", 0.0),
        ("Fri, 20 Nov 2026 12:01:30 GMT", 90.0),
        ("Fri, 20 Nov 2026 11:00:00 GMT", 0.0),
        ("Fri, 20 Nov 2026 13:00:10 +0100", 10.0),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_read_in_seconds_and_as_a_date(header: str | None, seconds: float | None) -> None:
    assert seconds_to_wait(header, NOW) == seconds


def test_whoever_may_send_no_more_is_asked_before_each_further_try() -> None:
    send, asked = Sends(UnavailableError(), UnavailableError()), []

    def may_send() -> None:
        asked.append(send.count)
        if send.count == 2:
            raise ConflictError("another run has taken over")

    with pytest.raises(ConflictError, match="taken over"):
        QUICK.call(send, stop=Event(), idempotent=True, before_again=may_send)

    assert asked == [1, 2]
    assert send.count == 2
