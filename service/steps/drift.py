"""Watch the schema: what a CRM no longer gives stops the mapping that needs it, and nothing else.

Looked at with every warm and cold read, before the first one, and as long as something stands still. A field that is gone
is never read as empty: each of its records is set aside until this look stops the source as a whole; the deals keep what they
had, and reading goes on from the same cursor once the field is back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import structlog

from connectors.base import Connector, Freshness
from partnersync.errors import ConnectorError, Problem
from service.held import Asked, held, no_object
from service.named import origins, written
from service.shop import Shop
from state.database import Fence
from state.drifts import Drift, Drifts


def stopped(shop: Shop, fence: Fence, name: str, freshness: Freshness, *, first: bool) -> dict[str, Problem]:
    """The objects of a connection that are not read until their mapping is mended: object → the first reason.

    ``first``: nothing of the connection was read before.
    """
    store = Drifts(shop.database)
    stops = _stops(store, name)
    if freshness != "hot" or first or stops:
        try:
            found = [_drift(shop, name, asked) for asked in _compared(shop, name)]
        except ConnectorError as error:
            # The read that follows meets the same trouble and tells of it.
            structlog.get_logger("partnersync.drift").info("schema not seen", connection=name, error=str(error))
        else:
            _tell(store, name, found)
            store.replace(fence, name, found)
            stops = [each for each in found if each.stops]
    reasons: dict[str, Problem] = {}
    for each in stops:
        if each.field is None and each.object is not None:
            reasons.setdefault(each.object, problem(shop, each))
    return reasons


def unwritable(shop: Shop) -> Collection[tuple[str, str, str]]:
    """(connection, object, field) of what is not written until its mapping is mended."""
    return {
        (each.connection, each.object, each.field)
        for each in Drifts(shop.database).all()
        if each.stops and each.object is not None and each.field is not None
    }


def problem(shop: Shop, drift: Drift) -> Problem:
    """A drift on the line of today's config."""
    return shop.loaded.source.problem(drift.setting, drift.message, drift.hint, at_key=drift.at_key)


def _compared(shop: Shop, name: str) -> Iterator[Asked]:
    mine = [origin for origin in origins(shop.settings) if origin.name.connection == name]
    wanted = dict.fromkeys(origin.name.object for origin in mine)
    wanted |= dict.fromkeys(target.object for target in written(shop.settings) if target.connection == name)
    connector: Connector = shop.crm(name)
    schemas = connector.describe(list(wanted))
    shop.learn_schemas(name, {object_: schemas.get(object_) for object_ in wanted})
    for origin in mine:
        if origin.name.object not in schemas:
            yield no_object(origin)
    yield from held(shop.settings, name, schemas)


def _drift(shop: Shop, name: str, asked: Asked) -> Drift:
    fault = asked.fault
    return Drift(
        name,
        fault.where,
        fault.at_key,
        fault.message,
        fault.hint,
        asked.object,
        asked.field,
        asked.stops,
        shop.clock.now(),
    )


def _stops(store: Drifts, name: str) -> list[Drift]:
    return [each for each in store.all() if each.connection == name and each.stops]


def _tell(store: Drifts, name: str, found: list[Drift]) -> None:
    before = {(each.setting, each.message) for each in store.all() if each.connection == name}
    for each in found:
        if (each.setting, each.message) not in before:
            log = structlog.get_logger("partnersync.drift")
            (log.warning if each.stops else log.info)(
                "the CRM does not fit the config", connection=name, what=each.message, stops=each.stops
            )
