"""Where the packages under test come from: the built wheel, unless ``--checkout`` says otherwise.

A test that a page of docs/guarantees names keeps a promise only if it runs: one that is skipped on every database fails the
whole session.
"""

from __future__ import annotations

import re
import sysconfig
from collections import defaultdict
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


_outcomes: defaultdict[str, set[str]] = defaultdict(set)
"""Test function → how its variants ended."""


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" or report.outcome != "passed":
        name = report.nodeid.rpartition("::")[2].partition("[")[0]
        _outcomes[name].add(report.outcome)


def promised(pages: Path) -> dict[str, str]:
    """Every test that a page of the guarantees names, with the page."""
    return {
        name: page.name
        for page in sorted(pages.glob("*.md"))
        for name in re.findall(r"`(test_\w+)`", page.read_text(encoding="utf-8"))
    }


def only_skipped(named: dict[str, str], outcomes: dict[str, set[str]]) -> list[str]:
    """The promised tests that were met and ran nowhere."""
    return sorted(f"{name} ({page})" for name, page in named.items() if outcomes.get(name) == {"skipped"})


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workerinput"):
        return  # the controller hears of every worker's tests
    idle = only_skipped(promised(session.config.rootpath / "docs" / "guarantees"), _outcomes)
    if idle:
        told = f"promised by docs/guarantees, and skipped everywhere: {', '.join(idle)}"
        session.config.get_terminal_writer().line(f"\n\n{told}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
