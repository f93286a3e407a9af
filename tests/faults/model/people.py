"""What people do in both CRMs, and what the harness must know of it to judge us by: whose word stands where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from partnersync.clock import parse_instant
from sandbox.wire import Vendor
from tests.faults.model.ground import CRMS, Ground
from tests.faults.model.programme import NAMES, OURS_ON, PARTNERS, REP, STAGES, WON, account, deal

Cell = tuple[str, str, str, str]
"""CRM, object, record, field."""
DEAL_TO_COMPANY = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 5}


@dataclass(slots=True)
class People:
    """Reps of one world. ``typed`` is what they typed over fields of ours, ``edited`` the tasks that they changed."""

    ground: Ground
    typed: dict[Cell, str | None] = field(default_factory=dict)
    inherited: set[Cell] = field(default_factory=set)
    """What came by a merge: typed into one record, and perhaps what we had written into the other."""
    edited: set[tuple[str, str]] = field(default_factory=set)
    once_won: set[tuple[str, str]] = field(default_factory=set)
    count: int = 0
    locked_since: datetime | None = None

    # -- looking -----------------------------------------------------------------------------------------------------

    def vendor(self, crm: str) -> Vendor:
        """A CRM."""
        return self.ground.world.vendor(crm)

    def rows(self, crm: str, kind: str) -> dict[str, Mapping[str, Any]]:
        """Every live record of a kind by id: its fields."""
        return {id_: row for id_, row in self.all(crm, kind).items() if not gone(crm, row)}

    def all(self, crm: str, kind: str) -> dict[str, Mapping[str, Any]]:
        """Every record of a kind, deleted ones too, as dumped."""
        dumped = self.vendor(crm).dump(NAMES[crm][kind], True)
        return {str(row.get("Id") or row["id"]): row for row in dumped}

    def one(self, crm: str, kind: str, number: int) -> str | None:
        """Some live record; while a long transaction commits, one that nobody else changed since it began (it held it)."""
        rows, since = self.rows(crm, kind), self.locked_since if crm == "salesforce" else None
        ids = sorted(id_ for id_, row in rows.items() if since is None or parse_instant(row["SystemModstamp"]) <= since)
        return ids[number % len(ids)] if ids else None

    # -- doing -------------------------------------------------------------------------------------------------------

    def create(self, crm: str, kind: str, number: int) -> str:
        """A new customer or deal."""
        self.count += 1
        draw, words = Random(number * 1000 + self.count), NAMES[crm]
        if kind == "account":
            return self.vendor(crm).create(words[kind], account(crm, draw, f"Customer {self.count}"), REP)
        fields = deal(crm, draw, f"Deal {self.count}")
        of = self.one(crm, "account", number)
        if of is not None and crm == "salesforce":
            fields["AccountId"] = of
        elif of is not None:
            fields["associations"] = [{"to": {"id": of}, "types": [DEAL_TO_COMPANY]}]
        id_ = self.vendor(crm).create(words[kind], fields, REP)
        self._note_stage(crm, id_, fields)
        return id_

    def edit_fact(self, crm: str, number: int, what: int, value: int) -> None:
        """A mapped field of a deal or a customer."""
        words = NAMES[crm]
        if what % 6 == 5:
            id_ = self.one(crm, "account", number)
            if id_ is not None:
                fields = account(crm, Random(value), f"Renamed {value % 50}")
                self.vendor(crm).edit(words["account"], id_, fields, REP)
            return
        id_ = self.one(crm, "deal", number)
        if id_ is None:
            return
        match what % 6:
            case 0:
                fields = {words["amount"]: str(value % 9 * 750)}
            case 1 | 2:
                fields = {words["stage"]: STAGES[crm][value % 4]}
            case 3:
                day = f"2026-08-{value % 26 + 2:02d}"
                fields = {words["closes"]: day if crm == "salesforce" else f"{day}T17:00:00Z"}
            case _:
                if (crm, id_) in self.once_won:
                    return  # whose value it was when the deal was won is a matter of when we looked
                fields = {words["sold_with"]: (*PARTNERS, "Nobody Inc", None)[value % 5]}
        self._edit(crm, "deal", id_, fields)
        self._note_stage(crm, id_, fields)

    def type_over(self, crm: str, number: int, what: int, which: int) -> None:
        """A field of ours."""
        kind = "deal" if what % 3 else "account"
        id_ = self.one(crm, kind, number)
        if id_ is None:
            return
        fields = sorted(OURS_ON[crm, kind])
        name = fields[what // 3 % len(fields)]
        choices = OURS_ON[crm, kind][name]
        value = choices[which % len(choices)] or None
        self._type(crm, kind, id_, name, value)

    def ours(self, crm: str) -> dict[Cell, str | None]:
        """What the fields of ours say on every live record."""
        return {
            (crm, kind, id_, name): _text(row.get("properties", row).get(name))
            for kind in ("account", "deal")
            for id_, row in self.rows(crm, kind).items()
            for name in OURS_ON[crm, kind]
        }

    def undo(self, crm: str, before: Mapping[Cell, str | None], number: int) -> None:
        """Type back, into one of the fields that say something else by now, what it said before."""
        now = self.ours(crm)
        moved = sorted(cell for cell, value in before.items() if cell in now and now[cell] != value)
        if moved:
            _, kind, id_, name = cell = moved[number % len(moved)]
            self._type(crm, kind, id_, name, before[cell])

    def touch_many(self, crm: str, kind: str, number: int) -> None:
        """A bulk load gives many records one stamp, in one moment."""
        with self.ground.world.store.write(hooked=False):
            for at, id_ in enumerate(sorted(self.rows(crm, kind))):
                if (number >> (at % 12)) & 1:
                    self._edit(crm, kind, id_, {NAMES[crm]["amount"]: str((number + at) % 7 * 750)} if kind == "deal"
                               else {NAMES[crm]["domain"]: f"customer{(number + at) % 3}.com"})  # fmt: skip

    def delete(self, crm: str, kind: str, number: int) -> None:
        """A record goes."""
        id_ = self.one(crm, kind, number)
        if id_ is not None:
            self.vendor(crm).delete(NAMES[crm][kind], id_, REP)

    def restore(self, crm: str, kind: str, number: int) -> None:
        """A deleted record comes back, a few seconds after it went at the earliest."""
        rows = self.all(crm, kind)
        ids = sorted(id_ for id_, row in rows.items() if binned(crm, row))
        if ids:
            self.ground.move(3)
            self.vendor(crm).restore(NAMES[crm][kind], ids[number % len(ids)], REP)
            self.ground.move(1)

    def merge(self, crm: str, kind: str, number: int, other: int) -> None:
        """Two records become one; Salesforce does not merge opportunities."""
        if crm == "salesforce" and kind == "deal":
            kind = "account"
        ids = sorted(self.rows(crm, kind))
        if len(ids) < 3:
            return
        winner = ids.pop(number % len(ids))
        loser = ids[other % len(ids)]
        object_ = NAMES[crm][kind]
        survivor = self.vendor(crm).merge(object_, winner, [loser], REP)
        self.inherited |= {
            cell for cell in self.typed if cell[:3] == (crm, object_, winner) and self.typed[cell] in PARTNERS
        }
        if survivor != winner:
            for cell in [cell for cell in self.typed if cell[:2] == (crm, object_) and cell[2] in (winner, loser)]:
                if cell[2] == winner or (*cell[:2], winner, cell[3]) not in self.typed:
                    self.typed[crm, object_, survivor, cell[3]] = self.typed[cell]
                    self.inherited.add((crm, object_, survivor, cell[3]))
            if {(crm, winner), (crm, loser)} & self.once_won:
                self.once_won.add((crm, survivor))

    def task(self, crm: str, number: int, what: int) -> None:
        """A rep completes, deletes or rewords a task of ours."""
        ids = [id_ for id_, row in sorted(self.rows(crm, "task").items()) if key_of(crm, row)]
        if not ids:
            return
        id_, words = ids[number % len(ids)], NAMES[crm]
        match what % 3:
            case 0:
                done = "Completed" if crm == "salesforce" else "COMPLETED"
                self.vendor(crm).edit(words["task"], id_, {words["done"]: done}, REP)
            case 1:
                self.vendor(crm).delete(words["task"], id_, REP)
            case _:
                self.vendor(crm).edit(words["task"], id_, {words["subject"]: f"Mine now ({number % 9})"}, REP)
                self.edited.add((crm, id_))

    def tasks(self) -> dict[tuple[str, str], str | None]:
        """Every task there ever was, with the key that it carries."""
        return {(crm, id_): key_of(crm, row) for crm in CRMS for id_, row in self.all(crm, "task").items()}

    def stir(self, crm: str, number: int, tasks: str) -> None:
        """Something happens that we must answer with writes; ``tasks``: "ask" wants one, "moot" takes its reason away."""
        words = NAMES[crm]
        ids = sorted(self.rows(crm, "deal"))
        if tasks == "moot":
            about = {key_of(crm, row) for row in self.rows(crm, "task").values()}
            won = [id_ for id_ in ids if (crm, id_) in self.once_won] if about - {None} else []
            for id_ in won:
                self._edit(crm, "deal", id_, {words["stage"]: STAGES[crm][3]})
            return
        if tasks == "ask":
            id_ = self.create(crm, "deal", number)
            self._edit(crm, "deal", id_, {words["sold_with"]: None, words["stage"]: STAGES[crm][2]})
            self.once_won.add((crm, id_))
        id_ = self.create(crm, "deal", number + 1)
        self._edit(crm, "deal", id_, {words["sold_with"]: PARTNERS[number % 3]})

    def register(self, number: int, what: int) -> None:
        """A registration is approved, or revoked, in the file that we read."""
        partner = ("northwind", "contoso", "globex")[number % 3]
        crm = ("salesforce", "hubspot")[what % 2]
        of = self.one(crm, "deal", number)
        if of is None:
            return
        status = "revoked" if what % 5 == 4 else "approved"
        at = "2026-07-01T09:00:00Z"
        row = f"REG-{number % 4},{partner},{status},{crm},,,,{of},{at},{at},,,{'no' if status == 'revoked' else ''}"
        self.ground.register(**{f"REG-{number % 4}": row})

    def begin_transaction(self) -> None:
        """Something long begins to run in Salesforce; what it writes bears the stamp of now."""
        if self.ground.transaction is None:
            self.ground.transaction = self.ground.world.clock.now()
            self.ground.move(0)

    def end_transaction(self, number: int, what: int, value: int) -> None:
        """The long transaction commits."""
        began = self.ground.transaction
        if began is None:
            return
        age = (self.ground.world.clock.now() - began) // timedelta(seconds=1)
        self.ground.world.settings.update("salesforce", {"late_commit_s": age})
        self.locked_since = began
        try:
            self.edit_fact("salesforce", number, what, value)
            if value % 3 == 0:
                self.create("salesforce", "deal", value)
        finally:
            self.ground.transaction = self.locked_since = None
            self.ground.world.settings.update("salesforce", {"late_commit_s": 0, "in_flight_s": 0})

    def lagging(self, seconds: int, number: int, what: int, value: int) -> None:
        """An edit that HubSpot's search shows only later."""
        self.ground.world.settings.update("hubspot", {"search_lag_s": seconds})
        try:
            self.edit_fact("hubspot", number, what, value)
            if value % 3 == 0:
                self.create("hubspot", "deal", value)
        finally:
            self.ground.world.settings.update("hubspot", {"search_lag_s": 0})

    def _type(self, crm: str, kind: str, id_: str, name: str, value: str | None) -> None:
        row = self.rows(crm, kind)[id_]
        said = row.get("properties", row).get(name)
        self._edit(crm, kind, id_, {name: value})
        if _text(said) != value:  # what was there already is nobody's word against ours
            cell = (crm, NAMES[crm][kind], id_, name)
            self.typed[cell] = value
            self.inherited.discard(cell)

    def _edit(self, crm: str, kind: str, id_: str, fields: Mapping[str, Any]) -> None:
        given = (
            fields if crm == "salesforce" else {name: "" if value is None else value for name, value in fields.items()}
        )
        self.vendor(crm).edit(NAMES[crm][kind], id_, given, REP)

    def _note_stage(self, crm: str, id_: str, fields: Mapping[str, Any]) -> None:
        if fields.get(NAMES[crm]["stage"]) in WON:
            self.once_won.add((crm, id_))


def gone(crm: str, row: Mapping[str, Any]) -> bool:
    """Whether a dumped record lives no more."""
    return bool(row["IsDeleted"]) if crm == "salesforce" else row["state"] != "live"


def binned(crm: str, row: Mapping[str, Any]) -> bool:
    """Whether it can be brought back."""
    if crm == "hubspot":
        return bool(row["state"] == "archived")
    return bool(row["IsDeleted"]) and not row.get("MasterRecordId")


def key_of(crm: str, row: Mapping[str, Any]) -> str | None:
    """The key that a task of ours carries."""
    fields = row if crm == "salesforce" else row["properties"]
    key = fields.get("partnersync_key__c" if crm == "salesforce" else "partnersync_key")
    text = str(fields.get("Description" if crm == "salesforce" else "hs_task_body") or "")
    marked = text.partition("[partnersync:")[2].partition("]")[0]
    return str(key) if key else marked or None


def _text(value: Any) -> str | None:
    return None if value in (None, "") else str(value)
