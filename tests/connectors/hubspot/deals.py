"""Deals put into a portal, and the pulls that bring them."""

from __future__ import annotations

from collections.abc import Iterable

from connectors.hubspot.connector import HubSpotConnector
from partnersync.records import Page, Wanted
from tests.connectors.contract import Mirror

FIELDS = ("dealname", "description", "amount")


def pull(connector: HubSpotConnector, mirror: Mirror, fields: Iterable[str] = FIELDS) -> list[Page]:
    pages = []
    for page in connector.hot([Wanted("deals", tuple(fields), mirror.cursors.get("deals"))]):
        mirror.take(page)
        pages.append(page)
    return pages


def brought(pages: Iterable[Page]) -> set[str]:
    return {record.ref.id for page in pages for record in page.records}


def load(portal, count: int, at: int | None = None, step: int = 0) -> list[str]:  # type: ignore[no-untyped-def]
    start = portal.server.world.clock.now_ms() - count * step if at is None else at
    rows = [
        {"properties": {"dealname": f"Deal {n}"}, "createdAt": start + n * step, "updatedAt": start + n * step}
        for n in range(count)
    ]
    return portal.server.world.hubspot.load("deals", rows)
