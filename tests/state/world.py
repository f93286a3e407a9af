"""Small words for tests: refs, records and the reach of a toy mapping."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from partnersync.facts import Kind, Reach
from partnersync.ids import Ref
from partnersync.records import Page, RawRecord, Value
from state.database import Fence
from state.facts import Facts

START = datetime(2026, 3, 1, tzinfo=UTC)


def ref(object_: str, id_: str, crm: str = "salesforce") -> Ref:
    return Ref(crm, "00D1" if crm == "salesforce" else "777", object_, id_)


def record(object_: str, id_: str, hour: int = 0, crm: str = "salesforce", **values: Value) -> RawRecord:
    stamp = START + timedelta(hours=hour)
    return RawRecord(ref(object_, id_, crm), values, stamp, created_at=START, author="rep")


def reach_of(kind: Kind) -> Any:
    """Keys from the values ``account``, ``parent``, ``domain`` and ``opportunity``; ``meet`` and ``at`` are where twins meet."""

    def reach(raw: RawRecord) -> Reach:
        named = [raw.values[name] for name in ("account", "parent") if raw.values.get(name)]
        names: list[tuple[Kind, Ref]] = [("account", ref("Account", str(name), raw.ref.crm)) for name in named]
        if raw.values.get("opportunity"):
            names.append(("opportunity", ref("Opportunity", str(raw.values["opportunity"]), raw.ref.crm)))
        shares = (f"domain:{raw.values['domain']}",) if raw.values.get("domain") else ()
        meets = (f"meet:{raw.values['meet']}", int(str(raw.values.get("at", 0)))) if raw.values.get("meet") else None
        return Reach(tuple(names), shares, carries=kind == "account", meets=meets)

    return reach


OBJECTS: dict[str, Kind] = {
    "Account": "account",
    "Opportunity": "opportunity",
    "Registration": "registration",
    "Touch": "touchpoint",
    "Override": "override",
}


def remember(facts: Facts, fence: Fence, *records: RawRecord, **page: Any) -> Counter[str]:
    """Store records of one object as a page."""
    object_ = records[0].ref.object if records else page.pop("object_")
    page.pop("object_", None)
    reasons = page.pop("quarantine", {})
    fields = page.pop("fields", "f1")
    seen_at = page.pop("seen_at", START + timedelta(days=1))
    kind = OBJECTS[object_]
    whole = Page(object_, records, **page)
    return facts.remember(fence, whole, kind, seen_at, "crm", reasons, reach_of(kind), fields)
