"""The models of attribution: from the ordered touches of a deal to the weight of each, exact and summing to 1 (DOMAIN §3).

    first_touch, last_touch    1 on the first, the last
    linear                     1/n: four touches are ¼ each
    position 40-20-40          first and last 0.4, the others 0.2/(n−2); n = 1: 1; n = 2: ½, ½. A, B, A: A 0.8, B 0.2
    w_shaped 30-30-30-10       first, key and last 0.3, the others 0.1/(n−3); the key is the latest touch at or before the
                               deal's creation. Key, first and last are all of n = 3: ⅓ each; the key is the first or the
                               last: 0.45, 0.45, the others 0.1/(n−2); n = 2: ½, ½; no key: position 40-20-40
    time_decay, half-life h    2^(−d/h), normalised: h = 30 and ages of 90, 45 and 10 days are 0.0983, 0.2779, 0.6239, and of
                               100.00 that is 9.82, 27.79, 62.39
    custom                     c/Σc by type of touch, times the touch's own weight; all zero: nobody

Weights are fractions. Powers of two with a broken exponent are not, so time decay takes them in decimals of 28 digits and
is exact from there on; d is in whole days in the programme's timezone, from the touch to the deal's close day. While the deal
is open it is counted to the newest touch: where one counts to makes no difference to shares, but today's date would move
their 28th digit every midnight.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Protocol

from mapping.config.models import (
    AnyModel,
    CustomModel,
    NamedModel,
    Position,
    PositionModel,
    TimeDecayModel,
)

DIGITS = 28
POSITION = Position(first=Fraction(2, 5), middle=Fraction(1, 5), last=Fraction(2, 5))
_KEY, _REST = Fraction(3, 10), Fraction(1, 10)
_NONE, _ALL, _HALF = Fraction(0), Fraction(1), Fraction(1, 2)

Weights = tuple[Fraction, ...]


class Weighed(Protocol):
    """A touch, as far as a model looks at it."""

    @property
    def day(self) -> date:
        """Its day in the programme's timezone."""
        ...

    @property
    def occurred_at(self) -> datetime:
        """Its instant."""
        ...

    @property
    def type(self) -> str:
        """What kind of touch it was."""
        ...

    @property
    def weight(self) -> Decimal:
        """What the source says that it counts for."""
        ...


@dataclass(frozen=True, slots=True)
class Moments:
    """When the deal was created, and the day it closed; None where it was not, or nobody knows."""

    created_at: datetime | None = None
    closed_on: date | None = None


def weights(model: AnyModel, touches: Sequence[Weighed], moments: Moments) -> Weights:
    """One weight per touch, in their order; they sum to 1, or all are zero where a custom model counts none of them."""
    match model:
        case PositionModel(position=position):
            return by_position(touches, position)
        case TimeDecayModel(time_decay=decay):
            return by_time(touches, decay.half_life, moments.closed_on)
        case CustomModel(custom=custom):
            return by_type(touches, custom)
        case _:
            return _NAMED[model](touches, moments)


def by_position(touches: Sequence[Weighed], position: Position = POSITION) -> Weights:
    """The first, the last, and those between them; with two touches, the first to the last as their parts are to one another."""
    n = len(touches)
    if n == 1:
        return (_ALL,)
    ends = position.first + position.last
    if n == 2:
        first = position.first / ends if ends else _HALF
        return first, 1 - first
    return position.first, *(position.middle / (n - 2) for _ in touches[2:]), position.last


def by_w(touches: Sequence[Weighed], created_at: datetime | None) -> Weights:
    """The first, the key that led to the deal, the last; the others share what is left."""
    n = len(touches)
    led = [at for at, touch in enumerate(touches) if created_at is not None and touch.occurred_at <= created_at]
    if n <= 2 or not led:
        return by_position(touches)
    keys = {0, led[-1], n - 1}
    if len(keys) == n:
        return tuple(Fraction(1, n) for _ in touches)
    each = (3 * _KEY) / len(keys)
    return tuple(each if at in keys else _REST / (n - len(keys)) for at in range(n))


def by_time(touches: Sequence[Weighed], half_life: int, closed_on: date | None) -> Weights:
    """Half as much for every half-life before the close."""
    until = closed_on or max(touch.day for touch in touches)
    with localcontext(prec=DIGITS):
        powers = [Fraction(Decimal(2) ** (Decimal((touch.day - until).days) / half_life)) for touch in touches]
    return _normal(powers)


def by_type(touches: Sequence[Weighed], custom: Mapping[str, Decimal]) -> Weights:
    """By type, times the touch's own weight."""
    return _normal([Fraction(custom.get(touch.type, Decimal(0))) * Fraction(touch.weight) for touch in touches])


def _normal(parts: Sequence[Fraction]) -> Weights:
    whole = sum(parts, _NONE)
    return tuple(part / whole if whole else _NONE for part in parts)


def _first(touches: Sequence[Weighed], moments: Moments) -> Weights:
    return (_ALL, *(_NONE for _ in touches[1:]))


def _last(touches: Sequence[Weighed], moments: Moments) -> Weights:
    return (*(_NONE for _ in touches[1:]), _ALL)


def _linear(touches: Sequence[Weighed], moments: Moments) -> Weights:
    return tuple(Fraction(1, len(touches)) for _ in touches)


_NAMED: Mapping[NamedModel, Callable[[Sequence[Weighed], Moments], Weights]] = {
    "first_touch": _first,
    "last_touch": _last,
    "linear": _linear,
    "position": lambda touches, _: by_position(touches),
    "w_shaped": lambda touches, moments: by_w(touches, moments.created_at),
}
