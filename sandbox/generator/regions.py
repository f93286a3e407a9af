"""Where companies trade: the currencies, legal suffixes, web endings and scale of prices of each country."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final


@dataclass(frozen=True, slots=True)
class Country:
    """One country of the map; `share` weighs it among all countries."""

    name: str
    region: str
    currency: str
    suffixes: tuple[str, ...]
    endings: tuple[str, ...]
    dialling: str
    share: int


@dataclass(frozen=True, slots=True)
class Currency:
    """`minor` decimals; `scale` turns a dollar amount into a believable one; `usd` is today's price in dollars."""

    code: str
    minor: int
    scale: Decimal
    usd: Decimal


COUNTRIES: Final = (
    Country("United States", "AMER", "USD", ("Inc", "LLC", "Corp"), ("com", "com", "io", "net"), "+1 555", 48),
    Country("United Kingdom", "EMEA", "GBP", ("Ltd", "PLC"), ("co.uk", "co.uk", "com"), "+44 20", 17),
    Country("Germany", "EMEA", "EUR", ("GmbH", "AG"), ("de", "de", "com"), "+49 30", 14),
    Country("France", "EMEA", "EUR", ("SAS", "SA"), ("fr", "com"), "+33 1", 8),
    Country("Japan", "APAC", "JPY", ("KK", "Co., Ltd."), ("co.jp", "jp"), "+81 3", 10),
    Country("Kuwait", "EMEA", "KWD", ("WLL",), ("com.kw", "com"), "+965 2", 3),
)
REPORTING: Final = "USD"
CURRENCIES: Final = {
    c.code: c
    for c in (
        Currency("USD", 2, Decimal(1), Decimal(1)),
        Currency("EUR", 2, Decimal("0.9"), Decimal("1.0850")),
        Currency("GBP", 2, Decimal("0.8"), Decimal("1.2700")),
        Currency("JPY", 0, Decimal(150), Decimal("0.006667")),
        Currency("KWD", 3, Decimal("0.3"), Decimal("3.2600")),
    )
}
