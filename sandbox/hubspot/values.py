"""From what a client sends as a property value to the string that is stored, by the property's type."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sandbox.hubspot import moments
from sandbox.hubspot.definitions import Property

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_EMAIL = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;.]+")
LONGEST = 65_536


class Unfit(Exception):
    """A value that the property cannot hold."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Stored:
    """The value to store (None clears), and how the vendor says it normalised what came, if it says so."""

    value: str | None
    normalized: str | None = None


def text_of(raw: Any) -> str | None:
    """The text of a JSON scalar; empty text and null both clear."""
    match raw:
        case None:
            return None
        case bool():
            return "true" if raw else "false"
        case str() | int() | float():
            return str(raw) or None
        case _:
            raise Unfit("INVALID_VALUE", f"{raw} is not a valid property value")


def stored(prop: Property, raw: Any, *, dated_rules: bool = False) -> Stored:
    """The value as kept. Options that depend on other records are checked by the caller.

    `dated_rules` are those from 2026-09 on: a date that is not midnight is normalised and reported,
    where older versions refuse it. Raises: `Unfit`.
    """
    text = text_of(raw)
    if text is None:
        return Stored(None)
    match prop.type:
        case "number":
            found = _NUMBER.fullmatch(text.strip())
            if found is None or abs(int((found[2] or "e0")[1:])) > 300:
                raise Unfit("INVALID_FLOAT", f"{text} was not a valid number.")
            return Stored(text.strip())
        case "bool":
            if text.strip().lower() not in ("true", "false"):
                raise Unfit("INVALID_OPTION", f"{text} was not one of the allowed options: [true, false]")
            return Stored(text.strip().lower())
        case "date":
            return _day(text, dated_rules)
        case "datetime":
            at = moments.millis(text)
            if at is None:
                raise Unfit("INVALID_LONG", f"{text} was not a valid long.")
            return Stored(moments.iso(at))
        case "enumeration":
            return Stored(_choice(prop, text))
        case _:
            if len(text) > LONGEST:
                raise Unfit("INVALID_STRING", f"Property value is too long: {len(text)} > {LONGEST}")
            if prop.name == "email":
                return Stored(_email(text))
            return Stored(text)


def shown(prop: Property | None, value: str | None, date_format: str) -> str | None:
    """The stored value as a read returns it."""
    if value and prop is not None and prop.type == "date" and date_format == "epoch_ms":
        return str(moments.day_millis(value))
    return value


def _day(text: str, dated_rules: bool) -> Stored:
    at = moments.millis(text)
    if at is None:
        raise Unfit("INVALID_DATE", f"{text} was not a valid date.")
    plain = text.strip().lstrip("-").isdigit() or len(text.strip()) == 10
    if not moments.is_midnight(at) and not dated_rules:
        raise Unfit("INVALID_DATE", f"{text} is at {moments.clock_of(at)} UTC, not midnight!")
    day = moments.day_of(at)
    odd = not plain or not moments.is_midnight(at)
    return Stored(day, str(moments.day_millis(day)) if odd and dated_rules else None)


def _choice(prop: Property, text: str) -> str:
    if prop.external:
        return text
    chosen = [part.strip() for part in text.split(";") if part.strip()] if prop.multiple else [text]
    for each in chosen:
        if each not in prop.options:
            listed = ", ".join(sorted(prop.options))
            raise Unfit("INVALID_OPTION", f"{each} was not one of the allowed options: [{listed}]")
    if prop.multiple:
        lead = ";" if text.startswith(";") else ""
        return lead + ";".join(dict.fromkeys(chosen))
    return text


def _email(text: str) -> str:
    lowered = text.strip().lower()
    if not _EMAIL.fullmatch(lowered):
        raise Unfit("INVALID_EMAIL", f"Email address {text} is invalid")
    return lowered


def appended(before: str | None, value: str) -> str:
    """A multiple choice starting with `;` adds to what is there."""
    kept = [part for part in (before or "").split(";") if part]
    return ";".join(dict.fromkeys(kept + [part for part in value.split(";") if part]))
