"""Which object of which org a source, or an id in a row of a file, means.

The config names connections; facts name (crm, org, object, id), which survives a renamed connection. A row of a file may
say ``salesforce:006…`` or ``hubspot:184…``, have a column for the CRM, or give the bare id where only one CRM can be meant:
there is only one, or only one whose ids look like that (a number in HubSpot, 15 or 18 characters in Salesforce).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal
from urllib.parse import quote

from mapping.config import Sources
from mapping.config.section import SourceName
from mapping.identity import full_id
from partnersync.ids import Ref
from partnersync.records import Identity

Named = Literal["account", "opportunity"]
_SALESFORCE = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")
_HUBSPOT = re.compile(r"[1-9][0-9]*")


@dataclass(frozen=True, slots=True)
class Place:
    """An object of an org."""

    crm: str
    org: str
    object: str

    def ref(self, id_: str) -> Ref:
        """The record of this id."""
        return Ref(self.crm, self.org, self.object, full_id(self.crm, id_))


def place_of(name: SourceName, sites: Mapping[str, Identity]) -> Place | None:
    """Where a source's records live; None while nobody signed in to its connection."""
    if name.connection == "file":
        return Place("file", quote(name.object, safe=""), PurePath(name.object).stem)
    site = sites.get(name.connection)
    return Place(site.crm, site.org, name.object) if site else None


class Places:
    """Resolves ids of accounts and opportunities, wherever they are written."""

    def __init__(self, sources: Sources, sites: Mapping[str, Identity]) -> None:
        self._of: dict[Named, dict[str, Place]] = {"account": {}, "opportunity": {}}
        for kind, held in self._of.items():
            for source in getattr(sources, kind):
                place = place_of(source.name, sites)
                if place is not None:
                    held.setdefault(source.name.connection, place)

    def ref(self, kind: Named, text: str, crm: str | None, own: str) -> Ref:
        """The record that ``text`` names; ``crm`` is what the row says, ``own`` the connection that the row came from.

        Raises:
            ValueError: no or more than one CRM can be meant.
        """
        held = self._of[kind]
        if "/" in text and text.count("/") >= 3:
            return Ref.parse(text)
        if ":" in text:
            crm, _, text = text.partition(":")
        if crm is None and own in held:
            return held[own].ref(text)
        fitting = [place for name, place in held.items() if _fits(name, place, crm, text)]
        if len(fitting) != 1:
            names = ", ".join(sorted(held)) or "none"
            said = f"{crm}:{text}" if crm else text
            raise ValueError(
                f"is {said!r}, which could not be placed in exactly one CRM (there is {names}); write it as salesforce:{text}"
            )
        return fitting[0].ref(text)

    def other(self, kind: Named, text: str, own: str) -> Ref:
        """The record of another CRM than ``own`` that ``text`` names.

        Raises:
            ValueError: no or more than one other CRM can be meant.
        """
        if text.count("/") >= 3 or ":" in text:
            return self.ref(kind, text, None, own)
        fitting = [place for name, place in self._of[kind].items() if name != own and _fits(name, place, None, text)]
        if len(fitting) != 1:
            raise ValueError(f"is {text!r}, which is no id of another CRM; write it as hubspot:{text}")
        return fitting[0].ref(text)


def _fits(connection: str, place: Place, crm: str | None, id_: str) -> bool:
    if crm is not None:
        return crm.strip().lower() in (connection, place.crm)
    match place.crm:
        case "salesforce":
            return _SALESFORCE.fullmatch(id_) is not None and not _HUBSPOT.fullmatch(id_)
        case "hubspot":
            return _HUBSPOT.fullmatch(id_) is not None
        case _:
            return True
