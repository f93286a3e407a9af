"""A restore is one step: what takes the database's place is recovering already, in every workspace, and as halted as before."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import select

from partnersync.errors import ConflictError, StateError
from state.backup import backup, recovered, recovering, restore
from state.database import Database, Fence
from state.facts import Facts
from state.leases import acquire, halt, release, resume
from state.migrate import head, upgrade
from state.schema import fact, metadata, workspace
from tests.state.conftest import Watch
from tests.state.world import record, remember


@pytest.fixture
def beta(database: Database, url: str, watch: Watch) -> Iterator[Database]:
    """A second workspace in the same database."""
    opened = Database.open(url, "beta", watch)
    yield opened
    opened.close()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Where a test's backup goes."""
    (tmp_path / "backups").mkdir()
    return tmp_path / "backups" / "copy.db"


def halted_by(database: Database) -> str | None:
    with database.reading() as connection:
        found: str | None = connection.execute(
            select(workspace.c.halted_by).where(workspace.c.id == database.workspace)
        ).scalar_one()
        return found


def let_run_out(*fences: Fence) -> None:
    """Their holders stand still, and their leases run out."""
    for fence in fences:
        with fence.database.marking() as connection:
            connection.exec_driver_sql("UPDATE lease SET expires_at = 0")


def test_every_workspace_of_a_restored_database_is_recovering_from_its_own_last_stamp(
    url: str, database: Database, beta: Database, watch: Watch, copy: Path
) -> None:
    stamps = []
    for each in (database, beta):
        watch.advance(hours=1)
        fence = acquire(each, "tests")
        remember(Facts(each), fence, record("Opportunity", "1"), seen_at=watch.now())
        release(fence)
        stamps.append(each.last_stamp())
    backup(url, copy)

    restore(url, copy)

    assert [recovering(database), recovering(beta)] == stamps
    assert stamps[0] != stamps[1]


def test_a_workspace_that_was_not_yet_recovered_remembers_up_to_the_earlier_instant(
    url: str, database: Database, watch: Watch, copy: Path
) -> None:
    backup(url, copy)
    restore(url, copy)
    first = recovering(database)
    watch.advance(days=1)
    fence = acquire(database, "tests")
    remember(Facts(database), fence, record("Opportunity", "1"), seen_at=watch.now())
    release(fence)
    backup(url, copy)

    restore(url, copy)

    assert first is not None
    assert recovering(database) == first


def test_whoever_held_a_lease_of_any_workspace_before_the_restore_commits_nothing_after_it(
    url: str, database: Database, beta: Database, copy: Path
) -> None:
    before = [acquire(each, "before") for each in (database, beta)]
    backup(url, copy)
    let_run_out(*before)
    since = [acquire(each, "since") for each in (database, beta)]
    let_run_out(*since)

    restore(url, copy)
    after = [acquire(each, "after") for each in (database, beta)]

    for fence in (*before, *since):
        with pytest.raises(ConflictError, match="no longer held"):
            fence.check()
    for fence in after:
        fence.check()


def test_a_lease_that_was_taken_after_the_first_of_two_restores_is_refused_after_the_second(
    url: str, database: Database, copy: Path
) -> None:
    release(acquire(database, "before"))
    backup(url, copy)
    restore(url, copy)
    between = acquire(database, "between")
    let_run_out(between)

    restore(url, copy)
    acquire(database, "after")

    with pytest.raises(ConflictError, match="no longer held"):
        between.check()


def test_a_lease_that_the_backup_does_not_know_is_refused_after_the_restore(
    url: str, database: Database, copy: Path
) -> None:
    backup(url, copy)
    first = acquire(database, "the first ever")
    let_run_out(first)

    restore(url, copy)
    acquire(database, "after")

    with pytest.raises(ConflictError, match="no longer held"):
        first.check()


def test_a_halt_that_stands_survives_a_restore_until_it_is_resumed(
    url: str, database: Database, beta: Database, copy: Path
) -> None:
    backup(url, copy)
    halt(database, "dana")

    restore(url, copy)

    assert [halted_by(database), halted_by(beta)] == ["dana", None]
    fence = acquire(database, "after")
    with pytest.raises(ConflictError, match="dana halted"):
        fence.check()
    resume(database)
    fence.check()


def test_a_halt_that_stood_when_the_backup_was_made_stands_again(url: str, database: Database, copy: Path) -> None:
    halt(database, "dana")
    backup(url, copy)
    resume(database)

    restore(url, copy)

    assert halted_by(database) == "dana"


