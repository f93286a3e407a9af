"""No statement of a cycle reads more than it asks for: SQLite says for each which index it would use, and how much of it.

With a list of 500 keys SQLite may still choose to walk a whole index, because it holds both columns asked for or has them in
order. On a small database nobody notices; with 160,000 deals each chunk then reads them all.
"""

from __future__ import annotations

import re
import sqlite3

import pytest

from service.shop import looking
from tests.service.lived import Lived

SMALL = {
    "alembic_version",
    "workspace",
    "place",
    "strand",
    "pool",
    "binding",
    "full_read",
    "budget",
    "run",
    "plan",
    "person",
    "bucket",
    "drift",
    "rest",
}
"""Tables that hold as many rows as there are objects, pools, months or runs."""
ONCE = {"dirty", "dirty_pool", "dirty_record", "hold", "quarantine"}
"""Tables of what is to be done, or of what is wrong: read as a whole because all of it is wanted."""
WHOLE = (
    "SELECT standing.opportunity FROM standing WHERE standing.workspace = ? AND standing.config != ?",
    "SELECT line.workspace, line.pool,",  # the whole ledger, for whoever asks for it: no cycle does
)
"""How statements begin that look at every deal once in a cycle, or that no cycle makes."""
WALKS = re.compile(r"(?:SCAN (?!CONSTANT|\d+ CONSTANT)|SEARCH )(\w+)(?: USING [^(]*\(workspace=\?\)| USING [^(]*$|$)")


def test_no_statement_of_a_cycle_walks_a_whole_table(lived: Lived) -> None:
    with looking(lived.config) as shop:
        path = shop.settings.state.url.removeprefix("sqlite:///")
    walks = []
    with sqlite3.connect(lived.config.parent / path) as database:
        for statement, parameters in lived.statements.items():
            told = " ".join(statement.split())
            if " LIMIT ?" in told:  # the newest few, from the end of an index
                continue
            if (
                told.startswith(WHOLE)
                or not re.match("SELECT|INSERT|UPDATE|DELETE|WITH", told)
                or "max(" in told.split("FROM")[0]
            ):
                continue
            for _, _, _, step in database.execute(f"EXPLAIN QUERY PLAN {statement}", parameters):
                walked = WALKS.fullmatch(step)
                if walked and walked[1] not in SMALL | ONCE and not _of_the_statement(walked[1], told):
                    walks.append(f"{step}: {told[:300]}")

    assert len(lived.statements) > 100
    assert not walks, "\n".join(walks)


def _of_the_statement(name: str, statement: str) -> bool:
    """Whether ``name`` is a list or a query inside the statement, and no table."""
    return bool(re.search(rf"WITH {name}\(|AS {name} ", statement))


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT id, kind FROM fact WHERE workspace = 1 AND id IN (1, 2)",
        "SELECT * FROM sent WHERE workspace = 1 AND place = 1 AND external IN ('a', 'b') ORDER BY intent",
        "SELECT * FROM line WHERE workspace = 1 AND (pool, opportunity, strand) IN (VALUES (1, 2, 3), (1, 2, 4))",
        "SELECT * FROM credit",
    ],
)
def test_a_walk_is_known_when_it_is_met(lived: Lived, statement: str) -> None:
    with looking(lived.config) as shop:
        path = shop.settings.state.url.removeprefix("sqlite:///")
    with sqlite3.connect(lived.config.parent / path) as database:
        steps = [step for *_, step in database.execute(f"EXPLAIN QUERY PLAN {statement}")]
    assert any(WALKS.fullmatch(step) for step in steps), steps
