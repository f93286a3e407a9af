"""What a model's JSON Schema says of a path: which keys are known there, which are required, and a value that would do.

With these, a mistake is mended in a copy of the tree instead of cut out of it: a misspelt group is read under the name that
was meant, a wrong value gives way to one that is right. Then what stands inside and behind the mistake is checked as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from pydantic import BaseModel

from partnersync.source import Tree, Where

Schema = Mapping[str, Any]
_DEEPEST = 12


class Shape:
    """The schema of one model, asked by path; ``tree`` tells the members of a union apart by their constants."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._definitions: Mapping[str, Any] = schema.get("$defs", {})

    def keys(self, where: Where, tree: Tree) -> set[str]:
        """The settings that the group at ``where`` may hold; empty where it may hold any name."""
        return {key for schema in self._at(where, tree) for key in schema.get("properties", {})}

    def required(self, where: Where, tree: Tree) -> bool:
        """Whether the group at ``where[:-1]`` cannot be without its last key; list items never are required."""
        if not where or isinstance(where[-1], int):
            return False
        groups = [schema for schema in self._at(where[:-1], tree) if schema.get("type") == "object"]
        return bool(groups) and all(where[-1] in schema.get("required", ()) for schema in groups)

    def named_freely(self, where: Where, tree: Tree) -> bool:
        """Whether the last key of ``where`` is a name of the user's own, as a connection's is."""
        if not where or isinstance(where[-1], int):
            return False
        key = where[-1]
        return any(
            key not in group.get("properties", {}) and _inner(group, key) for group in self._at(where[:-1], tree)
        )

    def value(self, where: Where, tree: Tree) -> Tree:
        """A small value that would be right at ``where``; None where none is known.

        Of a union's members the one is taken that knows most of the group's other settings.
        """
        if where and isinstance(where[-1], str):
            groups = sorted(self._at(where[:-1], tree), key=lambda group: -len(_shared(group, where, tree)))
            found = [part for group in groups for part in _inner(group, where[-1])]
        else:
            found = self._at(where, tree)
        return next((self._sample(schema, 0) for schema in found), None)

    def _at(self, where: Where, tree: Tree) -> list[Schema]:
        found = list(self._members(self._schema))
        node: Tree = tree
        for step in where:
            found = [member for schema in found for inner in _inner(schema, step) for member in self._members(inner)]
            if isinstance(node, dict) and isinstance(step, str):
                node = node.get(step)
            elif isinstance(node, list) and isinstance(step, int) and step < len(node):
                node = node[step]
            else:
                node = None
            found = self._fitting(found, node)
        return found

    def _fitting(self, schemas: list[Schema], node: Tree) -> list[Schema]:
        if not isinstance(node, dict) or len(schemas) < 2:
            return schemas
        fitting = [schema for schema in schemas if not self._denied(schema, node)]
        return fitting or schemas

    def _denied(self, schema: Schema, node: Mapping[str, Tree]) -> bool:
        """Whether a constant of this member says that the node is another one."""
        return any(
            key in node and "const" in part and part["const"] != node[key]
            for key, part in schema.get("properties", {}).items()
        )

    def _members(self, schema: Schema) -> Iterator[Schema]:
        while "$ref" in schema:
            schema = self._definitions[schema["$ref"].rpartition("/")[2]]
        parts = schema.get("anyOf") or schema.get("oneOf")
        if parts:
            for part in parts:
                yield from self._members(part)
        else:
            yield schema

    def _sample(self, schema: Schema, depth: int) -> Tree:
        schema = next(self._members(schema))
        if depth > _DEEPEST:
            return None
        if "const" in schema:
            return _text(schema["const"])
        if schema.get("enum") or schema.get("examples"):
            return _text((schema.get("enum") or schema["examples"])[0])
        match schema.get("type"):
            case "object":
                properties = schema.get("properties", {})
                made = {key: self._sample(properties[key], depth + 1) for key in schema.get("required", ())}
                free = list(_inner(schema, "x")) if schema.get("minProperties") else []
                return made or ({"x": self._sample(free[0], depth + 1)} if free else {})
            case "array":
                return [self._sample(schema.get("items", {}), depth + 1)]
            case "boolean":
                return True
            case "integer" | "number":
                return "1"
            case "null":
                return None
        return "x"


@cache
def shape_of(model: type[BaseModel]) -> Shape:
    """The shape of a model; made once, because pydantic takes a while to write a schema."""
    return Shape(model.model_json_schema(by_alias=True))


def _shared(group: Schema, where: Where, tree: Tree) -> set[str]:
    """The settings beside ``where`` that this schema of their group knows."""
    node: Tree = tree
    for step in where[:-1]:
        match node, step:
            case dict(), str():
                node = node.get(step)
            case list(), int() if step < len(node):
                node = node[step]
            case _:
                node = None
    return {*group.get("properties", ())} & {*node} if isinstance(node, dict) else set()


def _inner(schema: Schema, step: str | int) -> Sequence[Schema]:
    if isinstance(step, int):
        return [schema["items"]] if isinstance(schema.get("items"), dict) else []
    known = schema.get("properties", {})
    if step in known:
        return [known[step]]
    for pattern, rest in schema.get("patternProperties", {}).items():
        if re.search(pattern, step):
            return [rest]
    rest = schema.get("additionalProperties")
    return [rest] if isinstance(rest, dict) else []


def _text(value: Any) -> Tree:
    return value if isinstance(value, bool) or value is None else str(value)
