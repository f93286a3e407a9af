"""Pull and remember: pages of each connection, read by the config of the day, stored one transaction per page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

import structlog

from connectors.base import Connector, Freshness
from connectors.files.connector import Files
from mapping.config.sources import SourceKind
from mapping.reach import keys
from partnersync.errors import ConnectorError, Problem
from partnersync.facts import Reach
from partnersync.ids import digest
from partnersync.records import Page, RawRecord, Unreadable, Wanted
from service.feeds import FILES, Feed
from service.shop import Shop
from service.steps.drift import stopped
from service.steps.joining import joined
from state.cursors import Cursors
from state.database import Fence
from state.facts import Facts
from state.people import People

NOWHERE = Reach()
Tell = Callable[[str, int, int | None], None]
"""(feed, records so far, total if known) → nothing; for progress bars."""


@dataclass(slots=True)
class Pulled:
    """What a pull brought: counts by word and by feed, what failed, and which feeds stand still because the CRM no longer
    gives what they map.

    ``shrunk``: the feeds whose last full read, in whichever pull it came, brought fewer records than the last accepted one
    (before, now).
    """

    counts: Counter[str] = field(default_factory=Counter)
    by_feed: dict[str, Counter[str]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    shrunk: dict[str, tuple[int, int]] = field(default_factory=dict)
    stopped: dict[str, Problem] = field(default_factory=dict)


def pull(shop: Shop, fence: Fence, work: Mapping[str, Freshness], tell: Tell = lambda *_: None) -> Pulled:
    """Read each connection in its freshness class; one that fails is reported and stops only itself.

    Files are read with every pull: an unchanged one costs a hash.
    """
    pulled = Pulled()
    shop.sign_in()
    pulled.failed |= shop.failures
    facts = Facts(shop.database, one_pull=True)
    for name, freshness in {**work, FILES: "hot"}.items():
        if name in shop.failures or shop.stop.is_set():
            continue
        try:
            _connection(shop, fence, facts, name, freshness, pulled, tell)
        except ConnectorError as error:
            pulled.failed[name] = str(error)
            structlog.get_logger("partnersync.pull").warning("pull failed", connection=name, error=str(error))
        finally:
            shop.meter.flush()
    fewer = Cursors(shop.database).unaccepted()
    pulled.shrunk = {
        feed.name: fewer[feed.connection, feed.object] for feed in shop.feeds if (feed.connection, feed.object) in fewer
    }
    return pulled


def accept(shop: Shop, fence: Fence, feeds: Collection[str], until: datetime | None = None) -> None:
    """What the last full reads of these feeds brought is what the next are held against; not of those after ``until``."""
    objects = [(feed.connection, feed.object) for feed in shop.feeds if feed.name in feeds]
    Cursors(shop.database).accept(fence, objects, until)


def _connection(
    shop: Shop, fence: Fence, facts: Facts, name: str, freshness: Freshness, pulled: Pulled, tell: Tell
) -> None:
    connector = shop.connector(name)
    cursors = Cursors(shop.database)
    mine = {feed.object: feed for feed in shop.feeds if feed.connection == name}
    known = cursors.of(name)
    if name != FILES:
        for object_, problem in stopped(shop, fence, name, freshness, first=not known).items():
            if (feed := mine.pop(object_, None)) is not None:
                pulled.stopped[feed.name] = problem
    if not mine:
        return
    wanted = [Wanted(feed.object, feed.fields, known.get(feed.object)) for feed in mine.values()]
    failed = _people(shop, fence, name, freshness)
    match freshness:
        case "warm":
            pages = connector.warm(wanted)
        case "cold":
            # Changes first: a read of everything tells of no deletion, and what was never pulled is read in full by hot,
            # which leaves a cursor.
            read = [each for each in wanted if each.cursor is not None]
            pages = _changes_and_all(connector, wanted, read) if read else connector.hot(wanted)
        case _:
            pages = connector.hot(wanted)
    for page in joined(pages, shop.stop):
        feed = mine[page.object]
        if page.full and page.done and page.total is not None:
            # Before the page with its cursor: a run killed in between reads all of it again and forgets no shrinkage.
            cursors.full(fence, name, page.object, page.total)
        counts = _remember(shop, facts, fence, feed, page)
        pulled.counts += counts
        pulled.by_feed.setdefault(feed.name, Counter()).update(counts)
        tell(feed.name, pulled.by_feed[feed.name]["seen"], page.total)
        if shop.stop.is_set():
            return
    if failed is not None:
        raise failed


def _people(shop: Shop, fence: Fence, name: str, freshness: Freshness) -> ConnectorError | None:
    """Read who may own records. Where that fails and those of before are known, reading goes on; gives the failure.

    Raises:
        ConnectorError: nobody is known yet, and the CRM does not tell.
    """
    if name == FILES:
        return None
    people = People(shop.database)
    known = people.known(shop.sites[name])
    if freshness == "hot" and known:
        return None  # whoever only ever runs hot cycles needs owners all the same: tasks are given to them
    try:
        people.replace(fence, shop.sites[name], shop.connector(name).people())
    except ConnectorError as error:
        if not known:
            raise
        return error
    return None


def _changes_and_all(connector: Connector | Files, wanted: Sequence[Wanted], read: Sequence[Wanted]) -> Iterator[Page]:
    """The changes, then everything of ``read``.

    Raises:
        ConnectorError: an object whose changes could not be read, after everything of the others was read.
    """
    failed: ConnectorError | None = None
    try:
        yield from connector.hot(wanted)
    except ConnectorError as error:
        if error.object is None:
            raise
        failed = error
    yield from connector.cold([each for each in read if failed is None or each.object != failed.object])
    if failed is not None:
        raise failed


def _remember(shop: Shop, facts: Facts, fence: Fence, feed: Feed, page: Page) -> Counter[str]:
    """Store one page; each record is read once, for its keys and for what is wrong with it."""
    verdict = Reading(shop, feed).verdict
    verdicts = {id(record): verdict(record) for record in page.records}
    wrong = {each.ref.id: told for each in page.records if isinstance(told := verdicts[id(each)], str)}

    def reach(record: RawRecord) -> Reach:
        known = verdicts.get(id(record))  # one id may come in two states
        found = known if known is not None else verdict(record)
        return found if isinstance(found, Reach) else NOWHERE

    return facts.remember(
        fence,
        page,
        feed.kind,
        shop.database.stamp(),
        feed.connection,
        wrong,
        reach,
        _way_of_reading(shop, feed),
    )


def _way_of_reading(shop: Shop, feed: Feed) -> str:
    """Changes whenever the same record may have other keys: the fields, the rules, and the orgs that a file's row may name."""
    orgs = sorted((site.crm, site.org) for site in shop.sites.values()) if feed.connection == FILES else []
    return digest([feed.fields, shop.settings.meaning, orgs])


class Reading:
    """How the records of one feed are read."""

    def __init__(self, shop: Shop, feed: Feed) -> None:
        self._kind = cast("SourceKind", feed.kind)
        self._fact = shop.reader.fact
        self._row: Callable[[RawRecord], object] | None = None
        if feed.kind in {"partner", "tier"}:
            self._row = shop.roster.partner if feed.kind == "partner" else shop.roster.tier

    def verdict(self, record: RawRecord) -> Reach | str:
        """The keys of a record, or why it cannot be read."""
        if record.life == "deleted":
            return NOWHERE
        if self._row is not None:
            found = self._row(record)
            return found.reason if isinstance(found, Unreadable) else NOWHERE
        fact = self._fact(self._kind, record)
        return fact.reason if isinstance(fact, Unreadable) else keys(fact)
