"""Recollect: after a restore, put back into the journal what the restored database has forgotten that we wrote.

What a field of ours came to say since the backup, and that we claim (``reconcile.writeback.ours``), counts as written by us:
before anything is decided, so that it is no partner's evidence, and before the merge, so that it is no person's edit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Literal

from partnersync.changes import Done, Intent
from partnersync.facts import RawVersion
from partnersync.ids import Ref, intent_key
from partnersync.records import Unreadable
from reconcile.writeback.ours import Look, Restored, claim, would_write
from service.shop import Shop
from service.steps.cells import NONE_KNOWN, says
from service.steps.rules import Rules
from state.database import Fence
from state.dossiers import Dossiers
from state.journal import Journal
from state.standings import Standings, StoredCell, StoredRecord

TOLD = "taken for ours after a restore"
_Kind = Literal["opportunity", "account"]


def recollect(shop: Shop, fence: Fence, rules: Rules, until: datetime) -> None:
    """Journal what came since ``until``, the last instant that the backup remembers, and is ours."""
    journal = Journal(shop.database, fence)
    for kind in ("opportunity", "account"):
        for fields in _written(shop, kind, until):
            ours: dict[Ref, dict[str, str | None]] = {}
            for each in _ours(shop, rules, fields):
                ours.setdefault(each.ref, {})[each.field] = each.now.value
            if ours:
                intents = [_intent(shop.settings.workspace, ref, said) for ref, said in ours.items()]
                journal.begin(intents)
                journal.finish([Done(each, "verified", each.desired, message=TOLD) for each in intents])


def _written(shop: Shop, kind: _Kind, until: datetime) -> Iterator[list[Restored]]:
    """The fields that we write, by chunks of records of a kind that were read anew."""
    store = Standings(shop.database)
    for ids in store.dirty(kind):
        records = store.records(ids)
        cells = store.cells(each.ref for each in records.values())
        before = store.remembered(ids, until)
        yield [each for id_, record in records.items() for each in _fields(shop, kind, record, before.get(id_), cells)]


def _fields(
    shop: Shop,
    kind: _Kind,
    record: StoredRecord,
    before: RawVersion | None,
    cells: Mapping[tuple[Ref, str], StoredCell],
) -> Iterator[Restored]:
    name = shop.connection_of(record.ref.crm, record.ref.org) or ""
    section, site, version = shop.settings.writeback.get(name), shop.sites.get(name), record.version
    if section is None or version is None:
        return
    by_us = site is not None and bool(site.user) and version.record.author == site.user
    rules = section.opportunity if kind == "opportunity" else section.account
    for field, rule in rules.items():
        known = cells.get((record.ref, field), NONE_KNOWN)
        yield Restored(
            record.ref,
            field,
            rule,
            now=Look(*says(version, field, known)),
            before=Look(*says(before, field, known)) if before is not None else None,
            known=(known.sent, known.read_back, *known.since),
            written=known.has_base,
            by_us=by_us,
        )


def _ours(shop: Shop, rules: Rules, fields: Sequence[Restored]) -> Iterator[Restored]:
    """Those that say what we claim, and have proved it where they must."""
    doubtful: dict[Ref, list[Restored]] = {}
    for each in fields:
        match claim(each, rules.book):
            case "sure":
                yield each
            case "on proof":
                doubtful.setdefault(each.ref, []).append(each)
            case "none":
                pass
    for raw in Dossiers(shop.database).stream(list(doubtful), rules.as_of) if doubtful else ():
        dossier = shop.reader.canonical(raw)
        if not isinstance(dossier, Unreadable):
            doubts = doubtful[raw.history[-1].record.ref]
            yield from (each for each in doubts if would_write(each, dossier, rules.book, rules.as_of))


def _intent(workspace: str, ref: Ref, ours: Mapping[str, str | None]) -> Intent:
    told = [f"{name}={'' if value is None else '=' + value}" for name, value in sorted(ours.items())]
    return Intent(intent_key("recollected", workspace, str(ref), *told), ref, ours)
