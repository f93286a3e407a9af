"""The ledger: lines and the decisions on them, both append-only by trigger; periods; what waits for a period to open."""

from __future__ import annotations

from sqlalchemy import Column

from state.tables.base import table, whole
from state.types import Day, Json, Minor, Slug, UtcInstant, Word

terms = table(
    "terms",
    ("term",),
    whole("term"),
    Column("rule", Slug(), nullable=False),
    Column("role", Word(), nullable=False),
    Column("component", Word(), nullable=False),
    unique=(("rule", "role", "component"),),
)
"""(rule, role, component) by number, so that a line's identity is integers."""

lines = table(
    "lines",
    ("line",),
    whole("line"),
    whole("pool"),
    whole("entity"),
    whole("term"),
    whole("generation"),
    whole("sequence"),
    Column("kind", Word(), nullable=False),
    Column("minor", Minor(), nullable=False),
    Column("effective_period", Word(), nullable=False),
    Column("posted_period", Word(), nullable=False),
    Column("caused_by", Word(), nullable=False),
    Column("actor", Word(), nullable=False),
    Column("stamp", UtcInstant(), nullable=False),
    Column("rules", Word(), nullable=False),
    whole("explained_as"),
    Column("explanation", Json(), nullable=False),
    Column("good_until", UtcInstant()),
    unique=(("pool", "entity", "term", "generation", "sequence"),),
    index=(("posted_period",), ("entity",)),
    refers=(("pool", "pools"), ("entity", "entities"), ("term", "terms")),
    rowid=True,
)
"""``sequence`` counts the lines of a key from 1; ``explained_as`` is the version of the explanation's own shape."""

decisions = table(
    "decisions",
    ("line", "number"),
    whole("line"),
    whole("number"),
    Column("decision", Word(), nullable=False),
    Column("reason", Word(), nullable=False),
    Column("actor", Word(), nullable=False),
    Column("at", UtcInstant(), nullable=False),
    refers=(("line", "lines"),),
)
"""What people said of a line, counted from 1; the last one holds, none is pending."""

waiting = table(
    "waiting",
    ("pool", "entity", "term", "generation"),
    whole("pool"),
    whole("entity"),
    whole("term"),
    whole("generation"),
    Column("minor", Minor(), nullable=False),
    index=(("entity",),),
    refers=(("pool", "pools"), ("entity", "entities"), ("term", "terms")),
)
"""Drift: what is owed and not posted because no period is open for it; posted + waiting = D."""

periods = table(
    "periods",
    ("program", "label"),
    Column("program", Slug()),
    Column("label", Word()),
    Column("starts_on", Day(), nullable=False),
    Column("ends_on", Day(), nullable=False),
    Column("state", Word(), nullable=False),
    Column("changed_by", Word(), nullable=False),
    Column("changed_at", UtcInstant(), nullable=False),
)

APPEND_ONLY = ("lines", "decisions")
