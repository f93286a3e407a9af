"""Rows that are stored many to a statement: each once and whole, however their number falls on the statements' size."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from partnersync.errors import StateError
from state.database import Database
from state.inserting import TOGETHER, insert_rows
from state.schema import body


@pytest.mark.parametrize("count", [0, 1, TOGETHER - 1, TOGETHER, TOGETHER + 1, 3 * TOGETHER + 7])
def test_every_row_is_stored_once_and_whole(database: Database, count: int) -> None:
    rows = [(database.workspace, id_, f"payload {id_}") for id_ in range(1, count + 1)]

    with database.marking() as open_:
        insert_rows(open_, body, rows)

    assert _stored(database) == rows


def test_a_row_whose_key_is_there_stays_among_many_that_come(database: Database) -> None:
    with database.marking() as open_:
        insert_rows(open_, body, [(database.workspace, 2, "before"), (database.workspace, TOGETHER + 2, "before")])
        insert_rows(open_, body, [(database.workspace, id_, "after") for id_ in range(1, TOGETHER + 5)], leave=True)

    stored = {id_: payload for _, id_, payload in _stored(database)}
    assert len(stored) == TOGETHER + 4
    assert [id_ for id_, payload in stored.items() if payload == "before"] == [2, TOGETHER + 2]


def test_without_leave_a_row_whose_key_is_there_refuses_them_all(database: Database) -> None:
    rows = [(database.workspace, id_, "new") for id_ in range(1, 2 * TOGETHER)]
    with database.marking() as open_:
        insert_rows(open_, body, rows[-1:])

    with pytest.raises(StateError, match="refuses a row"), database.marking() as open_:
        insert_rows(open_, body, rows)

    assert _stored(database) == rows[-1:]


def _stored(database: Database) -> list[tuple[int, int, str]]:
    with database.reading() as open_:
        return [(row[0], row[1], row[2]) for row in open_.execute(select(body).order_by(body.c.id))]
