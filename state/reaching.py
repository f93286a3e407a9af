"""Which opportunities a fact touches, found through shared keys whose meaning is not known here.

A key that names a fact (``account:salesforce/00D…/Account/001…``) leads only to the fact it names; every other key
(``domain:acme.com``) leads both ways. So each row says in which *way* a fact has a key: it *is* the fact named, it *names*
another, it *shares* a plain key, or it may *meet* its twin there. Twins are deals of which one names the other, or deals of
two orgs that meet and whose first carriers share a plain key (a thousand deals of one price and week are no twins, and
would fill each other's dossiers). A carrier (an account) passes on:

    opportunity ─names account:A→ A ─names account:P→ P (its parent) … at most five hops upwards
                                  A ─shares domain:acme.com─ B (the same company in the other CRM)

and every fact that has a key of the opportunity or of one of these carriers is in the dossier. Children and sisters are not:
P *is* account:P, so nothing leads from P down. A changed fact walks the same steps backwards, with the keys it had before and
has now. Were the walk blind to ways, one head office with 10,000 branches would put each branch into every dossier.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from hashlib import blake2b
from struct import Struct
from typing import Any

from sqlalchemy import Connection, and_, bindparam, select

from partnersync.facts import Kind, Reach
from partnersync.ids import Ref
from state.lists import HERE, among, chunks
from state.schema import reach

IS, NAMES, SHARES, MEETS = 0, 1, 2, 3
PLAIN, CARRIER, DEAL = 0, 1, 2
HOPS = 5
_EMPTY = blake2b(digest_size=8)
_WHOLE = Struct(">q").unpack

_PLACES = 1 << 20

Row = tuple[int, int, int]
"""(key, role, way) of one fact."""


def number(key: str) -> int:
    """The 64-bit hash under which a key is stored; two keys that fall together only widen a dossier."""
    hashed = _EMPTY.copy()  # costs half of making one anew, and a first load makes four for each record
    hashed.update(key.encode())
    found: int = _WHOLE(hashed.digest())[0]
    return found


def meeting(terms: str, place: int) -> int:
    """The key of a place at which facts of these terms meet; neighbouring places have neighbouring keys."""
    return (number(terms) & -_PLACES) + place


def near(keys: Iterable[int]) -> set[int]:
    """These meeting keys and their neighbours."""
    return {key + apart for key in keys for apart in (-1, 0, 1)}


def name_of(kind: Kind, ref: Ref) -> int:
    """The number of the key that names this fact: ``account:salesforce/00D…/Account/001…``."""
    hashed = _begun(kind, ref.crm, ref.org, ref.object).copy()
    hashed.update(ref.id.encode())
    found: int = _WHOLE(hashed.digest())[0]
    return found


@cache
def _begun(kind: Kind, crm: str, org: str, object_: str) -> Any:
    """What the names of all records of an object begin with, hashed once."""
    return blake2b(f"{kind}:{Ref(crm, org, object_, '')}".encode(), digest_size=8)


def rows(kind: Kind, ref: Ref, found: Reach, losers: Sequence[Ref] = ()) -> list[Row]:
    """The rows of one fact; ``losers`` are records merged into it, whose names are now its own."""
    role = DEAL if kind == "opportunity" else CARRIER if found.carries else PLAIN
    given = [] if role == PLAIN else [(name_of(kind, each), role, IS) for each in (ref, *losers)]
    for named, other in found.names:
        key = name_of(named, other)
        if (key, role, IS) not in given:
            given.append((key, role, NAMES))
    given += [(number(key), role, SHARES) for key in found.shares]
    if found.meets is not None:
        given.append((meeting(*found.meets), role, MEETS))
    return given


def touched(connection: Connection, workspace: int, changed: Iterable[tuple[int, Row]]) -> set[int]:
    """The opportunities whose dossier holds a changed fact; ``changed`` has the rows of before and after."""
    deals: set[int] = set()
    keys: set[int] = set()
    meets: set[int] = set()
    twins: dict[int, set[int]] = {IS: set(), NAMES: set()}
    carriers: set[tuple[int, Row]] = set()
    for fact, row in changed:
        key, role, way = row
        if way == MEETS:
            meets.add(key)
        elif role == DEAL:
            deals.add(fact)
            if way in twins:
                twins[way].add(key)
        elif role == CARRIER:
            carriers.add((fact, row))
        else:
            keys.add(key)
    deals |= having(connection, workspace, near(meets), DEAL, (MEETS,))
    deals |= having(connection, workspace, twins[IS], DEAL, (NAMES,))
    deals |= having(connection, workspace, twins[NAMES], DEAL, (IS,))
    deals |= having(connection, workspace, keys, DEAL, (IS, NAMES, SHARES))
    seen = {fact for fact, _ in carriers}
    reached = having(connection, workspace, keys, CARRIER, (IS, NAMES, SHARES)) - seen
    seen |= reached
    carriers |= set(rows_of(connection, workspace, reached))
    for hop in range(HOPS + 1):
        own = {row[0] for _, row in carriers if row[2] == IS}
        shared = {row[0] for _, row in carriers if row[2] == SHARES}
        deals |= having(connection, workspace, own, DEAL, (NAMES,))
        deals |= having(connection, workspace, shared, DEAL, (SHARES,))
        if hop == HOPS:
            break
        reached = having(connection, workspace, own, CARRIER, (NAMES,))
        reached |= having(connection, workspace, shared, CARRIER, (SHARES,))
        reached -= seen
        if not reached:
            break
        seen |= reached
        carriers = set(rows_of(connection, workspace, reached))
    return deals


def having(connection: Connection, workspace: int, keys: Iterable[int], role: int, ways: tuple[int, ...]) -> set[int]:
    """The facts of a role that have one of these keys in one of these ways."""
    wanted = sorted(keys)
    if not wanted:
        return set()
    # No DISTINCT: SQLite would read the whole table by its other index, which has the facts in order.
    asked = {"here": workspace, "some": wanted, "role": role, "ways": ways}
    return set(connection.execute(_HAVING, asked).scalars())


def pairs(
    connection: Connection, workspace: int, keys: Iterable[int], role: int, ways: tuple[int, ...]
) -> Iterator[tuple[int, int]]:
    """(key, fact) for the facts of a role that have one of these keys in one of these ways."""
    for some in chunks(sorted(keys)):
        asked = {"here": workspace, "some": some, "role": role, "ways": ways}
        yield from ((row[0], row[1]) for row in connection.execute(_PAIRS, asked))


def rows_of(connection: Connection, workspace: int, facts: Iterable[int]) -> Iterator[tuple[int, Row]]:
    """(fact, row) for these facts."""
    for some in chunks(sorted(facts)):
        found = connection.execute(_ROWS, {"here": workspace, "some": some})
        yield from ((row[0], (row[1], row[2], row[3])) for row in found)


_WITHIN = and_(
    reach.c.workspace == HERE,
    among(reach.c.key),
    reach.c.role == bindparam("role"),
    reach.c.way.in_(bindparam("ways", expanding=True)),
)
_HAVING = select(reach.c.fact).where(_WITHIN)
_PAIRS = select(reach.c.key, reach.c.fact).where(_WITHIN)
_ROWS = select(reach.c.fact, reach.c.key, reach.c.role, reach.c.way).where(
    reach.c.workspace == HERE, among(reach.c.fact)
)
