"""The column types: each is exact on both databases and spelled in a way that SQLite's STRICT tables accept.

SQLite would keep a decimal as a float and drop a zone without a word. So an instant is an integer of microseconds since
1970 UTC, a day is ISO text, a decimal and a fraction are text with their digits, and a document is canonical JSON text.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import BigInteger, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.types import TypeDecorator, TypeEngine

from partnersync.clock import utc
from partnersync.ids import canonical

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Whole(BigInteger):
    """A 64-bit integer: ids, minor units, counts. ``INTEGER`` on SQLite, where that is 64 bits."""


@compiles(Whole, "sqlite")
def _whole_on_sqlite(type_: Whole, compiler: object, **options: object) -> str:
    return "INTEGER"


def microseconds(instant: datetime) -> int:
    """The stored form of an instant.

    Raises:
        ValueError: it has no zone.
    """
    passed = (instant if instant.tzinfo is UTC else utc(instant)) - _EPOCH
    return (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds


def instant(stored: int) -> datetime:
    """The inverse of ``microseconds``."""
    return _EPOCH + timedelta(microseconds=stored)


class Instant(TypeDecorator[datetime]):
    """An aware UTC instant, to the microsecond; refuses one without a zone."""

    impl = Whole
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else microseconds(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else instant(value)


class Day(TypeDecorator[date]):
    """A calendar day as ISO text, which sorts as the days do."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: date | None, dialect: Dialect) -> str | None:
        return None if value is None else value.isoformat()

    def process_result_value(self, value: Any, dialect: Dialect) -> date | None:
        return None if value is None else date.fromisoformat(value)


class Exact(TypeDecorator[Decimal]):
    """A decimal with the digits it came with: ``1.10`` stays ``1.10``."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        return None if value is None else str(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


class Ratio(TypeDecorator[Fraction]):
    """An exact fraction as ``numerator/denominator``."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Fraction | None, dialect: Dialect) -> str | None:
        return None if value is None else f"{value.numerator}/{value.denominator}"

    def process_result_value(self, value: Any, dialect: Dialect) -> Fraction | None:
        return None if value is None else Fraction(value)


class Document(TypeDecorator[Any]):
    """JSON as canonical text: the same content is the same text on both databases."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else canonical(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


class Flag(TypeDecorator[bool]):
    """A boolean as 0 or 1, since STRICT tables know no boolean."""

    impl = Whole
    cache_ok = True

    def process_bind_param(self, value: bool | None, dialect: Dialect) -> int | None:
        return None if value is None else int(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> bool | None:
        return None if value is None else bool(value)

    def coerce_compared_value(self, op: object, value: Any) -> TypeEngine[Any]:
        return self
