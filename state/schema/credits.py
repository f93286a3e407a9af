"""Tables of what was decided about credit: credits, the entries they bring to pools, rates frozen for them, findings."""

from __future__ import annotations

from state.schema.shape import day, document, instant, ratio, table, text, whole

credit = table(
    "credit",
    whole("opportunity"),
    whole("ordinal"),
    text("role"),
    text("partner"),
    ratio("share"),
    whole("minor", optional=True),
    text("currency", optional=True),
    text("rule"),
    text("program"),
    document("evidence"),
    instant("good_until", optional=True),
    key=("opportunity", "ordinal"),
    indexes=(("partner", "opportunity"),),
)

standing = table(
    "standing",
    whole("opportunity"),
    text("hash"),
    text("config"),
    instant("decided_at"),
    instant("good_until", optional=True),
    key=("opportunity",),
    indexes=(("good_until",),),
)

pool = table(
    "pool",
    whole("id"),
    text("program"),
    text("plan"),
    text("partner"),
    text("measure"),
    text("period"),
    text("currency"),
    key=("id",),
    unique=(("program", "plan", "partner", "measure", "period", "currency"),),
)

entry = table(
    "entry",
    whole("pool"),
    whole("opportunity"),
    whole("ordinal"),
    text("hash"),
    whole("generation"),
    text("version"),
    text("rule"),
    text("role"),
    day("effective_on", optional=True),
    instant("created_at"),
    text("source_key"),
    ratio("basis", optional=True),
    ratio("share"),
    document("rate", optional=True),
    text("blocked", optional=True),
    document("facts"),
    document("context"),
    document("cites"),
    instant("entered_at"),
    instant("good_until", optional=True),
    key=("pool", "opportunity", "ordinal"),
    indexes=(("opportunity",), ("good_until",)),
    refers={"pool": "pool"},
)

dirty_pool = table("dirty_pool", whole("pool"), instant("since"), key=("pool",), clustered=True)

dirty_record = table("dirty_record", whole("fact"), instant("since"), key=("fact",), clustered=True)

frozen_rate = table(
    "frozen_rate",
    whole("opportunity"),
    whole("generation"),
    text("base"),
    text("quote"),
    day("asked_on"),
    day("rate_on"),
    ratio("value"),
    text("path"),
    instant("frozen_at"),
    key=("opportunity", "generation", "base", "quote", "asked_on"),
)

finding = table(
    "finding",
    whole("opportunity"),
    whole("ordinal"),
    text("code"),
    text("ref"),
    text("message"),
    text("severity"),
    key=("opportunity", "ordinal"),
    indexes=(("code",),),
)
