"""The only column types: each has a spelling that STRICT tables of SQLite accept, and gives back exactly what it was given.

SQLite keeps a decimal as a float, drops a timezone and takes text for a number without a word. So amounts are integers,
decimals and fractions are text (NUMERIC on PostgreSQL for decimals), instants are microseconds since 1970 (TIMESTAMPTZ on
PostgreSQL), days are ISO text (DATE), hashes are bytes, and documents are canonical JSON text whose decimals keep their digits.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import BigInteger, Date, LargeBinary, Numeric, Text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from partnersync.ids import canonical, is_slug

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def Whole() -> TypeEngine[int]:  # noqa: N802 - it stands where a type stands
    """A whole number of 64 bits."""
    return BigInteger().with_variant(sqlite.INTEGER(), "sqlite")


def Minor() -> TypeEngine[int]:  # noqa: N802
    """An amount in minor units of its currency."""
    return Whole()


def Word() -> TypeEngine[str]:  # noqa: N802
    """Text as it is."""
    return Text()


class Slug(TypeDecorator[str]):
    """Text that may name a rule, plan, partner or task; anything else is refused."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is not None and not is_slug(value):
            raise ValueError(f"{value!r} is not a slug")
        return value


class Flag(TypeDecorator[bool]):
    """True or false, kept as 1 or 0."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Whole())

    def process_bind_param(self, value: bool | None, dialect: Dialect) -> int | None:
        return None if value is None else int(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> bool | None:
        return None if value is None else bool(value)


class UtcInstant(TypeDecorator[datetime]):
    """An aware instant, given back in UTC; a naive one is refused."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sqlite.INTEGER())
        return dialect.type_descriptor(postgresql.TIMESTAMP(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value.isoformat()} has no time zone")
        return (value - _EPOCH) // _MICROSECOND if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return _EPOCH + timedelta(microseconds=value) if isinstance(value, int) else value.astimezone(UTC)


class Day(TypeDecorator[date]):
    """A calendar date."""

    impl = Date
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else Date())

    def process_bind_param(self, value: date | None, dialect: Dialect) -> str | date | None:
        if isinstance(value, datetime):
            raise TypeError("an instant is not a day: the programme's timezone makes one from the other")
        return value.isoformat() if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> date | None:
        return date.fromisoformat(value) if isinstance(value, str) else value


class ExactDecimal(TypeDecorator[Decimal]):
    """A decimal with all its digits; a float is refused."""

    impl = Numeric
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else Numeric())

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | Decimal | None:
        if value is None:
            return None
        if not isinstance(value, Decimal) or not value.is_finite():
            raise TypeError(f"{value!r} is not an exact decimal")
        return f"{value:f}" if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        return Decimal(value) if isinstance(value, str) else value


class ExactFraction(TypeDecorator[Fraction]):
    """A fraction as ``n/d`` in lowest terms."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Fraction | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        if not isinstance(value, (Fraction, int)):
            raise TypeError(f"{value!r} is not an exact fraction")
        return f"{value.numerator}/{value.denominator}"

    def process_result_value(self, value: str | None, dialect: Dialect) -> Fraction | None:
        return None if value is None else Fraction(value)


class Json(TypeDecorator[Any]):
    """A document as canonical JSON text; decimals and instants come back as text, since they went in as such."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else canonical(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


class Hash(TypeDecorator[str]):
    """A digest: hexadecimal text outside, bytes inside."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        return None if value is None else bytes.fromhex(value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        return None if value is None else bytes(value).hex()


class Many(TypeDecorator[Sequence[Any]]):
    """Not a column: a whole list as one parameter, for ``database.within``."""

    impl = Text
    cache_ok = True

    def __init__(self, words: bool = False) -> None:
        self.words = words
        super().__init__()

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        inner: TypeEngine[Any] = Text() if self.words else BigInteger()
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else postgresql.ARRAY(inner))

    def process_bind_param(self, value: Sequence[Any] | None, dialect: Dialect) -> Any:
        listed = list(value or ())
        return json.dumps(listed) if dialect.name == "sqlite" else listed
