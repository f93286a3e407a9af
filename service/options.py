"""The options that commands share, said once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ConfigFile = Annotated[
    Path,
    typer.Option("--config", "-c", envvar="PARTNERSYNC_CONFIG", help="The config file.", show_default=True),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines instead of text for people.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Log what is done, step by step, to standard error.")]
DEFAULT_CONFIG = Path("partnersync.yaml")
