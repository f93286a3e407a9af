"""Several list calls under way at once, which go on while the caller stores what they brought.

Whoever finishes a call decides the next one, under one lock. What was brought waits in the order in which it was taken from
the listings, so that what each says to be left is true once it and everything before it is stored. No more than
``MOST_WAITING`` pages are under way or waiting: a slow database holds the calls up, not the memory.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import inf
from threading import Condition

from connectors.hubspot.exchange import AT_ONCE, Answer
from connectors.hubspot.failures import concerns_one
from connectors.hubspot.listing import Listing, Span
from connectors.hubspot.records import Json
from partnersync.errors import ConnectorError, RejectedError

MOST_WAITING = 3 * AT_ONCE


@dataclass(frozen=True, slots=True)
class Brought:
    """New records of an object, what is ``left`` of it after them, and how often it ``begun`` at its first record."""

    object: Object
    results: Sequence[Json]
    left: str | None
    over: bool
    begun: int


@dataclass(slots=True, eq=False)
class Object:
    """An object being listed; ``refused`` where HubSpot does not let it be.

    ``total`` is about how many records there are, infinite where nobody knows; ``seen`` of them were brought. ``anew``: its one
    cursor was refused a page before and began at the first record again.
    """

    listing: Listing
    total: float = inf
    seen: int = 0
    told: bool = False
    refused: ConnectorError | None = None
    anew: bool = False

    @property
    def left(self) -> float:
        """About how many records are still to be brought."""
        return self.total - self.seen

    @property
    def share_left(self) -> float:
        """About which part of all records that is."""
        return 1.0 if self.total == inf else self.left / max(1, self.total)

    def take(self, span: Span, answer: Answer) -> Brought | None:
        """What an answer brings; None where that is nothing worth telling."""
        results = self.listing.take(span, answer)
        over = self.listing.over
        self.seen += len(results)
        if self.told or not (results or over):
            return None
        self.told = over
        return Brought(self, results, self.listing.written(), over, self.listing.begun)

    def refuse(self, span: Span, error: ConnectorError) -> None:
        """A call was refused. Where it named an ``after``, that may be what HubSpot does not know (any more): of several cursors
        begin anew with one, and with one once more. Else there is no way on.
        """
        if not self.listing.knows(span):
            return
        if isinstance(error, RejectedError) and (self.listing.split or (span.after is not None and not self.anew)):
            self.anew = self.anew or not self.listing.split
            self.listing.begin_anew()
            self.seen = 0
        else:
            self.refused = error


class Fleet:
    """Lists ``objects`` by calls of ``ask`` (object, after), in the threads of ``beside``."""

    def __init__(
        self,
        beside: ThreadPoolExecutor,
        ask: Callable[[Object, str | None], Answer],
        objects: Sequence[Object],
    ) -> None:
        self._beside = beside
        self._ask = ask
        self._objects = objects
        self._moved = Condition()
        self._waiting: deque[Brought] = deque()
        self._flying: Counter[int] = Counter()
        self._failed: BaseException | None = None
        self._closed = False

    def brought(self) -> Iterator[Brought]:
        """What the calls bring, until nothing is left.

        Raises:
            ConnectorError: what a call raised, after everything that was brought before it.
        """
        try:
            while (brought := self._await()) is not None:
                yield brought
        finally:
            with self._moved:
                self._closed = True

    def _await(self) -> Brought | None:
        with self._moved:
            self._send()
            while not self._waiting and self._flying.total() and self._failed is None:
                self._moved.wait()
            if self._waiting:
                return self._waiting.popleft()
            if self._failed is not None:
                raise self._failed
            return None

    def _send(self) -> None:
        """As many calls as there is room for; each of the object with the fewest under way that has anything to ask.

        The longest object never waits: its one cursor sets the pace of the whole read. A shorter one keeps step with it, so
        that both end together: side by side at full speed they would use up the portal's allowance on the shorter one, and
        one after the other they would leave most of the allowance unused at first, which is missing in the end.
        """
        while not self._closed and self._failed is None:
            flying = self._flying.total()
            if flying >= AT_ONCE or flying + len(self._waiting) >= MOST_WAITING:
                return
            active = [each for each in self._objects if each.refused is None and not each.told]
            if not active:
                return
            pace = max(active, key=lambda each: each.left).share_left
            for each in sorted(active, key=lambda each: self._flying[id(each)]):
                in_turn = each.listing.split or each.share_left >= pace
                if in_turn and (span := each.listing.next()) is not None:
                    span.flying = True
                    self._flying[id(each)] += 1
                    self._beside.submit(self._call, each, span, span.after)
                    break
            else:
                return

    def _call(self, each: Object, span: Span, after: str | None) -> None:
        answer, error = None, None
        try:
            answer = self._ask(each, after)
        except BaseException as raised:
            error = raised
        with self._moved:
            self._flying[id(each)] -= 1
            try:
                self._land(each, span, answer, error)
                self._send()
            except BaseException as raised:
                self._failed = self._failed or raised
            self._moved.notify()

    def _land(self, each: Object, span: Span, answer: Answer | None, error: BaseException | None) -> None:
        if answer is not None:
            brought = each.take(span, answer)
            if brought is not None:
                self._waiting.append(brought)
        elif isinstance(error, ConnectorError) and concerns_one(error):
            each.refuse(span, error)
        else:
            self._failed = self._failed or error
