"""Fetching pages ahead: in order, one at a time, never unasked, with its errors in their place."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from connectors.ahead import ahead


def test_everything_comes_in_its_order() -> None:
    assert list(ahead(iter(range(1, 50)))) == list(range(1, 50))
    assert list(ahead(iter(()))) == []


def test_the_next_is_made_while_the_caller_works_on_this_one() -> None:
    second_made = threading.Event()

    def made() -> Iterator[str]:
        yield "first"
        second_made.set()
        yield "second"

    taken = ahead(made())

    assert next(taken) == "first"
    assert second_made.wait(5)
    assert list(taken) == ["second"]


def test_no_more_than_two_are_made_ahead_and_none_unasked() -> None:
    begun: list[int] = []

    def made() -> Iterator[int]:
        for n in range(1, 9):
            begun.append(n)
            yield n

    taken = ahead(made())
    unasked = list(begun)
    next(taken)
    taken.close()  # type: ignore[attr-defined]

    assert unasked == []
    assert begun == [1, 2, 3]


def test_a_failure_comes_after_what_was_made_before_it() -> None:
    def made() -> Iterator[str]:
        yield "first"
        raise ValueError("broken")

    taken = ahead(made())

    assert next(taken) == "first"
    with pytest.raises(ValueError, match="broken"):
        next(taken)


def test_nothing_runs_on_after_the_caller_has_stopped() -> None:
    before = threading.active_count()
    taken = ahead(iter(range(1, 9)))
    next(taken)

    taken.close()  # type: ignore[attr-defined]

    assert threading.active_count() == before
