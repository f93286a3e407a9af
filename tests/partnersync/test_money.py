"""Exact money: ISO 4217, rounding once, and the largest remainder (DOMAIN §3, §6)."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partnersync.money import MINOR_UNITS, Money, allocate, exponent, parse_amount, round_fraction, to_minor

THIRDS = {"a": Fraction(1, 3), "b": Fraction(1, 3), "c": Fraction(1, 3)}


@pytest.mark.parametrize(
    ("code", "digits"),
    [("USD", 2), ("JPY", 0), ("KWD", 3), ("IQD", 3), ("RSD", 2), ("CLF", 4), ("UYW", 4), ("ISK", 0), ("UGX", 0)],
)
def test_minor_units_follow_iso_4217_and_not_cldr(code: str, digits: int) -> None:
    assert exponent(code) == digits


@pytest.mark.parametrize("code", ["XXX", "XAU", "XDR", "XTS", "usd", "EURO", ""])
def test_a_code_without_minor_units_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match="ISO 4217"):
        Money(1, code)


@pytest.mark.parametrize(
    ("value", "half_up", "half_even"),
    [
        ("0.5", 1, 0),
        ("1.5", 2, 2),
        ("2.5", 3, 2),
        ("-0.5", -1, 0),
        ("-2.5", -3, -2),
        ("2.4999", 2, 2),
        ("-2.51", -3, -3),
    ],
)
def test_rounding_goes_by_its_name_and_is_symmetric(value: str, half_up: int, half_even: int) -> None:
    exact = Fraction(Decimal(value))

    assert round_fraction(exact) == half_up
    assert round_fraction(exact, "half_even") == half_even


def test_a_converted_commission_is_rounded_once_from_the_exact_value() -> None:
    assert to_minor(Fraction(Decimal("12345.67")) * Fraction(1, 10) * Fraction(Decimal("1.08")), "USD") == 133333


@pytest.mark.parametrize(
    ("total", "weights", "expected"),
    [
        (10000, THIRDS, [3334, 3333, 3333]),
        (-10000, THIRDS, [-3334, -3333, -3333]),
        (5000, THIRDS, [1667, 1667, 1666]),
        (10001, {"A": Fraction(1, 4), "B": Fraction(1, 4), "C": Fraction(1, 2)}, [2500, 2500, 5001]),
        (
            1000,
            dict(zip("abcde", [Fraction(2, 5), *[Fraction(1, 15)] * 3, Fraction(2, 5)], strict=True)),
            [400, 67, 67, 66, 400],
        ),
        (0, THIRDS, [0, 0, 0]),
    ],
)
def test_the_largest_remainder_splits_to_the_last_minor_unit(
    total: int, weights: dict[str, Fraction], expected: list[int]
) -> None:
    assert list(allocate(total, weights).values()) == expected


@given(st.integers(-(10**12), 10**12), st.dictionaries(st.text(min_size=1, max_size=3), st.integers(0, 50), min_size=1))
def test_a_split_sums_to_its_total_and_mirrors_its_negative(total: int, raw: dict[str, int]) -> None:
    weights = {party: Fraction(weight) for party, weight in raw.items()}
    if not any(weights.values()):
        weights[next(iter(weights))] = Fraction(1)

    split = allocate(total, weights)

    assert sum(split.values()) == total
    assert allocate(-total, weights) == {party: -minor for party, minor in split.items()}


def test_weights_that_are_all_zero_or_negative_are_refused() -> None:
    for weights in ({"a": Fraction(0)}, {"a": Fraction(-1), "b": Fraction(3)}, {}):
        with pytest.raises(ValueError, match="weights"):
            allocate(100, weights)


@pytest.mark.parametrize(
    ("text", "value"),
    [("50000", "50000"), ("1,234.50", "1234.50"), ("-0.10", "-0.10"), (" 7 ", "7"), ("1,000,000", "1000000")],
)
def test_amounts_are_read_exactly(text: str, value: str) -> None:
    assert str(parse_amount(text)) == value


@pytest.mark.parametrize("text", ["1e5", "NaN", "12,34", "1.000,50", "", "5 000", "0x10", "١٢"])
def test_what_is_not_a_plain_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        parse_amount(text)


def test_currencies_do_not_mix() -> None:
    with pytest.raises(ValueError, match="do not mix"):
        Money(1, "USD") + Money(1, "EUR")


def test_money_prints_in_major_units_of_its_currency() -> None:
    assert [str(Money(-123456, "USD")), str(Money(1000, "JPY")), str(Money(1234, "KWD"))] == [
        "-1,234.56 USD",
        "1,000 JPY",
        "1.234 KWD",
    ]


def test_every_listed_code_is_three_capital_letters() -> None:
    assert all(len(code) == 3 and code.isupper() for code in MINOR_UNITS)
