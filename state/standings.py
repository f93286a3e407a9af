"""What a plan is made from: the records to look at, as they stand after settlement, and what we know of our own writes.

Set-wise by chunk: a few statements bring 2,000 opportunities with their newest version, credits, sums of the ledger and
blocks, and another few bring base, later sent values and noted edits of every field.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, select, tuple_

from partnersync.credits import Credit
from partnersync.facts import RawVersion
from partnersync.ids import Ref
from partnersync.money import Money
from partnersync.records import Identity, RawRecord
from state.bodies import unpacked
from state.database import Database, Fence
from state.keys import MERGED
from state.lists import HERE, among, chunks
from state.marks import mark, unmark
from state.places import fact_ids, places
from state.reaching import CARRIER, DEAL, IS, NAMES, pairs, rows_of
from state.schema import (
    base,
    body,
    dirty_record,
    entry,
    fact,
    intent,
    line,
    noted,
    place,
    pool,
    sent,
    taken_back,
    version,
)
from state.stored import credits_of


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record of the CRM: its newest version (None: never read), and whether it could be read."""

    id: int
    ref: Ref
    version: RawVersion | None
    readable: bool


@dataclass(frozen=True, slots=True)
class StoredDeal(StoredRecord):
    """An opportunity with its credits, what the ledger holds for it by partner, and why it is blocked, if it is."""

    credits: tuple[Credit, ...] = ()
    posted: Mapping[str, tuple[Money, ...]] = field(default_factory=dict)
    blocked: str | None = None


@dataclass(frozen=True, slots=True)
class StoredCell:
    """One field of ours: last sent, read back, everything sent since, when, a person's edit that was noted, what was sent
    of late, and what was sent before but may land after it, with when it was last sent.
    """

    sent: str | None = None
    read_back: str | None = None
    since: tuple[str | None, ...] = ()
    written_at: datetime | None = None
    noted: tuple[str | None, str | None] | None = None
    has_base: bool = False
    lately: tuple[tuple[datetime, str | None], ...] = ()
    late: tuple[tuple[datetime, str | None], ...] = ()


class Written(Protocol):
    """What the config writes to one connection: the rules of its fields, by kind of record."""

    @property
    def account(self) -> Mapping[str, object]: ...
    @property
    def opportunity(self) -> Mapping[str, object]: ...


