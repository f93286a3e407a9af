"""Names of companies and people, unique without trial and error, and the ways in which people misspell them."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from sandbox.generator.regions import Country
from sandbox.generator.words import FAMILY_NAMES, FIELDS, FIRST_HALVES, GIVEN_NAMES, SECOND_HALVES

_SPELT_OUT = {
    "Ltd": "Limited",
    "Inc": "Incorporated",
    "Corp": "Corporation",
    "Co., Ltd.": "Co Ltd",
    "KK": "K.K.",
}


@dataclass(frozen=True, slots=True)
class CompanyName:
    """`stem` and `field` are the words, `suffix` the legal form."""

    stem: str
    field: str
    suffix: str
    domain: str

    @property
    def full(self) -> str:
        return f"{self.stem} {self.field} {self.suffix}"

    @property
    def short(self) -> str:
        return f"{self.stem} {self.field}"


class Namer:
    """Hands out names, each stem and field together at most once.

    Partners draw their stems from the front of one shuffled list and customers from the rest, so that no customer
    is called almost like a partner by accident: where two spellings meet, it is a labelled mess.
    """

    def __init__(self, rng: Random, partners: int) -> None:
        stems = [a + b for a in FIRST_HALVES for b in SECOND_HALVES if a.lower() != b]
        rng.shuffle(stems)
        self._partner_stems = iter(stems[:partners])
        self._customer_names = _pairs(stems[partners:], rng)

    def customer(self, rng: Random, country: Country) -> CompanyName:
        stem, field, number = next(self._customer_names)
        word = f"{stem} {number}" if number else stem
        site = f"{stem}-{field}{number or ''}".lower()
        ending = country.endings[int(rng.random() * len(country.endings))]
        suffix = country.suffixes[int(rng.random() * len(country.suffixes))]
        return CompanyName(word, field, suffix, f"{site}.{ending}")

    def partner(self, rng: Random, field: str, country: Country) -> CompanyName:
        stem = next(self._partner_stems)
        return CompanyName(stem, field, rng.choice(country.suffixes), f"{stem.lower()}.{rng.choice(country.endings)}")


def _pairs(stems: list[str], rng: Random) -> Iterator[tuple[str, str, int]]:
    offset, number = rng.randrange(len(FIELDS)), 0
    while True:
        for turn in range(len(FIELDS)):
            for i, stem in enumerate(stems):
                yield stem, FIELDS[(i * 7 + turn + offset) % len(FIELDS)], number
        number += 2


def person(rng: Random, taken: set[str]) -> tuple[str, str]:
    """A first and last name whose pair nobody in `taken` bears yet; it is added."""
    while True:
        first, last = rng.choice(GIVEN_NAMES), rng.choice(FAMILY_NAMES)
        if len(taken) > 2_000:
            last = f"{last}-{rng.choice(FAMILY_NAMES)}"
        if f"{first} {last}" not in taken:
            taken.add(f"{first} {last}")
            return first, last


def respelt(name: CompanyName, rng: Random) -> str:
    """The same company as another department would have typed it in."""
    match rng.randrange(5):
        case 0:
            return name.short
        case 1:
            return f"{name.short} {_SPELT_OUT.get(name.suffix, name.suffix + '.')}"
        case 2:
            return f"{name.short}, {name.suffix}"
        case 3:
            return name.full.upper()
        case _:
            return f"The {name.short} Group"


def website(domain: str, rng: Random) -> str:
    """A domain as it stands in a website field."""
    return rng.choice(("https://www.{}", "http://{}", "www.{}", "https://{}/", "{}")).format(domain)


def misspelt(name: str, rng: Random) -> str:
    """A typing slip: two neighbours swapped, a letter lost, or a letter doubled, never the name itself."""
    at = rng.randrange(1, max(2, len(name) // 2))
    slip = rng.randrange(3)
    if slip == 0 and name[at] != name[at + 1]:
        return name[:at] + name[at + 1] + name[at] + name[at + 2 :]
    if slip == 1:
        return name[:at] + name[at + 1 :]
    return name[:at] + name[at] + name[at:]
