"""Pages of a full read are stored by the thousand; nothing that a page says besides its records is joined."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from threading import Event

import pytest

from partnersync.errors import UnavailableError
from partnersync.ids import Ref
from partnersync.records import Gone, Page, RawRecord
from service.steps.joining import joined

AT = datetime(2026, 3, 1, tzinfo=UTC)


def page(first: int, count: int, object_: str = "deals", *, full: bool = True, done: bool = False) -> Page:
    refs = [Ref("hubspot", "1", object_, str(number)) for number in range(first, first + count)]
    records = tuple(RawRecord(ref, {}, AT) for ref in refs)
    return Page(object_, records, cursor=f"after {first + count}", done=done, full=full, total=count if done else None)


def sizes(pages: Iterator[Page]) -> list[tuple[str, int, str | None]]:
    return [(each.object, len(each.records), each.cursor) for each in pages]


def test_pages_of_a_full_read_are_joined_up_to_a_size_with_the_cursor_of_the_last() -> None:
    read = [page(0, 100), page(100, 100), page(200, 100), page(300, 50, done=True), page(0, 10, "companies", done=True)]

    found = list(joined(read, Event(), most=200))

    assert sizes(iter(found)) == [
        ("deals", 200, "after 200"),
        ("deals", 150, "after 350"),
        ("companies", 10, "after 10"),
    ]
    assert [each.done for each in found] == [False, True, True]
    assert [record.ref.id for record in found[1].records] == [str(number) for number in range(200, 350)]


def test_pages_of_changes_and_pages_that_tell_more_than_records_stay_alone() -> None:
    gone = Page("deals", gone=(Gone(Ref("hubspot", "1", "deals", "7"), AT),), full=True, cursor="gone")
    changes = [page(0, 10, full=False), page(10, 10, full=False)]

    assert sizes(joined(changes, Event())) == [("deals", 10, "after 10"), ("deals", 10, "after 20")]
    assert sizes(joined([page(0, 10), gone, page(10, 10)], Event())) == [
        ("deals", 10, "after 10"),
        ("deals", 0, "gone"),
        ("deals", 10, "after 20"),
    ]


def test_a_page_without_a_cursor_leaves_the_cursor_before_it() -> None:
    without = Page("deals", page(10, 10).records, full=True)

    assert sizes(joined([page(0, 10), without], Event())) == [("deals", 20, "after 10")]


def test_what_came_before_a_failure_is_given_before_it() -> None:
    def failing() -> Iterator[Page]:
        yield page(0, 100)
        yield page(100, 100)
        raise UnavailableError("the CRM went away")

    given = joined(failing(), Event())

    assert len(next(given).records) == 200
    with pytest.raises(UnavailableError, match="went away"):
        next(given)


def test_the_stop_signal_is_not_kept_waiting_by_more_pages() -> None:
    stop = Event()

    def read() -> Iterator[Page]:
        yield page(0, 100)
        stop.set()
        yield page(100, 100)
        raise AssertionError("asked for a page after the stop signal")

    assert len(next(joined(read(), stop)).records) == 200
