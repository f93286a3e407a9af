"""The first schema: every table, and the triggers that keep the ledger append-only."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from state import schema, types

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bindings",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("connection", types.Slug(), nullable=False),
        sa.Column("crm", types.Word(), nullable=False),
        sa.Column("org", types.Word(), nullable=False),
        sa.Column("name", types.Word(), nullable=False),
        sa.Column("currency", types.Word(), nullable=True),
        sa.Column("timezone", types.Word(), nullable=True),
        sa.Column("bound_at", types.UtcInstant(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "connection", name=op.f("pk_bindings")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "buckets",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("connection", types.Word(), nullable=False),
        sa.Column("bucket", types.Word(), nullable=False),
        sa.Column("next_us", types.Whole(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("workspace", "connection", "bucket", name=op.f("pk_buckets")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "budgets",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("connection", types.Word(), nullable=False),
        sa.Column("name", types.Word(), nullable=False),
        sa.Column("used", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("limit", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("at", types.UtcInstant(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "connection", "name", name=op.f("pk_budgets")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "calls",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("day", types.Day(), nullable=False),
        sa.Column("connection", types.Word(), nullable=False),
        sa.Column("freshness", types.Word(), nullable=False),
        sa.Column("endpoint", types.Word(), nullable=False),
        sa.Column("status", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("count", types.Whole(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint(
            "workspace", "day", "connection", "freshness", "endpoint", "status", name=op.f("pk_calls")
        ),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "configs",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("hash", types.Hash(), nullable=False),
        sa.Column("snapshot", types.Json(), nullable=False),
        sa.Column("activated_by", types.Word(), nullable=False),
        sa.Column("activated_at", types.UtcInstant(), nullable=False),
        sa.Column("approved_by", types.Word(), nullable=True),
        sa.Column("approved_at", types.UtcInstant(), nullable=True),
        sa.PrimaryKeyConstraint("workspace", "hash", name=op.f("pk_configs")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_table(
        "counters",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("name", types.Word(), nullable=False),
        sa.Column("next", types.Whole(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("workspace", "name", name=op.f("pk_counters")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "cursors",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("connection", types.Word(), nullable=False),
        sa.Column("object", types.Word(), nullable=False),
        sa.Column("fields", types.Hash(), nullable=False),
        sa.Column("cursor", types.Word(), nullable=False),
        sa.Column("at", types.UtcInstant(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "connection", "object", name=op.f("pk_cursors")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_table(
        "dirty",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("entity", types.Whole(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("workspace", "entity", name=op.f("pk_dirty")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "dirty_pools",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("pool", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("entity", types.Whole(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("workspace", "pool", "entity", name=op.f("pk_dirty_pools")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "entities",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("entity", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("object", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("source_id", types.Word(), nullable=False),
        sa.Column("kind", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("sequence", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("body", types.Hash(), nullable=True),
        sa.Column("stamp", types.UtcInstant(), nullable=True),
        sa.Column("life", types.Word(), nullable=False),
        sa.Column("alias_of", types.Whole(), autoincrement=False, nullable=True),
        sa.PrimaryKeyConstraint("workspace", "entity", name=op.f("pk_entities")),
        sa.UniqueConstraint("workspace", "object", "source_id", name=op.f("uq_entities_object")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_entities_kind"), "entities", ["workspace", "kind", "entity"], unique=False)
    op.create_table(
        "full_reads",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("connection", types.Word(), nullable=False),
        sa.Column("object", types.Word(), nullable=False),
        sa.Column("total", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("at", types.UtcInstant(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "connection", "object", name=op.f("pk_full_reads")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "leases",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("name", types.Word(), nullable=False),
        sa.Column("owner", types.Word(), nullable=False),
        sa.Column("token", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("expires_us", types.Whole(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("workspace", "name", name=op.f("pk_leases")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "objects",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("object", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("crm", types.Word(), nullable=False),
        sa.Column("org", types.Word(), nullable=False),
        sa.Column("name", types.Word(), nullable=False),
        sa.Column("read_as", types.Word(), nullable=True),
        sa.PrimaryKeyConstraint("workspace", "object", name=op.f("pk_objects")),
        sa.UniqueConstraint("workspace", "crm", "org", "name", name=op.f("uq_objects_crm")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "payloads",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("hash", types.Hash(), nullable=False),
        sa.Column("body", types.Word(), nullable=True),
        sa.Column("seen_at", types.UtcInstant(), nullable=False),
        sa.Column("erased_at", types.UtcInstant(), nullable=True),
        sa.PrimaryKeyConstraint("workspace", "hash", name=op.f("pk_payloads")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_index(op.f("ix_payloads_seen_at"), "payloads", ["workspace", "seen_at"], unique=False)
    op.create_table(
        "people",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("crm", types.Word(), nullable=False),
        sa.Column("org", types.Word(), nullable=False),
        sa.Column("id", types.Word(), nullable=False),
        sa.Column("object", types.Word(), nullable=False),
        sa.Column("name", types.Word(), nullable=True),
        sa.Column("email", types.Word(), nullable=True),
        sa.Column("active", types.Flag(), nullable=False),
        sa.Column("manager_id", types.Word(), nullable=True),
        sa.Column("seen_at", types.UtcInstant(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "crm", "org", "id", name=op.f("pk_people")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "periods",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("program", types.Slug(), nullable=False),
        sa.Column("label", types.Word(), nullable=False),
        sa.Column("starts_on", types.Day(), nullable=False),
        sa.Column("ends_on", types.Day(), nullable=False),
        sa.Column("state", types.Word(), nullable=False),
        sa.Column("changed_by", types.Word(), nullable=False),
        sa.Column("changed_at", types.UtcInstant(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "program", "label", name=op.f("pk_periods")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "plan_changes",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("plan", types.Hash(), nullable=False),
        sa.Column("change", types.Hash(), nullable=False),
        sa.Column("approved_by", types.Word(), nullable=True),
        sa.Column("approved_at", types.UtcInstant(), nullable=True),
        sa.Column("status", types.Word(), nullable=False),
        sa.Column("message", types.Word(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "plan", "change", name=op.f("pk_plan_changes")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "plans",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("digest", types.Hash(), nullable=False),
        sa.Column("config", types.Word(), nullable=False),
        sa.Column("made_at", types.UtcInstant(), nullable=False),
        sa.Column("body", types.Hash(), nullable=False),
        sa.Column("totals", types.Json(), nullable=False),
        sa.Column("reasons", types.Json(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "digest", name=op.f("pk_plans")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_plans_made_at"), "plans", ["workspace", "made_at"], unique=False)
    op.create_table(
        "pools",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("pool", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("program", types.Slug(), nullable=False),
        sa.Column("plan", types.Slug(), nullable=False),
        sa.Column("partner", types.Slug(), nullable=False),
        sa.Column("measure", types.Word(), nullable=False),
        sa.Column("period", types.Word(), nullable=False),
        sa.Column("currency", types.Word(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "pool", name=op.f("pk_pools")),
        sa.UniqueConstraint(
            "workspace", "program", "plan", "partner", "measure", "period", "currency", name=op.f("uq_pools_program")
        ),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_pools_partner"), "pools", ["workspace", "partner"], unique=False)
    op.create_table(
        "reach",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("key", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("part", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("entity", types.Whole(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("workspace", "key", "part", "entity", name=op.f("pk_reach")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_reach_entity"), "reach", ["workspace", "entity"], unique=False)
    op.create_table(
        "runs",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("run", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("kind", types.Word(), nullable=False),
        sa.Column("started_at", types.UtcInstant(), nullable=False),
        sa.Column("ended_at", types.UtcInstant(), nullable=True),
        sa.Column("status", types.Word(), nullable=False),
        sa.Column("token", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("rules", types.Word(), nullable=True),
        sa.Column("plan", types.Word(), nullable=True),
        sa.Column("counts", types.Json(), nullable=False),
        sa.Column("calls", types.Json(), nullable=False),
        sa.Column("message", types.Word(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "run", name=op.f("pk_runs")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_table(
        "slots",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("kind", types.Word(), nullable=False),
        sa.Column("slot", types.UtcInstant(), nullable=False),
        sa.Column("owner", types.Word(), nullable=False),
        sa.Column("claimed_at", types.UtcInstant(), nullable=False),
        sa.Column("state", types.Word(), nullable=False),
        sa.Column("ended_at", types.UtcInstant(), nullable=True),
        sa.PrimaryKeyConstraint("workspace", "kind", "slot", name=op.f("pk_slots")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "terms",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("term", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("rule", types.Slug(), nullable=False),
        sa.Column("role", types.Word(), nullable=False),
        sa.Column("component", types.Word(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "term", name=op.f("pk_terms")),
        sa.UniqueConstraint("workspace", "rule", "role", "component", name=op.f("uq_terms_rule")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "workspaces",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("slug", types.Slug(), nullable=False),
        sa.Column("created_at", types.UtcInstant(), nullable=False),
        sa.Column("rules", types.Word(), nullable=True),
        sa.PrimaryKeyConstraint("workspace", name=op.f("pk_workspaces")),
        sa.UniqueConstraint("slug", name="uq_workspaces_slug"),
        sqlite_strict=True,
    )
    op.create_table(
        "attributions",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("entity", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("content", types.Hash(), nullable=False),
        sa.Column("rules", types.Word(), nullable=False),
        sa.Column("as_of", types.UtcInstant(), nullable=False),
        sa.Column("good_until", types.UtcInstant(), nullable=True),
        sa.Column("readable", types.Flag(), nullable=False),
        sa.Column("findings", types.Json(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace", "entity"], ["entities.workspace", "entities.entity"], name=op.f("fk_attributions_entity")
        ),
        sa.PrimaryKeyConstraint("workspace", "entity", name=op.f("pk_attributions")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_index(op.f("ix_attributions_good_until"), "attributions", ["workspace", "good_until"], unique=False)
    op.create_table(
        "bases",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("entity", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("field", types.Word(), nullable=False),
        sa.Column("sent", types.Word(), nullable=True),
        sa.Column("read_back", types.Word(), nullable=True),
        sa.Column("mark", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("at", types.UtcInstant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace", "entity"], ["entities.workspace", "entities.entity"], name=op.f("fk_bases_entity")
        ),
        sa.PrimaryKeyConstraint("workspace", "entity", "field", name=op.f("pk_bases")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "credits",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("entity", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("position", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("role", types.Word(), nullable=False),
        sa.Column("partner", types.Slug(), nullable=False),
        sa.Column("share", types.ExactFraction(), nullable=False),
        sa.Column("minor", types.Whole(), nullable=True),
        sa.Column("currency", types.Word(), nullable=True),
        sa.Column("rule", types.Slug(), nullable=False),
        sa.Column("program", types.Slug(), nullable=False),
        sa.Column("rules", types.Word(), nullable=False),
        sa.Column("evidence", types.Json(), nullable=False),
        sa.Column("good_until", types.UtcInstant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace", "entity"], ["entities.workspace", "entities.entity"], name=op.f("fk_credits_entity")
        ),
        sa.PrimaryKeyConstraint("workspace", "entity", "position", name=op.f("pk_credits")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_index(op.f("ix_credits_partner"), "credits", ["workspace", "partner"], unique=False)
    op.create_table(
        "edits",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("entity", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("field", types.Word(), nullable=False),
        sa.Column("value", types.Word(), nullable=True),
        sa.Column("desired", types.Word(), nullable=True),
        sa.Column("times", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("at", types.UtcInstant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace", "entity"], ["entities.workspace", "entities.entity"], name=op.f("fk_edits_entity")
        ),
        sa.PrimaryKeyConstraint("workspace", "entity", "field", name=op.f("pk_edits")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "entries",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("entity", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("position", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("pool", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("generation", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("version", types.Word(), nullable=False),
        sa.Column("rule", types.Slug(), nullable=False),
        sa.Column("role", types.Word(), nullable=False),
        sa.Column("effective_on", types.Day(), nullable=True),
        sa.Column("created_at", types.UtcInstant(), nullable=False),
        sa.Column("source_key", types.Word(), nullable=False),
        sa.Column("basis", types.ExactFraction(), nullable=True),
        sa.Column("share", types.ExactFraction(), nullable=False),
        sa.Column("rate", types.Json(), nullable=True),
        sa.Column("blocked", types.Word(), nullable=True),
        sa.Column("facts", types.Json(), nullable=False),
        sa.Column("context", types.Json(), nullable=False),
        sa.Column("good_until", types.UtcInstant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace", "entity"], ["entities.workspace", "entities.entity"], name=op.f("fk_entries_entity")
        ),
        sa.ForeignKeyConstraint(["workspace", "pool"], ["pools.workspace", "pools.pool"], name=op.f("fk_entries_pool")),
        sa.PrimaryKeyConstraint("workspace", "entity", "position", name=op.f("pk_entries")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_index(
        op.f("ix_entries_pool"),
        "entries",
        ["workspace", "pool", "effective_on", "created_at", "source_key"],
        unique=False,
    )
    op.create_table(
        "fact_versions",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("entity", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("sequence", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("body", types.Hash(), nullable=False),
        sa.Column("stamp", types.UtcInstant(), nullable=False),
        sa.Column("seen_at", types.UtcInstant(), nullable=False),
        sa.Column("created_at", types.UtcInstant(), nullable=True),
        sa.Column("author", types.Word(), nullable=True),
        sa.Column("life", types.Word(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace", "entity"], ["entities.workspace", "entities.entity"], name=op.f("fk_fact_versions_entity")
        ),
        sa.PrimaryKeyConstraint("workspace", "entity", "sequence", name=op.f("pk_fact_versions")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "frozen_rates",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("entity", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("generation", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("base", types.Word(), nullable=False),
        sa.Column("quote", types.Word(), nullable=False),
        sa.Column("asked_on", types.Day(), nullable=False),
        sa.Column("published_on", types.Day(), nullable=False),
        sa.Column("value", types.ExactFraction(), nullable=False),
        sa.Column("path", types.Word(), nullable=False),
        sa.Column("frozen_at", types.UtcInstant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace", "entity"], ["entities.workspace", "entities.entity"], name=op.f("fk_frozen_rates_entity")
        ),
        sa.PrimaryKeyConstraint(
            "workspace", "entity", "generation", "base", "quote", "asked_on", name=op.f("pk_frozen_rates")
        ),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "holds",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("entity", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("field", types.Word(), nullable=False),
        sa.Column("value", types.Word(), nullable=True),
        sa.Column("desired", types.Word(), nullable=True),
        sa.Column("run", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("at", types.UtcInstant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace", "entity"], ["entities.workspace", "entities.entity"], name=op.f("fk_holds_entity")
        ),
        sa.PrimaryKeyConstraint("workspace", "entity", "field", name=op.f("pk_holds")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "intents",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("intent", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("key", types.Word(), nullable=False),
        sa.Column("kind", types.Word(), nullable=False),
        sa.Column("entity", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("status", types.Word(), nullable=False),
        sa.Column("open", types.Flag(), nullable=False),
        sa.Column("attempt", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("token", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("run", types.Whole(), autoincrement=False, nullable=True),
        sa.Column("payload", types.Hash(), nullable=False),
        sa.Column("task", types.Json(), nullable=True),
        sa.Column("sent_at", types.UtcInstant(), nullable=False),
        sa.Column("ended_at", types.UtcInstant(), nullable=True),
        sa.Column("crm_id", types.Word(), nullable=True),
        sa.Column("code", types.Word(), nullable=True),
        sa.Column("message", types.Word(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace", "entity"], ["entities.workspace", "entities.entity"], name=op.f("fk_intents_entity")
        ),
        sa.PrimaryKeyConstraint("workspace", "intent", name=op.f("pk_intents")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_index(op.f("ix_intents_key"), "intents", ["workspace", "key"], unique=False)
    op.create_index(op.f("ix_intents_open"), "intents", ["workspace", "open"], unique=False)
    op.create_index(op.f("ix_intents_run"), "intents", ["workspace", "run"], unique=False)
    op.create_table(
        "lines",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("line", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("pool", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("entity", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("term", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("generation", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("sequence", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("kind", types.Word(), nullable=False),
        sa.Column("minor", types.Whole(), nullable=False),
        sa.Column("effective_period", types.Word(), nullable=False),
        sa.Column("posted_period", types.Word(), nullable=False),
        sa.Column("caused_by", types.Word(), nullable=False),
        sa.Column("actor", types.Word(), nullable=False),
        sa.Column("stamp", types.UtcInstant(), nullable=False),
        sa.Column("rules", types.Word(), nullable=False),
        sa.Column("explained_as", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("explanation", types.Json(), nullable=False),
        sa.Column("good_until", types.UtcInstant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace", "entity"], ["entities.workspace", "entities.entity"], name=op.f("fk_lines_entity")
        ),
        sa.ForeignKeyConstraint(["workspace", "pool"], ["pools.workspace", "pools.pool"], name=op.f("fk_lines_pool")),
        sa.ForeignKeyConstraint(["workspace", "term"], ["terms.workspace", "terms.term"], name=op.f("fk_lines_term")),
        sa.PrimaryKeyConstraint("workspace", "line", name=op.f("pk_lines")),
        sa.UniqueConstraint(
            "workspace", "pool", "entity", "term", "generation", "sequence", name=op.f("uq_lines_pool")
        ),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_index(op.f("ix_lines_entity"), "lines", ["workspace", "entity"], unique=False)
    op.create_index(op.f("ix_lines_posted_period"), "lines", ["workspace", "posted_period"], unique=False)
    op.create_table(
        "quarantine",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("entity", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("reason", types.Word(), nullable=False),
        sa.Column("payload", types.Hash(), nullable=True),
        sa.Column("config", types.Word(), nullable=False),
        sa.Column("since", types.UtcInstant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace", "entity"], ["entities.workspace", "entities.entity"], name=op.f("fk_quarantine_entity")
        ),
        sa.PrimaryKeyConstraint("workspace", "entity", name=op.f("pk_quarantine")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tasks",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("key", types.Word(), nullable=False),
        sa.Column("rule", types.Slug(), nullable=False),
        sa.Column("entity", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("epoch", types.Word(), nullable=False),
        sa.Column("task", types.Word(), nullable=True),
        sa.Column("state", types.Word(), nullable=False),
        sa.Column("subject", types.Word(), nullable=False),
        sa.Column("body", types.Word(), nullable=False),
        sa.Column("due_on", types.Day(), nullable=False),
        sa.Column("owner", types.Word(), nullable=True),
        sa.Column("priority", types.Word(), nullable=False),
        sa.Column("edited", types.Flag(), nullable=False),
        sa.Column("closed_as", types.Word(), nullable=True),
        sa.Column("at", types.UtcInstant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace", "entity"], ["entities.workspace", "entities.entity"], name=op.f("fk_tasks_entity")
        ),
        sa.PrimaryKeyConstraint("workspace", "key", name=op.f("pk_tasks")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_index(op.f("ix_tasks_entity"), "tasks", ["workspace", "entity"], unique=False)
    op.create_index(op.f("ix_tasks_state"), "tasks", ["workspace", "state"], unique=False)
    op.create_table(
        "waiting",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("pool", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("entity", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("term", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("generation", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("minor", types.Whole(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace", "entity"], ["entities.workspace", "entities.entity"], name=op.f("fk_waiting_entity")
        ),
        sa.ForeignKeyConstraint(["workspace", "pool"], ["pools.workspace", "pools.pool"], name=op.f("fk_waiting_pool")),
        sa.ForeignKeyConstraint(["workspace", "term"], ["terms.workspace", "terms.term"], name=op.f("fk_waiting_term")),
        sa.PrimaryKeyConstraint("workspace", "pool", "entity", "term", "generation", name=op.f("pk_waiting")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_waiting_entity"), "waiting", ["workspace", "entity"], unique=False)
    op.create_table(
        "decisions",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("line", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("number", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("decision", types.Word(), nullable=False),
        sa.Column("reason", types.Word(), nullable=False),
        sa.Column("actor", types.Word(), nullable=False),
        sa.Column("at", types.UtcInstant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace", "line"], ["lines.workspace", "lines.line"], name=op.f("fk_decisions_line")
        ),
        sa.PrimaryKeyConstraint("workspace", "line", "number", name=op.f("pk_decisions")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "intent_fields",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("intent", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("field", types.Word(), nullable=False),
        sa.Column("entity", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("before", types.Word(), nullable=True),
        sa.Column("desired", types.Word(), nullable=True),
        sa.Column("read_back", types.Word(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace", "intent"], ["intents.workspace", "intents.intent"], name=op.f("fk_intent_fields_intent")
        ),
        sa.PrimaryKeyConstraint("workspace", "intent", "field", name=op.f("pk_intent_fields")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_intent_fields_entity"), "intent_fields", ["workspace", "entity", "field", "intent"], unique=False
    )
    for statement in schema.triggers(op.get_bind().dialect.name):
        op.get_bind().exec_driver_sql(statement)
