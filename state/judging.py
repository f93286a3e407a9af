"""What a pulled page changes, decided before anything is written.

The newest word wins by the source's own stamps, because pages overlap and search indexes lag:

    record, body as stored                nothing: a cold read of an unchanged CRM writes nothing
    the same, changed since we wrote it   a new look: somebody put back what stood there before
    record older than what is stored      stale: ignored, unless the page is part of a full read
    record over a deletion                restored if it changed after the deletion, or a full read shows it
    deletion older than a stored change   ignored; so is one that was undone already
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from partnersync.frozen import frozen
from partnersync.ids import Ref
from partnersync.records import Life, Page, RawRecord
from state.bodies import hash_of_deletion, packed


@dataclass(frozen=True, slots=True)
class Held:
    """What is stored of a fact now; ``hash`` None: only its name is known. ``written``: we sent it values since it was seen."""

    id: int
    hash: str | None = None
    life: str = "unseen"
    stamp: datetime | None = None
    gone_at: datetime | None = None
    body: int | None = None
    fields: str | None = None
    quarantine: str | None = None
    written: bool = False


UNSEEN = Held(0)
"""Nothing is stored, not even the name."""


@frozen()
class Change:
    """A new version of one fact; ``payload`` None keeps the body that is there, ``before`` is what the fact was."""

    ref: Ref
    hash: str
    life: Life
    stamp: datetime
    gone_at: datetime | None
    payload: str | None
    record: RawRecord | None
    before: Held

    @property
    def is_new(self) -> bool:
        """Whether the fact has no row yet."""
        return self.before is UNSEEN


@dataclass(slots=True)
class Judged:
    """The page's changes; ``rereach`` are records whose body is known but whose keys must be computed anew."""

    changes: list[Change] = field(default_factory=list)
    rereach: list[RawRecord] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


def judge(page: Page, held: Mapping[Ref, Held], fields: str) -> Judged:
    """What ``page`` changes of what is ``held``."""
    judged = Judged()
    gone = {each.loser: each.at for each in page.merged} | {each.ref: each.at for each in page.gone}
    newest = {record.ref: record for record in page.records}
    if len(newest) < len(page.records):
        for record in page.records:
            if record.stamp > newest[record.ref].stamp:
                newest[record.ref] = record
    judged.counts["seen"] = len(newest)
    for ref, record in newest.items():
        if gone and ref in gone and gone[ref] >= record.stamp:
            before = held.get(ref, UNSEEN)
            if before.hash is None:
                _judge_record(replace(record, life="deleted", stamp=gone[ref]), before, page, fields, judged)
            continue
        _judge_record(record, held.get(ref, UNSEEN) if held else UNSEEN, page, fields, judged)
    replaced = {change.ref: change for change in judged.changes} if gone else {}
    for ref, at in gone.items():
        change = replaced.get(ref)
        if change is not None and change.stamp > at:
            continue
        _judge_deletion(ref, at, held.get(ref), judged)
    return judged


def _judge_record(record: RawRecord, held: Held, page: Page, fields: str, judged: Judged) -> None:
    if record.life == "deleted":
        at = record.stamp
        if held.hash is None:
            payload, hash_ = packed(record.values)
            judged.counts["deleted"] += 1
            judged.changes.append(Change(record.ref, hash_of_deletion(hash_), "deleted", at, at, payload, record, held))
        else:
            _judge_deletion(record.ref, at, held, judged)
        return
    older = held.stamp is not None and record.stamp < held.stamp
    if held.life == "deleted" and not page.full and (held.gone_at is None or record.stamp <= held.gone_at):
        judged.counts["stale"] += 1
        return
    if older and not page.full:
        judged.counts["stale"] += 1
        return
    payload, hash_ = packed(record.values)
    if hash_ == held.hash:
        if held.written and _changed_since(record.stamp, held.stamp, page.tick):
            judged.counts["changed"] += 1
            judged.changes.append(Change(record.ref, hash_, "live", record.stamp, held.gone_at, None, record, held))
            return
        judged.counts["unchanged"] += 1
        if fields != held.fields:
            judged.rereach.append(record)
        return
    word = "new" if held.hash is None else "restored" if held.life == "deleted" else "changed"
    judged.counts[word] += 1
    judged.changes.append(Change(record.ref, hash_, "live", record.stamp, held.gone_at, payload, record, held))


def _changed_since(stamp: datetime, before: datetime | None, tick: timedelta) -> bool:
    """Whether a record bears the stamp of another change than the one that we saw; not what an index shows belatedly."""
    return before is None or stamp > before or (stamp == before and bool(tick))


def _judge_deletion(ref: Ref, at: datetime, held: Held | None, judged: Judged) -> None:
    if held is None or held.hash is None or held.life == "deleted":
        return
    undone = held.gone_at is not None and at <= held.gone_at
    if undone or (held.stamp is not None and held.stamp > at):
        return
    judged.counts["deleted"] += 1
    judged.changes.append(Change(ref, hash_of_deletion(held.hash), "deleted", at, at, None, None, held))
