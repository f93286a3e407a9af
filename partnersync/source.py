"""YAML text → a tree of plain values in which every key and value knows its line and column.

PyYAML's own constructor would read ``NO`` as false, ``012`` as ten, ``0.10`` as a binary float, keep the last of two equal
keys and expand aliases without end. So only its (C) composer is used, and this builder makes the values: every scalar
stays the text that was written, but for plain ``true``, ``false`` and nothing (``null``, ``~`` or empty); what becomes of a
text is decided by the model that reads it, exactly. Two equal keys, aliases, tags, secrets written out and oversized files
are problems, and reading goes on after each where it can, so that all of them are reported at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from partnersync.errors import ConfigError, Problem
from partnersync.secrecy import FIX, secret_kind

Scalar = str | bool | None
Tree = Scalar | dict[str, "Tree"] | list["Tree"]
Step = str | int
Where = tuple[Step, ...]

MAX_BYTES = 5_000_000
MAX_NODES = 200_000
MAX_DEPTH = 40
_TOO_LARGE = f"is larger than {MAX_BYTES // 1_000_000} MB: not a config"
_NOTHING = {"", "~", "null", "Null", "NULL"}
_TRUTH = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_STR = "tag:yaml.org,2002:str"
_PLAIN_TAGS = frozenset(
    f"tag:yaml.org,2002:{kind}"
    for kind in ("str", "int", "float", "bool", "null", "timestamp", "map", "seq", "merge", "value")
)


@dataclass(frozen=True, slots=True)
class Place:
    """Line and column (from 1) of a key and of its value; list items have only a value."""

    line: int
    column: int
    value_line: int
    value_column: int


@dataclass(slots=True)
class Source:
    """One YAML file: its tree, the place of every path in it, and what was wrong with the text itself.

    ``lost`` are the paths whose value could not be taken (None stands there); their problem is told already.
    """

    file: str
    tree: Tree = None
    places: dict[Where, Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    lost: set[Where] = field(default_factory=set)

    def problem(self, where: Where, message: str, hint: str = "", *, at_key: bool = False) -> Problem:
        """A problem at ``where``; a path that the file does not have is placed at its nearest ancestor."""
        known = where
        while known and known not in self.places:
            known = known[:-1]
        place = self.places.get(known, Place(1, 1, 1, 1))
        at_key = at_key or known != where or isinstance(self.at(known), dict | list)
        line, column = (place.line, place.column) if at_key else (place.value_line, place.value_column)
        return Problem(self.file, line, column, path_text(where), message, hint)

    def at(self, where: Where) -> Tree:
        """The value at a path, None where there is none."""
        node: Tree = self.tree
        for step in where:
            if isinstance(node, dict) and isinstance(step, str):
                node = node.get(step)
            elif isinstance(node, list) and isinstance(step, int) and step < len(node):
                node = node[step]
            else:
                return None
        return node


def path_text(where: Where) -> str:
    """``sources.opportunity[0].fields`` for a path of keys and indexes."""
    text = ""
    for step in where:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def read_source(path: Path) -> Source:
    """Read a YAML file.

    Raises:
        ConfigError: the file cannot be read, is too large, is not UTF-8 or not YAML.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            raise ConfigError([Problem(str(path), 0, 0, "", _TOO_LARGE, "is this the right file?")])
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            [Problem(str(path), line, 1, "", f"is not UTF-8 text (byte {error.start})", "save it as UTF-8")]
        ) from error
    except OSError as error:
        hint = "`partnersync init` writes a first one" if isinstance(error, FileNotFoundError) else ""
        raise ConfigError([Problem(str(path), 0, 0, "", f"cannot be read: {error.strerror}", hint)]) from error
    return parse_source(text, str(path))


def parse_source(text: str, file: str) -> Source:
    """Parse YAML text; mistakes that leave a tree are in ``Source.problems``.

    Raises:
        ConfigError: there is no tree at all: broken YAML, or more than one document.
    """
    source = Source(file)
    if len(text) > MAX_BYTES:
        raise ConfigError([Problem(file, 0, 0, "", _TOO_LARGE, "is this the right file?")])
    try:
        aliases = _anchored(text, source)
        root = None if aliases else yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        raise ConfigError([Problem(file, line, column, "", f"is not YAML: {error.problem or error}")]) from error
    except yaml.YAMLError as error:
        raise ConfigError([Problem(file, 0, 0, "", f"is not YAML: {error}")]) from error
    except RecursionError as error:
        raise ConfigError([Problem(file, 0, 0, "", "is nested too deeply")]) from error
    if aliases:
        raise ConfigError(source.problems)
    if root is not None:
        source.tree = _build(root, (), source)
        source.places[()] = Place(1, 1, 1, 1)
    if secret_kind(text):
        _refuse_secrets(text, source)
    return source


