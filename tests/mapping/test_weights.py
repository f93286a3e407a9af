"""The models of attribution by their worked numbers, and what they do with one touch, two, or none that fits (DOMAIN §3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from pydantic import TypeAdapter

from mapping.config.models import AnyModel, Model
from mapping.weights import Moments, weights
from partnersync.money import allocate, to_minor

CLOSED = date(2026, 6, 30)


@dataclass(frozen=True)
class At:
    """A touch so many days before the close."""

    age: int
    type: str = "call"
    weight: Decimal = Decimal(1)

    @property
    def day(self) -> date:
        return CLOSED - timedelta(days=self.age)

    @property
    def occurred_at(self) -> datetime:
        return datetime.combine(self.day, time(12), UTC)


def model(written: Any) -> AnyModel:
    read: TypeAdapter[AnyModel] = TypeAdapter(Model)
    return read.validate_python(written)


def ages(*days: int) -> list[At]:
    return [At(day) for day in days]


def weighed(written: Any, touches: list[At], created: int | None = None, closed: date | None = CLOSED) -> list[str]:
    created_at = At(created).occurred_at if created is not None else None
    return [str(each) for each in weights(model(written), touches, Moments(created_at, closed))]


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (1, ["1"]),
        (2, ["1/2", "1/2"]),
        (3, ["2/5", "1/5", "2/5"]),
        (5, ["2/5", "1/15", "1/15", "1/15", "2/5"]),
    ],
)
def test_position_is_40_20_40(count: int, expected: list[str]) -> None:
    assert weighed("position", [At(age) for age in range(count, 0, -1)]) == expected


def test_position_can_be_set() -> None:
    written = {"position": {"first": "50%", "middle": "20%", "last": "30%"}}

    assert weighed(written, ages(3, 2, 1)) == ["1/2", "1/5", "3/10"]
    assert weighed(written, ages(2, 1)) == ["5/8", "3/8"], "the ends as they are to one another"
    assert weighed({"position": {"first": "0%", "middle": "100%", "last": "0%"}}, ages(2, 1)) == ["1/2", "1/2"]


@pytest.mark.parametrize(
    ("touches", "created", "expected"),
    [
        ((50, 40, 30, 20, 10), 25, ["3/10", "1/20", "3/10", "1/20", "3/10"]),
        ((40, 30, 20, 10), 30, ["3/10", "3/10", "1/10", "3/10"]),  # the key at the very instant of the creation
        ((30, 20, 10), 20, ["1/3", "1/3", "1/3"]),
        ((30, 20, 10), 30, ["9/20", "1/10", "9/20"]),  # the key is the first
        ((30, 20, 10), 5, ["9/20", "1/10", "9/20"]),  # the key is the last
        ((40, 30, 20, 10), 5, ["9/20", "1/20", "1/20", "9/20"]),
        ((20, 10), 15, ["1/2", "1/2"]),
        ((10,), 15, ["1"]),
        ((40, 30, 20, 10), 60, ["2/5", "1/10", "1/10", "2/5"]),  # no touch led to it: position
        ((40, 30, 20, 10), None, ["2/5", "1/10", "1/10", "2/5"]),
    ],
)
def test_w_shaped_is_30_30_30_10_around_the_touch_that_led_to_the_deal(
    touches: tuple[int, ...], created: int | None, expected: list[str]
) -> None:
    assert weighed("w_shaped", ages(*touches), created) == expected


DECAY = {"time_decay": {"half_life": "30d"}}


def test_time_decay_halves_with_every_half_life() -> None:
    found = weights(model(DECAY), ages(90, 45, 10), Moments(None, CLOSED))

    assert [f"{float(each):.4f}" for each in found] == ["0.0983", "0.2779", "0.6239"]
    assert sum(found) == 1
    held = dict(zip("abc", found, strict=True))
    assert allocate(to_minor(Decimal(100), "USD"), held) == {"a": 982, "b": 2779, "c": 6239}


def test_time_decay_takes_powers_of_28_digits_and_is_exact_from_there() -> None:
    powers = [
        Fraction("0.125"),
        Fraction("0.3535533905932737622004221811"),
        Fraction("0.7937005259840997373758528197"),
    ]

    found = weights(model(DECAY), ages(90, 45, 10), Moments(None, CLOSED))

    assert list(found) == [power / sum(powers) for power in powers]


def test_time_decay_of_an_open_deal_does_not_change_from_day_to_day() -> None:
    assert weighed(DECAY, ages(60, 30, 0), closed=None) == ["1/7", "2/7", "4/7"]
    assert weighed(DECAY, ages(90, 60, 30), closed=None) == ["1/7", "2/7", "4/7"]


def test_custom_weighs_by_type_and_by_the_touchs_own_weight() -> None:
    written = {"custom": {"webinar": "3", "demo": "1"}}

    assert weighed(written, [At(3, "webinar"), At(2, "demo")]) == ["3/4", "1/4"]
    assert weighed(written, [At(3, "webinar"), At(2, "demo", Decimal(3))]) == ["1/2", "1/2"]
    assert weighed(written, [At(3, "mail"), At(2, "demo")]) == ["0", "1"]
    assert weighed(written, [At(3, "mail")]) == ["0"]


def test_only_custom_looks_at_a_touchs_own_weight() -> None:
    heavy = [At(3, weight=Decimal(100)), At(2), At(1)]

    for written in ("first_touch", "last_touch", "linear", "position", "w_shaped", DECAY):
        assert weighed(written, heavy, 2) == weighed(written, ages(3, 2, 1), 2)


def test_a_thousand_yen_over_five_partners() -> None:
    found = weights(model("position"), ages(5, 4, 3, 2, 1), Moments())

    assert allocate(1000, dict(zip("abcde", found, strict=True))) == {"a": 400, "b": 67, "c": 67, "d": 66, "e": 400}


def test_weights_always_sum_to_one() -> None:
    seed = 20260611
    chance = Random(seed)
    every = ("first_touch", "last_touch", "linear", "position", "w_shaped", DECAY, {"custom": {"call": "0.3"}})
    for _ in range(300):
        touches = ages(*sorted((chance.randrange(400) for _ in range(chance.randrange(1, 9))), reverse=True))
        moments = Moments(At(chance.randrange(400)).occurred_at, CLOSED)
        for written in every:
            found = weights(model(written), touches, moments)

            assert (len(found), sum(found), min(found) >= 0) == (len(touches), 1, True), (
                f"seed {seed}: {written} {touches}"
            )
