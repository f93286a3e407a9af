"""List every live record of an object, by several cursors at once where the portal lets a cursor begin in the middle.

The problem. HubSpot lists 100 records a call, in the order of ids. 20,000 deals are 200 calls one after another: 12 s at
60 ms each, while the portal would take 19 calls a second. Pages name an ``after``; where that may be any id, a second
cursor can begin half way. But nothing tells where the ids lie, and no document says that a cursor may begin anywhere.

The choice. A *span* is what one cursor reads. Whoever is free takes over the farther half of the longest span:

    ids   501 ─────────────────────────────────── 80,000 (the newest)
          A ────────→ · · · · B ────→ · · C ──→ · ·

A span ends at the first id that its successor *brought*, not at the one where that was told to begin. So whatever a cursor
that begins in the middle leaves out, its predecessor reads: a portal that understands ``after`` differently costs calls,
never records. Before the first split, two calls prove it on pages that are already read (``proven``); an answer out of
order, or a refused one, begins the listing anew with one cursor. That one may be refused its ``after`` too, where the record
that it names was archived since: once in a pull it begins anew.

Left out: the search index, which lags, and the records' number, which moves while we read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from connectors.hubspot.exchange import Answer
from connectors.hubspot.records import Json

WORTH_A_CURSOR = 6
"""Pages that a span must probably have left before its farther half goes to a cursor of its own."""
PROVEN_ON = 2
"""Pages that one cursor brings before it is looked whether more may begin."""


@dataclass(slots=True, eq=False)
class Span:
    """What one cursor reads: ids beyond ``at``, before ``end`` (None: to the last).

    ``after`` is where its next page starts, as HubSpot says it; ``first`` the first id that it brought, of ``brought`` since
    ``began``.
    """

    at: int
    end: int | None
    after: str | None
    began: int
    first: int | None = None
    brought: int = 0
    flying: bool = False
    over: bool = False


class Listing:
    """The spans of one object; decides what to ask next and what of an answer is new. Asks nothing itself.

    It begins where ``text`` says, which is what an earlier one had ``written``, or "". ``seen`` are the ids that one cursor
    brought, until it is decided whether there may be more; ``begun`` counts how often it began at the first record.
    """

    def __init__(self, text: str, page: int) -> None:
        self._page = page
        self._newest = 0
        self._spans = _read(text)
        self.split = "-" in text
        self.seen: list[int] = []
        self.begun = 0 if text else 1
        self._alone = False

    @property
    def over(self) -> bool:
        """Whether everything was brought."""
        return all(span.over for span in self._spans)

    @property
    def undecided(self) -> bool:
        """Whether one cursor reads and it is not yet known whether there may be more."""
        return not self.split and not self._alone

    def written(self) -> str | None:
        """What is still to be brought, for a process that goes on; None where nothing is."""
        if self.over:
            return None
        if not self.split:
            return self._spans[0].after or ""
        here = [span for span in self._spans if span.first is not None]
        ends = [*(span.first for span in here[1:]), here[-1].end]
        left = ",".join(f"{span.at}-{end or ''}" for span, end in zip(here, ends, strict=True) if not span.over)
        return left or None  # a cursor that brought nothing yet has its ids read by those before it

    @property
    def ripe(self) -> bool:
        """Whether one cursor brought enough to decide on."""
        return self.undecided and len(self.seen) >= PROVEN_ON * self._page

    def stay(self) -> None:
        """One cursor reads all of it."""
        self._alone = True
        self.seen.clear()

    def may_split(self, newest: int) -> None:
        """Several cursors may read from now on, since the portal proved it; ``newest`` is about the highest id."""
        self.split, self._newest = True, newest
        self.seen.clear()

    def next(self) -> Span | None:
        """A span whose next page may be asked for now; None if all are being asked or over."""
        idle = next((span for span in self._spans if not span.flying and not span.over), None)
        return idle or self._farther_half()

    def knows(self, span: Span) -> bool:
        """Whether a span is still one of these; those of before it began anew are not."""
        return span in self._spans

    def take(self, span: Span, answer: Answer) -> Sequence[Json]:
        """The new records of a span's page; an answer to a span that is no more brings none."""
        span.flying = False
        if not self.knows(span):
            return ()
        ids = _numbers(answer.results)
        if not self.split:
            self._serial(span, ids, answer.after)
            return answer.results
        if any(one >= other for one, other in pairwise(ids)) or (ids and ids[0] < span.at):
            return self.begin_anew()
        place = self._spans.index(span)
        low = span.at if span.first is not None else max(each.at for each in self._spans[: place + 1])
        high = span.end or max(ids, default=0) + 1
        new = [each for each, id_ in zip(answer.results, ids, strict=True) if low < id_ < high]
        if span.first is None:
            if not new:
                self._dissolve(place)
                return ()
            self._join(place, int(new[0]["id"]))
        _advance(span, ids, len(new), answer.after)
        return new

    def begin_anew(self) -> Sequence[Json]:
        """From the first record on, with one cursor: this portal does not list as was thought."""
        self.split = False
        self.stay()
        self._spans = _read("")
        self.begun += 1
        return ()

    def _serial(self, span: Span, ids: Sequence[int], after: str | None) -> None:
        span.after, span.over, span.first = after, after is None, span.first or min(ids, default=0)
        span.at = max(ids, default=span.at)
        span.began = span.began or span.first
        span.brought += len(ids)
        if self.undecided:
            self.seen += ids

    def _join(self, place: int, first: int) -> None:
        """The span brought its first record, up to which whoever is before it will read."""
        self._spans[place].first = first
        for before in reversed(self._spans[:place]):
            before.end = first
            before.over = before.over or before.at + 1 >= first
            if before.first is not None:
                return

    def _dissolve(self, place: int) -> None:
        """The span has nothing that those before it did not bring; they read on to where it would have ended."""
        gone = self._spans.pop(place)
        self._spans[place - 1].end = gone.end

    def _farther_half(self) -> Span | None:
        if not self.split:
            return None
        left = [self._left(place) for place in range(len(self._spans))]
        place = max(range(len(left)), key=lambda each: left[each] * self._density(self._spans[each]))
        span = self._spans[place]
        if left[place] * self._density(span) < WORTH_A_CURSOR * self._page:
            return None
        middle = span.at + left[place] // 2
        new = Span(middle, span.end, str(middle), middle)
        self._spans.insert(place + 1, new)
        return new

    def _left(self, place: int) -> int:
        """How many ids a span has before it, up to where another one began."""
        span = self._spans[place]
        if span.over:
            return 0
        following = self._spans[place + 1] if place + 1 < len(self._spans) else None
        upto = following.at if following is not None and following.first is None else span.end or self._newest
        return max(0, upto - span.at)

    def _density(self, span: Span) -> float:
        """Records in each id, where they were counted: of this span, or of all."""
        counted = [span] if span.brought else [each for each in self._spans if each.brought]
        ids = sum(each.at - each.began for each in counted)
        return sum(each.brought for each in counted) / ids if ids > 0 else 1.0


