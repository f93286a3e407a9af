"""Where the packages under test come from: the built wheel, unless ``--checkout`` says otherwise."""

from __future__ import annotations

import sysconfig
from pathlib import Path

import pytest

OURS = ("partnersync", "connectors", "mapping", "reconcile", "state", "service", "sandbox")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--checkout", action="store_true", help="test the sources of this checkout, not the wheel")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--checkout"):
        return
    installed = Path(sysconfig.get_path("purelib")).resolve()
    for name in OURS:
        package = __import__(name)
        home = Path(str(package.__file__)).resolve()
        if installed not in home.parents:
            raise pytest.UsageError(
                f"{name} comes from {home.parent}, not from the installed wheel; use --checkout for sources"
            )
