"""The house keeps its own rules: floors, purity, sizes, names; what is documented exists, and the other way round."""

from __future__ import annotations

import ast
import importlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

import pytest

from tests.conftest import OURS, only_skipped, promised

HERE = Path(__file__).resolve().parent.parent
PURE = ("partnersync", "mapping", "reconcile")
IMPURE = (
    "requests",
    "urllib3",
    "httpx",
    "hubspot",
    "simple_salesforce",
    "sqlalchemy",
    "psycopg",
    "structlog",
    "sqlite3",
    "logging.handlers",
)


def modules(package: str) -> Iterator[Path]:
    home = Path(str(importlib.import_module(package).__file__)).parent
    yield from (path for path in sorted(home.rglob("*.py")) if "versions" not in path.parts)


@pytest.mark.parametrize("package", PURE)
def test_a_pure_package_loads_no_network_client_no_database_and_no_logger(package: str) -> None:
    home = Path(str(importlib.import_module(package).__file__)).parent
    names = [
        ".".join((package, *path.relative_to(home).with_suffix("").parts)).removesuffix(".__init__")
        for path in modules(package)
    ]
    program = (
        f"import importlib, json, sys; sys.path.insert(0, {str(home.parent)!r})\n"
        f"for name in {names!r}: importlib.import_module(name)\n"
        f"print(json.dumps(sorted(set({IMPURE!r}) & set(sys.modules))))"
    )

    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd="/")

    assert json.loads(loaded.stdout) == []


FLOORS = {
    "partnersync": {"partnersync"},
    "mapping": {"partnersync", "mapping"},
    "reconcile": {"partnersync", "mapping", "reconcile"},
    "connectors": {"partnersync", "connectors"},
    "state": {"partnersync", "state"},
    "sandbox": {"sandbox"},
    "service": {*OURS},
}


def imported(path: Path) -> set[str]:
    """The top-level names that a module imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("package", OURS)
def test_each_floor_imports_only_what_stands_below_it(package: str) -> None:
    wrong = {
        str(path.name): sorted((imported(path) & set(OURS)) - FLOORS[package])
        for path in modules(package)
        if (imported(path) & set(OURS)) - FLOORS[package]
    }

    assert wrong == {}


def test_only_connectors_know_a_vendors_client_and_only_state_knows_sqlalchemy() -> None:
    homes = {
        "simple_salesforce": {"connectors"},
        "hubspot": {"connectors"},
        "sqlalchemy": {"state"},
        "alembic": {"state"},
    }
    wrong = [
        f"{path} imports {name}"
        for package in OURS
        for path in modules(package)
        for name, allowed in homes.items()
        if name in imported(path) and package not in allowed
    ]

    assert wrong == []


def test_nothing_outside_the_service_looks_up_environment_or_wall_clock() -> None:
    lookups = re.compile(r"os\.environ|os\.getenv|datetime\.now\(|datetime\.utcnow\(|date\.today\(|time\.time\(")
    wrong = [
        f"{package}/{path.name}:{number}"
        for package in OURS
        if package not in {"service", "sandbox"}
        for path in modules(package)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if lookups.search(line) and not line.lstrip().startswith("#")
    ]

    assert wrong == []


@pytest.mark.parametrize("package", OURS)
def test_no_module_is_longer_than_400_lines_and_each_opens_with_a_sentence(package: str) -> None:
    long = {
        path.name: n for path in modules(package) if (n := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    mute = [
        path.name for path in modules(package) if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]

    assert long == {}
    assert mute == []


def test_no_test_module_is_longer_than_400_lines() -> None:
    tests = (HERE / "tests").rglob("*.py")

    assert {path.name: n for path in tests if (n := len(path.read_text(encoding="utf-8").splitlines())) > 400} == {}


def test_the_service_holds_at_most_a_fifth_of_the_lines() -> None:
    sizes = {p: sum(len(m.read_text(encoding="utf-8").splitlines()) for m in modules(p)) for p in OURS}

    assert sizes["service"] <= sum(sizes.values()) / 5


def test_no_module_has_a_name_that_says_nothing() -> None:
    empty = {"utils", "util", "helpers", "common", "core", "manager", "data", "info", "process_", "handle", "misc"}

    assert [str(path) for package in OURS for path in modules(package) if path.stem in empty] == []


def test_nobody_else_provides_our_top_level_names() -> None:
    providers = packages_distributions()

    assert {
        name: sorted(set(providers.get(name, []))) for name in OURS if set(providers.get(name, [])) - {"partnersync"}
    } == {}


def test_the_wheel_carries_migrations_templates_and_the_example_config() -> None:
    files = {str(file) for file in distribution("partnersync").files or ()}

    assert any(file.startswith("state/migrations/versions/") and file.endswith(".py") for file in files)
    assert "service/templates/config.example.yaml" in files
    assert "partnersync/py.typed" in files


def test_every_command_is_in_the_readme_and_the_readme_names_no_other() -> None:
    from service.cli import app

    told = set(re.findall(r"\| `partnersync ([a-z]+)", (HERE / "README.md").read_text(encoding="utf-8")))
    commands = {
        str(command.name or command.callback.__name__) for command in app.registered_commands if command.callback
    }
    groups = {str(group.name) for group in app.registered_groups}

    assert commands | groups == told


def test_every_test_that_a_guarantee_names_exists_and_is_never_skipped_as_such() -> None:
    pages = HERE / "docs" / "guarantees"
    named = promised(pages)
    known: set[str] = set()
    idle: set[str] = set()
    for path in (HERE / "tests").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                known.add(node.name)
                marks = {ast.unparse(each).partition("(")[0] for each in node.decorator_list}
                idle |= {node.name} if marks & {"pytest.mark.skip", "pytest.mark.xfail"} else set()

    assert len(list(pages.glob("*.md"))) == 12
    assert len(named) > 30
    assert sorted(named.keys() - known) == []
    assert sorted(named.keys() & idle) == []


def test_a_promised_test_that_is_skipped_on_both_databases_is_noticed() -> None:
    named = {"test_kept": "1.md", "test_idle": "2.md", "test_elsewhere": "3.md"}
    outcomes = {"test_kept": {"passed", "skipped"}, "test_idle": {"skipped"}, "test_other": {"skipped"}}

    assert only_skipped(named, outcomes) == ["test_idle (2.md)"]
