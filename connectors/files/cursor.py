"""What is remembered of a file between two pulls: its content's hash and the ids it held."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FileCursor:
    """``seen`` identifies content and the way it was read; ``ids`` are those of the rows then in the file.

    The ids are kept because a file is a full list: what it held and holds no more is gone.
    """

    seen: str = ""
    ids: frozenset[str] = frozenset()

    def written(self) -> str:
        """As text for the store; 100,000 short ids take about 300 KB."""
        packed = base64.b85encode(zlib.compress(json.dumps(sorted(self.ids)).encode(), 6)).decode()
        return json.dumps({"seen": self.seen, "ids": packed})

    @classmethod
    def read(cls, text: str | None) -> FileCursor:
        """The inverse of ``written``; no text is a file never read."""
        if text is None:
            return cls()
        kept = json.loads(text)
        return cls(kept["seen"], frozenset(json.loads(zlib.decompress(base64.b85decode(kept["ids"])))))


def chunks(ids: Iterable[str], size: int) -> list[tuple[str, ...]]:
    """The ids in order, ``size`` at a time."""
    ordered = sorted(ids)
    return [tuple(ordered[start : start + size]) for start in range(0, len(ordered), size)]
