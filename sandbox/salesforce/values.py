"""One value of a write: from JSON to what is stored, with the vendor's refusals."""

import math
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from sandbox.salesforce.errors import SalesforceError, malformed_json
from sandbox.salesforce.fields import NUMBERS, TEXTS, Field
from sandbox.salesforce.ids import full_id
from sandbox.salesforce.moments import instant_text, parse_date, parse_instant
from sandbox.salesforce.objects.model import SObject

_JSON_KINDS = {bool: "VALUE_TRUE", int: "VALUE_NUMBER_INT", float: "VALUE_NUMBER_FLOAT", str: "VALUE_STRING"}


def stored_value(sobject: SObject, field: Field, value: Any) -> Any:
    """The value as SQLite keeps it; empty text is null. Raises: `SalesforceError`."""
    if value is None or (isinstance(value, str) and value == "" and field.type != "boolean"):
        return int(False) if field.type == "boolean" else None
    kind = field.type
    if isinstance(value, dict | list):
        start = "START_OBJECT" if isinstance(value, dict) else "START_ARRAY"
        raise malformed_json(f"Cannot deserialize instance of {_shown(kind)} from {start} value {{")
    if kind in TEXTS:
        return _text(sobject, field, value)
    if kind in NUMBERS or kind == "int":
        return _number(field, value)
    if kind in ("reference", "id"):
        found = full_id(value) if isinstance(value, str) else None
        if found is None:
            raise SalesforceError("MALFORMED_ID", f"{field.label}: id value of incorrect type: {value}", [field.name])
        return found
    if kind == "boolean":
        if isinstance(value, bool):
            return int(value)
        if isinstance(value, str) and value.lower() in ("true", "false", "1", "0"):
            return int(value.lower() in ("true", "1"))
    elif isinstance(value, str) and kind == "date":
        day = parse_date(value)
        if day is not None:
            return day.isoformat()
    elif isinstance(value, str) and kind == "datetime":
        at = parse_instant(value)
        if at is not None:
            return instant_text(at.replace(microsecond=0))
    raise _cannot_read(kind, value)


def _text(sobject: SObject, field: Field, value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    text = text.strip() if field.type != "textarea" else text
    if field.length and len(text) > field.length:
        shown = text if len(text) <= 255 else text[:255]
        raise SalesforceError(
            "STRING_TOO_LONG",
            f"{field.label}: data value too large: {shown} (max length={field.length})",
            [field.name],
        )
    if field.type == "email" and ("@" not in text.strip("@") or " " in text):
        raise SalesforceError("INVALID_EMAIL_ADDRESS", f"{field.label}: invalid email address: {text}", [field.name])
    if field.picklist and field.restricted:
        known = {choice.value.lower(): choice.value for choice in field.picklist if choice.active}
        parts = [one.strip() for one in text.split(";")] if field.type == "multipicklist" else [text]
        for part in parts:
            if part.lower() not in known:
                raise SalesforceError(
                    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
                    f"{field.label}: bad value for restricted picklist field: {part}",
                    [field.name],
                )
        return ";".join(known[part.lower()] for part in parts)
    return text


def _number(field: Field, value: Any) -> float | int:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _cannot_read(field.type, value)
    try:
        exact = Decimal(str(value).strip())
    except InvalidOperation:
        raise _cannot_read(field.type, value) from None
    if not exact.is_finite():
        raise _cannot_read(field.type, value)
    digits = field.precision - field.scale
    if digits > 0 and abs(exact) >= Decimal(10) ** digits:
        raise SalesforceError(
            "NUMBER_OUTSIDE_VALID_RANGE",
            f"{field.label}: value outside of valid range on numeric field: {value}",
            [field.name],
        )
    if field.type == "int":
        if exact != exact.to_integral_value():
            raise _cannot_read("int", value)
        return int(exact)
    rounded = float(exact.quantize(Decimal(1).scaleb(-field.scale), ROUND_HALF_UP))
    return rounded if math.isfinite(rounded) else 0.0


def _cannot_read(kind: str, value: Any) -> SalesforceError:
    found = _JSON_KINDS.get(type(value), "VALUE_STRING")
    shown = str(value).lower() if isinstance(value, bool) else value
    return malformed_json(
        f"Cannot deserialize instance of {_shown(kind)} from {found} value {shown}"
        " or request may be missing a required field at [line:1, column:2]"
    )


def _shown(kind: str) -> str:
    return {"reference": "id", "id": "id"}.get(kind, kind if kind not in TEXTS else "string")
