"""A step of a world, and what its numbers pick."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from connectors.base import Freshness
from tests.faults.model.ground import CRMS
from tests.faults.model.moments import Place

MOVES: Final = (0.001, 0.001, 0.4, 1, 5, 70, 120, 600, 7_200, 90_000)
SKEWS: Final = (0, 0, 90, -90, 7_200, -7_200, 200_000, -200_000)
CLASSES: Final[tuple[Freshness, ...]] = ("hot", "hot", "hot", "hot", "hot", "warm", "cold")


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what, and the numbers that say which."""

    name: str
    a: int = 0
    b: int = 0
    c: int = 0
    d: int = 0

    def __str__(self) -> str:
        return f"{self.name} {self.a} {self.b} {self.c} {self.d}"


def work_of(place: Place, number: int) -> Freshness:
    match place:
        case "warm read":
            return "warm"
        case "cold read":
            return "cold"
        case "people":
            return ("warm", "cold")[number % 2]
        case _:
            return "hot" if number % 8 else "cold"


def nth_of(place: Place, number: int) -> int:
    """At which passing of a place: of some there are many in a cycle, of the others one or two."""
    return 1 + number // 8 % 4 if place in ("remember", "journal", "hot read", "cold read") else 1


def kind_of(number: int) -> str:
    return "account" if number % 4 == 0 else "deal"


def crm_of(number: int) -> str:
    return CRMS[number % 2]
