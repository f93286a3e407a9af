"""One value as a source gave it → exact text, number, day or instant; the message of a failure completes a sentence.

Salesforce sends a close date as ``2026-10-30`` and stamps as ``2026-10-01T03:30:00.000+0000``; HubSpot sends both as
``2026-10-01T03:30:00Z`` or as milliseconds since 1970; a spreadsheet writes ``1,234.50``. A date is used as it is; an instant
becomes a day in the programme's timezone: 2026-10-01T03:30Z is 30 September in Los Angeles and 1 October in Tokyo.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from zoneinfo import ZoneInfo

from partnersync.clock import local_day, parse_instant, utc
from partnersync.money import MINOR_UNITS, parse_amount
from partnersync.records import Value

REPEATED = 4_096
"""Days, currencies and picked words come again and again; so many of their readings are remembered."""
_DAY_LENGTH = len("2026-10-30")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MILLISECONDS = re.compile(r"-?\d{11,14}", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TRUE, _FALSE = frozenset({"true", "yes", "1"}), frozenset({"false", "no", "0"})


def text(value: Value) -> str | None:
    """Text without blanks around it; empty is None."""
    if isinstance(value, str):
        return value.strip() or None
    if value is None:
        return None
    return ("true" if value else "false") if isinstance(value, bool) else f"{value}"


def number(value: Value) -> Decimal | None:
    """An exact number.

    Raises:
        ValueError: not a finite decimal number.
    """
    if value is None or isinstance(value, bool):
        if value is None:
            return None
        raise ValueError(f"is {value}, not a number")
    if isinstance(value, int | Decimal):
        exact = Decimal(value)
    else:
        given = value.strip()
        if not given:
            return None
        try:
            exact = Decimal(given) if "," not in given and "_" not in given else parse_amount(given)
        except (InvalidOperation, ValueError):
            raise ValueError(f"is {given!r}, not a number") from None
    if not exact.is_finite():
        raise ValueError(f"is {exact}, not a number")
    return exact


def whole(value: Value) -> int | None:
    """A whole number.

    Raises:
        ValueError: not one.
    """
    exact = number(value)
    if exact is not None and exact != exact.to_integral_value():
        raise ValueError(f"is {exact}, not a whole number")
    return None if exact is None else int(exact)


def boolean(value: Value) -> bool | None:
    """True or false.

    Raises:
        ValueError: neither.
    """
    given = (text(value) or "").lower()
    if given in _TRUE or given in _FALSE:
        return given in _TRUE
    if given:
        raise ValueError(f"is {given!r}, not true or false")
    return None


@lru_cache(maxsize=REPEATED, typed=True)
def day(value: Value, timezone: str) -> date | None:
    """A calendar day: a date as it is, an instant as its day in ``timezone``.

    Raises:
        ValueError: neither.
    """
    given = text(value)
    if given is None:
        return None
    if _DAY.fullmatch(given):
        try:
            return date.fromisoformat(given)
        except ValueError:
            raise ValueError(f"is {given!r}, a day that does not exist") from None
    return local_day(_stamp(given), timezone)


def instant(value: Value, timezone: str) -> datetime | None:
    """An instant in UTC; a bare date is the beginning of that day in ``timezone``.

    Raises:
        ValueError: not an instant, or one without its zone.
    """
    given = text(value)
    if given is None:
        return None
    if len(given) <= _DAY_LENGTH and _DAY.fullmatch(given):
        begins = day(given, timezone)
        assert begins is not None
        return utc(datetime.combine(begins, time(), ZoneInfo(timezone)))
    return _stamp(given)


def _stamp(given: str) -> datetime:
    try:
        if given.find("-", 1) < 0 and _MILLISECONDS.fullmatch(given):
            return _EPOCH + timedelta(milliseconds=int(given))
        return parse_instant(given)
    except (ValueError, OverflowError) as error:
        reason = "has no time zone" if "no time zone" in str(error) else "is no date or instant"
        raise ValueError(f"is {given!r}, which {reason}") from None


def currency(value: Value) -> str | None:
    """An ISO 4217 code.

    Raises:
        ValueError: not a currency that money can be held in.
    """
    if type(value) is str and value in MINOR_UNITS:
        return value
    code = (text(value) or "").upper()
    if code and code not in MINOR_UNITS:
        raise ValueError(f"is {code!r}, not an ISO 4217 currency")
    return code or None


def words(value: Value) -> tuple[str, ...]:
    """A list joined by ``;``."""
    return tuple(part.strip() for part in (text(value) or "").split(";") if part.strip())


def shares(given: str | None) -> dict[str, Decimal]:
    """Partners and their parts, ``acme: 60%; globex: 40%``; a partner alone has all.

    Raises:
        ValueError: a part that cannot be read, a partner named twice, or more than 100 % in all.
    """
    parts: dict[str, Decimal] = {}
    for each in words(given):
        name, colon, part = each.rpartition(":")
        name, part = (name.strip(), part.strip()) if colon else (each, "100%")
        if not name or not part.endswith("%"):
            raise ValueError(f"is {given!r}, not like `acme: 60%; globex: 40%`")
        share = number(part[:-1])
        if name in parts or share is None or share < 0:
            raise ValueError(f"is {given!r}, in which {name!r} stands twice or has no share")
        parts[name] = share / 100
    if sum(parts.values()) > 1:
        raise ValueError(f"is {given!r}, more than 100 %")
    return parts
