"""The language of worked examples: what stands where, what a mistake says, what machines get."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from pydantic import BaseModel
from typer.testing import CliRunner

from partnersync.errors import ConfigError
from service.cases.language import CaseFile
from service.cases.loading import read_cases
from service.commands.test import command, judge

PLAN = "{id: flat, effective: {from: 2026-01-01}, role: sourced, rules: [{id: all, rate: {percent: 10%}}]}"
DEAL = "{id: d1, outcome: won, amount: 1000 USD, closes_on: 2026-03-01, partner_field: acme}"
SETTINGS = f"settings: {{commission: {{plans: [{PLAN}]}}}}\n"


def written(folder: Path, text: str, name: str = "cases.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def run(folder: Path, *arguments: str) -> Any:
    app = typer.Typer()
    app.command()(command)
    return CliRunner().invoke(app, [*arguments, "--config", str(folder / "none.yaml")])


def mistakes(folder: Path, text: str) -> list[str]:
    path = written(folder, text)
    with pytest.raises(ConfigError) as caught:
        read_cases([path], folder / "none.yaml")
    return [str(problem).removeprefix(f"{folder}/") for problem in caught.value.problems]


def case(facts: str, **settings: str) -> str:
    """A file of one case, its facts on line 4 and after."""
    return f"{SETTINGS}cases:\n  - name: one\n{facts}"


def test_a_file_with_settings_stands_for_itself(tmp_path: Path) -> None:
    path = written(
        tmp_path, case(f"    partners: [{{id: acme}}]\n    opportunities: [{DEAL}]\n    as_of: 2026-03-31\n")
    )

    prepared = read_cases([path], tmp_path / "none.yaml")
    computed = judge(prepared[0]).run.steps[0]

    assert [(line.key.opportunity.id, line.minor) for line in computed.lines] == [("d1", 10_000)]


def test_a_case_that_holds_ends_with_0_and_one_that_does_not_with_1_and_says_why(tmp_path: Path) -> None:
    facts = f"    partners: [{{id: acme}}]\n    opportunities: [{DEAL}]\n    as_of: 2026-03-31\n    expect: "
    good = written(tmp_path, case(facts + "{lines: [{opportunity: d1, amount: 100.00 USD}]}\n"), "good.yaml")
    bad = written(tmp_path, case(facts + "{lines: [{opportunity: d1, amount: 100.01 USD}]}\n"), "bad.yaml")

    fine, wrong = run(tmp_path, str(good)), run(tmp_path, str(good), str(bad))

    assert (fine.exit_code, wrong.exit_code) == (0, 1)
    assert "1 case: 1 ok" in fine.output
    assert "expected  opportunity d1, amount 100.01 USD" in wrong.output
    assert "computed  opportunity d1, amount 100.00 USD" in wrong.output
    assert "1,000.00 USD × 10 % = 100.00 USD" in wrong.output
    assert "2 cases: 1 ok, 1 failed" in wrong.output


def test_a_line_too_many_and_a_line_that_is_missing_are_differences(tmp_path: Path) -> None:
    facts = (
        f"    partners: [{{id: acme}}]\n    opportunities: [{DEAL}, {{id: d2}}]\n    as_of: 2026-03-31\n    expect: "
    )
    path = written(tmp_path, case(facts + "{lines: [{opportunity: d2, amount: 1 USD}]}\n"))

    found = judge(read_cases([path], tmp_path)[0]).found[0]

    assert found is not None
    assert [(each.part, each.expected, each.computed.split(",")[0]) for each in found] == [
        ("lines", "opportunity d2, amount 1.00 USD", ""),
        ("lines", "", "opportunity d1"),
    ]


def test_json_tells_everything_also_of_a_case_without_expectations(tmp_path: Path) -> None:
    rules = "[{id: touches, rule: t, use: touchpoints, model: linear, lookback: {before: closed, days: 90}, credit_unit: touch}]"
    facts = f"""\
    settings: {{attribution: {{sourced: {rules}}}, money: {{reporting_currency: USD}}}}
    partners: [{{id: a}}, {{id: b}}, {{id: c}}]
    rates: [{{on: 2026-03-01, base: EUR, quote: USD, rate: 1.08}}]
    opportunities: [{{id: d1, outcome: won, stage_since: 2026-03-01, amount: 100 EUR, closes_on: 2026-03-01}}]
    touchpoints:
      - {{id: t1, partner: a, occurred_at: 2026-02-01, opportunity: d1}}
      - {{id: t2, partner: b, occurred_at: 2026-02-02, opportunity: d1}}
      - {{id: t3, partner: c, occurred_at: 2026-02-03, opportunity: d1}}
    as_of: 2026-03-31
