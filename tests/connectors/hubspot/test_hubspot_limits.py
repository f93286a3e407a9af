"""The portal's limits switched on, as it has them: nothing of ours ever draws a 429."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import Any

from sqlalchemy import select

from connectors.base import Surroundings
from connectors.hubspot.config import HubSpotConnection
from connectors.hubspot.connector import HubSpotConnector
from partnersync.records import Wanted
from state.database import Database
from state.meter import DatabaseMeter
from state.migrate import upgrade
from state.schema import calls
from tests.connectors.conftest import WallClock

PACES = {("hubspot", bucket): pace for bucket, pace in HubSpotConnection.paces.items()}
DEALS = Wanted("deals", ("dealname",))


@contextmanager
def processes(portal: Any, home: Path, count: int) -> Iterator[list[HubSpotConnector]]:
    """Connectors that share nothing but a database, as those of several processes do; counts are stored at the end."""
    url = f"sqlite:///{home / 'state.db'}"
    upgrade(url)
    databases = [Database.open(url, "acme", WallClock()) for _ in range(count)]
    meters = [DatabaseMeter(database, PACES) for database in databases]
    connectors = []
    for meter in meters:
        portal.surroundings = Surroundings(WallClock(), Event(), meter)
        connectors.append(portal.connect())
    yield connectors
    for meter in meters:
        meter.flush()
    for database in databases:
        database.close()


def statuses(home: Path) -> Counter[tuple[str, str]]:
    """How often HubSpot answered with which status, by endpoint."""
    database = Database.open(f"sqlite:///{home / 'state.db'}", "acme", WallClock())
    with database.reading() as open_:
        rows = open_.execute(select(calls.c.endpoint, calls.c.status, calls.c.count)).all()
    database.close()
    found: Counter[tuple[str, str]] = Counter()
    for endpoint, status, count in rows:
        found[endpoint, status] += count
    return found


def test_two_processes_that_read_and_search_at_once_draw_no_429(portal: Any, tmp_path: Path) -> None:
    """They learn the size of the window (30 calls in 10 s here, 190 in earnest) from the first answer."""
    portal.set(burst_limit=30, search_per_second=5)
    ids = [portal.create("deals", {"dealname": f"Deal {n}", "dealstage": "qualifiedtobuy"}) for n in range(3)]
    began = monotonic()

    def reading(connector: HubSpotConnector) -> None:
        connector.identify()
        for _ in range(20):
            connector.fetch("deals", ids, ["dealname"])

    def searching(connector: HubSpotConnector) -> None:
        cursor = next(page.cursor for page in connector.hot([DEALS]) if page.cursor)
        for _ in range(8):
            list(connector.hot([Wanted("deals", DEALS.fields, cursor)]))

    with processes(portal, tmp_path, 4) as (one, two, three, four):
        threads = [Thread(target=reading, args=(each,)) for each in (one, two)]
        threads += [Thread(target=searching, args=(each,)) for each in (three, four)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    met = statuses(tmp_path)
    assert {status for _, status in met} == {"200"}, met
    assert met["batch.read.deals", "200"] == 2 * 20
    assert met["search.deals", "200"] >= 2 * 8
    assert monotonic() - began >= 10
