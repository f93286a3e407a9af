"""Find stored records by what people type, and read one as it is now or as it was at an instant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from partnersync.facts import RawVersion
from partnersync.ids import Ref
from state.database import Database
from state.places import fact_ids, places
from state.schema import fact, standing
from state.stored import histories


class Lookups:
    """The records of a workspace, one at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def by_id(self, text: str) -> Sequence[tuple[Ref, str]]:
        """The records that carry an id, in any CRM or file, with their kinds; 15 characters of an 18-character id do."""
        query = select(fact.c.place, fact.c.external, fact.c.kind).where(
            fact.c.workspace == self._database.workspace, fact.c.version.is_not(None)
        )
        whole = fact.c.external == text
        if len(text) == 15:
            whole = whole | fact.c.external.startswith(text, autoescape=True)
        with self._database.reading() as open_:
            names = places(self._database, open_)
            rows = open_.execute(query.where(whole).order_by(fact.c.id)).all()
        return [(Ref(*names[row.place], row.external), row.kind) for row in rows]

    def version(self, ref: Ref, at: datetime | None = None) -> tuple[str, RawVersion] | None:
        """A record's kind and its newest version, or the newest that we had seen at an instant; None where there is none."""
        with self._database.reading() as open_:
            id_ = fact_ids(self._database, open_, [ref]).get(ref, 0)
            here = (fact.c.workspace == self._database.workspace, fact.c.id == id_)
            kind = open_.execute(select(fact.c.kind).where(*here)).scalar_one_or_none()
        seen = [each for each in self.history(ref) if (at is None or each.seen_at <= at) and each.record.life == "live"]
        return (kind, seen[-1]) if kind is not None and seen else None

    def history(self, ref: Ref) -> Sequence[RawVersion]:
        """Every state of a record that we saw, oldest first."""
        with self._database.reading() as open_:
            id_ = fact_ids(self._database, open_, [ref]).get(ref, 0)
            return histories(self._database, open_, [id_], {id_: ref}).get(id_, [])

    def decided(self, ref: Ref) -> tuple[str, datetime] | None:
        """By which version of the rules an opportunity was last decided, and when; None where it never was."""
        with self._database.reading() as open_:
            id_ = fact_ids(self._database, open_, [ref]).get(ref, 0)
            row = open_.execute(
                select(standing.c.config, standing.c.decided_at).where(
                    standing.c.workspace == self._database.workspace, standing.c.opportunity == id_
                )
            ).one_or_none()
        return (row[0], row[1]) if row is not None else None

    def id_of(self, ref: Ref) -> int | None:
        """The number under which a record is stored."""
        with self._database.reading() as open_:
            return fact_ids(self._database, open_, [ref]).get(ref)
