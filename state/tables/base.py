"""What all tables share: workspace first in every key, STRICT, and names for every constraint."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, ForeignKeyConstraint, Index, MetaData, PrimaryKeyConstraint, Table, UniqueConstraint

from state.types import Whole

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_1_name)s",
        "uq": "uq_%(table_name)s_%(column_1_name)s",
        "fk": "fk_%(table_name)s_%(column_1_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def table(
    name: str,
    key: tuple[str, ...],
    *columns: Column[Any],
    unique: tuple[tuple[str, ...], ...] = (),
    index: tuple[tuple[str, ...], ...] = (),
    refers: tuple[tuple[str, str], ...] = (),
    rowid: bool = False,
) -> Table:
    """A table keyed by (workspace, *key); ``refers`` are (column, table) references within the workspace.

    ``rowid`` keeps SQLite's hidden row number, which suits rows of more than some hundred bytes.
    """
    for column in columns:
        if column.name in key:
            column.nullable = False
    return Table(
        name,
        METADATA,
        Column("workspace", Whole(), nullable=False, autoincrement=False),
        *columns,
        PrimaryKeyConstraint("workspace", *key),
        *(UniqueConstraint("workspace", *each) for each in unique),
        *(Index(None, "workspace", *each) for each in index),
        *(_reference(column, target) for column, target in refers),
        sqlite_strict=True,
        sqlite_with_rowid=rowid,
    )


def _reference(column: str, target: str) -> ForeignKeyConstraint:
    parent = {"entities": "entity", "pools": "pool", "terms": "term", "lines": "line", "intents": "intent"}[target]
    return ForeignKeyConstraint(("workspace", column), (f"{target}.workspace", f"{target}.{parent}"))


def whole(name: str, *, null: bool = False) -> Column[int]:
    """A column of whole numbers."""
    return Column(name, Whole(), nullable=null, autoincrement=False)
