"""A process that stands still at a named point, as one does whose machine is suspended: SIGSTOP to itself, there."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from service.steps.writer import ConnectorWriter
from tests.faults.crashes.points import Points
from tests.faults.model.moments import Place, standing_around

WRITES: tuple[Place, ...] = ("write fields", "write tasks")


@contextmanager
def standing_still(point: str, nth: int) -> Iterator[None]:
    """For a process to run in: it stops at the ``nth`` passing of ``point``; a call's point counts at writes."""
    points, met = Points(), 0

    def told(n: int) -> None:
        nonlocal met
        at, where = points.trace[n - 1]
        if at == point and (point not in ("before send", "after answer") or where in WRITES):
            met += 1
            if met == nth:
                os.kill(os.getpid(), signal.SIGSTOP)

    points.told = told
    for name, place in (("send", WRITES[0]), ("put_tasks", WRITES[1])):
        setattr(ConnectorWriter, name, _marked(points, place, getattr(ConnectorWriter, name)))
    with standing_around(points):
        yield


def _marked(points: Points, place: Place, send: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
    def sending(self: ConnectorWriter, items: Sequence[Any]) -> Iterator[Any]:
        points.call = place
        try:
            yield from send(self, items)
        finally:
            points.call = None

    return sending
