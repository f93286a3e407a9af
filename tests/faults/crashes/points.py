"""Every named point that a run passes, in order; at the n-th of them it dies.

    transactions   before begin, before commit, after commit    of each function of ``state`` that opens one: ``journal begin``,
                                                                ``facts remember`` (a page of a pull), ``ledger append`` …
    calls          before send, CRM committed, after answer,    of each kind of call: ``hot read``, ``write tasks`` …
                   call returned
    steps          step begins                                  of the cycle: ``pull``, ``plan``, ``apply`` …

A crash is an exception that nothing catches, and from then on the dead process reaches neither database nor CRM: every clean-up
that it tries meets the same exception. So a crash leaves what both databases hold at its point, and one run can be watched at
many points: ``told`` hears of each.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.faults.model.moments import Crash, Moments, Place

TRANSACTION = ("before begin", "before commit", "after commit")
CALL = ("before send", "CRM committed", "after answer", "call returned")
STEP = ("step begins",)
Passing = tuple[str, str]
"""A point and where it was passed: a transaction's function, a call's kind, a step's name."""


@dataclass(slots=True)
class Points(Moments):
    """The points that the present process has passed; it dies at its ``fatal``-th (counted from 1), if one is set."""

    trace: list[Passing] = field(default_factory=list)
    fatal: int | None = None
    told: Callable[[int], None] | None = None

    def begin(self) -> None:
        """A new process, which nothing kills yet."""
        Moments.begin(self)
        self.trace, self.fatal, self.told = [], None, None

    def watch(self, name: str) -> None:
        """A step of the cycle begins."""
        Moments.watch(self, name)
        self.meet("step begins", name)

    def meet(self, point: str, where: str = "") -> None:
        """The program passes a point.

        Raises:
            Crash: it dies there, or died before.
        """
        if self.dead:
            raise Crash
        self.trace.append((point, where or (_function() if point in TRANSACTION else self.place)))
        if self.told is not None:
            self.told(len(self.trace))
        if len(self.trace) == self.fatal:
            self.die()

    def answered(self, writes: bool) -> None:
        """One more point, of a call that writes."""
        if writes and not self.dead:
            self.meet("CRM committed")

    @contextmanager
    def calling(self, crm: str, place: Place) -> Iterator[None]:
        """A call of a connector is under way; it returns whole or, for a read, by the page."""
        with Moments.calling(self, crm, place):
            yield
            self.meet("call returned")


def _function() -> str:
    """The function of ``state`` that opens the present transaction."""
    frame = sys._getframe(2)
    while (above := frame.f_back) is not None:
        frame = above
        module = str(frame.f_globals.get("__name__", ""))
        if module == "state.database" and frame.f_code.co_name == "check":
            return "fence check"
        if module.startswith("state.") and module != "state.database":
            return f"{module.rpartition('.')[2]} {frame.f_code.co_name.strip('_')}"
    return "elsewhere"
