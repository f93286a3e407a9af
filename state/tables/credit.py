"""What was decided: credits and entries of each opportunity, frozen rates, pools and which of them are to be settled."""

from __future__ import annotations

from sqlalchemy import Column

from state.tables.base import table, whole
from state.types import Day, ExactFraction, Flag, Hash, Json, Minor, Slug, UtcInstant, Word

attributions = table(
    "attributions",
    ("entity",),
    whole("entity"),
    Column("content", Hash(), nullable=False),
    Column("rules", Word(), nullable=False),
    Column("as_of", UtcInstant(), nullable=False),
    Column("good_until", UtcInstant()),
    Column("readable", Flag(), nullable=False),
    Column("findings", Json(), nullable=False),
    index=(("good_until",),),
    refers=(("entity", "entities"),),
    rowid=True,
)
"""The answer for an opportunity as a whole; ``content`` is the hash of its credits, entries and findings."""

credits = table(  # noqa: A001 - the house's word
    "credits",
    ("entity", "position"),
    whole("entity"),
    whole("position"),
    Column("role", Word(), nullable=False),
    Column("partner", Slug(), nullable=False),
    Column("share", ExactFraction(), nullable=False),
    Column("minor", Minor()),
    Column("currency", Word()),
    Column("rule", Slug(), nullable=False),
    Column("program", Slug(), nullable=False),
    Column("rules", Word(), nullable=False),
    Column("evidence", Json(), nullable=False),
    Column("good_until", UtcInstant()),
    index=(("partner",),),
    refers=(("entity", "entities"),),
    rowid=True,
)
"""``rules`` is the version that decided; the facts it rests on stand in ``evidence`` by hash."""

entries = table(
    "entries",
    ("entity", "position"),
    whole("entity"),
    whole("position"),
    whole("pool"),
    whole("generation"),
    Column("version", Word(), nullable=False),
    Column("rule", Slug(), nullable=False),
    Column("role", Word(), nullable=False),
    Column("effective_on", Day()),
    Column("created_at", UtcInstant(), nullable=False),
    Column("source_key", Word(), nullable=False),
    Column("basis", ExactFraction()),
    Column("share", ExactFraction(), nullable=False),
    Column("rate", Json()),
    Column("blocked", Word()),
    Column("facts", Json(), nullable=False),
    Column("context", Json(), nullable=False),
    Column("good_until", UtcInstant()),
    index=(("pool", "effective_on", "created_at", "source_key"),),
    refers=(("entity", "entities"), ("pool", "pools")),
    rowid=True,
)

frozen_rates = table(
    "frozen_rates",
    ("entity", "generation", "base", "quote", "asked_on"),
    whole("entity"),
    whole("generation"),
    Column("base", Word()),
    Column("quote", Word()),
    Column("asked_on", Day()),
    Column("published_on", Day(), nullable=False),
    Column("value", ExactFraction(), nullable=False),
    Column("path", Word(), nullable=False),
    Column("frozen_at", UtcInstant(), nullable=False),
    refers=(("entity", "entities"),),
)

pools = table(
    "pools",
    ("pool",),
    whole("pool"),
    Column("program", Slug(), nullable=False),
    Column("plan", Slug(), nullable=False),
    Column("partner", Slug(), nullable=False),
    Column("measure", Word(), nullable=False),
    Column("period", Word(), nullable=False),
    Column("currency", Word(), nullable=False),
    unique=(("program", "plan", "partner", "measure", "period", "currency"),),
    index=(("partner",),),
)

dirty_pools = table("dirty_pools", ("pool", "entity"), whole("pool"), whole("entity"))
"""Pools to settle, with the opportunity whose entry changed (0: none in particular)."""
