"""Replace what was decided about deals, and mark only what really changed: pools to settle, records to write."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Delete, bindparam, delete, insert, select, update

from partnersync.credits import Credit, Finding
from partnersync.ids import Ref, digest
from partnersync.lines import Entry, FrozenRate
from state.database import Database, Fence
from state.lists import HERE, among, chunks
from state.marks import insert_new, mark, unmark, upsert
from state.places import fact_ids, refs_of
from state.pools import pool_ids
from state.reaching import CARRIER, IS, NAMES, having, rows_of
from state.schema import credit, dirty, dirty_pool, dirty_record, entry, finding, frozen_rate, standing
from state.stored import credits_of, evidence_row


@dataclass(frozen=True, slots=True)
class Decided:
    """Everything decided about one deal; ``good_until``: time alone may change it then (None: never).

    Of a deal that is not ``readable`` nothing was decided: what is stored of it stays.
    """

    opportunity: Ref
    credits: tuple[Credit, ...] = ()
    entries: tuple[Entry, ...] = ()
    rates: tuple[FrozenRate, ...] = ()
    findings: tuple[Finding, ...] = ()
    good_until: datetime | None = None
    readable: bool = True


class Credits:
    """Credits, entries, findings and frozen rates of a workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._workspace = database.workspace

    def replace(self, fence: Fence, decided: Sequence[Decided], config: str) -> Counter[str]:
        """Store what was decided under the config snapshot ``config`` and take the deals' dirty marks away.

        Counts: decided, credited (deals whose credits changed), entered (deals whose entries changed), pools, rates.
        A frozen rate that is stored stays as it is.
        """
        with self._database.writing(fence) as open_:
            ids = fact_ids(self._database, open_, {each.opportunity for each in decided})
            by_id = {ids[each.opportunity]: each for each in decided if each.readable}
            credited, anew = self._credits(open_, by_id, config)
            now = self._database.clock.now()
            entered, pools = self._entries(open_, by_id, now, anew)
            rates = self._rates(open_, by_id)
            mark(self._database, open_, dirty_pool, pools, now)
            # Other rules may say something else of the same credits: a stage, a partner's name, a word for a role.
            self._mark_records(open_, credited | entered | anew)
            unmark(self._database, open_, dirty, ids.values())
            for some in chunks(sorted(ids[each.opportunity] for each in decided if not each.readable)):
                open_.execute(_UNDECIDED, {"here": self._workspace, "some": some, "rules": config})
        counts = {"credited": len(credited), "entered": len(entered), "pools": len(pools), "rates": rates}
        return Counter({"decided": len(decided), **counts})

    def stream(self, chunk: int = 5000) -> Iterator[Credit]:
        """All credits, by deal in the order of first sight."""
        query = select(standing.c.opportunity).where(standing.c.workspace == self._workspace)
        with self._database.reading() as open_:
            deals = sorted(open_.execute(query).scalars())
        for some in chunks(deals, chunk):
            with self._database.reading() as open_:
                given = credits_of(self._database, open_, some, refs_of(self._database, open_, some))
            for deal in some:
                yield from given.get(deal, ())

    def findings(self, opportunity: Ref | None = None) -> Iterator[Finding]:
        """All findings, or those of one opportunity, by code."""
        query = select(finding).where(finding.c.workspace == self._workspace)
        with self._database.reading() as open_:
            if opportunity is not None:
                known = fact_ids(self._database, open_, [opportunity])
                query = query.where(finding.c.opportunity == known.get(opportunity, 0))
            rows = open_.execute(query.order_by(finding.c.code, finding.c.opportunity, finding.c.ordinal)).all()
        for row in rows:
            yield Finding(row.code, Ref.parse(row.ref), row.message, row.severity)

    def _credits(self, open_: Connection, by_id: Mapping[int, Decided], config: str) -> tuple[set[int], set[int]]:
        """Store credits and findings; the deals whose credits changed, and those that were decided by other rules before."""
        held: dict[int, Any] = {}
        for some in chunks(sorted(by_id)):
            stood = open_.execute(_STOOD, {"here": self._workspace, "some": some})
            held.update((row.opportunity, row) for row in stood)
        credited, noticed, anew = set(), set(), set()
        rows, findings, stands = [], [], []
        for id_, each in by_id.items():
            new = [self._credit_row(id_, place, one) for place, one in enumerate(each.credits)]
            told = [self._finding_row(id_, place, one) for place, one in enumerate(each.findings)]
            hashes = digest([[{**row, "share": str(row["share"])} for row in new]]), digest(told)
            row = held.get(id_)
            before = tuple(row.hash.split(".")) if row else ("", "")
            if (row is None and new) or (row is not None and before[0] != hashes[0]):
                credited.add(id_)
                rows += new
            if (row is None and told) or (row is not None and before[1] != hashes[1]):
                noticed.add(id_)
                findings += told
            stand = {"hash": ".".join(hashes), "config": config, "good_until": each.good_until}
            if row is not None and row.config != config:
                anew.add(id_)
            if row is None or any(getattr(row, name) != value for name, value in stand.items()):
                stands.append({"workspace": self._workspace, "opportunity": id_, **stand})
        self._rewrite(open_, credit, credited, rows)
        self._rewrite(open_, finding, noticed, findings)
        if stands:
            now = self._database.clock.now()
            open_.execute(upsert(self._database, standing), [{**each, "decided_at": now} for each in stands])
        return credited, anew

    def _rewrite(self, open_: Connection, table: Any, deals: Iterable[int], rows: Sequence[Mapping[str, Any]]) -> None:
        for some in chunks(sorted(deals)):
            open_.execute(_clearing(table), {"here": self._workspace, "some": some})
        if rows:
            open_.execute(insert(table), rows)

    def _entries(
        self, open_: Connection, by_id: Mapping[int, Decided], now: datetime, anew: Collection[int]
    ) -> tuple[set[int], set[int]]:
        """The deals whose entries changed, and the pools to settle: other rules pay another amount for the same entry."""
        pools = pool_ids(self._database, open_, {one.pool for each in by_id.values() for one in each.entries})
        after: dict[tuple[int, int, int], dict[str, Any]] = {}
        for id_, each in by_id.items():
            ordinals: Counter[int] = Counter()
            for one in each.entries:
                pool_id = pools[one.pool]
                after[pool_id, id_, ordinals[pool_id]] = self._entry_row(pool_id, id_, ordinals[pool_id], one)
                ordinals[pool_id] += 1
        before: dict[tuple[int, int, int], str] = {}
        for some in chunks(sorted(by_id)):
            entered = open_.execute(_ENTERED, {"here": self._workspace, "some": some})
            before.update(((row[0], row[1], row[2]), row[3]) for row in entered)
        new = [key for key, row in after.items() if before.get(key) != row["hash"]]
        old = [key for key, hash_ in before.items() if key not in after or after[key]["hash"] != hash_]
        if old:
            here = {"here": self._workspace}
            open_.execute(_LEFT, [{**here, "p": key[0], "d": key[1], "n": key[2]} for key in old])
        if new:
            open_.execute(insert(entry), [{**after[key], "entered_at": now} for key in new])
        ruled = [key for key in after if key[1] in anew]
        return {key[1] for key in [*new, *old]}, {key[0] for key in [*new, *old, *ruled]}

    def _rates(self, open_: Connection, by_id: Mapping[int, Decided]) -> int:
        rows = [
            {
                "workspace": self._workspace,
                "opportunity": id_,
                "generation": one.generation,
                "base": one.rate.base,
                "quote": one.rate.quote,
                "asked_on": one.asked_on,
                "rate_on": one.rate.on,
                "value": one.rate.value,
                "path": one.rate.path,
                "frozen_at": self._database.clock.now(),
            }
            for id_, each in by_id.items()
            for one in each.rates
        ]
        if rows:
            open_.execute(insert_new(self._database, frozen_rate), rows)
        return len(rows)

    def _mark_records(self, open_: Connection, deals: set[int]) -> None:
        """The deals and the accounts that they name: both may carry fields of ours."""
        named = {row[0] for _, row in rows_of(open_, self._workspace, deals) if row[2] == NAMES}
        accounts = having(open_, self._workspace, named, CARRIER, (IS,))
        mark(self._database, open_, dirty_record, deals | accounts, self._database.clock.now())

    def _credit_row(self, id_: int, place: int, one: Credit) -> dict[str, Any]:
        return {
            "workspace": self._workspace,
            "opportunity": id_,
            "ordinal": place,
            "role": one.role,
            "partner": one.partner,
            "share": one.share,
            "minor": one.amount.minor if one.amount else None,
            "currency": one.amount.currency if one.amount else None,
            "rule": one.rule,
            "program": one.program,
            "evidence": [evidence_row(each) for each in one.evidence],
            "good_until": one.good_until,
        }

    def _finding_row(self, id_: int, place: int, one: Finding) -> dict[str, Any]:
        told = {"code": one.code, "ref": str(one.ref), "message": one.message, "severity": one.severity}
        return {"workspace": self._workspace, "opportunity": id_, "ordinal": place, **told}

    def _entry_row(self, pool_id: int, id_: int, ordinal: int, one: Entry) -> dict[str, Any]:
        rate = one.rate
        row: dict[str, Any] = {
            "generation": one.generation,
            "version": one.version,
            "rule": one.rule,
            "role": one.role,
            "effective_on": one.effective_on,
            "created_at": one.created_at,
            "source_key": one.source_key,
            "basis": one.basis,
            "share": one.share,
            "rate": [rate.base, rate.quote, rate.on, str(rate.value), rate.path] if rate else None,
            "blocked": one.blocked,
            "facts": list(one.facts),
            "context": dict(one.context),
            "good_until": one.good_until,
        }
        # What it cites is no part of the hash: our own write makes a new version of the deal, and must not settle it anew.
        hash_ = digest({**row, "basis": str(one.basis), "share": str(one.share), "facts": None})
        return {
            "workspace": self._workspace,
            "pool": pool_id,
            "opportunity": id_,
            "ordinal": ordinal,
            "hash": hash_,
            "cites": dict(one.cites),
        } | row


_STOOD = select(standing).where(standing.c.workspace == HERE, among(standing.c.opportunity))
_UNDECIDED = (
    update(standing)
    .where(standing.c.workspace == HERE, among(standing.c.opportunity))
    .values(config=bindparam("rules"))
)
_ENTERED = select(entry.c.pool, entry.c.opportunity, entry.c.ordinal, entry.c.hash).where(
    entry.c.workspace == HERE, among(entry.c.opportunity)
)
_LEFT = delete(entry).where(
    entry.c.workspace == HERE,
    entry.c.pool == bindparam("p"),
    entry.c.opportunity == bindparam("d"),
    entry.c.ordinal == bindparam("n"),
)


@cache
def _clearing(table: Any) -> Delete:
    return delete(table).where(table.c.workspace == HERE, among(table.c.opportunity))
