"""Put the dossiers of one chunk of deals together: every hop and every kind of row in one statement for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from sqlalchemy import Connection, select

from partnersync.facts import RawDossier, RawTwin, RawVersion
from state.database import Database
from state.lists import HERE, among, chunks
from state.places import places, told_of
from state.reaching import CARRIER, DEAL, HOPS, IS, MEETS, NAMES, PLAIN, SHARES, Row, near, pairs, rows_of
from state.schema import fact
from state.stored import credits_of, histories, newest, rates_of, sent_to

Keys = Mapping[int, Sequence[Row]]


def gather(database: Database, connection: Connection, deals: Sequence[int]) -> Iterator[RawDossier]:
    """The dossiers of these deals in their order; a deal that was never seen has none."""
    workspace = database.workspace
    keys = _keys(connection, workspace, deals)
    upwards = _upwards(connection, workspace, keys, deals)
    twins = _twins(database, connection, deals, keys, upwards)
    chains = {deal: _chain(deal, upwards) for deal in deals}
    others = _others(connection, workspace, keys, chains)
    involved = {each for chain in chains.values() for each in chain} | {f for each in others.values() for f in each}
    for twin in {each for listed in twins.values() for each in listed}:
        involved |= {twin, *upwards.get(twin, ())[:1]}
    refs, kinds = told_of(database, connection, involved | set(deals))
    now = newest(database, connection, involved, refs)
    names = places(database, connection)
    own = {deal: refs[deal] for deal in deals}
    history = histories(database, connection, deals, own)
    sent = sent_to(database, connection, names, own)
    given = credits_of(database, connection, deals, own)
    rates = rates_of(database, connection, deals, own)

    def of(kind: str, ids: Iterable[int]) -> tuple[RawVersion, ...]:
        return tuple(now[each] for each in ids if each in now and kinds[each] == kind)

    for deal in deals:
        if deal not in history:
            continue
        yield RawDossier(
            tuple(history[deal]),
            of("account", chains[deal]),
            of("registration", others[deal]),
            of("touchpoint", others[deal]),
            of("override", others[deal]),
            tuple(sent.get(deal, ())),
            tuple(given.get(deal, ())),
            tuple(
                RawTwin(now[twin], next(iter(of("account", upwards.get(twin, ())[:1])), None))
                for twin in twins.get(deal, ())
                if twin in now
            ),
            tuple(rates.get(deal, ())),
        )


def _keys(connection: Connection, workspace: int, facts: Iterable[int]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = {}
    for id_, row in rows_of(connection, workspace, facts):
        found.setdefault(id_, []).append(row)
    return found


def _twins(
    database: Database,
    connection: Connection,
    deals: Sequence[int],
    keys: dict[int, list[Row]],
    upwards: dict[int, list[int]],
) -> dict[int, list[int]]:
    """Deal → those that name it, that it names, or that it meets elsewhere by the keys and by what their carriers share.

    ``keys`` and ``upwards`` gain what is found on the way.
    """
    workspace = database.workspace
    named = _named(connection, workspace, deals, keys)
    met = _met(database, connection, deals, keys)
    others = {each for found in (named, met) for listed in found.values() for each in listed}
    keys |= _keys(connection, workspace, others - keys.keys())
    upwards |= _upwards(connection, workspace, keys, others - upwards.keys(), hops=0)
    shared = {
        each: {row[0] for up in upwards.get(each, ())[:1] for row in keys[up] if row[2] == SHARES}
        for each in (*deals, *others)
    }
    return {
        deal: sorted(
            named.get(deal, set())
            | {other for other in met.get(deal, ()) if not shared[deal].isdisjoint(shared[other])}
        )
        for deal in deals
    }


def _named(connection: Connection, workspace: int, deals: Iterable[int], keys: Keys) -> dict[int, set[int]]:
    """Deal → the deals that it names or that name it."""
    found: dict[int, set[int]] = {}
    for asked, answered in ((NAMES, IS), (IS, NAMES)):
        having: dict[int, list[int]] = {}
        for deal in deals:
            for row in keys.get(deal, ()):
                if row[2] == asked:
                    having.setdefault(row[0], []).append(deal)
        for key, other in pairs(connection, workspace, having, DEAL, (answered,)):
            for deal in having[key]:
                found.setdefault(deal, set()).add(other)
    return {deal: others - {deal} for deal, others in found.items()}


def _met(database: Database, connection: Connection, deals: Sequence[int], keys: Keys) -> dict[int, set[int]]:
    """Deal → the deals of other orgs that are at, or next to, a place where twins meet."""
    meets = {row[0] for deal in deals for row in keys.get(deal, ()) if row[2] == MEETS}
    at: dict[int, set[int]] = {}
    for key, deal in pairs(connection, database.workspace, near(meets), DEAL, (MEETS,)):
        at.setdefault(key, set()).add(deal)
    orgs = _orgs(database, connection, {*deals, *(deal for each in at.values() for deal in each)})
    return {
        deal: {
            other
            for key in near(row[0] for row in keys.get(deal, ()) if row[2] == MEETS)
            for other in at.get(key, ())
            if orgs[other] != orgs[deal]
        }
        for deal in deals
    }


def _orgs(database: Database, connection: Connection, ids: Iterable[int]) -> dict[int, tuple[str, str]]:
    """Fact → (crm, org)."""
    names = places(database, connection)
    found: dict[int, tuple[str, str]] = {}
    for some in chunks(sorted(ids)):
        rows = connection.execute(_PLACED, {"here": database.workspace, "some": some})
        found.update((row[0], names[row[1]][:2]) for row in rows)
    return found


_PLACED = select(fact.c.id, fact.c.place).where(fact.c.workspace == HERE, among(fact.c.id))


def _upwards(
    connection: Connection,
    workspace: int,
    keys: dict[int, list[Row]],
    facts: Iterable[int],
    hops: int = HOPS,
) -> dict[int, list[int]]:
    """Fact → the carriers one hop up, those it names first; ``keys`` gains the keys of all carriers on the way."""
    upwards: dict[int, list[int]] = {}
    below = tuple(facts)
    for _ in range(hops + 1):
        named = {row[0] for each in below for row in keys.get(each, ()) if row[2] == NAMES}
        shared = {row[0] for each in below for row in keys.get(each, ()) if row[2] == SHARES}
        is_: dict[int, list[int]] = {}
        for key, carrier in pairs(connection, workspace, named, CARRIER, (IS,)):
            is_.setdefault(key, []).append(carrier)
        shares: dict[int, list[int]] = {}
        for key, carrier in pairs(connection, workspace, shared, CARRIER, (SHARES,)):
            shares.setdefault(key, []).append(carrier)
        reached: set[int] = set()
        for each in below:
            rows = keys.get(each, ())
            first = sorted({up for row in rows if row[2] == NAMES for up in is_.get(row[0], ())})
            then = sorted({up for row in rows if row[2] == SHARES for up in shares.get(row[0], ())} - set(first))
            upwards[each] = [up for up in first + then if up != each]
            reached.update(upwards[each])
        below = tuple(sorted(reached - upwards.keys()))
        if not below:
            break
        keys |= _keys(connection, workspace, set(below) - keys.keys())
    return upwards


def _chain(deal: int, upwards: Mapping[int, Sequence[int]]) -> list[int]:
    """The carriers of a deal by hops, nearest first."""
    chain: dict[int, None] = {}
    level = list(upwards.get(deal, ()))
    for _ in range(HOPS + 1):
        level = [each for each in dict.fromkeys(level) if each not in chain]
        chain |= dict.fromkeys(level)
        level = [up for each in level for up in upwards.get(each, ())]
    return list(chain)


def _others(
    connection: Connection, workspace: int, keys: Keys, chains: Mapping[int, Sequence[int]]
) -> dict[int, list[int]]:
    """Deal → the facts that have a key of the deal or of one of its carriers, in the order of first sight."""
    reached = {each for chain in chains.values() for each in chain} | chains.keys()
    wanted = {row[0] for each in reached for row in keys.get(each, ()) if row[2] != MEETS}
    having: dict[int, list[int]] = {}
    for key, id_ in pairs(connection, workspace, wanted, PLAIN, (NAMES, SHARES)):
        having.setdefault(key, []).append(id_)
    return {
        deal: sorted(
            {
                id_
                for each in (deal, *chain)
                for row in keys.get(each, ())
                if row[2] != MEETS
                for id_ in having.get(row[0], ())
            }
        )
        for deal, chain in chains.items()
    }
