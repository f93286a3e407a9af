"""Remember what was pulled: one transaction per page for versions, merges, keys, dirty deals and the cursor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, exists, select

from partnersync.facts import Kind, Reach
from partnersync.ids import Ref
from partnersync.records import Page, RawRecord
from state.cursors import put_cursor
from state.database import Database, Fence
from state.judging import Change, Held, Judged, judge
from state.keys import Reached, replace_keys, take_over
from state.lists import HERE, among
from state.marks import all_marked, mark, mark_new
from state.places import fact_ids, place_ids, places
from state.quarantines import put_unreadable, set_reasons, take_out
from state.reaching import CARRIER, DEAL, IS, NAMES, Row, having, rows_of, touched
from state.schema import dirty, dirty_record, fact, sent, version
from state.versions import set_fields, store

_WRITTEN = ("account", "opportunity")
"""The kinds of records that fields of ours are written to."""
Reaches = Callable[[RawRecord], Reach]


class Facts:
    """The facts of a workspace.

    ``one_pull`` says that nothing is unmarked while this instance is used: then the pages of a first load, in which all is
    marked, need not find out what they touch.
    """

    def __init__(self, database: Database, *, one_pull: bool = False) -> None:
        self._database = database
        self._all_marked = None if one_pull else False

    def remember(
        self,
        fence: Fence,
        page: Page,
        kind: Kind,
        seen_at: datetime,
        connection: str,
        quarantine: Mapping[str, str],
        reach: Reaches,
        fields_hash: str,
    ) -> Counter[str]:
        """Store one page and its cursor, all or nothing; gives counts by word.

        ``quarantine`` is record id → why its values cannot be used; such a record is stored all the same and reported.
        ``fields_hash`` changes whenever ``reach`` may answer differently for the same record. Words: seen, new,
        changed, unchanged, stale, deleted, restored, merged, unreadable, quarantined, dirtied.

        Raises:
            ConflictError: the lease is lost; the page will be pulled again.
        """
        if not (page.records or page.gone or page.merged or page.unreadable or page.cursor):
            return Counter()
        database = self._database
        if not (page.records or page.gone or page.merged or page.unreadable):
            with database.writing(fence) as open_:
                put_cursor(database, open_, connection, page.object, str(page.cursor))
            return Counter()
        with database.writing(fence) as open_:
            follows = bool(page.merged) or not self._everything_is_marked(open_)
            held = self._held(open_, page)
            judged = judge(page, held, fields_hash)
            stored = store(database, open_, judged.changes, kind, seen_at, fields_hash)
            changed = list(zip(judged.changes, stored, strict=True))
            ids = {ref: each.id for ref, each in held.items()} | {change.ref: id_ for change, id_ in changed}
            reached = [
                Reached(id_, change.ref, reach(change.record), not change.is_new)
                for change, id_ in changed
                if change.record is not None
            ]
            reached += [Reached(ids[record.ref], record.ref, reach(record), True) for record in judged.rereach]
            if follows:
                deals, records = self._follow(open_, page, kind, judged, ids, reached)
            else:
                replace_keys(database, open_, kind, reached)
                new = {id_ for change, id_ in changed if change.is_new}
                deals = new if kind == "opportunity" else set()
                records = new if kind in _WRITTEN else set()
            put_mark = mark if follows else mark_new
            set_fields(database, open_, {ids[record.ref] for record in judged.rereach}, fields_hash)
            put_mark(database, open_, dirty, deals, seen_at)
            put_mark(database, open_, dirty_record, records, seen_at)
            put_unreadable(database, open_, page.unreadable, kind)
            take_out(database, open_, [record.ref for record in page.records])
            set_reasons(database, open_, self._reasons(page, held, ids, quarantine))
            if page.cursor is not None:
                put_cursor(database, open_, connection, page.object, page.cursor)
        counts = {"merged": len(page.merged), "unreadable": len(page.unreadable), "dirtied": len(deals)}
        return judged.counts + Counter(counts) + Counter(quarantined=len(quarantine))

    def aliases(self) -> Mapping[Ref, Ref]:
        """Merged record → the record it lives on as."""
        own, survivor = fact.alias("own"), fact.alias("survivor")
        query = (
            select(own.c.place, own.c.external, survivor.c.place, survivor.c.external)
            .join(survivor, (survivor.c.workspace == own.c.workspace) & (survivor.c.id == own.c.survivor))
            .where(own.c.workspace == self._database.workspace, own.c.survivor.is_not(None))
        )
        with self._database.reading() as open_:
            names = places(self._database, open_)
            return {Ref(*names[a], b): Ref(*names[c], d) for a, b, c, d in open_.execute(query)}

    def _everything_is_marked(self, open_: Connection) -> bool:
        """Whether each deal and each record to write will be looked at anyway, so that a page has to mark its new ones alone.

        A page that does keeps it so: asked once.
        """
        if self._all_marked is None:
            self._all_marked = all_marked(self._database, open_, dirty, ("opportunity",)) and all_marked(
                self._database, open_, dirty_record, _WRITTEN
            )
        return self._all_marked

    def _follow(
        self,
        open_: Connection,
        page: Page,
        kind: Kind,
        judged: Judged,
        ids: Mapping[Ref, int],
        reached: Sequence[Reached],
    ) -> tuple[set[int], set[int]]:
        """Store the keys; gives the deals and the records that the page's changes touch through them."""
        database = self._database
        touching = set(rows_of(open_, database.workspace, {ids[c.ref] for c in judged.changes if not c.is_new}))
        if page.merged:
            named = {ref for each in page.merged for ref in (each.loser, each.survivor)}
            touching |= take_over(database, open_, kind, page.merged, fact_ids(database, open_, named, make=kind))
        touching |= {(id_, (key, role, way)) for _, key, role, way, id_ in replace_keys(database, open_, kind, reached)}
        deals = touched(open_, database.workspace, touching)
        return deals, self._records(open_, kind, judged.changes, ids, touching)

    def _held(self, open_: Connection, page: Page) -> dict[Ref, Held]:
        """What is stored of the page's records: one statement per page."""
        refs = [each.ref for each in page.records]
        refs += [each.ref for each in page.gone]
        refs += [each.loser for each in page.merged]
        found: dict[Ref, Held] = {}
        ids = place_ids(self._database, open_, {(ref.crm, ref.org, ref.object) for ref in refs}, make=True)
        for (crm, org, object_), place_id in ids.items():
            named = {ref.id for ref in refs if ref.object == object_ and ref.org == org and ref.crm == crm}
            asked = {"place_id": place_id, "some": sorted(named)}
            for row in open_.execute(_HELD, {"here": self._database.workspace, **asked}):
                external, *rest = row
                found[Ref(crm, org, object_, external)] = Held(*rest)
        return found

    def _records(
        self,
        open_: Connection,
        kind: Kind,
        changes: Sequence[Change],
        ids: Mapping[Ref, int],
        touching: Iterable[tuple[int, Row]],
    ) -> set[int]:
        """The records whose fields of ours must be compared anew: what changed, and the accounts that it names or named.

        A person may have typed over a field of ours, and an account shows sums over its opportunities, so neither waits
        for other credits or entries.
        """
        if kind not in _WRITTEN:
            return set()
        changed = {ids[change.ref] for change in changes}
        named = {row[0] for _, row in touching if row[1] == DEAL and row[2] == NAMES}
        return changed | having(open_, self._database.workspace, named, CARRIER, (IS,))

    @staticmethod
    def _reasons(
        page: Page, held: Mapping[Ref, Held], ids: Mapping[Ref, int], reasons: Mapping[str, str]
    ) -> dict[int, str | None]:
        """Only what differs from what is stored, so that an unchanged page writes nothing."""
        if not held:
            return {ids[record.ref]: reasons[record.ref.id] for record in page.records if record.ref.id in reasons}
        changed: dict[int, str | None] = {}
        for record in page.records:
            before = held[record.ref].quarantine if record.ref in held else None
            if record.ref in ids and reasons.get(record.ref.id) != before:
                changed[ids[record.ref]] = reasons.get(record.ref.id)
        return changed


_WRITTEN_SINCE = exists(1).where(
    sent.c.workspace == fact.c.workspace,
    sent.c.place == fact.c.place,
    sent.c.external == fact.c.external,
    sent.c.at >= version.c.seen_at,
)
_HELD = (
    select(
        fact.c.external, fact.c.id, fact.c.hash, fact.c.life, fact.c.stamp, fact.c.gone_at, version.c.body, fact.c.fields,
        fact.c.quarantine, _WRITTEN_SINCE,
    )
    .join_from(
        fact, version, (version.c.workspace == fact.c.workspace) & (version.c.id == fact.c.version), isouter=True
    )
    .where(fact.c.workspace == HERE, fact.c.place == bindparam("place_id"), among(fact.c.external))
)  # fmt: skip