"""
    result = run(tmp_path, str(written(tmp_path, case(facts))), "--json")

    told = json.loads(result.output)
    step = told["cases"][0]["steps"][0]

    assert (result.exit_code, told["ok"], told["cases"][0]["tested"]) == (0, True, False)
    first = step["credits"][0]
    assert (first["opportunity"], first["partner"], first["share"]) == ("d1", "a", "1/3")
    assert first["percent"].startswith("33.3333333333")
    assert first["amount"] == {"amount": "33.34", "minor": 3334, "currency": "EUR"}
    line = step["lines"][0]
    wanted = {"plan": "flat", "rule": "all", "partner": "a", "period": "2026-Q1", "posted": "2026-Q1", "kind": "earned"}
    assert {name: line[name] for name in wanted} == wanted
    assert (line["amount"], line["minor"], line["currency"]) == ("3.60", 360, "USD")
    assert step["owed"][0]["exact"] == "360"
    assert step["entries"][0]["basis"] == {"amount": "36", "exact": "3600", "currency": "USD"}
    assert step["revenue"][0]["amount"] == "36"
    assert step["rates"][0]["path"] == "EUR→USD of 2026-03-01"
    assert any("EUR→USD" in sentence for sentence in line["why"])


def test_an_edit_names_only_what_changed(tmp_path: Path) -> None:
    facts = f"""\
    partners: [{{id: acme}}]
    opportunities: [{DEAL}]
    steps:
      - as_of: 2026-03-31
      - as_of: 2026-04-01
        opportunities: [{{id: d1, amount: 2000}}]
      - as_of: 2026-04-02
        opportunities: [{{id: d1, deleted: true}}]
      - as_of: 2026-04-03
        opportunities: [{{id: d1}}]
"""
    path = written(tmp_path, case(facts))

    steps = judge(read_cases([path], tmp_path)[0]).run.steps

    assert [[line.minor for line in step.lines] for step in steps] == [[10_000], [10_000], [-20_000], [20_000]]
    assert [[entry.basis for entry in step.entries] for step in steps] == [[100_000], [200_000], [], [200_000]]


def test_settings_of_a_case_change_those_of_the_file_setting_by_setting(tmp_path: Path) -> None:
    config = Path(__file__).resolve().parent.parent / "cases" / "programme" / "partnersync.yaml"
    written(tmp_path, config.read_text(encoding="utf-8"), "config.yaml")
    text = f"""\
config: config.yaml
settings: {{money: {{rounding: half_even}}}}
cases:
  - {{name: as the file says, as_of: 2026-03-31, partners: [{{id: acme}}], opportunities: [{DEAL}]}}
  - name: changed
    settings: {{money: {{max_rate_age: 3d}}, commission: {{plans: [{PLAN}]}}}}
    partners: [{{id: acme}}]
    opportunities: [{DEAL}]
    as_of: 2026-03-31
  - {{name: without commissions, settings: {{commission: null, writeback: null}}, as_of: 2026-03-31}}
