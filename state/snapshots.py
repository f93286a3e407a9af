"""Versions of the config by the hash of their meaning, and who approved which."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, update

from state.database import Database, Fence
from state.marks import insert_new
from state.schema import snapshot


class Snapshots:
    """The config versions that a workspace has run under."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def seen(self, fence: Fence, hash_: str, meaning: Mapping[str, Any]) -> None:
        """Keep a version the first time it is run."""
        if self.meaning(hash_) is not None:
            return
        row = {"workspace": self._database.workspace, "hash": hash_, "meaning": meaning}
        with self._database.writing(fence) as open_:
            open_.execute(insert_new(self._database, snapshot).values(**row, first_seen_at=self._database.clock.now()))

    def approve(self, fence: Fence, hash_: str, who: str) -> None:
        """Note who said yes to a version; the first one stays."""
        with self._database.writing(fence) as open_:
            open_.execute(
                update(snapshot)
                .where(
                    snapshot.c.workspace == self._database.workspace,
                    snapshot.c.hash == hash_,
                    snapshot.c.approved_at.is_(None),
                )
                .values(approved_by=who, approved_at=self._database.clock.now())
            )

    def approved(self, hash_: str) -> bool:
        """Whether somebody approved a version."""
        query = select(snapshot.c.approved_at).where(
            snapshot.c.workspace == self._database.workspace, snapshot.c.hash == hash_
        )
        with self._database.reading() as open_:
            return open_.execute(query).scalar_one_or_none() is not None

    def meaning(self, hash_: str) -> Any:
        """What a version said, None where it never ran here."""
        query = select(snapshot.c.meaning).where(
            snapshot.c.workspace == self._database.workspace, snapshot.c.hash == hash_
        )
        with self._database.reading() as open_:
            return open_.execute(query).scalar_one_or_none()