def _read(text: str) -> list[Span]:
    if "-" not in text:
        return [Span(0, None, text or None, 0)]
    parts = (part.split("-") for part in text.split(","))
    return [Span(int(at), int(end) if end else None, at, int(at), first=int(at)) for at, end in parts]


def _numbers(results: Sequence[Json]) -> list[int]:
    return [int(each["id"]) for each in results]


def _advance(span: Span, ids: Sequence[int], new: int, after: str | None) -> None:
    last = ids[-1] if ids else span.at
    span.after = after
    span.brought += new
    span.at = max(span.at, last if span.end is None else min(last, span.end - 1))
    span.over = after is None or (span.end is not None and last + 1 >= span.end)


def proofs(seen: Sequence[int]) -> Iterator[tuple[str, Sequence[int]]]:
    """Two cursors on ids that are known, and what each must bring first: one at an id, one in a gap between two.

    A cursor at an id may begin with it or after it. Where the ids have no gap, the other one begins before all of them. Ids
    that are in no order prove nothing.
    """
    if any(one >= other for one, other in pairwise(seen)):
        return
    middle = len(seen) // 2
    yield str(seen[middle]), seen[middle + 1 :]
    gap = next((place for place in range(1, len(seen)) if seen[place] - seen[place - 1] > 1), 0)
    if seen[gap] > 1:
        yield str(seen[gap] - 1), seen[gap:]


def proves(answer: Answer, expected: Sequence[int], after: str) -> bool:
    """Whether a cursor began where it was told to."""
    ids = _numbers(answer.results)
    if ids and ids[0] == int(after):
        ids = ids[1:]
    return bool(ids) and ids[: len(expected)] == list(expected[: len(ids)])
