"""Tables of money and of who may touch it: strands, append-only lines, people's decisions on them."""

from __future__ import annotations

from state.schema.shape import document, instant, table, text, whole

strand = table(
    "strand",
    whole("id"),
    text("rule"),
    text("role"),
    text("component"),
    whole("generation"),
    key=("id",),
    unique=(("rule", "role", "component", "generation"),),
)
"""What tells keys of one deal in one pool apart, as one integer: the ``kind`` of a line's integer identity."""

line = table(
    "line",
    whole("pool"),
    whole("opportunity"),
    whole("strand"),
    whole("sequence"),
    text("kind"),
    whole("minor"),
    text("posted_period"),
    text("caused_by"),
    text("actor"),
    instant("stamp"),
    text("config"),
    whole("run", optional=True),
    document("explanation"),
    key=("pool", "opportunity", "strand", "sequence"),
    indexes=(("opportunity",), ("posted_period",), ("run",)),
    refers={"pool": "pool", "strand": "strand"},
)

taken_back = table(
    "taken_back",
    whole("pool"),
    whole("opportunity"),
    whole("strand"),
    whole("owed"),
    whole("minor"),
    text("actor"),
    whole("run"),
    instant("at"),
    instant("ended_at", optional=True),
    key=("pool", "opportunity", "strand"),
    indexes=(("opportunity",),),
    refers={"pool": "pool", "strand": "strand"},
)
"""What a person took back of a commission key by rolling a run back, for as long as the same is owed under it."""

APPEND_ONLY = (line.name,)
"""Tables whose rows are never changed or removed, guarded by triggers on both databases."""
