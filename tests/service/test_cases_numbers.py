"""Every number of the worked examples holds, and not one of them would hold if it were a minor unit off."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from partnersync.money import exponent, parse_amount
from partnersync.source import read_source
from service.cases.comparing import differences
from service.cases.expectations import Expectation, Expected, Share
from service.cases.loading import read_cases
from service.commands.test import Judged, judge

HERE = Path(__file__).resolve().parent.parent / "cases"
FILES = sorted(HERE.glob("*.yaml"))


@cache
def judged(file: Path) -> tuple[Judged, ...]:
    """Every case of a file, run once."""
    return tuple(judge(prepared) for prepared in read_cases([file], HERE / "none.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_worked_example_holds(file: Path) -> None:
    wrong = {each.prepared.case.name: each.found for each in judged(file) if each.failed}

    assert wrong == {}
    assert all(each.tested for each in judged(file))


def moved(item: Expectation) -> Iterator[Expectation]:
    """The item with one of its amounts, shares or numbers a smallest step off, up and down."""
    for name in type(item).model_fields:
        for step in (1, -1):
            off = _off(getattr(item, name), step)
            if off is not None:
                yield item.model_copy(update={name: off})


def _off(value: Any, step: int) -> Any:
    match value:
        case (Decimal() as amount, str(currency)):
            return amount + step * Decimal(1).scaleb(-exponent(currency)), currency
        case Share(exact, places):
            return Share(exact + Fraction(step, 10 ** (6 if places is None else places + 2)), places)
        case str() if value.replace(".", "", 1).isdigit():
            return str(Decimal(value) + step * Decimal(1).scaleb(-len(value.partition(".")[2])))
        case date():
            return value + timedelta(days=step)
        case _:
            return None


def expectations(judged: Judged) -> Iterator[tuple[int, str, int, Expectation]]:
    """Every expected item of a case: its step, its part, its place there."""
    for at, step in enumerate(judged.prepared.case.cycles):
        for part in Expected.model_fields if step.expect else ():
            for index, item in enumerate(getattr(step.expect, part) or ()):
                yield at, part, index, item


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_number_moved_by_the_smallest_step_is_a_difference_in_its_step(file: Path) -> None:
    """Moved by one minor unit, one last decimal of a share, one day: the step that expects it must not hold any more."""
    unnoticed: list[str] = []
    count = 0
    for each in judged(file):
        for at, part, index, item in expectations(each):
            expect = each.prepared.case.cycles[at].expect
            assert expect is not None
            items = getattr(expect, part)
            for off in moved(item):
                count += 1
                changed = expect.model_copy(update={part: (*items[:index], off, *items[index + 1 :])})
                if not differences(changed, each.run.steps[at], each.run):
                    unnoticed.append(f"{each.prepared.case.name}: step {at + 1}: {part}: {off!r}")

    assert unnoticed == []
    assert count > 0


def written_amounts(file: Path) -> Iterator[tuple[int, str]]:
    """The text of a file with each expected amount one minor unit higher, and the case that it belongs to."""
    source = read_source(file)
    lines = file.read_text(encoding="utf-8").splitlines()
    for where, place in source.places.items():
        if where[-1:] != ("amount",) or "expect" not in where:
            continue
        amount, _, currency = str(source.at(where)).rpartition(" ")
        higher = parse_amount(amount) + Decimal(1).scaleb(-exponent(currency))
        line, start = lines[place.value_line - 1], place.value_column - 1
        moved_line = line[:start] + line[start:].replace(amount, f"{higher:f}", 1)
        assert isinstance(where[1], int)
        yield where[1], "\n".join([*lines[: place.value_line - 1], moved_line, *lines[place.value_line :]])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_one_minor_unit_more_in_the_text_fails_its_case_and_no_other(file: Path, tmp_path: Path) -> None:
    """From the text of the file to the verdict, for every amount that the file expects."""
    shutil.copytree(HERE / "programme", tmp_path / "programme")
    changed = tmp_path / file.name
    wrong: list[str] = []
    for case, text in written_amounts(file):
        changed.write_text(text, encoding="utf-8")
        verdicts = [judge(prepared).failed for prepared in read_cases([changed], HERE / "none.yaml")]
        if verdicts != [at == case for at in range(len(verdicts))]:
            wrong.append(text)

    assert wrong == []
