"""Instants and days as HubSpot writes them, and as it accepts them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_MS = 86_400_000
_EARLIEST, _LATEST = -62_135_596_800_000, 253_402_300_799_999
_MILLIS = re.compile(r"-?\d{1,15}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_INSTANT = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2})?)(\.\d+)?\s*(Z|[+-]\d{2}:?\d{2})?", re.I)


def iso(millis: int) -> str:
    """`2026-11-20T08:30:00.000Z`, the form of every stamp that HubSpot sends."""
    moment = _EPOCH + timedelta(milliseconds=millis)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def millis(text: str) -> int | None:
    """An instant given as epoch milliseconds, as an ISO day or as an ISO instant (UTC without a zone)."""
    text = text.strip()
    if _MILLIS.fullmatch(text):
        return int(text) if _EARLIEST <= int(text) <= _LATEST else None
    found = _INSTANT.fullmatch(text)
    try:
        if found is None:
            return _since_epoch(datetime.fromisoformat(text)) if _DAY.fullmatch(text) else None
        day, clock, fraction, zone = found.groups()
        micros = f"{fraction[:7]:0<7}" if fraction else ""
        at = _since_epoch(datetime.fromisoformat(f"{day}T{clock}{micros}{(zone or 'Z').upper()}"))
    except (ValueError, OverflowError):
        return None
    return at if _EARLIEST <= at <= _LATEST else None


def given(value: object, default: int) -> int:
    """An instant given as milliseconds or text, or the default where there is none."""
    if value is None or value == "":
        return default
    found = value if isinstance(value, int) else millis(str(value))
    return default if found is None else found


def day_of(at: int) -> str:
    """The UTC day of an instant."""
    return (_EPOCH + timedelta(milliseconds=at)).date().isoformat()


def is_midnight(at: int) -> bool:
    return at % _DAY_MS == 0


def day_millis(day: str) -> int:
    """Midnight UTC of an ISO day."""
    return (date.fromisoformat(day) - _EPOCH.date()).days * _DAY_MS


def clock_of(at: int) -> str:
    """`18:2:46.0`: the time of day as the vendor's message about a date that is not midnight spells it."""
    moment = _EPOCH + timedelta(milliseconds=at)
    return f"{moment.hour}:{moment.minute}:{moment.second}.{moment.microsecond // 1000}"


def _since_epoch(moment: datetime) -> int:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round((aware - _EPOCH) / timedelta(milliseconds=1))
