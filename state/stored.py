"""Rows back into words: versions with their bodies, credits, frozen rates, values sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, select

from partnersync.clock import parse_instant
from partnersync.credits import Credit, Evidence
from partnersync.facts import RawVersion, Sent
from partnersync.ids import Ref
from partnersync.lines import FrozenRate, Rate
from partnersync.money import Money
from partnersync.records import RawRecord
from state.bodies import unpacked
from state.database import Database
from state.lists import HERE, among, chunks
from state.schema import body, credit, fact, frozen_rate, sent, version


def newest(
    database: Database, connection: Connection, ids: Iterable[int], refs: Mapping[int, Ref]
) -> dict[int, RawVersion]:
    """The newest version of each fact that was ever seen."""
    found: dict[int, RawVersion] = {}
    for some in chunks(sorted(ids)):
        for row in connection.execute(_NEWEST, {"here": database.workspace, "some": some}):
            found[row[0]] = _version(row, refs[row[0]])
    return found


def histories(
    database: Database, connection: Connection, ids: Iterable[int], refs: Mapping[int, Ref]
) -> dict[int, list[RawVersion]]:
    """All versions of each fact, oldest first."""
    found: dict[int, list[RawVersion]] = {}
    for some in chunks(sorted(ids)):
        for row in connection.execute(_HISTORIES, {"here": database.workspace, "some": some}):
            found.setdefault(row[0], []).append(_version(row, refs[row[0]]))
    return found


def credits_of(
    database: Database, connection: Connection, ids: Iterable[int], refs: Mapping[int, Ref]
) -> dict[int, list[Credit]]:
    """The stored credits by opportunity, in the order in which they were given."""
    found: dict[int, list[Credit]] = {}
    for some in chunks(sorted(ids)):
        for row in connection.execute(_CREDITS, {"here": database.workspace, "some": some}):
            amount = None if row.minor is None else Money(row.minor, row.currency)
            found.setdefault(row.opportunity, []).append(
                Credit(
                    refs[row.opportunity],
                    row.role,
                    row.partner,
                    row.share,
                    amount,
                    row.rule,
                    row.program,
                    tuple(_evidence(each) for each in row.evidence),
                    row.good_until,
                )
            )
    return found


def rates_of(
    database: Database, connection: Connection, ids: Iterable[int], refs: Mapping[int, Ref]
) -> dict[int, list[FrozenRate]]:
    """The frozen rates by opportunity."""
    found: dict[int, list[FrozenRate]] = {}
    for some in chunks(sorted(ids)):
        for row in connection.execute(_RATES, {"here": database.workspace, "some": some}):
            rate = Rate(row.base, row.quote, row.rate_on, row.value, row.path)
            frozen = FrozenRate(refs[row.opportunity], row.generation, row.asked_on, rate)
            found.setdefault(row.opportunity, []).append(frozen)
    return found


def sent_to(
    database: Database, connection: Connection, places: Mapping[int, tuple[str, str, str]], refs: Mapping[int, Ref]
) -> dict[int, list[Sent]]:
    """Every value of ours that fields of these records carry or carried, oldest first."""
    found: dict[int, list[Sent]] = {}
    ids = {ref: id_ for id_, ref in refs.items()}
    for place_id, place in places.items():
        for some in chunks(sorted(ref.id for ref in ids if (ref.crm, ref.org, ref.object) == place)):
            rows = connection.execute(_SENT, {"here": database.workspace, "place_id": place_id, "some": some})
            # Sorted here: asked to order by intent, SQLite reads every value ever sent in that order.
            for row in sorted(rows, key=lambda row: (row.intent, row.field)):
                ref = Ref(*place, row.external)
                found.setdefault(ids[ref], []).append(Sent(ref, row.field, row.value, row.at))
    return found


def evidence_row(evidence: Evidence) -> dict[str, Any]:
    """The stored form of a piece of evidence; what is empty is left out."""
    told = {"kind": evidence.kind, "ref": str(evidence.ref), "fact": evidence.fact, "note": evidence.note}
    more = {"at": evidence.at, "author": evidence.author, "late": evidence.late}
    return {name: value for name, value in (told | more).items() if value}


def _evidence(row: Mapping[str, Any]) -> Evidence:
    at = row.get("at")
    return Evidence(
        row["kind"],
        Ref.parse(row["ref"]),
        row.get("fact", ""),
        parse_instant(at) if at else None,
        row.get("author"),
        row.get("note", ""),
        row.get("late", False),
    )


_VERSIONS = (
    select(
        version.c.fact, version.c.hash, version.c.life, version.c.stamp, version.c.seen_at, version.c.created_at,
        version.c.author, body.c.payload,
    )
    .join_from(version, body, (body.c.workspace == version.c.workspace) & (body.c.id == version.c.body), isouter=True)
    .where(version.c.workspace == HERE)
)  # fmt: skip
_NEWEST = _VERSIONS.join(fact, (fact.c.workspace == version.c.workspace) & (fact.c.version == version.c.id)).where(
    fact.c.workspace == HERE, among(fact.c.id)
)
_HISTORIES = _VERSIONS.where(among(version.c.fact)).order_by(version.c.fact, version.c.id)
_CREDITS = (
    select(credit)
    .where(credit.c.workspace == HERE, among(credit.c.opportunity))
    .order_by(credit.c.opportunity, credit.c.ordinal)
)
_RATES = (
    select(frozen_rate)
    .where(frozen_rate.c.workspace == HERE, among(frozen_rate.c.opportunity))
    .order_by(*frozen_rate.primary_key)
)
_SENT = select(sent).where(sent.c.workspace == HERE, sent.c.place == bindparam("place_id"), among(sent.c.external))


def _version(row: Any, ref: Ref) -> RawVersion:
    _, hash_, life, stamp, seen_at, created_at, author, payload = row
    values = unpacked(payload) if payload is not None else {}
    return RawVersion(RawRecord(ref, values, stamp, created_at, author, life), hash_, seen_at)
