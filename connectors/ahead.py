"""The next pages are fetched while the caller stores this one, so that waiting for the network costs no time of its own.

Up to ``AHEAD`` pages ahead: one call may bring two pages (one of each object), and with one page ahead nothing was under way
while the caller stored the second of them. So many more are in memory, and a caller that stops half way leaves at most so many
calls unused behind. Nothing is fetched before the caller asks for the first page.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
AHEAD = 2


def ahead(made: Iterator[T]) -> Iterator[T]:
    """``made``, the following ones being made in a thread while the caller works on the one before.

    What ``made`` raises is raised when its place has come. Closing this waits for what is under way.
    """
    one = next(made, None)
    if one is None:
        return
    coming: deque[Future[T | None]] = deque()
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as beside:
        while one is not None:
            while len(coming) < AHEAD:
                coming.append(beside.submit(next, made, None))
            yield one
            one = coming.popleft().result()
