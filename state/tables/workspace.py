"""Whose database this is: workspaces, the orgs they are bound to, config snapshots, counters of our own numbers, people."""

from __future__ import annotations

from sqlalchemy import Column, Table, UniqueConstraint

from state.tables.base import METADATA, table, whole
from state.types import Flag, Hash, Json, Slug, UtcInstant, Whole, Word

workspaces = Table(
    "workspaces",
    METADATA,
    Column("workspace", Whole(), primary_key=True, autoincrement=False),
    Column("slug", Slug(), nullable=False),
    Column("created_at", UtcInstant(), nullable=False),
    Column("rules", Word(), nullable=True),
    UniqueConstraint("slug", name="uq_workspaces_slug"),
    sqlite_strict=True,
)
"""``rules`` is the version of the rules by which everything was last decided; None: never."""

counters = table("counters", ("name",), Column("name", Word()), whole("next"))
"""Our own numbers: entities, pools, lines, intents … are taken from here in blocks, by the one writer."""

bindings = table(
    "bindings",
    ("connection",),
    Column("connection", Slug()),
    Column("crm", Word(), nullable=False),
    Column("org", Word(), nullable=False),
    Column("name", Word(), nullable=False),
    Column("currency", Word()),
    Column("timezone", Word()),
    Column("bound_at", UtcInstant(), nullable=False),
)

configs = table(
    "configs",
    ("hash",),
    Column("hash", Hash()),
    Column("snapshot", Json(), nullable=False),
    Column("activated_by", Word(), nullable=False),
    Column("activated_at", UtcInstant(), nullable=False),
    Column("approved_by", Word()),
    Column("approved_at", UtcInstant()),
    rowid=True,
)

people = table(
    "people",
    ("crm", "org", "id"),
    Column("crm", Word()),
    Column("org", Word()),
    Column("id", Word()),
    Column("object", Word(), nullable=False),
    Column("name", Word()),
    Column("email", Word()),
    Column("active", Flag(), nullable=False),
    Column("manager_id", Word()),
    Column("seen_at", UtcInstant(), nullable=False),
)
