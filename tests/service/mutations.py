"""Mistakes made in a config's text, one key at a time, so that the line of each is known.

The text is changed in place: what is taken away leaves its line ends behind, and only a doubled block adds lines, so a
mistake's line is that of its key, moved down by the blocks that were doubled above it.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import yaml

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True)
class Entry:
    """A key and its value in the text, by offsets; ``end`` is where the whole entry ends (block entries at a line end)."""

    path: KeyPath
    key: str
    start: int
    key_end: int
    value: str
    value_start: int
    value_end: int
    end: int
    flow: bool
    scalar: bool
    line: int
    group_line: int
    column: int


@dataclass(frozen=True)
class Mistake:
    """``text[start:end]`` becomes ``new``; the message is due on ``line``, which lies ``into`` lines below the change's start."""

    kind: str
    path: KeyPath
    start: int
    end: int
    new: str
    line: int

    @property
    def name(self) -> str:
        return f"{self.kind} {'.'.join(map(str, self.path))}"


def entries(text: str) -> tuple[Entry, ...]:
    """Every key of the text."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    assert root is not None
    return tuple(_entries(text, root, (), 1))


def _entries(text: str, node: yaml.Node, path: KeyPath, line: int) -> Iterator[Entry]:
    if isinstance(node, yaml.SequenceNode):
        for at, item in enumerate(node.value):
            yield from _entries(text, item, (*path, at), item.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            at = key.start_mark
            value_end = len(text[: value.end_mark.index].rstrip()) if not node.flow_style else value.end_mark.index
            value_end = max(value_end, value.start_mark.index)
            if not node.flow_style and not isinstance(value, yaml.ScalarNode) and not value.flow_style:
                end = _block_end(text, at.line, at.column)
                value_end = end
            else:
                line_end = text.find("\n", value_end)
                end = value_end if node.flow_style else line_end
            scalar = isinstance(value, yaml.ScalarNode)
            here = (*path, key.value)
            yield Entry(
                here, key.value, at.index, key.end_mark.index, value.value if scalar else "", value.start_mark.index,
                value_end, end, bool(node.flow_style), scalar, at.line + 1, line, at.column,
            )  # fmt: skip
            yield from _entries(text, value, here, at.line + 1)


def _block_end(text: str, line: int, column: int) -> int:
    """Where the last line that is indented deeper than ``column`` ends, after line ``line`` (from 0)."""
    lines = text.split("\n")
    last = line
    for number in range(line + 1, len(lines)):
        stripped = lines[number].strip()
        if not stripped or stripped.startswith("#"):
            continue
        if len(lines[number]) - len(lines[number].lstrip()) <= column:
            break
        last = number
    return len("\n".join(lines[: last + 1]))


def misspelt(entry: Entry) -> Mistake:
    """Two letters changed places, or one is missing."""
    key = entry.key
    wrong = key[:-2] + key[-1] + key[-2] if len(key) > 3 and key[-1] != key[-2] else key + key[-1]
    return Mistake("misspelt", entry.path, entry.start, entry.key_end, wrong, entry.line)


def wrong_type(entry: Entry) -> Iterator[Mistake]:
    """A text for a group or list, a group and a list for a text."""
    for kind, new in (
        (("a group", "{surely: wrong}"), ("a list", "[[surely], [wrong]]")) if entry.scalar else (("a text", "wrong"),)
    ):
        yield _value(f"wrong type: {kind}", entry, new)


def duplicated(entry: Entry, text: str) -> Mistake:
    """The entry once more, right behind itself."""
    if entry.flow:
        again = text[entry.start : entry.value_end]
        return Mistake("duplicated", entry.path, entry.end, entry.end, f", {again}", _line(text, entry.end))
    again = "\n" + " " * entry.column + text[entry.start : entry.end]
    return Mistake("duplicated", entry.path, entry.end, entry.end, again, _line(text, entry.end) + 1)


def missing(entry: Entry, text: str) -> Mistake:
    """The entry is not there; the message is due on the line of its group."""
    gone = text[entry.start : entry.end]
    end = entry.end
    if entry.flow:
        comma = re.match(r"\s*,\s*", text[end:])
        end += len(comma[0]) if comma else 0
    first_of_item = not entry.flow and text[: entry.start].endswith("- ")
    line = entry.line + 1 if first_of_item else entry.group_line  # such a group now begins with its second key
    return Mistake("missing", entry.path, entry.start, end, "\n" * gone.count("\n"), line)


UNITS: Sequence[tuple[str, str, str]] = (
    ("a percentage without %", r"(\d+)%", r"\1"),
    ("a length of time without its unit", r"(\d+)[smhd]", r"\1"),
    ("an amount without its currency", r"(\d+) [A-Z]{3}", r"\1"),
    ("a date in another form", r"(\d{4})-(\d\d)-(\d\d)", r"\2/\3/\1"),
    ("a day in another form", r"(\d\d)-(\d\d)", r"\2.\1."),
    ("a bare timezone", r"[A-Z]\w+/([A-Z]\w+)", r"\1"),
    ("an offset for a timezone", r"[A-Z]\w+/([A-Z]\w+)", r"+02:00"),
    ("a time of day in another form", r"(\d\d):(\d\d)", r"\1h\2"),
    ("a number in words", r"\d+", "many"),
    ("a foreign host", r"https://.*", "https://acme.my.salesforce.com.evil.example"),
    ("an inline secret", r"\$\{env:.*(TOKEN|SECRET)\}", "hunter2hunter2"),
)


def wrong_unit(entry: Entry) -> Iterator[Mistake]:
    """The same value in another unit or form, where it has one."""
    if not entry.scalar or (entry.key in ("from",) and ":" in entry.value):
        return
    if entry.key.endswith("currency") and re.fullmatch(r"[A-Z]{3}", entry.value):
        yield _value("a currency in lower case", entry, entry.value.lower())
    for kind, pattern, wrong in UNITS:
        if re.fullmatch(pattern, entry.value):
            yield _value(kind, entry, re.sub(pattern, wrong, entry.value))


def _value(kind: str, entry: Entry, new: str) -> Mistake:
    lost = entry.value_end - entry.value_start
    if entry.value_start < entry.key_end:
        raise AssertionError(f"{entry.path} has no value of its own ({lost})")
    return Mistake(kind, entry.path, entry.key_end, entry.value_end, f": {new}", entry.line)


def made(text: str, mistakes: Sequence[Mistake]) -> tuple[str, tuple[int, ...]]:
    """The text with these mistakes, and the line of each; they must not touch one another."""
    lines = []
    for one in mistakes:
        above = [other for other in mistakes if other is not one and _line(text, other.start) < one.line]
        lines.append(
            one.line + sum(other.new.count("\n") - text[other.start : other.end].count("\n") for other in above)
        )
    for one in sorted(mistakes, key=lambda each: each.start, reverse=True):
        text = text[: one.start] + one.new + text[one.end :]
    return text, tuple(lines)


def independent(mistakes: Sequence[Mistake], count: int, choice: random.Random) -> tuple[Mistake, ...]:
    """``count`` of them on lines of their own, none inside another."""
    chosen: list[Mistake] = []
    while len(chosen) < count:
        one = choice.choice(mistakes)
        if all(_apart(one, other) for other in chosen):
            chosen.append(one)
    return tuple(chosen)


def _apart(one: Mistake, other: Mistake) -> bool:
    length = min(len(one.path), len(other.path))
    within = one.path[:length] == other.path[:length]
    within |= (
        one.kind == other.kind == "missing" and one.path[:-1] == other.path[:-1]
    )  # both are due on the group's line
    return not within and one.line != other.line and (one.end < other.start or other.end < one.start)


def _line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1
