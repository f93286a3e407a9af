"""The guides say nothing that is not so: commands, options, findings, metrics, and the worked example."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer.main

import mapping
from service.cli import app
from service.metrics import Metrics
from tests.service.lived import Lived, Run

HERE = Path(__file__).parents[2]
GUIDES = sorted((HERE / "docs" / "guides").glob("*.md"))
CODE = "\n".join(path.read_text(encoding="utf-8") for path in Path(str(mapping.__file__)).parent.rglob("*.py"))


def told(guide: Path) -> list[list[str]]:
    """Every call of ours in a guide, as words; what stands in brackets is optional and left out."""
    calls: list[str] = []
    fenced = False
    for line in guide.read_text(encoding="utf-8").splitlines():
        fenced ^= line.startswith("```")
        shown = re.match(r" {4}partnersync (.*)", line) or (fenced and re.match(r"partnersync (.*)", line))
        calls += [shown[1].partition("   ")[0]] if shown else re.findall(r"`partnersync ([^`]*)`", line)
    return [shlex.split(re.sub(r"\$\(.*?\)", "X", call.partition(" #")[0].replace("'", " "))) for call in calls]


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)
def test_every_command_and_option_in_a_guide_exists(guide: Path) -> None:
    root = typer.main.get_command(app)
    wrong = []
    for words in told(guide):
        command = root
        while words and words[0] in getattr(command, "commands", {}):
            command = command.commands[words.pop(0)]  # type: ignore[attr-defined]  # groups have commands
        known = {option for each in command.params for option in each.opts}
        wrong += [word for word in words if word.startswith("--") and word not in known]
        wrong += [] if command is not root else [" ".join(words)]

    assert wrong == []


def test_every_finding_in_the_guide_for_revops_is_one_that_we_make() -> None:
    text = (HERE / "docs" / "guides" / "revops.md").read_text(encoding="utf-8")
    rows = [row for row in text.splitlines() if re.match(r"\| `[a-z]+_", row)]
    codes = {code for row in rows for code in re.findall(r"`([a-z]+_[a-z_]+)`", row.split("|")[1])}

    assert len(codes) > 8
    assert {code for code in codes if f'"{code}"' not in CODE} == set()


def test_every_metric_in_the_guide_for_operators_is_on_the_page() -> None:
    text = (HERE / "docs" / "guides" / "operators.md").read_text(encoding="utf-8")
    metrics = Metrics()
    metrics.calls.labels("a", "hot").inc()
    page = metrics.page().decode()
    named = set(re.findall(r"^\| `(partnersync_[a-z_]+)`", text, re.MULTILINE))

    assert named
    assert {name for name in named if name not in page} == set()


def test_the_worked_example_of_the_guide_holds(lived: Lived, ask: Run, tmp_path: Path) -> None:
    text = (HERE / "docs" / "guides" / "revops.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```yaml\n(config: \.\./.*?)```", text, re.DOTALL)
    folder = tmp_path / "cases"
    folder.mkdir()
    (tmp_path / "partnersync.yaml").write_bytes(lived.config.read_bytes())
    (folder / "quarter.yaml").write_text(block, encoding="utf-8")

    right = ask("test", str(folder / "quarter.yaml"))
    (folder / "quarter.yaml").write_text(block.replace("3,400.00", "3,400.01"), encoding="utf-8")
    wrong = ask("test", str(folder / "quarter.yaml"))

    assert right.code == 0, right.out + right.err
    assert wrong.code == 1
    assert "3,400.00" in wrong.out
