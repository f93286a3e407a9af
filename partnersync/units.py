"""The scalars of the config language: texts that become exact values, with messages a RevOps person can act on."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Annotated, Any
from zoneinfo import available_timezones

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from partnersync.ids import is_slug
from partnersync.money import MINOR_UNITS, parse_amount
from partnersync.secrecy import secret_kind

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_REFERENCE = re.compile(r"\$\{(env|file):([^}]+)\}")


def _text(value: Any, expected: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str):
        raise ValueError(f"expected {expected}, found {_kind(value)}")
    return value.strip()


def _kind(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case dict():
            return "a group of settings"
        case list() | tuple():
            return "a list"
        case str() if secret_kind(value):
            return "a secret"
        case _:
            return repr(value)


def _percent(value: Any) -> Fraction:
    if isinstance(value, Fraction):
        return value
    text = _text(value, "a percentage such as 10%")
    if not text.endswith("%"):
        raise ValueError(f"expected a percentage such as 10%, found {text!r}: write the % sign")
    return Fraction(parse_amount(text[:-1])) / 100


def _duration(value: Any) -> timedelta:
    if isinstance(value, timedelta):
        return value
    text = _text(value, "a length of time such as 15m, 2h or 3d")
    if text[-1:] not in _UNITS or not text[:-1].isdigit():
        raise ValueError(f"expected a length of time such as 15m, 2h or 3d, found {text!r}")
    return timedelta(seconds=int(text[:-1]) * _UNITS[text[-1]])


def _days(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    text = _text(value, "a number of days such as 90d")
    if not re.fullmatch(r"\d+d", text):
        raise ValueError(f"expected a number of days such as 90d, found {text!r}")
    return int(text[:-1])


def _whole(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    text = _text(value, "a whole number")
    if not re.fullmatch(r"-?\d+", text):
        raise ValueError(f"expected a whole number, found {text!r}")
    return int(text)


def _amount(value: Any) -> Decimal:
    if isinstance(value, Decimal):
        return value
    return parse_amount(_text(value, "an amount such as 50000 or 1,234.50"))


def _money(value: Any) -> tuple[Decimal, str]:
    if isinstance(value, tuple):
        return value
    text = _text(value, "an amount with its currency such as 1000 USD")
    number, _, currency = text.rpartition(" ")
    if not number or currency not in MINOR_UNITS:
        raise ValueError(f"expected an amount with its currency such as 1000 USD, found {text!r}")
    return parse_amount(number), currency


def _date(value: Any) -> date:
    if isinstance(value, date):
        return value
    text = _text(value, "a date such as 2026-02-01")
    try:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            raise ValueError(text)
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"expected a date such as 2026-02-01, found {text!r}") from None


def _month_day(value: Any) -> tuple[int, int]:
    if isinstance(value, tuple):
        return value
    text = _text(value, "a month and day such as 02-01")
    try:
        parsed = date.fromisoformat(f"2001-{text}")
    except ValueError:
        raise ValueError(f"expected a month and day such as 02-01, found {text!r}") from None
    return parsed.month, parsed.day


def _time_of_day(value: Any) -> tuple[int, int]:
    if isinstance(value, tuple):
        return value
    text = _text(value, "a time of day such as 02:30")
    match = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)", text)
    if not match:
        raise ValueError(f"expected a time of day such as 02:30, found {text!r}")
    return int(match[1]), int(match[2])


@cache
def _timezones() -> frozenset[str]:
    """Every name this machine knows; kept, because asking walks a folder of 600 files."""
    return frozenset(available_timezones())


def _timezone(value: Any) -> str:
    text = _text(value, "a timezone such as America/New_York")
    if text not in _timezones():
        meant = sorted(
            name for name in _timezones() if text and name.casefold().endswith(text.casefold()) and "/" in name
        )
        hint = f" (did you mean {meant[0]}?)" if meant else ""
        raise ValueError(f"expected a timezone such as America/New_York, found {_kind(text)}{hint}")
    return text


def _currency(value: Any) -> str:
    text = _text(value, "a currency code such as USD")
    if text not in MINOR_UNITS:
        hint = f": write {text.upper()}" if text.upper() in MINOR_UNITS else ""
        raise ValueError(f"expected an ISO 4217 currency code such as USD, found {text!r}{hint}")
    return text


def _slug(value: Any) -> str:
    text = _text(value, "an id")
    if not is_slug(text):
        raise ValueError(f"expected an id of lower-case letters, digits and hyphens, found {text!r}")
    return text


def _secret(value: Any) -> str:
    text = _text(value, "a reference to a secret such as ${env:NAME} or ${file:/run/secrets/name}")
    if not _REFERENCE.fullmatch(text):
        raise ValueError(
            "a secret must not stand in this file: put it into the environment or a file and write ${env:NAME} or ${file:/path}"
        )
    return text


def _shown_percent(value: Fraction) -> str:
    return f"{(Decimal(value.numerator) * 100 / Decimal(value.denominator)).normalize():f}%"


def _schema(pattern: str, example: str, *, bare: str | None = None) -> WithJsonSchema:
    """What an editor is told: a text of this pattern, or a bare YAML number or date that reads as one."""
    kinds: dict[str, Any] = {"type": ["string", bare] if bare else "string", "pattern": pattern, "examples": [example]}
    return WithJsonSchema(kinds)


_NUMBER = r"^-?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?$"
Percent = Annotated[
    Fraction,
    BeforeValidator(_percent),
    PlainSerializer(_shown_percent),
    _schema(r"^-?\d+(\.\d+)?\s*%$", "10%"),
]
Duration = Annotated[timedelta, BeforeValidator(_duration), _schema(r"^\d+[smhd]$", "15m")]
Days = Annotated[int, BeforeValidator(_days), _schema(r"^\d+d$", "90d")]
Whole = Annotated[int, BeforeValidator(_whole), _schema(r"^-?\d+$", "500", bare="integer")]
Amount = Annotated[Decimal, BeforeValidator(_amount), _schema(_NUMBER, "50000", bare="number")]
MoneyText = Annotated[tuple[Decimal, str], BeforeValidator(_money), _schema(r"^-?[\d,]+(\.\d+)? [A-Z]{3}$", "1000 USD")]
Day = Annotated[date, BeforeValidator(_date), _schema(r"^\d{4}-\d{2}-\d{2}$", "2026-02-01")]
MonthDay = Annotated[tuple[int, int], BeforeValidator(_month_day), _schema(r"^\d{2}-\d{2}$", "02-01")]
TimeOfDay = Annotated[tuple[int, int], BeforeValidator(_time_of_day), _schema(r"^\d{2}:\d{2}$", "02:30")]
Timezone = Annotated[str, BeforeValidator(_timezone), _schema(r"^[A-Za-z_]+(/[A-Za-z0-9_+-]+)*$", "America/New_York")]
CurrencyCode = Annotated[str, BeforeValidator(_currency), _schema(r"^[A-Z]{3}$", "USD")]
Slug = Annotated[str, BeforeValidator(_slug), _schema(r"^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$", "approved-registration")]
SecretRef = Annotated[str, BeforeValidator(_secret), _schema(r"^\$\{(env|file):[^}]+\}$", "${env:SF_CLIENT_SECRET}")]
