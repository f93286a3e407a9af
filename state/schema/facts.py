"""Tables of what was pulled: places, facts, their versions and bodies, the keys that they are found by, cursors."""

from __future__ import annotations

from sqlalchemy import Column, Table, Text, UniqueConstraint

from state.schema.shape import instant, metadata, table, text, whole
from state.types import Instant, Whole

workspace = Table(
    "workspace",
    metadata,
    Column("id", Whole(), primary_key=True, autoincrement=False),
    Column("slug", Text(), nullable=False),
    Column("created_at", Instant(), nullable=False),
    Column("remembers_until", Instant(), nullable=True),
    Column("halted_by", Text(), nullable=True),
    UniqueConstraint("slug"),
    sqlite_strict=True,
)

binding = table("binding", text("connection"), text("crm"), text("org"), instant("bound_at"), key=("connection",))

place = table(
    "place", whole("id"), text("crm"), text("org"), text("object"), key=("id",), unique=(("crm", "org", "object"),)
)

fact = table(
    "fact",
    whole("id"),
    whole("place"),
    text("external"),
    text("kind"),
    text("hash", optional=True),
    text("life"),
    instant("stamp", optional=True),
    instant("gone_at", optional=True),
    whole("version", optional=True),
    text("fields", optional=True),
    text("quarantine", optional=True),
    whole("survivor", optional=True),
    key=("id",),
    unique=(("place", "external"),),
    indexes=(("kind", "id"),),
    sparse="survivor",
)

version = table(
    "version",
    whole("id"),
    whole("fact"),
    text("hash"),
    text("life"),
    instant("stamp"),
    instant("seen_at"),
    instant("created_at", optional=True),
    text("author", optional=True),
    whole("body", optional=True),
    key=("id",),
    indexes=(("fact", "id"),),
    refers={"fact": "fact"},
)

body = table("body", whole("id"), text("payload"), key=("id",))

quarantine = table(
    "quarantine",
    whole("place"),
    text("external"),
    text("kind"),
    text("reason"),
    text("payload"),
    instant("at"),
    key=("place", "external"),
)

reach = table(
    "reach",
    whole("key"),
    whole("role"),
    whole("way"),
    whole("fact"),
    key=("key", "role", "way", "fact"),
    indexes=(("fact",),),
    clustered=True,
)

dirty = table("dirty", whole("fact"), instant("since"), key=("fact",), clustered=True)

cursor = table(
    "cursor",
    text("connection"),
    text("object"),
    text("position"),
    instant("at"),
    key=("connection", "object"),
)
