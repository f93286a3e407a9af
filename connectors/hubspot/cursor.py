"""What is remembered of one object between two pulls."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate, pairwise

from partnersync.ids import digest

MOST_REMEMBERED = 100_000


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the next search begins and what the last one showed; stamps are milliseconds since 1970.

    ``since``: everything before it is taken. ``probe`` ≤ ``since``: where the next look begins; if it shows the same
    ``total`` and the same newest records (``top``), nothing happened. ``newest`` is the latest stamp taken; up to ``settled``
    everything was taken so late that nothing more can surface. ``window`` are the packed ids of all records since ``probe``
    where they are known. ``listing``: a first read is under way, its next page
    starts there ("" at the beginning) and ``seen`` records came so far. ``fields`` names the fields it was made for: other
    fields begin anew.
    """

    fields: str
    since: int = 0
    probe: int = 0
    total: int = -1
    top: str = ""
    newest: int = 0
    settled: int = 0
    window: str = ""
    listing: str | None = None
    seen: int = 0

    def written(self) -> str:
        """As text for the store."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @property
    def ids(self) -> frozenset[str] | None:
        """The records since ``probe``; None where they are not known."""
        if not self.window:
            return None
        steps = json.loads(zlib.decompress(base64.b85decode(self.window)))
        return frozenset(map(str, accumulate(steps)))

    @classmethod
    def read(cls, text: str | None, fields: Sequence[str]) -> Cursor | None:
        """The inverse; None where there is none, or one made for other fields or that this version does not read."""
        try:
            cursor = cls(**json.loads(text or "null"))
        except (ValueError, TypeError):
            return None
        return cursor if cursor.fields == fields_mark(fields) else None


def packed(ids: Iterable[str]) -> str:
    """Ids as ``Cursor.window`` keeps them, each as its distance from the one before; nothing if there are too many to keep
    (100,000 that lie close together take about 50 KB).
    """
    known = sorted({int(id_) for id_ in ids})
    if len(known) > MOST_REMEMBERED:
        return ""
    steps = [after - before for before, after in pairwise([0, *known])]
    return base64.b85encode(zlib.compress(json.dumps(steps, separators=(",", ":")).encode(), 6)).decode()


def fields_mark(fields: Sequence[str]) -> str:
    """Identifies a set of fields."""
    return digest(sorted(set(fields)), 8)


def top_mark(records: Sequence[tuple[str, int]], *, whole: bool) -> str:
    """Identifies a page of the newest (id, stamp), in whatever order equal stamps came.

    Unless the page is the ``whole`` of them, which ones of the oldest stamp it shows is chance: they stand for one.
    """
    edge = 0 if whole else min((stamp for _, stamp in records if stamp), default=0)
    return digest([edge, *sorted(record for record in records if record[1] > edge)], 8)
