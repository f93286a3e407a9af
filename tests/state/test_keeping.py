"""Migrations, backups and erasure leave figures whole: what was upgraded or restored equals what was there."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, select

from partnersync.changes import Intent
from partnersync.errors import ConflictError, StateError
from partnersync.records import Unreadable
from state.backup import backup, recovered, recovering, restore
from state.database import Database, Fence
from state.dossiers import Dossiers
from state.erase import erase
from state.facts import Facts
from state.journal import Journal
from state.leases import acquire, release
from state.ledger import Ledger
from state.migrate import upgrade
from state.schema import APPEND_ONLY, metadata
from tests.state.conftest import Watch
from tests.state.test_money import LINE
from tests.state.world import START, record, ref, remember


def everything(database: Database, *, without: frozenset[str] = frozenset()) -> dict[str, list[tuple[Any, ...]]]:
    with database.reading() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in metadata.sorted_tables
            if table.name not in without
        }


@pytest.fixture
def filled(database: Database, fence: Fence) -> Database:
    facts = Facts(database)
    remember(facts, fence, record("Account", "a", domain="a.com"), cursor="c1")
    remember(facts, fence, record("Opportunity", "1", account="a", amount=Decimal("1.10"), owner="Jo@Acme.com"))
    Ledger(database).append(fence, [LINE], "c1")
    Journal(database, fence).begin([Intent("k", ref("Opportunity", "1"), {"Note__c": "ask jo@acme.com"}, {})])
    return database


def test_the_revisions_make_exactly_the_tables_that_the_code_uses(database: Database) -> None:
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})

        assert compare_metadata(context, metadata) == []


def test_every_key_begins_with_the_workspace() -> None:
    wrong = [
        table.name
        for table in metadata.tables.values()
        if table.name != "workspace" and next(iter(table.primary_key)).name != "workspace"
    ]

    assert wrong == []


def test_an_upgrade_makes_the_triggers_again(url: str, filled: Database) -> None:
    names = [f"{table}_no_{verb}" for table in APPEND_ONLY for verb in ("update", "delete")]
    with filled.marking() as connection:
        for name in names:
            on = f" ON {name.split('_no_')[0]}" if filled.dialect == "postgresql" else ""
            connection.exec_driver_sql(f"DROP TRIGGER {name}{on}")
    before = everything(filled)
    upgrade(url)

    with filled.reading() as connection:
        table = "sqlite_master WHERE type = 'trigger'" if filled.dialect == "sqlite" else "pg_trigger"
        name = "name" if filled.dialect == "sqlite" else "tgname"
        found = set(connection.exec_driver_sql(f"SELECT {name} FROM {table}").scalars())  # noqa: S608
        assert set(names) <= found
    assert everything(filled) == before


def test_a_database_of_a_newer_version_is_refused(url: str, database: Database, watch: Watch) -> None:
    with database.marking() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StateError, match="update partnersync"):
        upgrade(url)
    with pytest.raises(StateError, match="update partnersync"):
        Database.open(url, "acme", watch)


def test_a_restored_backup_holds_what_was_there_and_is_recovering(
    url: str, filled: Database, fence: Fence, tmp_path: Path
) -> None:
    before = everything(filled, without=frozenset({"lease", "workspace"}))
    backup(url, tmp_path / "copy.db")
    remember(Facts(filled), fence, record("Opportunity", "2"))
    with pytest.raises(ConflictError, match="restore when it is done"):
        restore(url, tmp_path / "copy.db")
    release(fence)
    filled.close()
    restore(url, tmp_path / "copy.db")

    assert everything(filled, without=frozenset({"lease", "workspace"})) == before
    assert recovering(filled)
    with pytest.raises(ConflictError):
        fence.check()
    later = acquire(filled, "after")
    assert later.token > fence.token
    recovered(filled, later)
    assert not recovering(filled)


def test_a_backup_of_an_older_version_is_upgraded_on_the_way_and_stays_as_it_is(
    url: str, filled: Database, fence: Fence, tmp_path: Path
) -> None:
    before = everything(filled, without=frozenset({"lease", "workspace"}))
    copy = tmp_path / "copy.db"
    backup(url, copy)
    with closing(sqlite3.connect(copy)) as older:  # as revision 0010 had it
        older.execute("ALTER TABLE sent DROP COLUMN late")
        older.execute("ALTER TABLE full_read DROP COLUMN fewer")
        older.execute("ALTER TABLE workspace DROP COLUMN remembers_until")
        older.execute("ALTER TABLE workspace ADD COLUMN recovering INTEGER NOT NULL DEFAULT 0")
        older.execute("UPDATE alembic_version SET version_num = '0010'")
        older.commit()
    old = copy.read_bytes()
    release(fence)
    filled.close()

    restore(url, copy)

    assert everything(filled, without=frozenset({"lease", "workspace"})) == before
    assert recovering(filled)
    assert copy.read_bytes() == old
    assert [each.name for each in tmp_path.iterdir() if each.is_dir()] == []


def test_the_restored_ledger_is_still_append_only(url: str, filled: Database, fence: Fence, tmp_path: Path) -> None:
    backup(url, tmp_path / "copy.db")
    release(fence)
    filled.close()
    restore(url, tmp_path / "copy.db")

    with pytest.raises(StateError, match="append-only"), filled.marking() as connection:
        connection.exec_driver_sql("DELETE FROM line")


def test_a_backup_with_pages_of_another_size_is_restored(
    url: str, filled: Database, fence: Fence, tmp_path: Path
) -> None:
    """A file keeps the page size that it was made with, and versions differ in it."""
    before = everything(filled, without=frozenset({"lease", "workspace"}))
    backup(url, tmp_path / "copy.db")
    with closing(sqlite3.connect(tmp_path / "copy.db", isolation_level=None)) as copy:
        for statement in ("PRAGMA journal_mode=DELETE", "PRAGMA page_size=4096", "VACUUM"):
            copy.execute(statement)
    remember(Facts(filled), fence, record("Opportunity", "2"))
    release(fence)
    filled.close()
    restore(url, tmp_path / "copy.db")

    assert everything(filled, without=frozenset({"lease", "workspace"})) == before


def test_what_is_no_backup_is_refused(url: str, database: Database, tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("hello " * 500)
    for file in ("missing.db", "text.db"):
        with pytest.raises(StateError):
            restore(url, tmp_path / file)


def test_erasing_counts_first_and_then_leaves_ids_hashes_and_figures(filled: Database, fence: Fence) -> None:
    release(fence)
    (before,) = Dossiers(filled).stream([ref("Opportunity", "1")], START)
    counted = erase(filled, "jo@acme.com", None)
    erased = erase(filled, "jo@acme.com", "dana")
    (after,) = Dossiers(filled).stream([ref("Opportunity", "1")], START)

    assert (counted, erased, erase(filled, "jo@acme.com", None)) == (3, 3, 0)
    assert after.history[0].record.values["owner"] == "[erased]"
    assert after.history[0].record.values["amount"] == Decimal("1.10")
    assert after.history[0].hash == before.history[0].hash
    assert [each.minor for each in Ledger(filled).lines()] == [1000]


def test_an_erased_record_keeps_its_versions_without_their_values(filled: Database, fence: Fence) -> None:
    remember(Facts(filled), fence, record("Opportunity", "1", hour=1, account="a", owner="sam"))
    release(fence)

    assert erase(filled, str(ref("Opportunity", "1")), "dana") == 2
    (after,) = Dossiers(filled).stream([ref("Opportunity", "1")], START)
    assert [(each.record.values, each.record.stamp) for each in after.history] == [
        ({}, START),
        ({}, START + timedelta(hours=1)),
    ]


def test_nothing_is_erased_while_a_run_is_going_on(filled: Database, fence: Fence) -> None:
    broken = Unreadable(ref("Opportunity", "9"), "bad", {"mail": "jo@acme.com"}, START)
    remember(Facts(filled), fence, object_="Opportunity", unreadable=(broken,))
    with pytest.raises(ConflictError):
        erase(filled, "jo@acme.com", "dana")

    assert erase(filled, "jo@acme.com", None) == 4


def test_every_table_is_strict_on_sqlite(database: Database) -> None:
    if database.dialect != "sqlite":
        pytest.skip("STRICT is SQLite's")
    with database.reading() as connection:
        told = {row[1]: row[5] for row in connection.exec_driver_sql("PRAGMA table_list")}
        ours = set(inspect(connection).get_table_names()) - {"alembic_version"}

    assert {name for name in ours if not told[name]} == set()
