"""A measured figure beside its limit, and how both are printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limit:
    """``measured`` may be at most ``most`` (or exactly, where ``exact``)."""

    name: str
    measured: float
    most: float
    unit: str = ""
    exact: bool = False

    @property
    def held(self) -> bool:
        """Whether the figure is within its limit."""
        return self.measured == self.most if self.exact else self.measured <= self.most

    def __str__(self) -> str:
        word = "exactly" if self.exact else "at most"
        verdict = "PASS" if self.held else "FAIL"
        return f"{verdict}  {self.name}: {self.measured:,.6g} {self.unit} ({word} {self.most:,.6g})"


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Columns as wide as their widest cell, numbers to the right."""
    cells = [[str(cell) for cell in row] for row in [head, *rows]]
    widths = [max(len(row[at]) for row in cells) for at in range(len(head))]
    lines = [
        "  ".join(
            cell.rjust(width) if at and _numeric(cell) else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def _numeric(cell: str) -> bool:
    return cell.replace(",", "").replace(".", "").replace("–", "").isdigit() or cell == "–"
