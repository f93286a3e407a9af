"""Stream dossiers: one opportunity each with everything that may decide it, put together set-wise, a chunk at a time.

No connection is held between chunks, so whoever consumes them may write meanwhile. The walk through keys is the one that
``state.reaching`` describes, upwards: all deals of a chunk take each hop together, in one statement.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Sequence
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, bindparam, func, select

from partnersync.facts import Kind, RawDossier, RawVersion
from partnersync.ids import Ref
from state.database import Database
from state.gathering import gather
from state.lists import HERE, chunks
from state.places import fact_ids, refs_of
from state.schema import body, dirty, fact, standing, version
from state.stored import newest

Wanted = Literal["dirty", "all"] | Sequence[Ref]


class Dossiers:
    """The dossiers of a workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def stream(
        self, wanted: Wanted, as_of: datetime, chunk: int = 2000, rules: str | None = None
    ) -> Iterator[RawDossier]:
        """One dossier per opportunity that was ever seen: those marked dirty or past their ``good_until`` at ``as_of``,
        all, or the named ones; ordered by when they were first seen (named ones too). With ``rules``, dirty ones are
        also those that were decided by another version of the rules.

        ``accounts`` are ordered by hops from the opportunity, its own first.
        """
        for some in chunks(self._ids(wanted, as_of, rules), chunk):
            with self._database.reading() as connection:
                ready = list(gather(self._database, connection, some))
            yield from ready

    def count(self, wanted: Wanted, as_of: datetime) -> int:
        """How many dossiers ``stream`` will give, at most."""
        return len(self._ids(wanted, as_of))

    def facts_of(self, kind: Kind, chunk: int = 5000) -> Iterator[RawVersion]:
        """The newest version of every fact of a kind, deleted ones included, in the order of first sight."""
        with self._database.reading() as connection:
            ids = self._seen(connection, kind)
        for some in chunks(ids, chunk):
            with self._database.reading() as connection:
                ready = newest(self._database, connection, some, refs_of(self._database, connection, some))
            yield from (ready[id_] for id_ in some)

    def state_of(self, kinds: Collection[Kind]) -> Hashable:
        """Another wherever ``facts_of`` one of these kinds may give something else."""
        asked = {"here": self._database.workspace, "kinds": sorted(kinds)}
        with self._database.reading() as connection:
            return tuple(connection.execute(_STATE, asked).one())

    def _ids(self, wanted: Wanted, as_of: datetime, rules: str | None = None) -> list[int]:
        with self._database.reading() as connection:
            if isinstance(wanted, str) and wanted == "all":
                return self._seen(connection, "opportunity")
            if isinstance(wanted, str):
                here = {"here": self._database.workspace}
                ids = set(connection.execute(_MARKED, here).scalars())
                ids |= set(connection.execute(_LATE, {**here, "as_of": as_of}).scalars())
                if rules is not None:
                    ids |= set(connection.execute(_OTHERWISE, {**here, "rules": rules}).scalars())
                return sorted(ids)
            return sorted(set(fact_ids(self._database, connection, wanted).values()))

    def _seen(self, connection: Connection, kind: Kind) -> list[int]:
        return list(connection.execute(_SEEN, {"here": self._database.workspace, "one": kind}).scalars())


_SEEN = (
    select(fact.c.id)
    .where(fact.c.workspace == HERE, fact.c.kind == bindparam("one"), fact.c.version.is_not(None))
    .order_by(fact.c.id)
)
_MARKED = select(dirty.c.fact).where(dirty.c.workspace == HERE)
_DECIDED = select(standing.c.opportunity).where(standing.c.workspace == HERE)
_LATE = _DECIDED.where(standing.c.good_until <= bindparam("as_of"))
_OTHERWISE = _DECIDED.where(standing.c.config != bindparam("rules"))
_STATE = (
    select(func.count(), func.max(fact.c.version), func.sum(func.length(body.c.payload)))
    .join_from(fact, version, (version.c.workspace == fact.c.workspace) & (version.c.id == fact.c.version))
    .join(body, (body.c.workspace == version.c.workspace) & (body.c.id == version.c.body), isouter=True)
    .where(fact.c.workspace == HERE, fact.c.kind.in_(bindparam("kinds", expanding=True)))
)
