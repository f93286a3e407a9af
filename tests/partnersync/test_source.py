"""YAML is read as it is written, and every mistake is placed, all of them at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from partnersync.errors import ConfigError
from partnersync.placing import Fault, place
from partnersync.source import MAX_BYTES, parse_source, read_source
from partnersync.units import Duration, Percent, SecretRef, Slug


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Left(_Section):
    kind: Literal["left"]
    every: Duration


class Right(_Section):
    kind: Literal["right"]
    token: SecretRef


class Sample(_Section):
    version: Literal["1"]
    name: Slug
    share: Percent | None = None
    sides: dict[str, Annotated[Left | Right, Field(discriminator="kind")]] = Field(default_factory=dict)
    lefts: tuple[Left, ...] = ()


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        place(parse_source(text, "f.yaml"), Sample)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NO", "NO"),
        ("012", "012"),
        ("12:30:45", "12:30:45"),
        ("0.10", "0.10"),
        ("2026-01-02", "2026-01-02"),
        ("1e3", "1e3"),
    ],
)
def test_a_scalar_stays_the_text_that_was_written(text: str, value: str) -> None:
    assert parse_source(f"a: {text}", "f.yaml").tree == {"a": value}


def test_only_plain_true_false_and_nothing_are_more_than_text() -> None:
    tree = parse_source("{a: true, b: 'true', c: null, d: '', e: ~, f: yes}", "f.yaml").tree

    assert tree == {"a": True, "b": "true", "c": None, "d": "", "e": None, "f": "yes"}


def test_a_misspelt_setting_is_one_message_with_its_fix() -> None:
    assert problems("version: 1\nnmae: acme\n") == ["f.yaml:2:1: nmae: unknown setting (did you mean 'name'?)"]


def test_every_mistake_is_reported_at_once_each_on_its_line() -> None:
    text = """version: 1
name: Not A Slug
share: 10
sides:
  a: {kind: left, every: 15}
  b: {kind: rihgt, token: "${env:T}"}
  c: {kind: right, token: pat-na1-123}
  c: {kind: right}
lefts:
  - {kind: left, evry: 15m}
  - 7
"""

    assert [line.split(": ")[0].split(":")[1] for line in problems(text)] == ["2", "3", "5", "6", "7", "8", "10", "11"]


def test_what_is_wrong_does_not_hide_what_a_check_finds_behind_it() -> None:
    def sides_have_long_names(sample: Sample) -> list[Fault]:
        return [Fault(("sides", name), "is too short") for name in sample.sides if len(name) < 2]

    with pytest.raises(ConfigError) as caught:
        place(
            parse_source("version: 1\nnam: acme\nsides:\n  x: {kind: left, every: 1m}\n", "f.yaml"),
            Sample,
            [sides_have_long_names],
        )

    assert [(p.line, p.path) for p in caught.value.problems] == [(2, "nam"), (4, "sides.x")]


def test_list_items_behind_a_wrong_one_keep_their_own_lines() -> None:
    def no_seconds(sample: Sample) -> list[Fault]:
        return [
            Fault(("lefts", i, "every"), "is too often")
            for i, left in enumerate(sample.lefts)
            if left.every.seconds < 60
        ]

    text = "version: 1\nname: a\nlefts:\n  - {kind: left, every: x}\n  - {kind: left, every: 5s}\n"
    with pytest.raises(ConfigError) as caught:
        place(parse_source(text, "f.yaml"), Sample, [no_seconds])

    assert [(p.line, p.path) for p in caught.value.problems] == [(4, "lefts[0].every"), (5, "lefts[1].every")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: &x [1]\nb: *x\n", "anchors and aliases are not supported"),
        ("a: !!python/object/apply:os.system [ls]\n", "the tag"),
        ("a: [1\nb: 2\n", "is not YAML"),
        ("a: b: c\n", "is not YAML"),
        ("a: 1\n---\nb: 2\n", "is not YAML"),
        ("[" * 60 + "]" * 60, "nested too deeply"),
        ("? [a, b]\n: 1\n", "a key must be a word"),
    ],
)
def test_yaml_that_is_broken_or_dangerous_is_refused_with_its_place(text: str, message: str) -> None:
    assert any(message in problem and "f.yaml:" in problem for problem in problems(text))


def test_a_file_that_is_no_config_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    huge, binary, none = tmp_path / "huge.yaml", tmp_path / "binary.yaml", tmp_path / "none.yaml"
    huge.write_bytes(b"a" * (MAX_BYTES + 1))
    binary.write_bytes(b"a: \xff\xfe")

    for path, message in ((huge, "larger than"), (binary, "not UTF-8"), (none, "cannot be read")):
        with pytest.raises(ConfigError, match=message):
            read_source(path)


def test_an_empty_file_and_a_list_ask_for_settings() -> None:
    for text in ("", "- a\n", "just words"):
        assert "expected settings" in problems(text)[0]


def test_what_a_check_says_of_a_part_that_was_lost_is_not_told() -> None:
    def every_left_needs_a_right(sample: Sample) -> list[Fault]:
        rights = [name for name, side in sample.sides.items() if isinstance(side, Right)]
        return [] if rights else [Fault(("lefts",), "there is no right", given=(("sides", None),))]

    def told(sides: str) -> list[tuple[int, str]]:
        text = f"version: 1\nname: a\nsides: {sides}\nlefts: [{{kind: left, every: 1m}}]\n"
        with pytest.raises(ConfigError) as caught:
            place(parse_source(text, "f.yaml"), Sample, [every_left_needs_a_right])
        return [(problem.line, problem.message) for problem in caught.value.problems]

    assert told("{}") == [(4, "there is no right")]
    assert told("wrong") == [(3, "expected a group of settings, found 'wrong'")]


def test_a_misspelt_group_is_read_under_the_name_that_was_meant() -> None:
    text = "version: 1\nname: a\nsidse:\n  a: {knid: left, every: 15}\n"

    assert problems(text) == [
        "f.yaml:3:1: sidse: unknown setting (did you mean 'sides'?)",
        "f.yaml:4:7: sidse.a.knid: unknown setting (did you mean 'kind'?)",
        "f.yaml:4:26: sidse.a.every: expected a length of time such as 15m, 2h or 3d, found '15'",
    ]
