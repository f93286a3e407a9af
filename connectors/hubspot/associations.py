"""Associations between records: whom a record belongs to, what hangs on it, and which type ids a portal uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.hubspot.calls import ASSOCIATION_BATCH, Calls
from partnersync.errors import RejectedError, UnavailableError

_BUILT_IN = {
    ("tasks", "contacts"): 204,
    ("tasks", "companies"): 192,
    ("tasks", "deals"): 216,
    ("tasks", "tickets"): 230,
}
"""Unlabelled type ids (hubspot-api-client, association_type.py), for a portal that does not let us list them."""

_PRIMARY = "Primary"


@dataclass(frozen=True, slots=True)
class Link:
    """One associated record; ``primary``: HubSpot shows it as the main one."""

    id: str
    primary: bool


@dataclass(slots=True)
class Associations:
    """Reads associations in batches of 1,000 records, following each record's own pages."""

    calls: Calls
    types: dict[tuple[str, str], int] = field(default_factory=dict)

    def of(self, one: str, other: str, ids: Sequence[str]) -> Mapping[str, Sequence[Link]]:
        """The ``other`` records of each ``one``; records without any are left out."""
        found: dict[str, dict[str, Link]] = {}
        asked: list[dict[str, str]] = [{"id": id_} for id_ in dict.fromkeys(ids)]
        while asked:
            batch, asked = asked[:ASSOCIATION_BATCH], asked[ASSOCIATION_BATCH:]
            answer = self.calls.associations(one, other, batch)
            for result in answer.results:
                id_ = str(result["from"]["id"])
                links = found.setdefault(id_, {})
                for each in result.get("to") or ():
                    link = _link(each)
                    links[link.id] = link
                after = ((result.get("paging") or {}).get("next") or {}).get("after")
                if after:
                    again = {"id": id_, "after": str(after)}
                    if again in batch:
                        raise UnavailableError("HubSpot's associations do not page on", code="stuck_paging")
                    asked.append(again)
        return {id_: tuple(links.values()) for id_, links in found.items() if links}

    def main(self, one: str, other: str, ids: Sequence[str]) -> Mapping[str, str]:
        """The primary ``other`` of each ``one``, or its only one; records without either are left out."""
        chosen = {}
        for id_, links in self.of(one, other, ids).items():
            primary = [link.id for link in links if link.primary] or [link.id for link in links]
            if len(primary) == 1:
                chosen[id_] = primary[0]
        return chosen

    def unlabelled(self, one: str, other: str) -> int:
        """The type id of the plain association, as this portal lists it.

        Raises:
            RejectedError: HubSpot knows no association between these objects.
        """
        if (one, other) not in self.types:
            self.types[one, other] = self._listed(one, other)
        return self.types[one, other]

    def _listed(self, one: str, other: str) -> int:
        known = _BUILT_IN.get((one, other))
        try:
            results = self.calls.association_types(one, other).results
        except RejectedError:
            results = ()
        plain = [
            int(each["typeId"])
            for each in results
            if each.get("category") == "HUBSPOT_DEFINED" and not each.get("label")
        ]
        if known is not None and (not plain or known in plain):
            return known
        if not plain:
            raise RejectedError(f"HubSpot cannot associate {one} with {other}", code="NO_ASSOCIATION_TYPE")
        return plain[0]


def _link(given: Mapping[str, Any]) -> Link:
    types = given.get("associationTypes") or ()
    primary = any(each.get("category") == "HUBSPOT_DEFINED" and each.get("label") == _PRIMARY for each in types)
    return Link(str(given["toObjectId"]), primary)