def _anchored(text: str, source: Source) -> bool:
    """Refuse anchors and aliases before anything is composed: a few bytes of them can stand for gigabytes."""
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=yaml.CSafeLoader)):
        mark = event.start_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        if isinstance(event, yaml.NodeEvent) and event.anchor:
            sign = "*" if isinstance(event, yaml.AliasEvent) else "&"
            source.problems.append(
                Problem(
                    source.file, line, column, "",
                    f"{sign}{event.anchor}: anchors and aliases are not supported", "write the value out",
                )
            )  # fmt: skip
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            source.problems.append(Problem(source.file, line, column, "", "is nested too deeply"))
            return True
        if count > MAX_NODES:
            source.problems.append(Problem(source.file, line, column, "", f"has more than {MAX_NODES:,} values"))
            return True
    return bool(source.problems)


def _build(node: yaml.Node, where: Where, source: Source) -> Tree:
    mark = node.start_mark
    source.places.setdefault(where, Place(mark.line + 1, mark.column + 1, mark.line + 1, mark.column + 1))
    if node.tag not in _PLAIN_TAGS:
        source.problems.append(source.problem(where, f"the tag {node.tag!r} is not supported", "write a plain value"))
        source.lost.add(where)
        return None
    match node:
        case yaml.ScalarNode():
            return _scalar(node)
        case yaml.SequenceNode():
            return [_build(item, (*where, index), source) for index, item in enumerate(node.value)]
        case yaml.MappingNode():
            return _mapping(node, where, source)
    raise TypeError(f"unknown YAML node {type(node).__name__}")


def _scalar(node: yaml.ScalarNode) -> Scalar:
    text: str = node.value
    if node.style in {"'", '"', "|", ">"}:
        return text
    if text in _NOTHING:
        return None
    return _TRUTH.get(text, text)


def _mapping(node: yaml.MappingNode, where: Where, source: Source) -> dict[str, Tree]:
    built: dict[str, Tree] = {}
    for key, value in node.value:
        line, column = key.start_mark.line + 1, key.start_mark.column + 1
        if not isinstance(key, yaml.ScalarNode):
            source.problems.append(
                Problem(source.file, line, column, path_text(where), "a key must be a word", "is a colon missing?")
            )
            continue
        if secret_kind(key.value):  # its line is told with the other secrets, without the text
            continue
        here = (*where, key.value)
        if key.value in built:
            first = source.places[here].line
            source.problems.append(
                Problem(
                    source.file, line, column, path_text(here),
                    f"is set twice; the first is on line {first}", "keep one of them",
                )
            )  # fmt: skip
            continue
        mark = value.start_mark
        source.places[here] = Place(line, column, mark.line + 1, mark.column + 1)
        built[key.value] = _build(value, here, source)
    return built


def _refuse_secrets(text: str, source: Source) -> None:
    """Report every secret on its line, comments included, and take those that are values out of the tree."""
    told: set[int] = set()
    for where, place in source.places.items():
        value = source.at(where)
        kind = secret_kind(value) if isinstance(value, str) else None
        if isinstance(value, str) and kind:
            source.lost.add(where)
            told.update(range(place.value_line, place.value_line + value.count("\n") + 2))
            source.problems.append(source.problem(where, f"{kind} stands in this file", FIX))
    for number, line in enumerate(text.splitlines(), 1):
        kind = None if number in told else secret_kind(line)
        if kind:
            source.problems.append(Problem(source.file, number, 1, "", f"{kind} stands in this file", FIX))
    for where in source.lost:
        _take_out(source.tree, where)


def _take_out(tree: Tree, where: Where) -> None:
    node: Any = tree
    for step in where[:-1]:
        node = node[step]
    if where:
        node[where[-1]] = None