"""
    prepared = read_cases([written(tmp_path, text)], tmp_path / "none.yaml")

    assert [each.settings.money.rounding for each in prepared] == ["half_even"] * 3
    assert [each.settings.money.max_rate_age for each in prepared] == [7, 3, 7]
    assert [each.settings.commission.starts_on.year if each.settings.commission else None for each in prepared] == [
        2026,
        2026,
        None,
    ]
    assert [[line.key.plan for line in judge(each).run.steps[0].lines] for each in prepared] == [
        ["reseller"],
        ["flat"],
        [],
    ]


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ("    opportunitys: []\n    as_of: 2026-03-31\n", "cases.yaml:4:5: cases[0].opportunitys: unknown setting"),
        ("    partners: []\n", "cases.yaml:3:5: cases[0].as_of: when does it run?"),
        (
            "    opportunities: [{id: d1, amount: lots}]\n    as_of: 2026-03-31\n",
            "cases.yaml:4:38: cases[0].opportunities[0].amount: expected an amount such as 1,234.50 or 1234.50 USD, found 'lots'",
        ),
        (
            "    opportunities: [{id: d1}]\n    as_of: 2026-03-31\n    expect: {lines: [{opportunity: d2, amount: 1 USD}]}\n",
            "cases.yaml:6:36: cases[0].expect.lines[0].opportunity: this case has no opportunity 'd2' (add it",
        ),
        (
            "    touchpoints: [{id: t1, opportunity: d1}]\n    opportunities: [{id: d1}]\n    as_of: 2026-03-31\n",
            "cases.yaml:4:19: cases[0].touchpoints[0].partner: 'partner' is required where t1 is first told of",
        ),
        (
            "    locked: [2026-Q5]\n    as_of: 2026-03-31\n",
            "cases.yaml:4:14: cases[0].locked[0]: '2026-Q5' is not a period of this calendar; expected one such as 2026-Q2",
        ),
        (
            "    settings: {money: {rounding: half_upp}}\n    as_of: 2026-03-31\n",
            "cases.yaml:4:34: cases[0].settings.money.rounding: expected one of half_up or half_even; found 'half_upp'",
        ),
        (
            "    steps: [{as_of: 2026-03-31}, {as_of: 2026-03-30}]\n",
            "cases.yaml:4:42: cases[0].steps[1].as_of: is before the step above it, 2026-03-31",
        ),
        (
            "    opportunities: [{id: d1, crm: hubspt}]\n    as_of: 2026-03-31\n",
            "cases.yaml:4:35: cases[0].opportunities[0].crm: no connection is called 'hubspt'",
        ),
        (
            "    opportunities: [{id: d1, extra: {segment: x}}]\n    as_of: 2026-03-31\n",
            "cases.yaml:4:38: cases[0].opportunities[0].extra.segment: 'segment' is no field of your own in this config",
        ),
        (
            (
                "    opportunities: [{id: d1}]\n    as_of: 2026-03-31\n"
                "    expect: {credits: [{opportunity: d1, partner: a, share: 0.5}]}\n"
            ),
            "cases.yaml:6:61: cases[0].expect.credits[0].share: expected a share such as 50% or 1/3, found '0.5'",
        ),
    ],
)
def test_a_mistake_is_told_where_it_stands(tmp_path: Path, facts: str, told: str) -> None:
    found = mistakes(tmp_path, case(facts))

    assert len(found) >= 1
    assert any(each.startswith(told) for each in found), found


def test_a_mistake_in_the_config_is_told_in_the_config(tmp_path: Path) -> None:
    config = Path(__file__).resolve().parent.parent / "cases" / "programme" / "partnersync.yaml"
    written(tmp_path, config.read_text(encoding="utf-8").replace("rounding: half_up", "rounding: up"), "config.yaml")
    path = written(
        tmp_path,
        "config: config.yaml\nsettings: {guards: {max_changes: many}}\ncases: [{name: a, as_of: 2026-01-01}]\n",
    )

    with pytest.raises(ConfigError) as caught:
        read_cases([path], tmp_path)

    assert [(Path(problem.file).name, problem.line, problem.path) for problem in caught.value.problems] == [
        ("cases.yaml", 2, "settings.guards.max_changes"),
        ("config.yaml", 6, "money.rounding"),
    ]


def test_a_file_that_names_no_config_needs_one(tmp_path: Path) -> None:
    found = mistakes(tmp_path, "cases: [{name: a, as_of: 2026-01-01}]\n")

    assert len(found) == 1
    assert "there is no config" in found[0]
    assert "--config" in found[0]


def test_mistakes_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    one = written(tmp_path, "settings: {}\ncases: [{name: a}]\n", "one.yaml")
    two = written(tmp_path, "settings: {}\ncases: [{nam: a, as_of: 2026-01-01}]\n", "two.yaml")

    with pytest.raises(ConfigError) as caught:
        read_cases([one, two], tmp_path)

    assert {Path(problem.file).name for problem in caught.value.problems} == {"one.yaml", "two.yaml"}
    assert caught.value.exit_code == 2


GUIDE = Path(__file__).resolve().parent.parent.parent / "docs" / "guides" / "worked-examples.md"


def words(model: type[BaseModel]) -> set[str]:
    """Every key of a model and of the models inside it, as a file writes them."""
    schema = model.model_json_schema(by_alias=True)
    groups = [schema, *schema.get("$defs", {}).values()]
    return {name for group in groups for name in group.get("properties", {})}


def test_the_guide_names_every_word_of_the_language() -> None:
    told = set(re.findall(r"`([a-z_]+)[`:]", GUIDE.read_text(encoding="utf-8")))

    assert words(CaseFile) - told - {"config", "cases"} == set()


def test_the_example_of_the_guide_holds(tmp_path: Path) -> None:
    block = re.findall(r"```yaml\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)[0]
    programme = Path(__file__).resolve().parent.parent / "cases" / "programme" / "partnersync.yaml"
    written(tmp_path, programme.read_text(encoding="utf-8"), "partnersync.yaml")

    (judged,) = map(judge, read_cases([written(tmp_path, block)], tmp_path / "none.yaml"))

    assert (judged.tested, judged.found) == (True, ((),))


def test_the_command_line_ends_with_2_on_mistakes_and_tells_them_without_a_traceback(tmp_path: Path) -> None:
    path = written(tmp_path, "settings: {}\ncases: [{name: a}]\n")
    program = [sys.executable, "-c", "from service.cli import main; main()", "test", str(path)]

    ended = subprocess.run(program, capture_output=True, text=True, check=False)

    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith(f"{path}:2:9: cases[0].as_of: when does it run?")
