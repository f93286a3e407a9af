"""What the tests that look at a lived programme share: its shape, and what a command said about it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from partnersync.lines import Line
from service.shop import looking
from state.ledger import Ledger

FORMULA = '=HYPERLINK("http://evil.example","Won")'
"""What a stranger may call a deal."""


@dataclass(frozen=True, slots=True)
class Lived:
    """``grown``: a deal whose amount a rep raised after it was paid; ``renamed``: a paid deal that got another name then;
    ``edited``: a Salesforce deal whose partner field a rep typed over after we had written it.
    """

    config: Path
    grown: Line
    renamed: Line
    renamed_from: str
    edited: str
    statements: Mapping[str, Any]
    """Every SQL statement that its cycles made, each with the parameters of one use."""

    def ledger(self, **wanted: Any) -> list[Line]:
        """The lines of the programme."""
        with looking(self.config) as shop:
            return list(Ledger(shop.database).lines(**wanted))


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, as JSON."""
        return json.loads(self.out)


Run = Callable[..., Answer]