def test_a_workspace_that_the_backup_does_not_know_stays_halted_and_recovers_from_its_beginning(
    url: str, database: Database, watch: Watch, copy: Path
) -> None:
    backup(url, copy)
    watch.advance(days=1)
    made_at = watch.now()
    with closing(Database.open(url, "gamma", watch)) as gamma:
        held = acquire(gamma, "before")
        remember(Facts(gamma), held, record("Opportunity", "1"))
        let_run_out(held)
        halt(gamma, "dana")
        watch.advance(days=1)

        restore(url, copy)

        with closing(Database.open(url, "gamma", watch)) as again:
            assert again.workspace == gamma.workspace
            assert halted_by(again) == "dana"
            assert recovering(again) == made_at
            assert again.last_stamp() is None
            acquire(again, "after")
        with pytest.raises(ConflictError, match="no longer held"):
            held.check()


@pytest.mark.parametrize("journal", ["WAL", "DELETE"])
def test_the_backup_is_byte_for_byte_as_it_was(
    url: str, database: Database, beta: Database, copy: Path, journal: str
) -> None:
    backup(url, copy)
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute(f"PRAGMA journal_mode={journal}")
    halt(database, "dana")
    before = copy.read_bytes()

    restore(url, copy)

    assert copy.read_bytes() == before
    assert [each.name for each in copy.parent.iterdir() if each.is_dir()] == []


def test_a_restore_that_fails_midway_leaves_the_database_as_it_was(url: str, database: Database, copy: Path) -> None:
    if database.dialect == "sqlite":
        pytest.skip("of a file's pages SQLite takes all or none")
    fence = acquire(database, "tests")
    remember(Facts(database), fence, record("Opportunity", "1"))
    backup(url, copy)
    with closing(sqlite3.connect(copy)) as odd:
        odd.execute("UPDATE fact SET external = 'a' || char(0)")  # which PostgreSQL cannot store
        odd.commit()
    remember(Facts(database), fence, record("Opportunity", "2"))
    release(fence)

    with pytest.raises(StateError, match="refuses"):
        restore(url, copy)

    with database.reading() as connection:
        assert len(connection.execute(select(fact)).all()) == 2
    assert recovering(database) is None


@pytest.fixture
def made_elsewhere(upgraded_file: Path, watch: Watch, tmp_path: Path, copy: Path) -> Path:
    """A backup of another database, which knows the workspace ``acme``."""
    elsewhere = f"sqlite:///{shutil.copyfile(upgraded_file, tmp_path / 'elsewhere.db')}"
    Database.open(elsewhere, "acme", watch).close()
    backup(elsewhere, copy)
    return copy


@pytest.mark.parametrize("state", ["missing", "empty", "text", "cut short"])
def test_a_file_that_cannot_be_read_is_replaced_all_the_same(
    state: str, made_elsewhere: Path, watch: Watch, tmp_path: Path
) -> None:
    file = tmp_path / "state.db"
    match state:
        case "empty":
            file.touch()
        case "text":
            file.write_text("hello " * 10_000)
        case "cut short":
            file.write_bytes(made_elsewhere.read_bytes()[:30_000])

    restore(f"sqlite:///{file}", made_elsewhere)

    with closing(Database.open(f"sqlite:///{file}", "acme", watch)) as database:
        assert recovering(database) == watch.now()
        assert halted_by(database) is None
        recovered(database, acquire(database, "after"))


def test_a_database_without_a_table_takes_a_backup(url: str, made_elsewhere: Path, watch: Watch) -> None:
    restore(url, made_elsewhere)

    assert upgrade(url) == (head(), head())
    with closing(Database.open(url, "acme", watch)) as database:
        assert recovering(database) == watch.now()
        with database.reading() as connection:
            assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_the_halts_of_a_newer_versions_database_stand_where_they_can_be_read(
    url: str, database: Database, copy: Path
) -> None:
    backup(url, copy)
    halt(database, "dana")
    with database.marking() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        connection.exec_driver_sql("ALTER TABLE lease RENAME COLUMN token TO stamp")

    restore(url, copy)

    assert halted_by(database) == "dana"
    assert recovering(database) is not None


def test_the_halts_that_another_versions_database_tells_in_another_way_are_lost(
    url: str, database: Database, watch: Watch, copy: Path
) -> None:
    backup(url, copy)
    halt(database, "dana")
    release(acquire(database, "before"))
    with closing(Database.open(url, "gamma", watch)) as gamma:
        release(acquire(gamma, "before"))
    with database.marking() as connection:
        connection.exec_driver_sql("ALTER TABLE workspace RENAME COLUMN halted_by TO stopped_by")

    restore(url, copy)

    assert halted_by(database) is None
    assert recovering(database) is not None
