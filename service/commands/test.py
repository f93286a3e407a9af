"""``partnersync test``: run worked examples through the deciders that pay real money, without a database or a network."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from partnersync.errors import ConfigError, Problem
from service.cases.comparing import Difference, differences, shown
from service.cases.loading import Prepared, read_cases
from service.cases.machine import Machine
from service.cases.running import Run, run_case
from service.cases.telling import Teller
from service.options import DEFAULT_CONFIG, ConfigFile, Json
from service.render import console, print_json

FOLDER = Path("cases")


@dataclass(frozen=True, slots=True)
class Judged:
    """A case that ran, and what differs by step; None where nothing is expected of a step."""

    prepared: Prepared
    run: Run
    found: tuple[tuple[Difference, ...] | None, ...]

    @property
    def tested(self) -> bool:
        """Whether anything is expected of it."""
        return any(each is not None for each in self.found)

    @property
    def failed(self) -> bool:
        """Whether anything differs."""
        return any(self.found)


def command(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Case files, or folders of them.", show_default=str(FOLDER))
    ] = None,
    config: ConfigFile = DEFAULT_CONFIG,
    json: Json = False,
) -> None:
    """Try plans and rules on worked examples: facts in, expected credits, lines, fields and tasks out."""
    judged = [judge(prepared) for prepared in read_cases(_files(files or [FOLDER]), config)]
    if json:
        print_json(report(judged))
    else:
        show(judged)
    if any(each.failed for each in judged):
        raise typer.Exit(1)


def judge(prepared: Prepared) -> Judged:
    """Run a case and compare every step of which something is expected."""
    run = run_case(prepared.case, prepared.settings)
    found = tuple(
        None if step.expect is None else differences(step.expect, computed, run)
        for step, computed in zip(prepared.case.cycles, run.steps, strict=True)
    )
    return Judged(prepared, run, found)


def report(judged: Iterable[Judged]) -> dict[str, object]:
    """What ``--json`` prints: everything that was computed, also where nothing is expected."""
    cases = [
        {
            "file": str(each.prepared.file),
            "name": each.prepared.case.name,
            "why": each.prepared.case.why,
            "tested": each.tested,
            "ok": not each.failed,
            "steps": Machine(each.run).case(each.found),
        }
        for each in judged
    ]
    return {"ok": all(each["ok"] for each in cases), "failed": sum(not each["ok"] for each in cases), "cases": cases}


def show(judged: Iterable[Judged]) -> None:
    """What a person reads: a line per case, what differs and why, and a summary."""
    out = console()
    file: Path | None = None
    counts = {"ok": 0, "failed": 0, "shown": 0}
    for each in judged:
        if each.prepared.file != file:
            file = each.prepared.file
            _print(out, Text(str(file), style="bold"))
        word = "failed" if each.failed else "ok" if each.tested else "shown"
        counts[word] += 1
        style = {"failed": "bold red", "ok": "green", "shown": "cyan"}[word]
        _print(out, Text.assemble("  ", (f"{word:<7}", style), each.prepared.case.name))
        for at, found in enumerate(each.found):
            if word == "shown":
                _print_computed(out, each, at)
            for difference in found or ():
                _print_difference(out, each, at, difference)
    total = sum(counts.values())
    told = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    out.print(f"{total} case{'' if total == 1 else 's'}: {told or 'none'}")


def _print_difference(out: Console, judged: Judged, at: int, difference: Difference) -> None:
    _print(out, Text(f"    {_step(judged, at)}{difference.part}", style="bold"))
    _print(out, Text(f"      expected  {difference.expected or 'nothing like it'}"))
    _print(out, Text(f"      computed  {difference.computed or 'nothing like it'}"))
    for sentence in difference.why:
        _print(out, Text(f"        {sentence}", style="dim"))


def _print_computed(out: Console, judged: Judged, at: int) -> None:
    teller = Teller(judged.run)
    for part, items in teller.told(judged.run.steps[at]).items():
        for item in items:
            if part != "owed" and not item.nothing:
                values = {name: value for name, value in item.values.items() if value is not None}
                _print(out, Text(f"    {_step(judged, at)}{part}: {shown(values, teller)}"))


def _print(out: Console, line: Text) -> None:
    """Long lines are the terminal's own to wrap, so that they can be copied."""
    out.print(line, soft_wrap=True)


def _step(judged: Judged, at: int) -> str:
    steps = judged.prepared.case.steps
    return f"step {at + 1}, {steps[at].as_of}: " if steps else ""


def _files(given: Iterable[Path]) -> list[Path]:
    """The case files; of a folder those with the ending .yaml or .yml that stand in it directly.

    Raises:
        ConfigError: one is not there, or a folder holds none.
    """
    found: list[Path] = []
    problems: list[Problem] = []
    for path in given:
        inside = sorted(each for each in path.iterdir() if each.suffix in {".yaml", ".yml"}) if path.is_dir() else []
        if path.is_dir() and not inside:
            problems.append(Problem(str(path), 0, 0, "", "holds no case files (*.yaml)"))
        elif not path.exists():
            hint = "name a file of cases, or make a folder `cases` of them"
            problems.append(Problem(str(path), 0, 0, "", "is not there", hint))
        found += inside or [path]
    if problems:
        raise ConfigError(problems)
    return found
