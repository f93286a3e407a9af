"""Where a list goes on: what `paging.next.after` says, and how an `after` is read, by the portal's switches."""

from __future__ import annotations

import base64
import binascii
import sqlite3
from dataclasses import dataclass

from sandbox.hubspot import given as sent
from sandbox.hubspot import refusals
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.refusals import Refusal
from sandbox.settings import HubSpotSettings

_BEYOND_ALL = 1 << 62


@dataclass(frozen=True, slots=True)
class ListCursors:
    """The form of one portal's cursors."""

    settings: HubSpotSettings

    def read(self, after: str | None) -> int:
        """The id that an `after` names; 0 at the beginning. Raises: `Refusal`."""
        if not after:
            return 0
        text = after
        if self.settings.list_after == "opaque":
            try:
                text = base64.b64decode(after, validate=True).decode().strip()
            except (binascii.Error, UnicodeDecodeError):
                raise self._invalid(after) from None
        found = sent.identifier(text)
        if found is None:
            raise self._invalid(after)
        return found

    def first(self, db: sqlite3.Connection, kind: Kind, state: int, after: int) -> int:
        """The least id that may be shown. Raises: `Refusal`."""
        if after and self.settings.list_after_unknown != "between":
            here = (kind.type_id, after, state)
            known = db.execute("SELECT 1 FROM hs_record WHERE kind = ? AND id = ? AND state = ?", here).fetchone()
            if known is None and self.settings.list_after_unknown == "refused":
                raise self._invalid(str(after))
            if known is None:
                return _BEYOND_ALL
        return after + 1 if after and self.settings.list_after == "last_id" else after

    def written(self, last: int, following: int) -> str:
        """What the page that ends with `last` says, where `following` begins the next one."""
        match self.settings.list_after:
            case "next_id":
                return str(following)
            case "last_id":
                return str(last)
            case "opaque":
                return base64.b64encode(f"{following}\n".encode()).decode()

    @staticmethod
    def _invalid(after: str) -> Refusal:
        return refusals.invalid("Invalid after", context={"after": [after]})
