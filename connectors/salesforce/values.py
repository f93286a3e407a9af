"""Field values: the normal form in which they are compared, and the JSON in which they are sent.

Salesforce stores what it is sent a little differently: numbers lose digits beyond the field's scale, text loses blanks at
its ends, ids come back with 18 characters, a stamp without its fraction. Two values are the same when their normal forms
are, so a normal form never changes under ``normal`` again.
"""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from connectors.salesforce.ids import is_id, long_id
from partnersync.clock import parse_instant
from partnersync.records import FieldSchema

_TRUE, _FALSE = ("true", "1", "yes"), ("false", "0", "no")


def normal(schema: FieldSchema, value: str | None) -> str | None:
    """``value`` as this field would hold it; a text that the field cannot hold stays as it is."""
    if value is None or not value.strip():
        return "false" if schema.kind == "boolean" else None
    text = value.strip()
    match schema.kind:
        case "number":
            return _number(schema, text)
        case "boolean":
            low = text.lower()
            return "true" if low in _TRUE else "false" if low in _FALSE else text
        case "date":
            return _day(text)
        case "datetime":
            return _instant(text)
        case "lookup" | "id":
            return long_id(text)
        case "choice":
            return _choice(schema, text)
        case "multichoice":
            return _choices(schema, text)
        case _:
            text = text.replace("\r\n", "\n")
            return text[: schema.length].rstrip() if schema.length else text


def to_send(schema: FieldSchema, value: str | None) -> str | bool | Decimal | None:
    """``value`` as JSON holds it; None clears the field.

    Raises:
        ValueError: the text is nothing that this field could hold.
    """
    text = normal(schema, value)
    if text is None:
        return None
    match schema.kind:
        case "number":
            return _decimal(text)
        case "boolean":
            if text not in ("true", "false"):
                raise ValueError(f"{schema.name} takes true or false, not {text!r:.60}")
            return text == "true"
        case "date":
            return date.fromisoformat(text).isoformat()
        case "datetime":
            return parse_instant(text).isoformat().replace("+00:00", "Z")
        case "lookup" | "id":
            if not is_id(text):
                raise ValueError(f"{schema.name} takes a record id, not {text!r:.60}")
            return text
        case _:
            return text


def _decimal(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"a number was expected, not {text!r:.60}") from None
    if not number.is_finite():
        raise ValueError(f"a number was expected, not {text!r:.60}")
    return number


def _number(schema: FieldSchema, text: str) -> str:
    try:
        number = _decimal(text)
    except ValueError:
        return text
    if schema.scale is not None:
        number = number.quantize(Decimal(1).scaleb(-schema.scale), ROUND_HALF_UP)
    shown = f"{number:f}"
    shown = shown.rstrip("0").rstrip(".") if "." in shown else shown
    return "0" if shown in ("-0", "") else shown


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text[:10]).isoformat()
    except ValueError:
        return text


def _instant(text: str) -> str:
    try:
        return parse_instant(text).replace(microsecond=0).isoformat().replace("+00:00", "Z")
    except ValueError:
        return text


def _choice(schema: FieldSchema, text: str) -> str:
    """The choice's own spelling: by value, then by value in any case, then by label."""
    low = text.casefold()
    for matches in (
        [choice.value for choice in schema.choices if choice.value == text],
        [choice.value for choice in schema.choices if choice.value.casefold() == low],
        [choice.value for choice in schema.choices if choice.label.casefold() == low],
    ):
        if matches:
            return matches[0]
    return text


def _choices(schema: FieldSchema, text: str) -> str | None:
    order = {choice.value: place for place, choice in enumerate(schema.choices)}
    chosen = {_choice(schema, part.strip()) for part in text.split(";") if part.strip()}
    return ";".join(sorted(chosen, key=lambda value: (order.get(value, len(order)), value))) or None
