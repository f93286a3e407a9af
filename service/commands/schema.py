"""``partnersync schema``: the JSON Schema of the config, with a given file's own connections, fields and partners in it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from partnersync.source import Source, read_source
from service.render import print_json
from service.settings import Settings


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
    if source is None:
        return told
    connections = sorted(_keys(source.at(("connections",))))
    programs = sorted(_keys(source.at(("programs",))))
    properties = told["properties"]
    if connections:
        properties["writeback"]["propertyNames"] = {"enum": connections}
        _refine(told, connections)
    if programs:
        for definition in told.get("$defs", {}).values():
            for name, part in definition.get("properties", {}).items():
                if name in {"program", "programs"} and part.get("type") == "string":
                    part["enum"] = programs
    extra = _extra(source)
    for definition in told.get("$defs", {}).values():
        asked = definition.get("properties", {}).get("when")
        if isinstance(asked, dict):
            _add_fields(asked, extra)
    return told


def _refine(told: dict[str, Any], connections: list[str]) -> None:
    """Every ``from:`` begins with one of the file's own connections, or is a CSV file."""
    names = "|".join(connections)
    for definition in told.get("$defs", {}).values():
        origin = definition.get("properties", {}).get("from")
        if isinstance(origin, dict) and "pattern" in origin:
            origin["pattern"] = rf"^(({names})\.[A-Za-z0-9_]+|file:[^\s:][^:]*)$"


def _add_fields(asked: dict[str, Any], extra: list[str]) -> None:
    for part in (asked, *asked.get("anyOf", ())):
        properties = part.get("properties")
        if isinstance(properties, dict) and properties:
            sample: dict[str, Any] = next((value for key, value in properties.items() if "." in key), {})
            properties.update(dict.fromkeys(extra, sample))


def _extra(source: Source) -> list[str]:
    found: list[str] = []
    for kind in ("opportunity", "account"):
        listed = source.at(("sources", kind))
        for index in range(len(listed) if isinstance(listed, list) else 0):
            found += [f"{kind}.{name}" for name in _keys(source.at(("sources", kind, index, "extra")))]
    return sorted(set(found))


def _keys(node: object) -> list[str]:
    return [str(key) for key in node] if isinstance(node, dict) else []
