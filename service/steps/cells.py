"""What we know of a field of ours: what it says, by the newer of our two looks at it, and which values in it are our own."""

from __future__ import annotations

from partnersync.facts import RawVersion
from reconcile.writeback.merge import Base, landing
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


def base_of(version: RawVersion, known: StoredCell) -> Base | None:
    """What counts as ours there; None where we never sent anything."""
    if not known.has_base and not known.since:
        return None
    return Base(known.sent, known.read_back, (*known.since, *landing(known.late, version.record.stamp)))
