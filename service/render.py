"""What people read in a terminal: plans as diffs, tables that fit 80 columns, and the same values as JSON for machines."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from typing import Any

import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from partnersync.changes import Change, FieldChange, Plan, TaskChange
from partnersync.ids import Ref

SIGNS = {"write": "~", "clear": "-", "adopt": "=", "override": "!", "review": "?", "hold": "|"}
WORDS = {
    "write": "written",
    "clear": "cleared",
    "adopt": "already right",
    "override": "left as a person typed it",
    "review": "to review",
    "hold": "held back from now on",
    "task_create": "new tasks",
    "task_update": "tasks updated",
    "task_close": "tasks closed",
}


def console(stderr: bool = False) -> Console:
    """A console for text; as wide as the terminal, 80 where there is none."""
    out = Console(stderr=stderr, highlight=False, soft_wrap=False)
    if not out.is_terminal:
        out.width = 80
    return out


def progress() -> Progress:
    """Progress bars on standard error, and only on a terminal."""
    err = console(stderr=True)
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=err,
        disable=not err.is_terminal,
        transient=True,
    )


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.buffer.write(orjson.dumps(plain(value), option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS) + b"\n")
    sys.stdout.flush()


def plain(value: Any) -> Any:
    """``value`` in JSON's own types: amounts and shares as text, never as binary floats."""
    match value:
        case None | bool() | int() | str() | float():
            return value
        case Decimal():
            return f"{value:f}"
        case Fraction():
            return str(value)
        case datetime() | date():
            return value.isoformat()
        case Ref():
            return str(value)
        case dict():
            return {str(key): plain(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(item) for item in value]
        case _ if is_dataclass(value) and not isinstance(value, type):
            return {key: plain(item) for key, item in ((f, getattr(value, f)) for f in value.__dataclass_fields__)}
        case _:
            return str(value)


def plan_as_json(plan: Plan) -> dict[str, Any]:
    """The plan for machines: its digest, totals and every change with its own digest."""
    changes = [
        {"digest": c.digest, **{k: plain(v) for k, v in asdict(c).items()}, "ref": str(_record(c))}
        for c in plan.changes
    ]
    return {
        "digest": plan.digest,
        "workspace": plan.workspace,
        "config": plan.config,
        "made_at": plan.made_at.isoformat(),
        "totals": dict(plan.totals),
        "changes": changes,
    }


def print_plan(plan: Plan, *, limit: int | None = None, out: Console | None = None) -> None:
    """The plan as a diff grouped by CRM and object; ``limit`` records per object, the rest counted."""
    out = out or console()
    if not plan.changes:
        out.print("Nothing to change: the CRMs say what they should.")
        return
    for (crm, object_), group in groupby(plan.changes, key=lambda c: (_record(c).crm, _object(c))):
        changes = list(group)
        out.print(Text(f"{crm} · {object_}", style="bold"))
        records = [list(each) for _, each in groupby(changes, key=_record)]
        for record in records[:limit]:
            _print_record(record, out)
        if limit is not None and len(records) > limit:
            out.print(f"  … and {len(records) - limit} more", style="dim")
        out.print()
    out.print(f"Plan {plan.digest[:12]}: {summary(plan)}")


def summary(plan: Plan) -> str:
    """``12 written on 7 records, 1 left as a person typed it``."""
    parts = [f"{plan.totals[action]} {word}" for action, word in WORDS.items() if plan.totals.get(action)]
    return ", ".join(parts) + f"; {plan.totals.get('records', 0)} records touched"


def _print_record(record: Sequence[Change], out: Console) -> None:
    head = record[0]
    name = head.label if isinstance(head, FieldChange) and head.label else ""
    out.print(_clipped(Text(f"  {name or _record(head).id}"), out.width))
    for change in record:
        match change:
            case FieldChange():
                line = Text(f"    {SIGNS[change.action]} {change.field}: ")
                line.append(change.current or "–", style="red" if change.current else "dim")
                line.append(" → ")
                line.append(change.desired or "–", style="green" if change.desired else "dim")
            case TaskChange():
                line = Text(f"    + task: {change.subject} (due {change.due_on}, {change.owner or 'no owner'})")
        out.print(_clipped(line, out.width))
        if change.why:
            out.print(_clipped(Text(f"        {change.why}", style="dim"), out.width))


def _clipped(line: Text, width: int) -> Text:
    line.truncate(width, overflow="ellipsis")
    return line


def _record(change: Change) -> Ref:
    return change.ref if isinstance(change, FieldChange) else change.record


def _object(change: Change) -> str:
    return change.ref.object if isinstance(change, FieldChange) else "tasks"


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[int] = ()) -> None:
    """A plain table; ``right`` are the indexes of right-aligned columns."""
    table = Table(title=title or None, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for index, name in enumerate(columns):
        table.add_column(name, justify="right" if index in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console().print(table)
