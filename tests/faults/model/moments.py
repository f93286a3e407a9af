"""Where the program is while it runs, so that something can happen to it exactly there: faults, crashes, pauses.

The product holds no switch for this: the harness stands around its seams from outside. Every connector is wrapped, which
tells which kind of call is under way; the watcher of a cycle tells the step; transactions and sends pass by here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from connectors.base import Connector
from connectors.transport import Line
from state.database import Database

Point = Literal["before begin", "before commit", "after commit", "before send", "after answer"]
POINTS: tuple[Point, ...] = ("before begin", "before commit", "after commit", "before send", "after answer")
Place = Literal[
    "sign in", "people", "describe", "hot read", "warm read", "cold read", "settle open", "remember", "attribute", "plan",
    "find tasks", "post", "journal", "pre-read", "write fields", "write tasks", "read back",
]  # fmt: skip
PLACES: tuple[Place, ...] = (
    "sign in", "people", "describe", "hot read", "warm read", "cold read", "settle open", "remember", "attribute", "plan",
    "find tasks", "post", "journal", "pre-read", "write fields", "write tasks", "read back",
)  # fmt: skip
_STEPS: Mapping[str, Place] = {
    "pull": "remember", "attribute": "attribute", "settle": "attribute", "plan": "plan", "post": "post", "apply": "journal",
}  # fmt: skip


class Crash(BaseException):
    """The process is dead from here on: nothing it does reaches a database or a CRM any more."""


@dataclass(slots=True)
class Moments:
    """The present process: its step, its call, and what happens at its n-th passing of a point."""

    step: Place = "remember"
    call: Place | None = None
    crm: str = ""
    sent: bool = False
    dead: bool = False
    at: tuple[Point, Place, int] | None = None
    what: Callable[[], None] | None = None
    passed: int = 0
    entered: list[Callable[[str, Place], None]] = field(default_factory=list)
    left: list[Callable[[], None]] = field(default_factory=list)

    @property
    def place(self) -> Place:
        """What the program is about."""
        return self.call or self.step

    def begin(self) -> None:
        """A new process."""
        self.step, self.call, self.sent, self.dead = "remember", None, False, False
        self.at, self.what, self.passed = None, None, 0

    def watch(self, name: str) -> None:
        """A step of the cycle begins."""
        self.step = _STEPS[name]

    def meet(self, point: Point) -> None:
        """The program passes a point.

        Raises:
            Crash: it dies there, or died before.
        """
        if self.dead:
            raise Crash
        if self.at is None or self.what is None or self.at[:2] != (point, self.place):
            return
        self.passed += 1
        if self.passed == self.at[2]:
            what, self.what, self.at = self.what, None, None
            what()

    def answered(self, writes: bool) -> None:
        """The CRM did its part of a call; nothing of its answer is here yet."""

    def die(self) -> None:
        """The process ends here."""
        self.dead = True
        raise Crash

    @contextmanager
    def calling(self, crm: str, place: Place) -> Iterator[None]:
        """A call of a connector is under way."""
        before = (self.call, self.crm)
        self.call, self.crm = place, crm
        for told in tuple(self.entered):
            told(crm, place)
        try:
            yield
        finally:
            self.call, self.crm = before
            for done in tuple(self.left):
                done()


class Watched:
    """A connector that says what it is doing."""

    def __init__(self, inner: Connector, crm: str, moments: Moments) -> None:
        self._inner = inner
        self._crm = crm
        self._moments = moments
        self.capabilities = inner.capabilities

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def identify(self) -> Any:
        return self._once("sign in", self._inner.identify)

    def people(self) -> Any:
        return self._once("people", self._inner.people)

    def describe(self, objects: Sequence[str]) -> Any:
        return self._once("describe", self._inner.describe, objects)

    def hot(self, wanted: Any) -> Iterator[Any]:
        return self._many("hot read", self._inner.hot(wanted), reading=True)

    def warm(self, wanted: Any) -> Iterator[Any]:
        return self._many("warm read", self._inner.warm(wanted), reading=True)

    def cold(self, wanted: Any) -> Iterator[Any]:
        return self._many("cold read", self._inner.cold(wanted), reading=True)

    def fetch(self, object_: str, ids: Sequence[str], fields: Sequence[str]) -> Any:
        place: Place = "read back" if self._moments.sent else "pre-read"
        self._moments.sent = False
        return self._once(self._settling(place), self._inner.fetch, object_, ids, fields)

    def send(self, writes: Any) -> Iterator[Any]:
        try:
            yield from self._many(self._settling("write fields"), self._inner.send(writes))
        finally:
            self._moments.sent = True

    def prepare_tasks(self, tasks: Any) -> None:
        self._once(self._settling("find tasks"), self._inner.prepare_tasks, tasks)

    def put_tasks(self, tasks: Any) -> Iterator[Any]:
        return self._many(self._settling("write tasks"), self._inner.put_tasks(tasks))

    def find_tasks(self, tasks: Any, *, deleted_too: bool = False) -> Any:
        find = partial(self._inner.find_tasks, deleted_too=deleted_too)
        return self._once(self._settling("find tasks"), find, tasks)

    def _settling(self, place: Place) -> Place:
        return "settle open" if self._moments.step == "remember" else place

    def _once(self, place: Place, call: Callable[..., Any], *args: Any) -> Any:
        with self._moments.calling(self._crm, place):
            return call(*args)

    def _many(self, place: Place, steps: Iterator[Any], *, reading: bool = False) -> Iterator[Any]:
        while True:
            with self._moments.calling(self._crm, place):
                try:
                    step = next(steps)
                except StopIteration:
                    return
            yield step


@contextmanager
def standing_around(moments: Moments) -> Iterator[None]:
    """Let ``moments`` see every transaction that writes and every exchange, until this ends."""
    marking, before, after = Database.marking, Line.before, Line.after

    @contextmanager
    def seen(self: Database) -> Iterator[Any]:
        moments.meet("before begin")
        with marking(self) as connection:
            yield connection
            moments.meet("before commit")
        moments.meet("after commit")

    def sending(self: Line, method: str, url: str) -> None:
        before(self, method, url)
        moments.meet("before send")

    def answered(self: Line, method: str, url: str, status: int | None, headers: Mapping[str, str]) -> None:
        moments.meet("after answer")
        after(self, method, url, status, headers)

    Database.marking, Line.before, Line.after = seen, sending, answered  # type: ignore[method-assign]
    try:
        yield
    finally:
        Database.marking, Line.before, Line.after = marking, before, after  # type: ignore[method-assign]