class Standings:
    """Reads for planning."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._here = {"here": database.workspace}

    def dirty(self, kind: str, chunk: int = 500) -> Iterator[Sequence[int]]:
        """Ids of the records of a kind that may need writing, in chunks."""
        with self._database.reading() as open_:
            ids = list(open_.execute(_DIRTY, {**self._here, "one": kind}).scalars())
        yield from chunks(ids, chunk)

    def accounts_of(self, deals: Iterable[int]) -> set[int]:
        """The accounts that these opportunities name."""
        return self._across(deals, NAMES, CARRIER, IS)

    def deals_of(self, accounts: Sequence[int]) -> dict[int, list[int]]:
        """The opportunities that name each of these accounts."""
        found: dict[int, list[int]] = {account: [] for account in accounts}
        with self._database.reading() as open_:
            own = {row[0]: id_ for id_, row in rows_of(open_, self._database.workspace, accounts) if row[2] == IS}
            for key, deal in pairs(open_, self._database.workspace, own, DEAL, (NAMES,)):
                found[own[key]].append(deal)
        return found

    def records(self, ids: Sequence[int]) -> dict[int, StoredRecord]:
        """Records with their newest versions."""
        with self._database.reading() as open_:
            return self._records(open_, ids)

    def remembered(self, ids: Sequence[int], until: datetime) -> dict[int, RawVersion]:
        """Records as they were last seen by then; without those that were not."""
        found: dict[int, RawVersion] = {}
        with self._database.reading() as open_:
            for some in chunks(sorted(ids)):
                names = places(self._database, open_)
                for row in open_.execute(_REMEMBERED, {**self._here, "some": some, "until": until}):
                    if row.payload is not None:
                        found[row.id] = _version(row, Ref(*names[row.place], row.external))
        return found

    def named(self, refs: Iterable[Ref]) -> dict[Ref, StoredRecord]:
        """Records with their newest versions, by their names outside."""
        with self._database.reading() as open_:
            ids = fact_ids(self._database, open_, refs)
            found = self._records(open_, sorted(ids.values()))
        return {each.ref: each for each in found.values()}

    def deals(self, ids: Sequence[int]) -> dict[int, StoredDeal]:
        """Opportunities as they stand; deleted ones are left out."""
        with self._database.reading() as open_:
            found = self._records(open_, ids)
            credits = credits_of(self._database, open_, ids, {id_: each.ref for id_, each in found.items()})  # noqa: A001 - the house's word
            posted = self._posted(open_, ids)
            blocked = self._blocked(open_, ids)
        return {
            id_: StoredDeal(
                id_,
                each.ref,
                each.version,
                each.readable,
                tuple(credits.get(id_, ())),
                posted.get(id_, {}),
                blocked.get(id_),
            )
            for id_, each in found.items()
        }

    def cells(self, refs: Iterable[Ref], lately: datetime | None = None) -> dict[tuple[Ref, str], StoredCell]:
        """What we know of our own fields on these records; with what was sent since ``lately``.

        A merge may give a record values that we wrote to another one (HubSpot even makes a new record of two deals): what
        was sent to the records that live on in it is ours there too.
        """
        wanted = set(refs)
        losers = self._living_on(wanted)
        found = self._cells({*wanted, *losers}, lately)
        for (ref, name), cell in list(found.items()):
            survivor = losers.get(ref)
            if survivor is None:
                continue
            theirs = (cell.sent, cell.read_back, *cell.since) if cell.has_base else cell.since
            late = cell.late
            if cell.noted is not None:  # a person's word, wherever it went
                theirs = tuple(value for value in theirs if value != cell.noted[0])
                late = tuple(each for each in late if each[1] != cell.noted[0])
            own = found.get((survivor, name), StoredCell())
            since = tuple(dict.fromkeys((*theirs, *own.since)))
            found[survivor, name] = replace(own, since=since, late=(*late, *own.late))
        return {(ref, name): cell for (ref, name), cell in found.items() if ref in wanted}

    def _living_on(self, refs: Collection[Ref]) -> dict[Ref, Ref]:
        """Merged record → which of ``refs`` it lives on as."""
        found: dict[Ref, Ref] = {}
        with self._database.reading() as open_:
            ids = {id_: ref for ref, id_ in fact_ids(self._database, open_, refs).items()}
            names = places(self._database, open_)
            for some in chunks(sorted(ids)):
                for survivor, place, external in open_.execute(MERGED, {**self._here, "some": some}):
                    found[Ref(*names[place], external)] = ids[survivor]
        return found

    def _cells(self, wanted: Collection[Ref], lately: datetime | None) -> dict[tuple[Ref, str], StoredCell]:
        found = dict[tuple[Ref, str], StoredCell]()
        with self._database.reading() as open_:
            names = places(self._database, open_)
            numbers = {place: id_ for id_, place in names.items()}
            groups: dict[int, list[str]] = {}
            for ref in sorted(wanted):
                place = numbers.get((ref.crm, ref.org, ref.object))
                if place is not None:
                    groups.setdefault(place, []).append(ref.id)
            for place, externals in groups.items():
                for some in chunks(externals):
                    asked = {**self._here, "place_id": place, "some": some}
                    later: dict[tuple[str, str], list[str | None]] = {}
                    late: dict[tuple[str, str], list[tuple[datetime, str | None]]] = {}
                    # Sorted here: asked to order by intent, SQLite reads every value ever sent in that order.
                    for each in sorted(open_.execute(_SINCE, asked), key=lambda each: each.intent):
                        key = (each.external, each.field)
                        if each.since:
                            later.setdefault(key, []).append(each.value)
                        else:
                            late.setdefault(key, []).append((each.at, each.value))
                    recent: dict[tuple[str, str], list[tuple[datetime, str | None]]] = {}
                    if lately is not None:
                        for external, name, at, value in open_.execute(_LATELY, {**asked, "lately": lately}):
                            recent.setdefault((external, name), []).append((at, value))
                    edits = {(row[0], row[1]): (row[2], row[3]) for row in open_.execute(_NOTED, asked)}
                    held = {(row.external, row.field): row for row in open_.execute(_BASE, asked)}
                    for key in later.keys() | edits.keys() | held.keys():
                        row = held.get(key)
                        found[Ref(*names[place], key[0]), key[1]] = StoredCell(
                            row.value if row else None,
                            row.read_back if row else None,
                            tuple(later.get(key, ())),
                            row.at if row else None,
                            edits.get(key),
                            row is not None,
                            tuple(recent.get(key, ())),
                            tuple(late.get(key, ())),
                        )
        return found

    def settle(self, fence: Fence, done: Iterable[int], again: Iterable[int] = ()) -> None:
        """Take the marks of records that need nothing more, and mark others."""
        for some in chunks(sorted(set(done))):
            with self._database.writing(fence) as open_:
                unmark(self._database, open_, dirty_record, some)
        for some in chunks(sorted(set(again))):
            with self._database.writing(fence) as open_:
                mark(self._database, open_, dirty_record, some, self._database.clock.now())

    def ours(self) -> Iterator[tuple[Ref, str, str | None]]:
        """Every field that carries a value of ours: record, field, value; by record."""
        query = select(base.c.place, base.c.external, base.c.field, base.c.value).where(
            base.c.workspace == self._database.workspace
        )
        with self._database.reading() as open_:
            names = places(self._database, open_)
            for row in open_.execute(query.order_by(base.c.place, base.c.external, base.c.field)):
                yield Ref(*names[row.place], row.external), row.field, row.value

    def reachable(self, sites: Mapping[str, Identity], writeback: Mapping[str, Written]) -> int:
        """How many live records there are of the kinds of which the config writes fields, to the connections it does."""
        some = [
            (site.crm, site.org, kind)
            for name, site in sites.items()
            if (section := writeback.get(name)) is not None
            for kind, fields in (("account", section.account), ("opportunity", section.opportunity))
            if fields
        ]
        return self._count(_REACHABLE, some=some)

    def quarantined(self) -> int:
        """How many records could not be read."""
        return self._count(_QUARANTINED)

    def unresolved(self) -> int:
        """How many writes have no known outcome."""
        return self._count(_UNRESOLVED)

    def _count(self, query: Select[Any], **asked: Any) -> int:
        with self._database.reading() as open_:
            return int(open_.execute(query, {**self._here, **asked}).scalar_one())

    def _across(self, ids: Iterable[int], way: int, role: int, other: int) -> set[int]:
        with self._database.reading() as open_:
            workspace = self._database.workspace
            keys = {row[0] for _, row in rows_of(open_, workspace, ids) if row[2] == way}
            return {found for _, found in pairs(open_, workspace, keys, role, (other,))}

    def _records(self, open_: Connection, ids: Sequence[int]) -> dict[int, StoredRecord]:
        names = places(self._database, open_)
        found: dict[int, StoredRecord] = {}
        for some in chunks(sorted(ids)):
            for row in open_.execute(_RECORDS, {**self._here, "some": some}):
                ref = Ref(*names[row.place], row.external)
                newest = _version(row, ref) if row.payload is not None else None
                found[row.id] = StoredRecord(row.id, ref, newest, row.quarantine is None and newest is not None)
        return found

    def _posted(self, open_: Connection, ids: Sequence[int]) -> dict[int, dict[str, tuple[Money, ...]]]:
        """A partner all of whose amount was taken back has none, as before it was posted; that is not the same as zero."""
        sums: dict[int, dict[str, list[Money]]] = {}
        for some in chunks(sorted(ids)):
            asked = {**self._here, "some": some}
            gone = {tuple(row) for row in open_.execute(_TAKEN_BACK_WHOLE, asked)}
            for opportunity, partner, currency, minor in open_.execute(_POSTED, asked):
                if minor or (opportunity, partner, currency) not in gone:
                    sums.setdefault(opportunity, {}).setdefault(partner, []).append(Money(int(minor), currency))
        return {deal: {partner: tuple(held) for partner, held in by.items()} for deal, by in sums.items()}

    def _blocked(self, open_: Connection, ids: Sequence[int]) -> dict[int, str]:
        found: dict[int, str] = {}
        for some in chunks(sorted(ids)):
            found.update((row[0], row[1]) for row in open_.execute(_BLOCKED, {**self._here, "some": some}))
        return found


def _version(row: Any, ref: Ref) -> RawVersion:
    record = RawRecord(ref, unpacked(row.payload), row.stamp, row.created_at, row.author, row.life)
    return RawVersion(record, row.hash, row.seen_at)


def _versions(which: ColumnElement[bool]) -> Select[Any]:
    """Records with those of their versions that ``which`` picks."""
    return (
        select(
            fact.c.id, fact.c.place, fact.c.external, fact.c.quarantine, version.c.hash, version.c.life,
            version.c.stamp, version.c.seen_at, version.c.created_at, version.c.author, body.c.payload,
        )
        .join_from(fact, version, (version.c.workspace == fact.c.workspace) & which)
        .join(body, (body.c.workspace == version.c.workspace) & (body.c.id == version.c.body), isouter=True)
    )  # fmt: skip


_DIRTY = (
    select(fact.c.id)
    .join_from(dirty_record, fact, (fact.c.workspace == dirty_record.c.workspace) & (fact.c.id == dirty_record.c.fact))
    .where(dirty_record.c.workspace == HERE, fact.c.kind == bindparam("one"), fact.c.life == "live")
    .order_by(fact.c.id)
)
_RECORDS = _versions(version.c.id == fact.c.version).where(
    fact.c.workspace == HERE, among(fact.c.id), fact.c.life == "live"
)
_REMEMBERED = _versions(version.c.fact == fact.c.id).where(
    version.c.workspace == HERE,
    version.c.id.in_(
        select(func.max(version.c.id))
        .where(version.c.workspace == HERE, among(version.c.fact), version.c.seen_at <= bindparam("until"))
        .group_by(version.c.fact)
    ),
)
_BASE = select(base).where(base.c.workspace == HERE, base.c.place == bindparam("place_id"), among(base.c.external))
_NOTED = select(noted.c.external, noted.c.field, noted.c.value, noted.c.desired).where(
    noted.c.workspace == HERE, noted.c.place == bindparam("place_id"), among(noted.c.external)
)
_TO_THESE = (sent.c.workspace == HERE, sent.c.place == bindparam("place_id"), among(sent.c.external))
_AFTER_BASE = base.c.field.is_(None) | (sent.c.intent > base.c.intent)
_SINCE = (
    select(sent.c.intent, sent.c.external, sent.c.field, sent.c.value, sent.c.at, _AFTER_BASE.label("since"))
    .join(
        base,
        (base.c.workspace == sent.c.workspace)
        & (base.c.place == sent.c.place)
        & (base.c.external == sent.c.external)
        & (base.c.field == sent.c.field),
        isouter=True,
    )
    .where(*_TO_THESE, _AFTER_BASE | ((sent.c.late == 1) & (sent.c.intent < base.c.intent)))
)
_LATELY = select(sent.c.external, sent.c.field, sent.c.at, sent.c.value).where(
    *_TO_THESE, sent.c.at >= bindparam("lately")
)
_TAKEN_BACK_WHOLE = (
    select(taken_back.c.opportunity, pool.c.partner, pool.c.currency)
    .join(pool, (pool.c.workspace == taken_back.c.workspace) & (pool.c.id == taken_back.c.pool))
    .where(taken_back.c.workspace == HERE, among(taken_back.c.opportunity))
    .where(taken_back.c.owed == taken_back.c.minor, taken_back.c.ended_at.is_(None))
)
_POSTED = (
    select(line.c.opportunity, pool.c.partner, pool.c.currency, func.sum(line.c.minor))
    .join_from(line, pool, (pool.c.workspace == line.c.workspace) & (pool.c.id == line.c.pool))
    .where(line.c.workspace == HERE, among(line.c.opportunity))
    .group_by(line.c.opportunity, pool.c.partner, pool.c.currency)
)
_BLOCKED = (
    select(entry.c.opportunity, func.min(entry.c.blocked))
    .where(entry.c.workspace == HERE, among(entry.c.opportunity), entry.c.blocked.is_not(None))
    .group_by(entry.c.opportunity)
)
_REACHABLE = (
    select(func.count())
    .join_from(fact, place, (place.c.workspace == fact.c.workspace) & (place.c.id == fact.c.place))
    .where(fact.c.workspace == HERE, fact.c.kind.in_(("account", "opportunity")), fact.c.life == "live")
    .where(tuple_(place.c.crm, place.c.org, fact.c.kind).in_(bindparam("some", expanding=True)))
)
_QUARANTINED = select(func.count()).where(
    fact.c.workspace == HERE, fact.c.quarantine.is_not(None), fact.c.life == "live"
)
_UNRESOLVED = select(func.count()).where(
    intent.c.workspace == HERE, intent.c.status.in_(("inflight", "unknown", "pending"))
)
