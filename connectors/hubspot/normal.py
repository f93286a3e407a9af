"""The normal form in which values of a HubSpot property are compared and sent."""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal, InvalidOperation

from connectors.hubspot.records import instant
from partnersync.records import FieldSchema

LONGEST_TEXT = 65_536


def normal(schema: FieldSchema, value: str | None) -> str | None:
    """Exactly one text for values that HubSpot holds to be the same; None is empty.

    Numbers without trailing zeros or exponent (``12.5``), dates as ``2026-10-30`` from a date or a midnight in epoch
    milliseconds, datetimes as ``2026-10-30T12:00:00.000Z``, several choices in order, texts without blanks around them
    and cut at 65,536 characters. What is not of the property's kind stays as it is, for HubSpot to refuse.
    """
    text = (value or "").strip()
    if not text:
        return None
    try:
        match schema.kind:
            case "number":
                return _number(text)
            case "date":
                return text[:10] if _is_day(text) else instant(text).astimezone(UTC).date().isoformat()
            case "datetime":
                at = instant(f"{text}T00:00:00Z" if len(text) == 10 and _is_day(text) else text)
                return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
            case "boolean":
                return text.lower()
            case "multichoice":
                return ";".join(sorted({part.strip() for part in text.split(";") if part.strip()}))
            case "text":
                return text[: schema.length or LONGEST_TEXT].rstrip()
            case _:
                return text
    except (ValueError, OverflowError, InvalidOperation):
        return text


def _number(text: str) -> str:
    number = Decimal(text)
    if not number.is_finite():
        return text
    if not number:
        return "0"
    shown = f"{number:f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def _is_day(text: str) -> bool:
    return len(text) == 10 and text[4] == text[7] == "-" and text.replace("-", "").isdecimal()
