"""Exact money: integers in ISO 4217 minor units, rounded once, split by largest remainder.

Rounding (DOMAIN §6): ``half_up`` goes away from zero, what a spreadsheet does; ``half_even`` is the banker's. Both
satisfy round(−x) = −round(x). Example: EUR 12,345.67 × 10 % × 1.08 = 1,333.332… → 1,333.33.

Splitting (DOMAIN §3): 100.00 in three is 33.34, 33.33, 33.33. Every party first gets the part of its exact share that
is whole in minor units (towards zero), then the units left over go one each to the largest remainders, ties by the
party's id. A negative total mirrors the positive one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

Rounding = Literal["half_up", "half_even"]

_ZERO = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMR TND"
_FOUR = "CLF UYW"
_TWO = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW "
    "CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF "
    "IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK "
    "MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP "
    "SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER "
    "ZAR ZMW ZWG"
)
MINOR_UNITS: Mapping[str, int] = {
    **dict.fromkeys(_ZERO.split(), 0),
    **dict.fromkeys(_TWO.split(), 2),
    **dict.fromkeys(_THREE.split(), 3),
    **dict.fromkeys(_FOUR.split(), 4),
}
"""ISO 4217 minor units by currency code; codes without one (XXX, XAU, XDR …) are absent and refused."""

_AMOUNT = re.compile(r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?|-?\d+(?:\.\d+)?", re.ASCII)


def exponent(currency: str) -> int:
    """How many decimals the currency has.

    Raises:
        ValueError: not a currency that money can be held in.
    """
    try:
        return MINOR_UNITS[currency]
    except KeyError:
        raise ValueError(f"{currency!r} is not an ISO 4217 currency with minor units") from None


def to_minor(amount: Decimal | Fraction, currency: str, rounding: Rounding = "half_up") -> int:
    """``amount`` in major units as a whole number of minor units, rounded once."""
    return round_fraction(Fraction(amount) * 10 ** exponent(currency), rounding)


def round_fraction(value: Fraction, rounding: Rounding = "half_up") -> int:
    """``value`` rounded to a whole number; symmetric around zero."""
    sign = -1 if value < 0 else 1
    value = abs(value)
    whole, rest = divmod(value.numerator, value.denominator)
    twice = 2 * rest
    up = twice > value.denominator or (twice == value.denominator and (rounding == "half_up" or whole % 2 == 1))
    return sign * (whole + (1 if up else 0))


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount in minor units and its currency; arithmetic between currencies is refused."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        exponent(self.currency)

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other).minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other).minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def _same(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise ValueError(f"{self.currency} and {other.currency} do not mix")
        return other

    @property
    def amount(self) -> Decimal:
        """In major units, with exactly the currency's decimals."""
        return Decimal(self.minor).scaleb(-exponent(self.currency))

    def __str__(self) -> str:
        return f"{self.amount:,f} {self.currency}"


def parse_amount(text: str) -> Decimal:
    """Read ``1234.5``, ``-1,234.50`` exactly.

    Raises:
        ValueError: not a plain decimal number.
    """
    stripped = text.strip()
    if not _AMOUNT.fullmatch(stripped):
        raise ValueError(f"{text!r} is not an amount")
    return Decimal(stripped.replace(",", ""))


def allocate(total: int, weights: Mapping[str, Fraction], order: Mapping[str, int] | None = None) -> dict[str, int]:
    """Split ``total`` minor units over parties in proportion to exact ``weights`` by largest remainder.

    Ties go to the smaller party id (Unicode code points), or to the smaller ``order`` where one is given.

    Raises:
        ValueError: the weights sum to zero, or one is negative.
    """
    whole = sum(weights.values(), Fraction(0))
    if whole <= 0 or any(weight < 0 for weight in weights.values()):
        raise ValueError("weights must not be negative and must not all be zero")
    sign = -1 if total < 0 else 1
    shares = {party: abs(total) * weight / whole for party, weight in weights.items()}
    given = {party: int(share) for party, share in shares.items()}
    left = abs(total) - sum(given.values())
    rank = order or {}
    for party in sorted(shares, key=lambda p: (given[p] - shares[p], rank.get(p, 0), p))[:left]:
        given[party] += 1
    return {party: sign * minor for party, minor in given.items()}
