"""The clock, the store and the fault rules by themselves."""

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from sandbox.clock import Clock
from sandbox.faults import Drop, Faults, Rule
from sandbox.settings import Settings
from sandbox.store import Store, commit_hook

AT = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "world.db")
    with opened.write() as db:
        db.execute("CREATE TABLE t (n INTEGER)")
    yield opened
    opened.close()


def _rows(store: Store) -> list[int]:
    with store.read() as db:
        return [n for (n,) in db.execute("SELECT n FROM t ORDER BY n")]


def test_time_freezes_jumps_and_is_remembered(store: Store) -> None:
    clock = Clock(store)
    clock.set(AT)
    clock.freeze()
    clock.set(AT)
    clock.move(90)
    assert clock.now() == Clock(store).now() == datetime(2026, 1, 31, 12, 1, 30, tzinfo=UTC)
    clock.unfreeze()

    assert 0 <= (clock.now() - datetime(2026, 1, 31, 12, 1, 30, tzinfo=UTC)).total_seconds() < 5
    assert not Clock(store).frozen


def test_a_failed_write_leaves_nothing_and_a_failed_part_only_itself(store: Store) -> None:
    with suppress(ValueError), store.write() as db:
        db.execute("INSERT INTO t VALUES (1)")
        raise ValueError
    with store.write() as db:
        db.execute("INSERT INTO t VALUES (2)")
        with suppress(ValueError), store.savepoint() as inner:
            inner.execute("INSERT INTO t VALUES (3)")
            raise ValueError

    assert _rows(store) == [2]


def test_a_reader_sees_one_moment_and_a_writer_sees_itself(store: Store) -> None:
    def insert() -> None:
        with store.write() as db:
            db.execute("INSERT INTO t VALUES (7)")

    with store.read() as db:
        assert db.execute("SELECT COUNT(*) FROM t").fetchone() == (0,)
        other = threading.Thread(target=insert)
        other.start()
        other.join(10)
        assert db.execute("SELECT COUNT(*) FROM t").fetchone() == (0,)
    with store.write() as db:
        db.execute("INSERT INTO t VALUES (8)")
        assert _rows(store) == [7, 8]


def test_writers_of_many_threads_lose_no_update(store: Store) -> None:
    with store.write() as db:
        db.execute("INSERT INTO t VALUES (0)")

    def count() -> None:
        for _ in range(50):
            with store.write() as db:
                (n,) = db.execute("SELECT n FROM t").fetchone()
                db.execute("UPDATE t SET n = ?", (n + 1,))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert _rows(store) == [200]


def test_the_commit_hook_runs_once_around_the_outer_commit_and_may_undo_it(store: Store) -> None:
    seen: list[tuple[str, list[int]]] = []

    def hook(when: str) -> None:
        seen.append((when, _rows(store) if when == "after_commit" else []))
        if len(seen) == 3:
            raise RuntimeError("not this one")

    token = commit_hook.set(hook)
    try:
        with store.write() as db, store.write() as inner:
            inner.execute("INSERT INTO t VALUES (1)")
            assert db is inner
        with pytest.raises(RuntimeError), store.write() as db:
            db.execute("INSERT INTO t VALUES (2)")
        with store.write(hooked=False) as db:
            db.execute("INSERT INTO t VALUES (3)")
    finally:
        commit_hook.reset(token)

    assert seen == [("before_commit", []), ("after_commit", [1]), ("before_commit", [])]
    assert _rows(store) == [1, 3]


def _fired(rule: dict[str, object], calls: int = 12) -> list[int]:
    faults = Faults()
    faults.add(Rule.model_validate({"action": "drop", **rule}))
    return [n for n in range(1, calls + 1) if faults.arm("salesforce", "query", "GET", False).due("before")]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({}, list(range(1, 13))),
        ({"nth": 3}, [3]),
        ({"every": 5}, [5, 10]),
        ({"times": 2}, [1, 2]),
        ({"every": 2, "times": 3}, [2, 4, 6]),
        ({"endpoint": "qu*"}, list(range(1, 13))),
        ({"endpoint": "q"}, []),
        ({"vendor": "hubspot"}, []),
        ({"method": "post"}, []),
        ({"writes_only": True}, []),
    ],
)
def test_a_rule_picks_its_calls(rule: dict[str, object], expected: list[int]) -> None:
    assert _fired(rule) == expected


def test_a_rate_replays_from_its_seed() -> None:
    first = _fired({"rate": 0.3, "seed": 5}, 200)

    assert first == _fired({"rate": 0.3, "seed": 5}, 200)
    assert first != _fired({"rate": 0.3, "seed": 6}, 200)
    assert 30 < len(first) < 90


def test_a_rule_that_meets_no_commit_keeps_its_times() -> None:
    faults = Faults()
    faults.add(Rule(action=Drop(), when="after_commit", times=1))
    assert faults.arm("salesforce", "query", "GET", False).due("before") == []

    assert faults.arm("salesforce", "query", "GET", True).due("after_commit") == [Drop()]
    assert faults.report()[0]["fired"] == 1


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"action": "explode"},
        {"action": "drop", "nth": 0},
        {"action": "drop", "nth": 1, "every": 2},
        {"action": "drop", "when": "record"},
        {"action": "record_error"},
        {"action": "read_error", "when": "before"},
        {"action": {"kind": "latency"}},
        {"action": "drop", "endpint": "query"},
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(rule: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Rule.model_validate(rule)


def test_switches_are_typed_and_remembered(store: Store) -> None:
    settings = Settings(store)
    settings.update("salesforce", {"daily_limit": 7, "hidden_fields": ["Account.Website"]})

    assert Settings(store).salesforce.daily_limit == 7
    assert Settings(store).salesforce.hidden_fields == ("Account.Website",)
    for wrong in ({"daily_limit": "many"}, {"dayly_limit": 1}, {"limit_info": "both"}):
        with pytest.raises(ValueError, match="validation error"):
            settings.update("salesforce", wrong)
    with pytest.raises(ValueError, match="no such vendor"):
        settings.update("zoho", {})


def test_a_temporary_store_is_gone_when_closed_and_swept_where_its_process_died() -> None:
    done = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    left = Path(tempfile.mkdtemp(prefix=f"partnersync-sandbox-{int(done.stdout)}-"))
    store = Store()
    folder = store.path.parent
    seen = (folder.name.startswith(f"partnersync-sandbox-{os.getpid()}-"), store.path.exists(), left.exists())
    store.close()

    assert seen == (True, True, False)
    assert not folder.exists()


@pytest.mark.parametrize("action", ["truncate", {"kind": "truncate", "keep": 5}])
def test_a_truncation_acts_on_the_answer_and_cannot_act_before_it(action: object) -> None:
    assert Rule.model_validate({"action": action}).when == "after_answer"
    with pytest.raises(ValidationError, match="after_answer"):
        Rule.model_validate({"action": action, "when": "before"})
