"""``partnersync init``: a first config file, written from the documented example."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from partnersync.errors import ConfigError, Problem
from service.options import DEFAULT_CONFIG


def command(
    file: Annotated[Path, typer.Argument(help="Where to write it.")] = DEFAULT_CONFIG,
) -> None:
    """Write a first partnersync.yaml, with every setting explained."""
    if file.exists():
        raise ConfigError([Problem(str(file), 0, 0, "", "is there already", "choose another name, or move it away")])
    try:
        file.write_text(example(), encoding="utf-8")
    except OSError as error:
        raise ConfigError([Problem(str(file), 0, 0, "", f"cannot be written: {error.strerror}")]) from error
    typer.echo(f"Wrote {file}. Next: fill in your connections, then `partnersync check --config {file}`.")


def example() -> str:
    """The documented example config, as the wheel carries it; in a checkout, the file itself."""
    packed = files("service") / "templates" / "config.example.yaml"
    source = packed if packed.is_file() else files("service") / ".." / "config.example.yaml"
    return source.read_text(encoding="utf-8")
