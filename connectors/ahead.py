"""The next page is fetched while the caller stores this one, so that waiting for the network costs no time of its own.

Exactly one page ahead: two are in memory, and a caller that stops half way leaves at most one call unused behind. Nothing
is fetched before the caller asks for the first page.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def ahead(made: Iterator[T]) -> Iterator[T]:
    """``made``, each next one being made in a thread while the caller works on the one before.

    What ``made`` raises is raised when its place has come. Closing this waits for what is under way.
    """
    one = next(made, None)
    if one is None:
        return
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as beside:
        while one is not None:
            coming = beside.submit(next, made, None)
            yield one
            one = coming.result()
