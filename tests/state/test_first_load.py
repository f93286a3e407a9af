"""What a first load leaves out is what it would find anyway: its rows and marks are those of pages stored one by one."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from partnersync.clock import Clock
from partnersync.records import RawRecord
from state.database import Database, Fence
from state.facts import Facts
from state.leases import acquire
from state.marks import unmark
from state.schema import dirty, dirty_record, fact, reach, version
from tests.state.world import record, remember


def pages(seed: int) -> list[list[RawRecord]]:
    """Accounts, deals and registrations of a small world, some of them twice, in pages of a few."""
    rng = random.Random(seed)
    names = [str(number) for number in range(12)]

    def one(object_: str) -> RawRecord:
        values: dict[str, Any] = {
            "Account": {"parent": rng.choice([None, *names]), "domain": rng.choice([None, "a.com", "b.com"])},
            "Opportunity": {"account": rng.choice(names), "meet": rng.choice([None, "x", "y"])},
            "Registration": {"domain": rng.choice([None, "a.com", "c.com"]), "account": rng.choice([None, *names])},
        }[object_]
        return record(object_, rng.choice(names), rng.randrange(48), **values)

    kinds = [rng.choice(["Account", "Opportunity", "Registration"]) for _ in range(12)]
    return [[one(kind) for _ in range(rng.randint(1, 6))] for kind in kinds]


def told(database: Database) -> list[object]:
    """Everything that pages leave behind, but when."""
    columns = (
        (fact, (fact.c.id, fact.c.external, fact.c.kind, fact.c.hash, fact.c.version, fact.c.fields)),
        (version, (version.c.id, version.c.fact, version.c.hash, version.c.stamp, version.c.author)),
        (reach, (reach.c.key, reach.c.role, reach.c.way, reach.c.fact)),
        (dirty, (dirty.c.fact,)),
        (dirty_record, (dirty_record.c.fact,)),
    )
    with database.reading() as connection:
        return [
            sorted(
                tuple(row) for row in connection.execute(select(*listed).where(table.c.workspace == database.workspace))
            )
            for table, listed in columns
        ]


@pytest.fixture
def beside(url: str, database: Database, watch: Clock) -> Iterator[tuple[Database, Fence]]:
    """Another workspace of the same database."""
    opened = Database.open(url, "beside", watch)
    yield opened, acquire(opened, "tests")
    opened.close()


@pytest.mark.parametrize("seed", range(3))
def test_a_first_load_stores_and_marks_what_pages_one_by_one_do(
    database: Database, fence: Fence, beside: tuple[Database, Fence], seed: int
) -> None:
    loading, (other, others) = Facts(database, one_pull=True), beside
    for each in pages(seed):
        remember(loading, fence, *each)
        remember(Facts(other), others, *each)

    assert told(database) == told(other)


@pytest.mark.parametrize("seed", range(3))
def test_a_pull_over_what_was_looked_at_marks_what_its_pages_touch(
    database: Database, fence: Fence, beside: tuple[Database, Fence], seed: int
) -> None:
    other, others = beside
    for each in pages(seed):
        remember(Facts(database), fence, *each)
        remember(Facts(other), others, *each)
    for one, held in ((database, fence), (other, others)):
        with one.writing(held) as connection:
            deals = connection.execute(select(dirty.c.fact).where(dirty.c.workspace == one.workspace)).scalars().all()
            unmark(one, connection, dirty, sorted(deals)[seed:])
            unmark(one, connection, dirty_record, deals[:3])
    pulling = Facts(database, one_pull=True)
    for each in pages(seed + 100):
        remember(pulling, fence, *each)
        remember(Facts(other), others, *each)

    assert told(database) == told(other)
