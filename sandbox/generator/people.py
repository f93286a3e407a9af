"""The sales people: reps under managers under one head of sales, some in both CRMs, some gone."""

from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Final

from sandbox.generator.ids import hubspot_id, salesforce_id
from sandbox.generator.names import person
from sandbox.generator.programme import CRMS, Crm, User

MAIL_DOMAIN: Final = "meridian.example"
_TEAM: Final = 7


def users(rng: Random, per_crm: int, start: date) -> tuple[User, ...]:
    """The seats of both CRMs; the first of each is the head of sales, then managers, then their reps.

    One rep in nine has left. A manager never has, but for one, so that the next in line must be found.
    """
    names: set[str] = set()
    people = [person(rng, names) for _ in range(per_crm)]
    hired = datetime(start.year - 1, 1, 15, 9, 0, tzinfo=UTC)
    seats: list[User] = []
    for crm in CRMS:
        # A third of the seats of the second CRM belong to people of the first: same person, same address.
        if crm == "hubspot":
            people = [p if i % 3 == 0 else person(rng, names) for i, p in enumerate(people)]
        managers = 1 + per_crm // _TEAM
        for i, (first, last) in enumerate(people):
            head, manages = i == 0, 0 < i < managers
            gone = (i >= managers and i % 9 == 2) or (manages and i == managers - 1 and managers > 2)
            seats.append(
                User(
                    crm=crm,
                    id=_seat_id(crm, i),
                    first=first,
                    last=last,
                    email=f"{first}.{last}@{MAIL_DOMAIN}".lower(),
                    title="Head of Sales" if head else "Sales Manager" if manages else "Account Executive",
                    active=not gone,
                    manager=None if head else _seat_id(crm, 0 if manages else i % managers),
                    created_at=hired + timedelta(days=3 * i),
                )
            )
    return tuple(seats)


def partner_managers(rng: Random, count: int) -> tuple[str, ...]:
    """The addresses of those who look after partners."""
    names: set[str] = set()
    return tuple(f"{first}.{last}@{MAIL_DOMAIN}".lower() for first, last in (person(rng, names) for _ in range(count)))


def reps(seats: tuple[User, ...], crm: Crm) -> tuple[User, ...]:
    """Those who own accounts and deals. Who is still there is named three times, who has left once, to draw from."""
    own = tuple(u for u in seats if u.crm == crm and u.title == "Account Executive")
    active = tuple(u for u in own if u.active)
    return active + active + own


def _seat_id(crm: Crm, n: int) -> str:
    return salesforce_id("005", n) if crm == "salesforce" else hubspot_id("owners", n)
