"""Tables of the program's own life: leases, runs, slots, meters, people, config snapshots."""

from __future__ import annotations

from state.schema.shape import document, flag, instant, table, text, whole

lease = table(
    "lease", text("job"), text("owner"), whole("token"), instant("expires_at"), instant("renewed_at"), key=("job",)
)

run = table(
    "run",
    whole("id"),
    text("kind"),
    text("status"),
    text("config", optional=True),
    text("actor"),
    instant("started_at"),
    instant("ended_at", optional=True),
    document("counts"),
    text("message"),
    key=("id",),
    indexes=(("started_at",),),
)

slot = table(
    "slot",
    text("kind"),
    text("shard"),
    instant("slot"),
    text("status"),
    text("owner"),
    instant("claimed_at"),
    instant("ended_at", optional=True),
    key=("kind", "shard", "slot"),
)

calls = table(
    "calls",
    text("connection"),
    text("freshness"),
    text("endpoint"),
    text("status"),
    text("day"),
    whole("count"),
    key=("connection", "freshness", "endpoint", "status", "day"),
)

budget = table(
    "budget",
    text("connection"),
    text("name"),
    whole("used"),
    whole("allowance"),
    instant("at"),
    key=("connection", "name"),
)

bucket = table(
    "bucket",
    text("connection"),
    text("name"),
    whole("most"),
    whole("window"),
    document("taken"),
    key=("connection", "name"),
)

rest = table("rest", text("connection"), instant("since"), instant("until"), text("reason"), key=("connection",))

person = table(
    "person",
    text("crm"),
    text("org"),
    text("object"),
    text("external"),
    text("name"),
    text("email"),
    flag("active"),
    text("manager", optional=True),
    key=("crm", "org", "external"),
)

full_read = table(
    "full_read",
    text("connection"),
    text("object"),
    whole("total"),
    instant("at"),
    whole("fewer", optional=True),
    key=("connection", "object"),
)

snapshot = table(
    "snapshot",
    text("hash"),
    document("meaning"),
    instant("first_seen_at"),
    text("approved_by", optional=True),
    instant("approved_at", optional=True),
    key=("hash",),
)

drift = table(
    "drift",
    text("connection"),
    whole("ordinal"),
    document("setting"),
    flag("at_key"),
    text("message"),
    text("hint"),
    text("object", optional=True),
    text("field", optional=True),
    flag("stops"),
    instant("since"),
    key=("connection", "ordinal"),
)
