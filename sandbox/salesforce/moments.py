"""Instants and dates in the forms Salesforce reads and writes; stored as the text that REST sends."""

import re
from datetime import UTC, date, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_COLONLESS = re.compile(r"([+-]\d{2})(\d{2})\Z")


def stamp(ms: int) -> str:
    """A system stamp: whole seconds, as `2026-01-02T03:04:05.000+0000`."""
    return instant_text(_EPOCH + timedelta(seconds=ms // 1000))


def instant_text(at: datetime) -> str:
    """An aware instant in the output form of REST."""
    at = at.astimezone(UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}+0000"


def parse_instant(text: str) -> datetime | None:
    """An ISO instant with Z or an offset (UTC where it has none); a bare date is its midnight in UTC."""
    try:
        at = datetime.fromisoformat(_COLONLESS.sub(r"\1:\2", text.strip()))
    except ValueError:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def parse_date(text: str) -> date | None:
    """A date `YYYY-MM-DD`, or the UTC day of an instant."""
    text = text.strip()
    if _DATE.match(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            return None
    at = parse_instant(text) if "T" in text else None
    return at.date() if at is not None else None


def stamp_ms(text: str) -> int:
    """Milliseconds since 1970 of a stored stamp."""
    at = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z")
    return round((at - _EPOCH) / timedelta(milliseconds=1))


def http_date(text: str) -> datetime | None:
    """An HTTP date such as `Tue, 14 Jul 2026 17:00:00 GMT`, or an ISO instant."""
    for form in ("%a, %d %b %Y %H:%M:%S %Z", "%a, %d %b %Y %H:%M:%S %z"):
        try:
            return datetime.strptime(text.strip(), form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None
