"""One runner: a lease in database time, a token that only grows, and no commit by one who lost it."""

from __future__ import annotations

import shutil
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import func, insert, select, update

from partnersync.errors import ConflictError, StateError
from state.database import _STILL, Database, Fence, engines
from state.leases import acquire, halt, release, resume
from state.migrate import upgrade
from state.schema import cursor, lease
from tests.state.conftest import Watch


def test_processes_that_make_the_database_in_the_same_moment_all_find_it_made(url: str, watch: Watch) -> None:
    """A first run and a service that start together; each sees no tables, and one of them makes them."""
    start = Barrier(4)

    def first(_: int) -> int:
        start.wait()
        upgrade(url)
        opened = Database.open(url, "acme", watch)
        opened.close()
        return opened.workspace

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(first, range(4)))

    assert found == [1, 1, 1, 1]


def test_a_file_that_somebody_else_keeps_locked_is_told_and_serves_again_afterwards(
    upgraded_file: Path, tmp_path: Path, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("state.database._SQLITE", ("PRAGMA busy_timeout=50",))
    file = Path(shutil.copyfile(upgraded_file, tmp_path / "state.db"))
    database = Database.open(f"sqlite:///{file}", "acme", watch)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StateError, match="cannot be used now: database is locked"), database.marking():
            raise AssertionError("nobody writes beside another")
        other.execute("ROLLBACK")

    with database.marking() as open_:
        assert open_.scalar(select(func.count()).select_from(cursor)) == 0
    database.close()


def test_a_file_that_many_make_in_the_same_moment_locks_nobody_out(tmp_path: Path) -> None:
    """SQLite does not wait for the lock under which a new file gets its write-ahead log."""
    for made in range(50):
        start = Barrier(4)

        def opens(_: int, made: int = made, start: Barrier = start) -> int:
            writer, reader = engines(f"sqlite:///{tmp_path}/{made}.db")
            start.wait()
            with writer.begin() as connection:
                said = connection.exec_driver_sql("SELECT 1").scalar_one()
            writer.dispose()
            reader.dispose()
            return int(said)

        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(opens, range(4))) == [1, 1, 1, 1]


def test_postgresql_ends_a_transaction_that_stands_still(
    url: str, database: Database, fence: Fence, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its process was stopped, or its machine went away without a word: it would lock everybody out for hours."""
    if database.dialect == "sqlite":
        pytest.skip("a file's lock ends with its process")
    monkeypatch.setitem(_STILL, "idle_in_transaction_session_timeout", "200ms")
    still = Database.open(url, "acme", watch)

    def stands_still() -> None:
        with still.marking() as stopped:
            stopped.execute(update(lease).values(expires_at=lease.c.expires_at))
            fence.renew()  # waits for the other, who is thrown out
            stopped.execute(select(lease))

    with pytest.raises(StateError, match="idle-in-transaction timeout"):
        stands_still()
    still.close()


def test_a_second_runner_is_refused_while_the_first_holds_the_lease(database: Database, fence: Fence) -> None:
    with pytest.raises(ConflictError, match="tests is running"):
        acquire(database, "other")


def test_a_released_lease_is_free_at_once_and_its_token_grows(database: Database, fence: Fence) -> None:
    release(fence)
    second = acquire(database, "other")

    assert second.token == fence.token + 1


def test_a_holder_that_slept_past_its_lease_commits_nothing(database: Database) -> None:
    slept = acquire(database, "slow", job="nap", ttl=0.05)
    time.sleep(0.1)
    acquire(database, "fast", job="nap")

    with pytest.raises(ConflictError, match="no longer held by slow"), database.writing(slept) as connection:
        connection.execute(insert(cursor).values(workspace=1))

    with database.reading() as connection:
        assert connection.execute(select(func.count()).select_from(cursor)).scalar_one() == 0


def test_every_commit_renews_the_lease(database: Database) -> None:
    held = acquire(database, "busy", job="work", ttl=0.5)
    for _ in range(4):
        time.sleep(0.2)
        held.check()


def test_releasing_a_lost_lease_leaves_it_to_its_new_holder(database: Database) -> None:
    lost = acquire(database, "slow", job="nap", ttl=0.01)
    time.sleep(0.05)
    held = acquire(database, "fast", job="nap")
    release(lost)

    held.check()


def test_a_halted_workspace_sends_nothing_until_it_is_resumed(database: Database, fence: Fence) -> None:
    halt(database, "dana@acme.com")
    with pytest.raises(ConflictError, match=r"dana@acme\.com halted"):
        fence.check()
    resume(database)
    fence.check()


def test_workspaces_hold_leases_of_their_own(url: str, database: Database, fence: Fence, watch: Watch) -> None:
    other = Database.open(url, "globex", watch)
    try:
        assert acquire(other, "tests").token == 1
    finally:
        other.close()


def test_an_empty_database_is_refused_with_the_command_that_helps(url: str, watch: Watch) -> None:
    with pytest.raises(StateError, match="db upgrade"):
        Database.open(url, "acme", watch)


def test_an_upgrade_of_an_upgraded_database_changes_nothing(url: str) -> None:
    _, first = upgrade(url)

    assert upgrade(url) == (first, first)
