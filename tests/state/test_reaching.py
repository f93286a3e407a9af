"""Finding the facts behind a key takes work by what is found, not by how much is stored."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert

from state.database import Database, Fence
from state.reaching import CARRIER, DEAL, IS, MEETS, NAMES, PLAIN, SHARES, having, pairs
from state.schema import reach

STORED = 20_000


def steps(database: Database, role: int, ways: tuple[int, ...]) -> int:
    """Thousands of the database's own instructions that two look-ups take; counted, so that no clock decides."""
    taken = 0

    def count() -> int:
        nonlocal taken
        taken += 1
        return 0

    with database.reading() as connection:
        raw: Any = connection.connection.dbapi_connection
        raw.set_progress_handler(count, 1000)
        having(connection, database.workspace, [7, 8, 9], role, ways)
        list(pairs(connection, database.workspace, [7, 8, 9], role, ways))
        raw.set_progress_handler(None, 0)
    return taken


@pytest.mark.parametrize("ways", [(IS,), (MEETS,), (NAMES, SHARES), (IS, NAMES, SHARES)], ids=str)
def test_looking_keys_up_reads_no_other_keys(database: Database, fence: Fence, ways: tuple[int, ...]) -> None:
    if database.dialect != "sqlite":
        pytest.skip("instructions are counted on SQLite alone")
    rows = [
        {"workspace": database.workspace, "key": at, "role": at % 3, "way": at % 4, "fact": at} for at in range(STORED)
    ]
    with database.writing(fence) as connection:
        connection.execute(insert(reach), rows)
    for role in (PLAIN, CARRIER, DEAL):
        assert steps(database, role, ways) <= 1, "the whole table was read"


def test_a_fact_that_has_two_of_the_keys_is_found_once(database: Database, fence: Fence) -> None:
    rows = [{"workspace": database.workspace, "key": key, "role": DEAL, "way": SHARES, "fact": 5} for key in (1, 2)]
    with database.writing(fence) as connection:
        connection.execute(insert(reach), rows)
    with database.reading() as connection:
        assert having(connection, database.workspace, [1, 2, 3], DEAL, (SHARES,)) == {5}
