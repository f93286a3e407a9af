"""What came in: objects and records by number, their versions, the erasable bodies, reach, dirt, quarantine, cursors."""

from __future__ import annotations

from sqlalchemy import Column

from state.tables.base import table, whole
from state.types import Hash, UtcInstant, Word

objects = table(
    "objects",
    ("object",),
    whole("object"),
    Column("crm", Word(), nullable=False),
    Column("org", Word(), nullable=False),
    Column("name", Word(), nullable=False),
    Column("read_as", Word()),
    unique=(("crm", "org", "name"),),
)
"""(crm, org, object) by number; ``read_as`` is the reading by which reach and quarantine of all its records were made."""

entities = table(
    "entities",
    ("entity",),
    whole("entity"),
    whole("object"),
    Column("source_id", Word(), nullable=False),
    whole("kind"),
    whole("sequence"),
    Column("body", Hash()),
    Column("stamp", UtcInstant()),
    Column("life", Word(), nullable=False),
    whole("alias_of", null=True),
    unique=(("object", "source_id"),),
    index=(("kind", "entity"),),
)
"""A record by number, with what its newest version says; sequence 0: known by name only. ``alias_of``: merged into it."""

fact_versions = table(
    "fact_versions",
    ("entity", "sequence"),
    whole("entity"),
    whole("sequence"),
    Column("body", Hash(), nullable=False),
    Column("stamp", UtcInstant(), nullable=False),
    Column("seen_at", UtcInstant(), nullable=False),
    Column("created_at", UtcInstant()),
    Column("author", Word()),
    Column("life", Word(), nullable=False),
    refers=(("entity", "entities"),),
)
"""States of a record, counted from 1; ``stamp`` (the source's) is when it became true, ``seen_at`` when we learned it."""

payloads = table(
    "payloads",
    ("hash",),
    Column("hash", Hash()),
    Column("body", Word()),
    Column("seen_at", UtcInstant(), nullable=False),
    Column("erased_at", UtcInstant()),
    index=(("seen_at",),),
    rowid=True,
)
"""The one place for what may be personal: bodies of facts, of quarantined records, of plans. Erased: the hash stays."""

reach = table(
    "reach",
    ("key", "part", "entity"),
    whole("key"),
    whole("part"),
    whole("entity"),
    index=(("entity",),),
)
"""Hash of a key ↔ record. ``part``: 1 found by it, 2 found by it and carries on, 3 inherits from who is found by it, 4 meets."""

dirty = table("dirty", ("entity",), whole("entity"))
"""Opportunities whose answer may have changed."""

quarantine = table(
    "quarantine",
    ("entity",),
    whole("entity"),
    Column("reason", Word(), nullable=False),
    Column("payload", Hash()),
    Column("config", Word(), nullable=False),
    Column("since", UtcInstant(), nullable=False),
    refers=(("entity", "entities"),),
)

cursors = table(
    "cursors",
    ("connection", "object"),
    Column("connection", Word()),
    Column("object", Word()),
    Column("fields", Hash(), nullable=False),
    Column("cursor", Word(), nullable=False),
    Column("at", UtcInstant(), nullable=False),
    rowid=True,
)

full_reads = table(
    "full_reads",
    ("connection", "object"),
    Column("connection", Word()),
    Column("object", Word()),
    whole("total"),
    Column("at", UtcInstant(), nullable=False),
)
"""How many live records the last full read of an object saw: the guard against a sudden shrink compares with it."""
