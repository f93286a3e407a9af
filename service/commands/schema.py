"""``partnersync schema``: the JSON Schema of the config, with a given file's own connections, fields and partners in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from partnersync.source import Source, read_source
from service.render import print_json
from service.settings import Settings

_CLAUSE = {"$ref": "#/$defs/Clause"}


def command(
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="Complete this file's own connections and fields too.")
    ] = None,
) -> None:
    """Print the JSON Schema of the config file, for your editor."""
    print_json(schema(read_source(config) if config else None))


def schema(source: Source | None = None) -> dict[str, Any]:
    """The schema (draft 2020-12); a file's own names become choices where other settings refer to them."""
    told: dict[str, Any] = Settings.model_json_schema(by_alias=True)
    told["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    told["title"] = "partnersync config"
    condition = next(_conditions(told))
    told = _with_references(told)
    told["$defs"] |= _condition(condition)
    if source is None:
        return told
    definitions: dict[str, Any] = told["$defs"]
    connections = sorted(_keys(source.at(("connections",))))
    programs = sorted(_keys(source.at(("programs",))))
    if connections:
        told["properties"]["writeback"]["propertyNames"] = {"enum": connections}
        for origin in _properties(definitions, "from"):
            if "file:" in origin.get("pattern", ""):
                origin["pattern"] = rf"^(({'|'.join(connections)})\.[A-Za-z0-9_]+|file:[^\s:][^:]*)$"
        for named in _properties(definitions, "system_of_record"):
            named["enum"] = connections
    for named in (*_properties(definitions, "program"), *_properties(definitions, "programs")):
        if programs and "examples" in named:  # a programme's id, not a column that holds one
            named["enum"] = programs
    asked = definitions["When"]
    asked["properties"].update(dict.fromkeys(_extra(source), _CLAUSE))
    del asked["patternProperties"]  # now every field is known by name
    return told


def _is_condition(node: dict[str, Any]) -> bool:
    return "patternProperties" in node and "all" in node.get("properties", {})


def _conditions(node: Any) -> Iterator[dict[str, Any]]:
    """Every schema of a ``when:``."""
    if isinstance(node, dict) and _is_condition(node):
        yield node
    elif isinstance(node, dict | list):
        for inner in node.values() if isinstance(node, dict) else node:
            yield from _conditions(inner)


def _with_references(node: Any) -> Any:
    """The schema with one definition of a condition instead of a copy at each place: a twentieth of the size."""
    if isinstance(node, dict):
        if _is_condition(node):
            return {"$ref": "#/$defs/When"}
        return {key: _with_references(inner) for key, inner in node.items()}
    return [_with_references(inner) for inner in node] if isinstance(node, list) else node


def _condition(written: dict[str, Any]) -> dict[str, Any]:
    """The definitions of a condition and of what one clause may ask; groups hold conditions again."""
    inner = {"$ref": "#/$defs/When"}
    several = {"type": "array", "items": inner, "minItems": 1}
    clauses = {name: asked for name, asked in written["properties"].items() if "." in name}
    pattern = next(iter(written["patternProperties"]))
    when = {
        **{key: value for key, value in written.items() if key != "title"},
        "properties": {"all": several, "any": several, "not": inner, **dict.fromkeys(clauses, _CLAUSE)},
        "patternProperties": {pattern: _CLAUSE},
    }
    return {"When": when, "Clause": next(iter(clauses.values()))}


def _properties(definitions: dict[str, Any], name: str) -> Iterator[dict[str, Any]]:
    """The text schemas of every setting of this name."""
    for definition in definitions.values():
        part = definition.get("properties", {}).get(name)
        for each in (part, *part.get("anyOf", ())) if isinstance(part, dict) else ():
            text = each.get("items", each)
            if isinstance(text, dict) and text.get("type") == "string":
                yield text


def _extra(source: Source) -> list[str]:
    found: list[str] = []
    for kind in ("opportunity", "account"):
        listed = source.at(("sources", kind))
        for index in range(len(listed) if isinstance(listed, list) else 0):
            found += [f"{kind}.{name}" for name in _keys(source.at(("sources", kind, index, "extra")))]
    found += [f"partner.{name}" for name in _keys(source.at(("partners", "roster", "extra")))]
    return sorted(set(found))


def _keys(node: object) -> list[str]:
    return [str(key) for key in node] if isinstance(node, dict) else []
