"""What a field of ours says, by the newer of our two looks at it."""

from __future__ import annotations

from partnersync.facts import RawVersion
from service.steps.writer import text_of
from state.standings import StoredCell

NONE_KNOWN = StoredCell()


def says(version: RawVersion, field: str, known: StoredCell) -> tuple[str | None, bool]:
    """A field's value as text, and whether the source hid it.

    Where the record was read before our own last write, what that write read back is the newer look at the CRM.
    """
    if known.written_at is not None and version.seen_at <= known.written_at:
        return known.read_back, False
    values = version.record.values
    return text_of(values.get(field)), field not in values
