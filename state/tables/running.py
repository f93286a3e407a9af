"""Who runs, what ran and what it cost: leases, slots, run history, call counts, allowances and shared buckets."""

from __future__ import annotations

from sqlalchemy import Column

from state.tables.base import table, whole
from state.types import Day, Json, UtcInstant, Word

leases = table(
    "leases",
    ("name",),
    Column("name", Word()),
    Column("owner", Word(), nullable=False),
    whole("token"),
    whole("expires_us"),
)
"""``expires_us`` is microseconds since 1970 by the database's own clock; ``token`` only ever grows."""

slots = table(
    "slots",
    ("kind", "slot"),
    Column("kind", Word()),
    Column("slot", UtcInstant()),
    Column("owner", Word(), nullable=False),
    Column("claimed_at", UtcInstant(), nullable=False),
    Column("state", Word(), nullable=False),
    Column("ended_at", UtcInstant()),
)

runs = table(
    "runs",
    ("run",),
    whole("run"),
    Column("kind", Word(), nullable=False),
    Column("started_at", UtcInstant(), nullable=False),
    Column("ended_at", UtcInstant()),
    Column("status", Word(), nullable=False),
    whole("token"),
    Column("rules", Word()),
    Column("plan", Word()),
    Column("counts", Json(), nullable=False),
    Column("calls", Json(), nullable=False),
    Column("message", Word(), nullable=False),
    rowid=True,
)

calls = table(
    "calls",
    ("day", "connection", "freshness", "endpoint", "status"),
    Column("day", Day()),
    Column("connection", Word()),
    Column("freshness", Word()),
    Column("endpoint", Word()),
    whole("status"),
    whole("count"),
)
"""HTTP exchanges by UTC day; ``status`` 0: no answer came."""

budgets = table(
    "budgets",
    ("connection", "name"),
    Column("connection", Word()),
    Column("name", Word()),
    whole("used"),
    whole("limit"),
    Column("at", UtcInstant(), nullable=False),
)
"""What a CRM last said of an allowance."""

buckets = table(
    "buckets",
    ("connection", "bucket"),
    Column("connection", Word()),
    Column("bucket", Word()),
    whole("next_us"),
)
"""When the next place in a bucket is free, by the database's clock."""
