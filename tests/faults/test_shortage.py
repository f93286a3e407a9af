"""A full disk and a database that goes away: the run ends with a plain message, and once there is room again nothing is lost."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event

from partnersync.errors import StateError
from service.commands.serve import Service
from service.health import HealthServer, application
from service.metrics import Metrics
from service.schedule import Slot
from service.shop import opened
from tests.faults.conftest import Prepared, Theatre
from tests.faults.forks import Child, run, running
from tests.faults.kills import Undisturbed, beginnings
from tests.faults.pausing import standing_still
from tests.faults.postgres import Server, serving
from tests.faults.worlds import CREDENTIALS, STATE, Stage

pytestmark = pytest.mark.fault
PLENTY = 2**30
SMALL = 4096


class Disk:
    """How many pages our database may have; SQLite refuses the next as it does on a full disk."""

    def __init__(self) -> None:
        self.pages = PLENTY

    def limit(self, connection: Connection) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count={self.pages}")

    def fill(self, file: Path, after: Path, share: Fraction) -> None:
        """So large a share is left of what ``file`` needs to become what it is ``after`` an undisturbed run."""
        needs = shutil.copy(after, file.with_name("after.db"))
        packed(file)
        packed(needs)
        had, has = file.stat().st_size // SMALL, needs.stat().st_size // SMALL
        self.pages = had + int((has - had) * share)


def packed(file: Path) -> None:
    """Small pages with no room to spare in those that are taken: a world this small hardly needs a new large one."""
    with closing(sqlite3.connect(file)) as made:
        for words in ("PRAGMA journal_mode=DELETE", f"PRAGMA page_size={SMALL}", "VACUUM"):
            made.execute(words)


@pytest.fixture
def disk() -> Iterator[Disk]:
    made = Disk()
    event.listen(Engine, "begin", made.limit)
    yield made
    event.remove(Engine, "begin", made.limit)


@pytest.mark.parametrize("share", [Fraction(0), Fraction(1, 4), Fraction(2, 3)])
def test_a_full_disk_ends_the_run_and_room_lets_it_go_on(
    theatre: Theatre, prepared: Callable[[bool], Prepared], disk: Disk, share: Fraction
) -> None:
    """Full before the first row, while the plan is kept, and while writes are journaled: exit 4, one line, nothing twice."""
    disk.fill(theatre.home / STATE, prepared(True).database, share)

    code, said = theatre.command("run")
    disk.pages = PLENTY

    assert code == 4, said
    assert "full" in said
    assert "Traceback" not in said
    theatre.cycle()
    theatre.is_as_undisturbed()
    theatre.is_quiet()


def test_a_service_on_a_full_disk_says_that_it_is_not_ready_until_there_is_room(
    theatre: Theatre, prepared: Callable[[bool], Prepared], disk: Disk
) -> None:
    disk.fill(theatre.home / STATE, prepared(True).database, Fraction(1, 4))
    with opened(theatre.config) as shop:
        service = Service(shop, Metrics())
        hot = [Slot(shop.clock.now(), name, "hot") for name in shop.settings.connections]
        with HealthServer(application(Metrics(), service.alive, service.ready), "127.0.0.1", 0) as health:
            with pytest.raises(StateError, match="full"):
                service.cycle(hot)
            full = asked(f"{health.url}/readyz")
            disk.pages = PLENTY
            service.cycle(hot)
            roomy = asked(f"{health.url}/readyz")

    assert full[0] == 503
    assert "full" in full[1]["reason"]
    assert roomy == (200, {"ok": True, "reason": None})
    theatre.is_as_undisturbed()
    theatre.is_quiet()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    os.environ.update(CREDENTIALS)
    with serving() as made:
        yield made


@pytest.fixture(scope="module")
def start(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    return next(iter(beginnings(tmp_path_factory.mktemp("shortage"), 31, server=server.databases)))


def test_a_database_that_was_restarted_between_two_transactions_is_connected_to_again(
    server: Server, start: Undisturbed, tmp_path: Path
) -> None:
    with start.beginning.staged(tmp_path / "between") as stage:
        with away(server, stage, "before begin") as run_:
            server.start()
        assert run_.code == 0, run_.said
        ends_as_undisturbed(stage, start)


def test_a_database_that_goes_down_in_a_transaction_ends_the_run_and_the_next_loses_nothing(
    server: Server, start: Undisturbed, tmp_path: Path
) -> None:
    with start.beginning.staged(tmp_path / "within") as stage:
        with away(server, stage, "before commit") as run_:
            server.start()
        assert run_.code == 4, run_.said
        assert "Traceback" not in run_.said
        assert "the database" in run_.said
        assert run(stage) == 0, stage.said()
        ends_as_undisturbed(stage, start)


def test_a_database_that_stays_down_is_named_and_nothing_is_sent(
    server: Server, start: Undisturbed, tmp_path: Path
) -> None:
    with start.beginning.staged(tmp_path / "down") as stage:
        with away(server, stage, "before begin") as run_:
            pass
        before = stage.writes()
        again = run(stage)
        said = stage.said()
        server.start()

        assert (run_.code, again) == (4, 4), run_.said + said
        assert "the database cannot be used now" in run_.said
        assert "the database cannot be used now" in said
        assert len(said.splitlines()) == 1, said
        assert stage.writes() == before
        assert run(stage) == 0, stage.said()
        ends_as_undisturbed(stage, start)


class Ended:
    """How the run that lost its database ended."""

    code = -1
    said = ""


@contextmanager
def away(server: Server, stage: Stage, point: str) -> Iterator[Ended]:
    """A run stands still at its 30th passing of ``point`` while the database goes down; inside, it may come up again."""
    child: Child = running(stage, log="away.log", during=standing_still(point, 30))
    assert child.stopped()
    server.stop()
    ended = Ended()
    yield ended
    child.send(signal.SIGCONT)
    ended.code = child.wait()
    ended.said = (stage.home / "away.log").read_text("utf-8")


def ends_as_undisturbed(stage: Stage, start: Undisturbed) -> None:
    """The CRMs and the ledger say what they should, and a further run writes nothing."""
    assert stage.crms() == start.crms
    assert stage.ledger() == start.ledger
    stage.ask("counters/reset", {})
    assert run(stage) == 0, stage.said()
    assert stage.writes() == 0
    assert stage.in_flight() == 0


def asked(url: str) -> tuple[int, Any]:
    """A page's status and JSON."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())
