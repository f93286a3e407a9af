"""Several cursors on one list: everything is brought once, in whatever order answers come and however a cursor begins."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import pytest

from connectors.hubspot.exchange import Answer
from connectors.hubspot.listing import PROVEN_ON, Listing, Span, proofs, proves

PAGE = 10
Begins = Literal["at", "after", "later", "nowhere"]


@dataclass
class Portal:
    """Lists ``ids``. A cursor that begins at an id may begin with it, after it, a few records later, or bring nothing."""

    ids: Sequence[int]
    begins: Begins = "at"
    asked: int = 0

    def list(self, after: str | None) -> Answer:
        self.asked += 1
        low = int(after or 0)
        here = [id_ for id_ in self.ids if id_ >= low]
        if low and low not in self.ids and self.begins in {"later", "nowhere"}:
            here = here[7:] if self.begins == "later" else []
        elif low and self.begins == "after":
            here = [id_ for id_ in here if id_ > low]
        page, more = here[:PAGE], here[PAGE:]
        body: dict[str, Any] = {"results": [{"id": str(id_)} for id_ in page]}
        if more:
            body["paging"] = {"next": {"after": str(page[-1] if self.begins == "after" else more[0])}}
        return Answer(200, body, datetime(2026, 3, 1, tzinfo=UTC))


def drawn_ids(draw: random.Random) -> list[int]:
    """Ids as portals have them: close together, far apart, or clouds of both."""
    ids, last = [], draw.choice((1, 5_000))
    while len(ids) < draw.choice((150, 900)):
        gap = draw.choice((1, 1, 3, 1_000, 10_000_000))
        for _ in range(draw.randint(1, 200)):
            last += draw.randint(1, gap)
            ids.append(last)
    return ids


def read(portal: Portal, draw: random.Random, at_once: int, stop_after: int | None = None, text: str = "") -> Any:
    """Read with ``at_once`` calls under way, answered in any order; gives the ids brought and what was left."""
    listing = Listing(text, PAGE)
    if listing.split:
        listing.may_split(portal.ids[-1])
    brought: list[int] = []
    begun, flying = listing.begun, deque[tuple[Span, Answer]]()
    while True:
        if listing.undecided and listing.ripe:
            listing.may_split(portal.ids[-1])
        while len(flying) < (1 if listing.undecided else at_once) and (span := listing.next()) is not None:
            span.flying = True
            flying.append((span, portal.list(span.after)))
        if not flying:
            return brought, listing
        flying.rotate(draw.randrange(len(flying)))
        span, answer = flying.popleft()
        results = listing.take(span, answer)
        if listing.begun != begun:
            begun, brought = listing.begun, []
        brought += [int(each["id"]) for each in results]
        if stop_after is not None and len(brought) >= stop_after:
            return brought, listing


@pytest.mark.parametrize("begins", ["at", "after", "later", "nowhere"])
def test_every_record_is_brought_once_however_a_cursor_begins(begins: Begins) -> None:
    seed = random.randrange(1 << 32)
    draw = random.Random(seed)
    for _ in range(40):
        portal = Portal(drawn_ids(draw), begins)

        brought, listing = read(portal, draw, draw.choice((1, 2, 5, 12)))

        assert sorted(brought) == portal.ids, f"seed {seed}"
        assert listing.over, f"seed {seed}"
        assert listing.written() is None, f"seed {seed}"


@pytest.mark.parametrize("known", [None, 575427147], ids=["any", "all was brought and a cursor is under way in vain"])
@pytest.mark.parametrize("begins", ["at", "after"])
def test_what_is_written_brings_the_rest_in_another_process(begins: Begins, known: int | None) -> None:
    seed = known or random.randrange(1 << 32)
    draw = random.Random(seed)
    for _ in range(40):
        portal = Portal(drawn_ids(draw), begins)
        first, listing = read(portal, draw, 12, stop_after=draw.randrange(10, len(portal.ids)))
        left = listing.written()

        rest = read(portal, draw, 12, text=left)[0] if left is not None else []

        assert set(first) | set(rest) == set(portal.ids), f"seed {seed}"
        assert not set(first) & set(rest), f"seed {seed}"


def test_many_cursors_cost_few_calls_more() -> None:
    portal = Portal(range(1, 20_001))
    brought, _ = read(portal, random.Random(1), 12)

    assert len(brought) == 20_000
    assert portal.asked < 2_000 + 60


def test_a_list_in_no_order_is_read_by_one_cursor_from_the_beginning() -> None:
    ids = list(range(1, 300))
    listing = Listing("", PAGE)
    portal = Portal(ids)
    for _ in range(PROVEN_ON):
        span = listing.next()
        assert span is not None
        listing.take(span, portal.list(span.after))
    listing.may_split(ids[-1])
    first, second = listing.next(), None
    assert first is not None
    first.flying = True
    second = listing.next()
    assert second is not None

    upside_down = Answer(200, {"results": [{"id": "250"}, {"id": "240"}], "paging": {"next": {"after": "9"}}}, None)

    assert listing.take(second, upside_down) == ()
    assert (listing.split, listing.begun, listing.written()) == (False, 2, "")
    assert listing.take(first, portal.list(first.after)) == (), "an answer to what is no more brings nothing"


@pytest.mark.parametrize(("begins", "proven"), [("at", True), ("after", True), ("later", False), ("nowhere", False)])
def test_two_calls_prove_where_a_cursor_begins(begins: Begins, proven: bool) -> None:
    ids = [2, 3, 4, 5, 9, 10, 11, 12, 20, 21, 22, 23, 24, 25, 26]
    portal = Portal(ids, begins)

    assert all(proves(portal.list(after), first, after) for after, first in proofs(ids)) is proven
    assert portal.asked == 2


def test_ids_in_no_order_prove_nothing() -> None:
    assert list(proofs([1, 3, 2, 5])) == []
