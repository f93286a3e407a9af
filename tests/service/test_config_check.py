"""``check``: the files that the config names are looked at, and what is hardly meant is warned of."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from partnersync.errors import Problem
from sandbox.generator import populate
from sandbox.world import World
from service.commands import check
from service.commands.check import checked
from service.commands.init import example

TODAY = date(2026, 11, 21)


class Noon:
    def now(self) -> datetime:
        return datetime(TODAY.year, TODAY.month, TODAY.day, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def sheets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("programme")
    world = World.open()
    populate(world, 1, "tiny", TODAY, folder)
    world.close()
    return {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.csv")}


@pytest.fixture
def home(tmp_path: Path, sheets: dict[str, str]) -> Path:
    """A folder with the documented example, and generated files beside it."""
    for name, text in sheets.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "partnersync.yaml").write_text(example(), encoding="utf-8")
    return tmp_path


def change(home: Path, old: str, new: str) -> int:
    """Change the config; returns the line."""
    file = home / "partnersync.yaml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text.count("\n", 0, text.index(old)) + 1 + (len(new) - len(new.lstrip("\n")))


def problems(home: Path) -> list[tuple[int, str, str]]:
    return [(p.line, p.message, p.hint) for p in checked(home / "partnersync.yaml", Noon()).problems]


def warnings(home: Path) -> list[Problem]:
    found = checked(home / "partnersync.yaml", Noon())
    assert found.problems == ()
    return list(found.warnings)


def test_a_right_config_is_counted(home: Path) -> None:
    found = checked(home / "partnersync.yaml", Noon())

    assert found.problems == ()
    assert dict(found.counted)["connections"] == 2
    assert dict(found.counted)["plans"] == 3
    assert dict(found.rows)["partners.csv"] > 0


@pytest.mark.parametrize("file", ["rates.csv", "partners.csv", "tiers.csv", "registrations.csv"])
def test_a_misspelt_file_is_told_on_its_yaml_line_with_the_likely_name(file: str, home: Path) -> None:
    line = change(home, file, file.replace(".csv", "s.csv"))

    ((told, message, hint),) = problems(home)
    assert (told, hint) == (line, f"did you mean {file!r}?")
    assert "there is no file" in message


def test_a_column_that_a_file_lacks_is_told_on_its_yaml_line(home: Path) -> None:
    line = change(home, "manager: manager", "manager: manger")

    assert problems(home) == [(line, "partners.csv:1 has no column 'manger'", "did you mean 'manager'?")]


def test_broken_rows_are_counted_and_the_first_five_named_with_their_lines(home: Path) -> None:
    file = home / "registrations.csv"
    rows = file.read_text(encoding="utf-8").count("\n")
    with file.open("a", encoding="utf-8") as out:
        out.write('one,two\n"never closed,x\n' + "a,b,c\n" * 5)

    told = warnings(home)

    broken = [problem for problem in told if problem.file.endswith("registrations.csv")]
    assert [problem.line for problem in broken] == list(range(rows + 1, rows + 6))
    assert any("7 of" in problem.message and "set aside" in problem.message for problem in told)


def test_a_partner_of_an_unknown_type_is_a_broken_row(home: Path) -> None:
    file = home / "partners.csv"
    head, first, *rest = file.read_text(encoding="utf-8").splitlines()
    kind = first.split(",")[head.split(",").index("type")]
    file.write_text("\n".join([head, first.replace(f",{kind},", ",freind,"), *rest]) + "\n", encoding="utf-8")

    assert any("freind" in problem.message for problem in warnings(home))


def test_rates_that_are_too_old_are_warned_of_and_wrong_ones_are_problems(home: Path) -> None:
    (home / "rates.csv").write_text("date,from,to,rate\n2026-01-05,EUR,USD,1.08\n", encoding="utf-8")
    assert any("newest rate is of 2026-01-05" in problem.message for problem in warnings(home))

    (home / "rates.csv").write_text("date,from,to,rate\n2026-01-05,EUR,USD,cheap\n", encoding="utf-8")
    assert [line for line, _, _ in problems(home)] == [2]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("  task_fallback: ops@acme.com", "  ", "nobody owns one when the deal's owner is gone"),
        ("system_of_record: salesforce", "system_of_record: spare", "no opportunity is read from spare"),
        ("Partner__c: {value: partner.name, policy: crm_wins}", "Partner__c: {value: partner.name, policy: ours_wins}",
         "ours_wins overwrites it"),
        ("type: {new: [New Business]", "type: {neww: [New Business]", "the other source says 'new'"),
        ("  rates: rates.csv", "  ", "there are no rates"),
        ("    - id: rep-field", "    - {id: again, rule: twice, use: registration}\n    - id: rep-field", "never reached"),
    ],
)  # fmt: skip
def test_what_is_hardly_meant_is_warned_of(old: str, new: str, told: str, home: Path) -> None:
    if "spare" in new:
        change(home, "\nconnections:", '\nconnections:\n  spare: {crm: hubspot, token: "${env:T}"}')
    change(home, old, new)

    assert any(told in problem.message and problem.line for problem in warnings(home)), warnings(home)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("      role: influenced\n", "      role: resale\n", "nothing gives resale credit"),
        ("Partner_Role__c: {value: credit.role, policy: ours_wins, values: {sourced: Sourced",
         "Partner_Role__c: {value: credit.role, policy: ours_wins, values: {sorced: Sourced", "never 'sorced'"),
        ("      Partner__c: {value", "      Amount: {value", "would change the facts"),
        ("      Partner__c: {value", "      Partner Name: {value", "cannot be the name of a field"),
        ("      salesforce_id: salesforce_id\n", "", "the roster maps no salesforce_id"),
        ("from: file:tiers.csv", "from: file:more/partners.csv", "have the same name"),
        ("max_share: 20%", "max_share: 120%", "between 0% and 100%"),
        ("max_changes: 500", "max_changes: -1", "not negative"),
        ("approvers: [dana@acme.com]", "approvers: [dana]", "e-mail address"),
    ],
)  # fmt: skip
def test_sections_that_contradict_one_another_are_problems(old: str, new: str, told: str, home: Path) -> None:
    line = change(home, old, new)

    found = problems(home)
    assert any(told in message for _, message, _ in found), found
    assert "salesforce_id" in told or [where for where, _, _ in found] == [line]


def test_the_command_prints_problems_or_a_summary_and_says_it_by_its_exit_code(home: Path) -> None:
    app = typer.Typer()
    app.command()(check.command)
    config = str(home / "partnersync.yaml")

    right = CliRunner().invoke(app, ["--config", config])
    change(home, "workspace: acme", "workspce: acme")
    wrong = CliRunner().invoke(app, ["--config", config])
    as_json = CliRunner().invoke(app, ["--config", config, "--json"])

    assert (right.exit_code, wrong.exit_code, as_json.exit_code) == (0, 2, 2)
    assert "3 plans" in right.stdout
    assert "did you mean 'workspace'?" in wrong.stderr
    told = json.loads(as_json.stdout)
    assert told["ok"] is False
    assert [problem["path"] for problem in told["problems"]] == ["workspce"]
