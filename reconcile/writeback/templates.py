"""Texts with ``{opportunity.name}`` in them: the names are checked when the config is read, filled when a task is made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

NAMES = (
    "opportunity.name",
    "opportunity.amount",
    "opportunity.currency",
    "opportunity.stage",
    "opportunity.closes_on",
    "opportunity.partner_field",
    "account.name",
    "partner.name",
    "field.name",
    "field.current",
    "field.desired",
    "credit.evidence",
)
_HOLE = re.compile(r"\{([^{}]*)\}")


def template(value: Any) -> str:
    """``value`` if every name in braces is known.

    Raises:
        ValueError: an unknown name, with the nearest known one.
    """
    if not isinstance(value, str):
        raise ValueError("expected a text")
    for name in _HOLE.findall(value):
        if name not in NAMES:
            near = get_close_matches(name, NAMES, n=1)
            raise ValueError(f"{{{name}}} is not known here" + (f"; did you mean {{{near[0]}}}?" if near else ""))
    return value


def filled(text: str, values: Mapping[str, str | None]) -> str:
    """The text with its names replaced; a value that is not known becomes an en dash."""
    return _HOLE.sub(lambda hole: values.get(hole[1]) or "–", text)
