"""Where a pull of one object stands, as JSON text that is stored with each page.

Three states. *full*: the first read, in order of id, after ``id``; what a bulk job brings of it comes in no order, so there
``job`` says how much of the job's result is stored, while ``id`` stays where the job began. *paging*: changes are being read
in order of stamp and id, after (``stamp``, ``id``). *rest*: everything up to ``watermark`` is there. ``watermark`` is always
the server's own ``latestDateCovered``, taken before the rows were read: whatever is committed later has a stamp at or after
it, however late its transaction ends. The next pull starts at ``watermark`` less ``OVERLAP`` all the same; what it reads
twice is recognised by its hash. The overlap is short, because the watermark already allows for transactions that run long;
it covers stamps of whole seconds, and an answer that was a little behind.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from connectors.salesforce.shapes import Selection
from connectors.salesforce.wire import literal
from partnersync.clock import parse_instant

OVERLAP = timedelta(minutes=1)
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class JobPlace:
    """How far a bulk job's result is stored: ``rows`` of the part at ``locator`` (empty: the first), ``seen`` in all."""

    id: str
    locator: str = ""
    rows: int = 0
    seen: int = 0


@dataclass(frozen=True, slots=True)
class Cursor:
    """The state of one object's pull; ``seen`` counts the records of a full read so far, those of ``job`` left out."""

    state: Literal["full", "paging", "rest"]
    selection: Selection
    described_at: datetime
    watermark: datetime
    stamp: datetime
    id: str = ""
    seen: int = 0
    job: JobPlace | None = None

    def at_rest(self) -> Cursor:
        """After the last page of a full read."""
        return replace(self, state="rest", id="", stamp=self.watermark, job=None)

    def text(self) -> str:
        """JSON that ``parse_cursor`` reads."""
        chosen = self.selection
        return json.dumps(
            {
                "format": _FORMAT,
                "state": self.state,
                "stamp": literal(self.stamp),
                "id": self.id,
                "seen": self.seen,
                "watermark": literal(self.watermark),
                "described_at": literal(self.described_at),
                "asked": chosen.asked,
                "hidden": chosen.hidden,
                "by": chosen.stamp,
                "system": chosen.system,
                "replicates": chosen.replicates,
                **({"job": asdict(self.job)} if self.job else {}),
            },
            separators=(",", ":"),
        )


def parse_cursor(object_: str, text: str | None) -> Cursor | None:
    """The stored cursor; None where there is none, or one that this version does not read: the pull starts anew."""
    try:
        held = json.loads(text or "null")
        if held is None or held["format"] != _FORMAT:
            return None
        selection = Selection(
            object_,
            tuple(held["asked"]),
            tuple(held["hidden"]),
            held["by"],
            tuple(held["system"]),
            bool(held["replicates"]),
        )
        return Cursor(
            held["state"],
            selection,
            parse_instant(held["described_at"]),
            parse_instant(held["watermark"]),
            parse_instant(held["stamp"]),
            held["id"],
            int(held["seen"]),
            JobPlace(**held["job"]) if held.get("job") else None,
        )
    except (ValueError, KeyError, TypeError):
        return None
