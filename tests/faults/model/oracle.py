"""What must be true when a world has come to rest, judged by the CRMs' own full state and by a workspace made this minute.

In this order, because each level may mend what the one before has missed: what a hot pull promises after hot pulls alone,
archived and merged records after a warm one, everything after a cold one. Then a second workspace with an empty database
looks at the same CRMs: what it would write, pay and ask for is what must be there already, unless a person wanted otherwise.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any, Literal

from connectors.base import Freshness
from partnersync.changes import FieldChange, TaskChange
from partnersync.errors import UnsafePlanError
from partnersync.facts import Kind
from partnersync.records import RawRecord
from service.cycle import Report
from service.shop import Shop
from service.steps.writer import text_of
from state.dossiers import Dossiers
from state.ledger import Ledger
from tests.faults.model.ground import CRMS, Ended, Ground
from tests.faults.model.people import People, gone, key_of
from tests.faults.model.programme import ALSO_OURS, NAMES, OURS_ON, THEIRS

Level = Literal["hot", "warm", "cold"]
UNSTAMPED = frozenset({"hs_primary_associated_company"})
"""Fields that change without a stamp: read by the cold class alone."""
NEVER = frozenset({"createdate"})
MONEY = frozenset({"Partner_Commission__c", "partnersync_commission"})
_RESTS = 6
Lines = list[tuple[Any, ...]]


@dataclass(slots=True)
class Oracle:
    """Judges one world; ``honest`` gives the product back its own ways while the second workspace looks."""

    ground: Ground
    people: People
    honest: Callable[[], AbstractContextManager[None]] = nullcontext
    lines: Lines = field(default_factory=list)
    forgiven: set[tuple[str, str, str, str]] = field(default_factory=set)
    """Edits whose story a restored database forgot."""
    forgot: bool = False
    """A restored database takes a forgotten task of its own for edited, where its due day has moved, and leaves it open."""
    unknown: set[tuple[str, str, str, str]] = field(default_factory=set)
    """Fields that were filled when a database was restored that had never written them, on a record in the recycle bin, or
    while the config did not name them yet: a person's by a stated limit."""
    doubles: set[tuple[str, str]] = field(default_factory=set)
    """Tasks that a runner made which stood still behind its last look at the lease until another one had made them, where no CRM
    holds the key unique: twice by a stated limit."""

    def at_rest(self) -> list[str]:
        """Let everything come to rest; gives what is wrong then."""
        ground = self.ground
        ground.world.faults.remove()
        ground.transaction = None
        ground.world.settings.update("salesforce", {"in_flight_s": 0, "late_commit_s": 0})
        ground.skew, ground.impatient = timedelta(), False
        ground.moments.begin()
        ground.move(300)
        self.before_a_cycle()
        levels: tuple[Level, ...] = ("hot", "warm", "cold")
        for level in levels:
            wrong = self._rest(level) or self._believes(level)
            if wrong:
                return [f"after {level}: {each}" for each in wrong]
        return self._idle() or self._agrees()

    def still_appended(self) -> list[str]:
        """Whether the ledger only grew since the last look."""
        before, self.lines = self.lines, self._ledger()
        return [] if self.lines[: len(before)] == before else ["the ledger changed lines that were posted"]

    def insisted(self) -> list[str]:
        """Whether every write told Salesforce, as the config says, to save what a duplicate rule objects to."""
        told = self._rows("SELECT external, message FROM intent WHERE code = 'DUPLICATES_DETECTED'")
        return [f"a duplicate rule kept us from writing to {id_}: {message}" for id_, message in told]

    def restored(self) -> None:
        """The database is an older one from now on."""
        self.lines = self._ledger()
        self.forgot = True
        self.forgiven |= set(self.people.typed)
        self._in_the_bin()
        self._not_asked_for()

    def before_a_cycle(self) -> None:
        """What people typed until the first run after a restore may as well be a write of ours that was forgotten."""
        if self._rows("SELECT 1 FROM workspace WHERE remembers_until IS NOT NULL"):
            self.forgiven |= set(self.people.typed)
            self._in_the_bin()

    def _in_the_bin(self) -> None:
        query = "SELECT p.crm, p.object, b.external, b.field FROM base b JOIN place p ON p.id = b.place"
        based = set(self._rows(query))
        for (crm, kind), fields in OURS_ON.items():
            for id_, row in self.people.all(crm, kind).items():
                said = row.get("properties", row) if gone(crm, row) else {}
                cells = ((crm, NAMES[crm][kind], id_, name) for name in (*fields, *ALSO_OURS) if said.get(name))
                self.unknown |= set(cells) - based

    def _not_asked_for(self) -> None:
        """Fields that the restored database never read on records that it knows."""
        known = self._rows(
            "SELECT p.crm, p.object, f.external, b.payload FROM fact f JOIN place p ON p.id = f.place"
            " JOIN version v ON v.id = f.version JOIN body b ON b.id = v.body"
        )
        read = {(crm, object_, id_): json.loads(payload).keys() for crm, object_, id_, payload in known}
        for crm, kind in OURS_ON:
            object_ = NAMES[crm][kind]
            for id_, row in self.people.rows(crm, kind).items():
                hidden = set(ALSO_OURS) - read.get((crm, object_, id_), set(ALSO_OURS))
                self.unknown |= {(crm, object_, id_, name) for name in hidden if row.get("properties", row).get(name)}

    def runs(self, owner: str) -> bool:
        """Whether the runner of this name holds the lease and has more to do than to go."""
        held = self._rows("SELECT 1 FROM lease WHERE owner = ?", owner)
        newest = self._rows("SELECT ended_at FROM run ORDER BY id DESC LIMIT 1")
        return bool(held and newest and newest[0][0] is None)

    # -- coming to rest ----------------------------------------------------------------------------------------------

    def _rest(self, level: Freshness) -> list[str]:
        wrong, ended = "", Ended()
        for turn in range(_RESTS):
            self.ground.move(61)
            self.ground.world.counters.reset()
            # Not each time: a person who approves also insists on what was refused.
            person = "dana" if turn == 0 or isinstance(ended.error, UnsafePlanError) else None
            ended = self.ground.cycle(level if turn == 0 else "hot", approve=person)
            wrong = _failed(ended)
            if not wrong and not self._written() and ended.report and not ended.report.posted:
                return []
        return [f"it does not come to rest: {wrong or self._changes(ended.report)}"]

    def _idle(self) -> list[str]:
        self.ground.move(1)
        self.ground.world.counters.reset()
        ended = self.ground.cycle("hot")
        wrong = _failed(ended)
        if wrong:
            return [f"an idle cycle fails: {wrong}"]
        found = [f"an idle cycle sends {self._written()} writes"] if self._written() else []
        open_ = self._rows(
            "SELECT status, count(*) FROM intent WHERE status IN ('inflight', 'unknown') GROUP BY status"
        )
        return found + [f"the journal holds {count} {status}" for status, count in open_] + self.still_appended()

    def _written(self) -> int:
        return self.ground.world.counters.total(write=True)

    # -- no row lost, no ghost ---------------------------------------------------------------------------------------

    def _believes(self, level: Level) -> list[str]:
        with self.ground.opened() as shop:
            held = {(r.ref.crm, r.ref.object, r.ref.id): r for r in _live(shop)}
            feeds = {(feed.connection, feed.object): feed.fields for feed in shop.feeds}
        wrong: list[str] = []
        there: set[tuple[str, str, str]] = set()
        for crm in CRMS:
            primary = self._primary() if crm == "hubspot" else {}
            for kind in ("account", "deal"):
                object_ = NAMES[crm][kind]
                for id_, row in self.people.rows(crm, kind).items():
                    there.add((crm, object_, id_))
                    said = {**row.get("properties", row), "hs_primary_associated_company": primary.get(id_)}
                    wrong += self._same(
                        held.get((crm, object_, id_)), said, feeds[crm, object_], level, (crm, object_, id_)
                    )
        ghosts = [name for name in sorted(held.keys() - there) if level != "hot" or name[0] == "salesforce"]
        return wrong + [f"{'/'.join(name)} is believed to live and does not" for name in ghosts]

    def _same(
        self,
        record: RawRecord | None,
        said: Mapping[str, Any],
        fields: tuple[str, ...],
        level: Level,
        name: tuple[str, str, str],
    ) -> list[str]:
        if record is None:
            return [f"{'/'.join(name)} is not known"]
        return [
            f"{'/'.join(name)}.{each} says {said.get(each)!r}, believed {record.values.get(each)!r}"
            for each in fields
            if each not in NEVER
            and (level == "cold" or each not in UNSTAMPED)
            and _plain(record.values.get(each)) != _plain(said.get(each))
        ]

    def _primary(self) -> dict[str, str]:
        rows = self.ground.world.hubspot.dump("associations", True)
        return {
            row["from"].partition("/")[2]: row["to"].partition("/")[2]
            for row in rows
            if row["typeId"] == 5 and row["from"].startswith("0-3/")
        }

    # -- as a workspace would have it that was made now ---------------------------------------------------------------

    def _agrees(self) -> list[str]:
        shutil.copy(self.ground.empty, self.ground.folder / "fresh.db")
        try:
            with self.honest(), self.ground.opened(state="fresh.db", overwrite=True) as shop:
                ended = self.ground.cycle("cold", shop=shop, apply=False)
        finally:
            for file in self.ground.folder.glob("fresh.db*"):
                file.unlink()
        if ended.report is None or ended.report.plan is None or ended.report.failed:
            return [f"the second workspace fails: {_failed(ended)}"]
        return self._fields(ended.report) + self._tasks(ended.report) + self._money(ended.report)

    def _fields(self, fresh: Report) -> list[str]:
        assert fresh.plan is not None
        noted = {
            (crm, object_, id_, name): value
            for crm, object_, id_, name, value in self._rows(
                "SELECT p.crm, p.object, n.external, n.field, n.value FROM noted n JOIN place p"
                " ON p.workspace = n.workspace AND p.id = n.place"
            )
        }
        nobody = sorted(noted.keys() - self.people.typed.keys() - self.unknown)
        wrong = [f"an override of {'/'.join(cell)} ({noted[cell]!r}) that nobody typed" for cell in nobody]
        for change in fresh.plan.changes:
            if not isinstance(change, FieldChange) or change.action not in ("write", "clear"):
                continue
            cell = (change.ref.crm, change.ref.object, change.ref.id, change.field)
            if change.field in MONEY and not _number(change.current) and not _number(change.desired):
                continue  # what was paid and taken back says 0, what was never paid says nothing
            theirs = cell in self.people.typed and _number(self.people.typed[cell]) == _number(change.current)
            if cell not in self.unknown and not (theirs and (change.field in THEIRS or cell in noted)):
                wrong.append(
                    f"{'/'.join(cell)} says {change.current!r} and should say {change.desired!r} ({change.why})"
                )
        return wrong + list(self._overwritten())

    def _overwritten(self) -> Iterator[str]:
        """Edits that are gone though nobody but a person had reason to take them away."""
        for cell, value in self.people.typed.items():
            crm, object_, id_, name = cell
            kind = next(kind for kind in ("account", "deal") if NAMES[crm][kind] == object_)
            row = self.people.rows(crm, kind).get(id_)
            if row is None or name not in THEIRS or value is None or cell in self.forgiven | self.people.inherited:
                continue
            said = row.get("properties", row).get(name)
            if said != value and not self._adopted(crm, object_, id_, name, value):
                yield f"a person typed {value!r} into {'/'.join(cell)}, and it says {said!r}"

    def _adopted(self, crm: str, object_: str, id_: str, name: str, value: str) -> bool:
        """Whether what a person typed was at some time what we wanted too: from then on it is ours."""
        told = self._rows(
            "SELECT change FROM plan_change WHERE change LIKE '%\"adopt\"%' AND change LIKE ?", f'%"{id_}"%'
        )
        told += self._rows(
            "SELECT change FROM plan_change WHERE change LIKE '%\"adopt\"%' AND change LIKE ?", f'%/{id_}"%'
        )
        return any(f'"{name}"' in each and f'"{value}"' in each for (each,) in told)

    def _tasks(self, fresh: Report) -> list[str]:
        assert fresh.plan is not None
        wanted = {
            c.key: c.record for c in fresh.plan.changes if isinstance(c, TaskChange) and c.action == "task_create"
        }
        keys: Counter[str] = Counter()
        wrong: list[str] = []
        ours = dict(self._rows("SELECT key, record FROM task"))
        deals = {f"{crm}/{id_}" for crm in CRMS for id_ in self.people.rows(crm, "deal")}
        for crm in CRMS:
            for id_, row in self.people.all(crm, "task").items():
                key = key_of(crm, row)
                if key is None or (crm, id_) in self.doubles:
                    continue
                keys[key] += 1
                fields = row.get("properties", row)
                open_ = not gone(crm, row) and fields.get(NAMES[crm]["done"]) not in ("Completed", "COMPLETED")
                about = str(ours.get(key, "")).rpartition("/")[2]
                alive = f"{crm}/{about}" in deals
                if open_ and key not in wanted and alive and not self.forgot and (crm, id_) not in self.people.edited:
                    wrong.append(f"the task {crm}/{id_} of {about} is open and its reason is gone")
        wrong += [f"the task of {record} exists {keys[key]} times" for key, record in wanted.items() if keys[key] > 1]
        wrong += [f"the task of {record} is missing" for key, record in wanted.items() if not keys[key]]
        return wrong + [
            f"a task with the key {key} exists {n} times" for key, n in keys.items() if n > 1 and key not in wanted
        ]

    def _money(self, fresh: Report) -> list[str]:
        ours: dict[tuple[str, str, str], int] = defaultdict(int)
        with self.ground.opened() as shop:
            for posted in Ledger(shop.database).totals():
                ours[str(posted.key.opportunity), posted.key.partner, posted.key.currency] += posted.minor
        right = {
            (str(deal), partner, currency): minor
            for deal, sums in fresh.moved.by_deal.items()
            for (partner, currency), minor in sums.items()
            if minor
        }
        posted_ = {key: minor for key, minor in ours.items() if minor}
        return [
            f"{' '.join(key)} is paid {posted_.get(key, 0)} and is owed {right.get(key, 0)}"
            for key in sorted(posted_.keys() | right.keys())
            if posted_.get(key, 0) != right.get(key, 0)
        ]

    # -- looking into our database -----------------------------------------------------------------------------------

    def _ledger(self) -> Lines:
        return self._rows("SELECT * FROM line ORDER BY rowid")

    def _rows(self, query: str, *values: Any) -> Lines:
        with closing(sqlite3.connect(self.ground.folder / "state.db")) as database:
            return database.execute(query, values).fetchall()

    @staticmethod
    def _changes(report: Report | None) -> str:
        changes = report.plan.changes if report and report.plan else ()
        told = [f"{c.action} {getattr(c, 'field', 'task')}" for c in changes[:4]]
        return f"still writes {', '.join(told)} {report.counts()['applied'] if report else ''}"


def _live(shop: Shop) -> Iterator[RawRecord]:
    kinds: tuple[Kind, ...] = ("account", "opportunity")
    for kind in kinds:
        for version in Dossiers(shop.database).facts_of(kind):
            if version.record.life == "live" and version.record.ref.crm in CRMS:
                yield version.record


def _failed(ended: Ended) -> str:
    if ended.error is not None:
        return f"{type(ended.error).__name__}: {ended.error}"
    return "; ".join(f"{name}: {why}" for name, why in ended.report.failed.items()) if ended.report else "no report"


def _plain(value: Any) -> str | None:
    if isinstance(value, float):
        value = Decimal(str(value))
    if isinstance(value, (Decimal, int)) and not isinstance(value, bool):
        return f"{Decimal(value).normalize():f}"
    return text_of(value)


def _number(text: str | None) -> Decimal | str | None:
    """Numbers by their value, other texts as they are."""
    try:
        return Decimal(text or "x")
    except ArithmeticError:
        return text or None
