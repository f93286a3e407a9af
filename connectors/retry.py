"""The one retry layer: tries again exactly where waiting helps and where a second send has no second effect.

A request is sent again after ``UnavailableError`` alone. If it may have taken effect (``maybe_done``), only when the
caller says that it is idempotent: a read, an update to fixed values, an upsert by a unique key. Waits are full jitter
(uniform between 0 and 0.5, 1, 2, … seconds), at least what the CRM asked for, cut short by the stop signal. A wait longer
than a minute is not slept: the error goes up with its ``retry_after`` and the work is scheduled anew; so does every
``QuotaError``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from threading import Event
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, stop_before_delay
from tenacity.wait import wait_random_exponential

from partnersync.errors import UnavailableError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long one request may be tried: ``attempts`` sends, ``total`` seconds in all, waits up to ``longest_wait``."""

    attempts: int = 7
    total: float = 180.0
    first_wait: float = 0.5
    longest_wait: float = 60.0

    def call(
        self, send: Callable[[], T], *, stop: Event, idempotent: bool, before_again: Callable[[], None] | None = None
    ) -> T:
        """What ``send`` returns, trying again as the module says; ``before_again`` may forbid that by what it raises.

        Raises:
            UnavailableError: the last one, when attempts or time are used up, the CRM asks for more patience than a
                minute, the request may have taken effect and is not idempotent, or ``stop`` was set while waiting.
            Exception: whatever else ``send`` raises, at once.
        """
        failed: list[UnavailableError] = []

        def again(error: BaseException) -> bool:
            if not isinstance(error, UnavailableError):
                return False
            failed[:] = [error]
            too_long = error.retry_after is not None and error.retry_after > self.longest_wait
            return not too_long and (idempotent or not error.maybe_done)

        def sleep(seconds: float) -> None:
            if stop.wait(seconds):
                raise failed[0]
            if before_again is not None:
                before_again()

        jitter = wait_random_exponential(multiplier=self.first_wait, max=self.longest_wait)

        def wait(state: RetryCallState) -> float:
            return (failed[0].retry_after or 0.0) + jitter(state)

        retrying = Retrying(
            retry=retry_if_exception(again),
            wait=wait,
            sleep=sleep,
            stop=stop_after_attempt(self.attempts) | stop_before_delay(self.total),
            reraise=True,
        )
        return retrying(send)


def seconds_to_wait(header: str | None, now: datetime) -> float | None:
    """What a ``Retry-After`` header asks for, in seconds from ``now``; it holds seconds or an HTTP date.

    None where it is missing or unreadable; a date in the past is 0.
    """
    if header is None or not header.strip():
        return None
    text = header.strip()
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        then = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (then - now).total_seconds()) if then.tzinfo else None
