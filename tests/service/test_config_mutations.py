"""One slip in the documented example is told once, on its line; five slips are all told."""

from __future__ import annotations

import random
from collections import Counter
from functools import cache
from typing import Any

import pytest

from partnersync.errors import ConfigError, Problem
from partnersync.placing import place
from partnersync.shape import shape_of
from partnersync.source import parse_source
from service.agreement import AGREEMENTS
from service.commands.init import example
from service.settings import Settings
from tests.service.mutations import (
    Entry,
    Mistake,
    duplicated,
    entries,
    independent,
    made,
    missing,
    misspelt,
    wrong_type,
    wrong_unit,
)

TEXT = example()
TREE = parse_source(TEXT, "example").tree
ENTRIES = entries(TEXT)
KINDS = ("misspelt", "wrong type", "duplicated", "missing", "wrong unit")


def problems(text: str) -> tuple[Problem, ...]:
    try:
        place(parse_source(text, "mutated.yaml"), Settings, AGREEMENTS)
    except ConfigError as error:
        return error.problems
    return ()


def may_be_called_anything(entry: Entry) -> bool:
    """A name of the user's own, to which nothing in the example refers: any spelling of it is right.

    Programmes, our words for a CRM's values, fields of the user's own, and HubSpot's names of the fields that are written,
    which only HubSpot can judge (``check --online``).
    """
    match entry.path:
        case ("programs", _) | ("sources", _, _, "extra", _) | ("sources", _, _, "values", _, _):
            return True
        case ("writeback", "hubspot", "opportunity" | "account", _):
            return True
        case _:
            return False


@cache
def mistakes(kind: str) -> tuple[Mistake, ...]:
    match kind:
        case "misspelt":
            return tuple(misspelt(entry) for entry in ENTRIES if not may_be_called_anything(entry))
        case "wrong type":
            return tuple(mistake for entry in ENTRIES for mistake in wrong_type(entry))
        case "duplicated":
            return tuple(duplicated(entry, TEXT) for entry in ENTRIES)
        case "missing":
            shape = shape_of(Settings)
            return tuple(missing(entry, TEXT) for entry in ENTRIES if shape.required(entry.path, TREE))
        case _:
            return tuple(mistake for entry in ENTRIES for mistake in wrong_unit(entry))


def test_the_example_itself_has_no_mistake() -> None:
    assert problems(TEXT) == ()


def test_every_key_of_the_example_is_tried_in_every_way() -> None:
    tried = Counter({kind: len({mistake.path for mistake in mistakes(kind)}) for kind in KINDS})

    assert tried["wrong type"] == tried["duplicated"] == len(ENTRIES) > 300
    assert tried["misspelt"] > 300
    assert tried["missing"] > 90
    assert {mistake.kind for mistake in mistakes("wrong unit")} >= {
        "a percentage without %",
        "a length of time without its unit",
        "an amount without its currency",
        "a currency in lower case",
        "a date in another form",
        "a bare timezone",
        "a time of day in another form",
    }


@pytest.mark.parametrize("kind", KINDS)
def test_a_single_mistake_is_told_on_its_line_in_at_most_two_messages(kind: str) -> None:
    wrong: dict[str, list[str]] = {}
    for mistake in mistakes(kind):
        text, (line,) = made(TEXT, [mistake])
        found = problems(text)
        if len(found) > 2 or all(problem.line != line for problem in found):
            wrong[f"{mistake.name} (line {line})"] = [str(problem) for problem in found]

    assert wrong == {}


@pytest.mark.parametrize("part", range(4))
def test_five_mistakes_in_one_file_are_all_told(part: int) -> None:
    wrong: dict[str, object] = {}
    every = [mistake for kind in KINDS for mistake in mistakes(kind)]
    for seed in range(part * 125, (part + 1) * 125):
        chosen = independent(every, 5, random.Random(seed))
        text, lines = made(TEXT, chosen)
        told = {problem.line for problem in problems(text)}
        silent = [f"{each.name} (line {line})" for each, line in zip(chosen, lines, strict=True) if line not in told]
        if silent:
            wrong[f"seed {seed}"] = (silent, [each.name for each in chosen])

    assert wrong == {}


def test_a_misspelt_section_is_read_all_the_same_and_nothing_else_is_said_of_it() -> None:
    text = TEXT.replace("\nsources:", "\nsorces:").replace("from: hubspot.companies", "from: hubspott.companies")

    told = [(problem.path, problem.hint) for problem in problems(text)]

    assert told == [("sorces", "did you mean 'sources'?"), ("sorces.account[1].from", "did you mean 'hubspot'?")]


def test_a_misspelt_connection_is_told_where_it_is_defined() -> None:
    found = problems(TEXT.replace("\n  salesforce:\n    crm:", "\n  salesfroce:\n    crm:"))

    assert [(problem.path, problem.hint) for problem in found] == [
        ("connections.salesfroce", "did you mean 'salesforce'?")
    ]


def test_the_value_that_stands_in_for_a_wrong_one_is_right_itself() -> None:
    shape = shape_of(Settings)
    wrong: dict[str, list[str]] = {}
    for entry in ENTRIES:
        where = entry.path
        if not shape.required(where, TREE):
            continue
        source = parse_source(TEXT, "mended.yaml")
        group: Any = source.at(where[:-1])
        group[where[-1]] = shape.value(where, TREE)
        try:
            Settings.model_validate(source.tree)
        except ValueError as error:
            wrong[".".join(map(str, where))] = [str(error)]

    assert wrong == {}
