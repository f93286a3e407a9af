"""The tables, split by topic; every key begins with the workspace."""

from state.schema.credits import credit, dirty_pool, dirty_record, entry, finding, frozen_rate, pool, standing
from state.schema.facts import binding, body, cursor, dirty, fact, place, quarantine, reach, version, workspace
from state.schema.ledger import APPEND_ONLY, line, strand, taken_back
from state.schema.running import bucket, budget, calls, drift, full_read, lease, person, rest, run, slot, snapshot
from state.schema.shape import metadata
from state.schema.writing import base, hold, intent, noted, plan, plan_change, sent, task

__all__ = [
    "APPEND_ONLY",
    "base",
    "binding",
    "body",
    "bucket",
    "budget",
    "calls",
    "credit",
    "cursor",
    "dirty",
    "dirty_pool",
    "dirty_record",
    "drift",
    "entry",
    "fact",
    "finding",
    "frozen_rate",
    "full_read",
    "hold",
    "intent",
    "lease",
    "line",
    "metadata",
    "noted",
    "person",
    "place",
    "plan",
    "plan_change",
    "pool",
    "quarantine",
    "reach",
    "rest",
    "run",
    "sent",
    "slot",
    "snapshot",
    "standing",
    "strand",
    "taken_back",
    "task",
    "version",
    "workspace",
]
