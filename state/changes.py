"""A decided change as JSON, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from typing import Any

from partnersync.changes import Change, FieldChange, TaskChange
from partnersync.ids import Ref


def stored_change(change: Change) -> dict[str, Any]:
    """The stored form of a change."""
    told: dict[str, Any] = {}
    for each in fields(change):
        value = getattr(change, each.name)
        told[each.name] = (
            str(value) if isinstance(value, Ref) else value.isoformat() if isinstance(value, date) else value
        )
    return {"kind": "field" if isinstance(change, FieldChange) else "task", **told}


def read_change(stored: Mapping[str, Any]) -> Change:
    """The inverse of ``stored_change``."""
    told = {name: value for name, value in stored.items() if name != "kind"}
    if stored["kind"] == "field":
        return FieldChange(**{**told, "ref": Ref.parse(told["ref"])})
    task = Ref.parse(told["task"]) if told["task"] else None
    due_on = date.fromisoformat(told["due_on"])
    return TaskChange(**{**told, "record": Ref.parse(told["record"]), "due_on": due_on, "task": task})
