"""Read whole objects, for the first pull and the nightly cold one: all of them at once, each by as many cursors as it allows.

Small objects are read one after the other, as ever. What has more than a few pages is looked at closer (``_look``) while the
next one begins, and then all large ones are read together: two calls are under way for two objects whose portal allows one
cursor each, and up to ``AT_ONCE`` where it allows more. Calls go on while the caller stores what came before. Pages are brought
as they come; each carries what is left of its own object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from math import inf

from connectors.failures import Failures
from connectors.hubspot.calls import Calls
from connectors.hubspot.cursor import Cursor, packed
from connectors.hubspot.exchange import AT_ONCE, Answer
from connectors.hubspot.failures import concerns_one
from connectors.hubspot.fleet import Brought, Fleet, Object
from connectors.hubspot.listing import WORTH_A_CURSOR, Listing, proofs, proves
from connectors.hubspot.records import Json, stamp_ms
from partnersync.errors import ConnectorError
from partnersync.records import Page, Wanted


@dataclass(slots=True)
class Whole:
    """One object that is read in full. ``cursor`` is kept with each page; None keeps none.

    ``recent`` collects the versions since the cursor's ``probe``, of use if one process reads all of them. ``unmade``: of what
    was listed a page could not be made, and the cursor must not move past it.
    """

    wanted: Wanted
    properties: Sequence[str]
    object: Object
    cursor: Cursor | None
    seen: int = 0
    begun: int = 0
    recent: dict[str, int] = field(default_factory=dict)
    unmade: bool = False

    @classmethod
    def of(
        cls, wanted: Wanted, properties: Sequence[str], cursor: Cursor | None, page: int, total: float = inf
    ) -> Whole:
        """Going on where ``cursor`` says; without one, from the beginning. ``total``: so many records, where that is known."""
        listing = Listing((cursor.listing if cursor else None) or "", page)
        seen = cursor.seen if cursor else 0
        return cls(wanted, properties, Object(listing, total, seen), cursor, seen, listing.begun)

    def finished(self, page: Page, brought: Brought) -> Page:
        """The page with what is left to be read after it."""
        if self.begun != brought.begun:
            self.begun, self.seen = brought.begun, 0
            self.recent.clear()
        self.seen += len(page.records)
        cursor = None if self.cursor is None else self._kept(self.cursor, brought).written()
        return replace(page, cursor=cursor, done=brought.over, total=self.seen if brought.over else None)

    def _kept(self, cursor: Cursor, brought: Brought) -> Cursor:
        stamps = ((str(each["id"]), stamp_ms(each)) for each in brought.results)
        self.recent.update((id_, stamp) for id_, stamp in stamps if stamp >= cursor.probe)
        if not brought.over:
            return replace(cursor, listing=brought.left, seen=self.seen)
        known = (
            self.begun and len(self.recent) == cursor.total and max(self.recent.values(), default=0) <= cursor.newest
        )
        return replace(cursor, listing=None, seen=0, window=packed(self.recent) if known else cursor.window)


@dataclass(frozen=True, slots=True)
class _Look:
    """Calls under way that say what cursors an object allows: its newest record, and pages asked for again by another ``after``
    (ids brought before, after).
    """

    newest: Future[Answer] | None = None
    tried: Sequence[tuple[Future[Answer], Sequence[int], str]] = ()


@dataclass(frozen=True, slots=True)
class FullReads:
    """Reads of one portal; ``page`` makes records of what was listed, ``size`` is how many a page lists."""

    calls: Calls
    page: Callable[[Wanted, Sequence[Json]], Page]
    size: int

    def pages(self, wholes: Sequence[Whole], failures: Failures) -> Iterator[Page]:
        """Every record of every object, in pages as they come; ``failures`` keeps what HubSpot refuses of single ones.

        Raises:
            ConnectorError: whatever else a call raised; pages before it stand.
        """
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="listing") as beside:
            looks = {id(whole): self._early(whole, beside) for whole in wholes}
            for whole in wholes:
                yield from self._begun(whole)
                if whole.object.refused is None:
                    looks[id(whole)] = self._look(whole, beside, looks[id(whole)])
            for whole in wholes:
                self._decide(whole, looks[id(whole)])
            yield from self._together(wholes, beside)
        for whole in wholes:
            with failures.of(whole.wanted.object):
                if whole.object.refused is not None:
                    raise whole.object.refused

    def _begun(self, whole: Whole) -> Iterator[Page]:
        """The first few pages, or all there are."""
        object_, listing = whole.object, whole.object.listing
        while object_.refused is None and listing.undecided and not listing.ripe and (span := listing.next()):
            try:
                brought = object_.take(span, self._ask(whole, span.after))
            except ConnectorError as error:
                if not concerns_one(error):
                    raise
                object_.refuse(span, error)
                continue
            if brought is not None:
                yield from self._pages_of(whole, brought)

    def _together(self, wholes: Sequence[Whole], beside: ThreadPoolExecutor) -> Iterator[Page]:
        owners = {id(whole.object): whole for whole in wholes}
        counted = self.calls.beside()

        def ask(object_: Object, after: str | None) -> Answer:
            return counted(partial(self._ask, owners[id(object_)], after))

        for brought in Fleet(beside, ask, [whole.object for whole in wholes]).brought():
            yield from self._pages_of(owners[id(brought.object)], brought)

    def _pages_of(self, whole: Whole, brought: Brought) -> Iterator[Page]:
        """The page; none where it could not be made, and none of the same object after that."""
        if whole.unmade:
            return
        try:
            page = self.page(whole.wanted, brought.results)
        except ConnectorError as error:
            if not concerns_one(error):
                raise
            whole.unmade, whole.object.refused = True, error
        else:
            yield whole.finished(page, brought)

    def _early(self, whole: Whole, beside: ThreadPoolExecutor) -> _Look:
        """What can be asked before the first page: the newest record, where it is known that there are many."""
        return _Look(self._newest(whole, beside) if self._few < whole.object.left < inf else None)

    def _look(self, whole: Whole, beside: ThreadPoolExecutor, early: _Look) -> _Look:
        """What says whether several cursors may read what is left, being asked; nothing where that is not worth it."""
        listing, counted = whole.object.listing, self.calls.beside()
        if listing.over or (listing.undecided and whole.object.left <= self._few):
            return _Look()
        tried = [
            (beside.submit(counted, partial(self._ask, whole, after)), first, after)
            for after, first in (proofs(listing.seen) if listing.undecided else ())
        ]
        return _Look(early.newest or self._newest(whole, beside), tried)

    def _decide(self, whole: Whole, look: _Look) -> None:
        """Whether several cursors may read what is left: if it is worth it, and this portal proves it on what was read."""
        listing = whole.object.listing
        if listing.over or whole.object.refused is not None:
            return
        if look.newest is None:
            listing.stay()
            return
        proven = [_proves(made, first, after) for made, first, after in look.tried]
        highest = self._highest(whole, look.newest)
        if listing.split or (whole.object.left > self._few and highest and proven and all(proven)):
            listing.may_split(highest)
        else:
            listing.stay()

    def _highest(self, whole: Whole, newest: Future[Answer]) -> int:
        """About the highest id, from the records that were created last; 0 where search shows none."""
        try:
            answer = newest.result()
        except ConnectorError as error:
            if not concerns_one(error):
                raise
            return 0
        total = answer.body.get("total")
        if isinstance(total, int):
            whole.object.total = total
        return max((int(each["id"]) for each in answer.results), default=0)

    def _newest(self, whole: Whole, beside: ThreadPoolExecutor) -> Future[Answer]:
        return beside.submit(self.calls.beside(), partial(self._search_newest, whole.wanted.object))

    def _search_newest(self, object_: str) -> Answer:
        everything = {"propertyName": "hs_object_id", "operator": "GTE", "value": "0"}
        request = {
            "filterGroups": [{"filters": [everything]}],
            "sorts": [{"propertyName": "createdate", "direction": "DESCENDING"}],
            "properties": ["createdate"],
            "limit": self.size,
        }
        return self.calls.search(object_, request)

    @property
    def _few(self) -> int:
        return WORTH_A_CURSOR * self.size

    def _ask(self, whole: Whole, after: str | None) -> Answer:
        return self.calls.list(whole.wanted.object, whole.properties, after, archived=False, limit=self.size)


def _proves(made: Future[Answer], first: Sequence[int], after: str) -> bool:
    try:
        return proves(made.result(), first, after)
    except ConnectorError as error:
        if not concerns_one(error):
            raise
        return False
