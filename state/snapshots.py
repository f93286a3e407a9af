"""Versions of the config by the hash of their meaning, and who approved which."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, select, update

from state.database import Database, Fence
from state.lists import HERE
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
            open_.execute(insert_new(self._database, snapshot), {**row, "first_seen_at": self._database.clock.now()})

    def approve(self, fence: Fence, hash_: str, who: str) -> None:
        """Note who said yes to a version; the first one stays."""
        with self._database.writing(fence) as open_:
            open_.execute(_APPROVE, {**self._one(hash_), "who": who, "now": self._database.clock.now()})

    def approved(self, hash_: str) -> bool:
        """Whether somebody approved a version."""
        with self._database.reading() as open_:
            return open_.execute(_APPROVED, self._one(hash_)).scalar_one_or_none() is not None

    def meaning(self, hash_: str) -> Any:
        """What a version said, None where it never ran here."""
        with self._database.reading() as open_:
            return open_.execute(_MEANING, self._one(hash_)).scalar_one_or_none()

    def _one(self, hash_: str) -> dict[str, int | str]:
        return {"here": self._database.workspace, "one": hash_}


_ONE = (snapshot.c.workspace == HERE, snapshot.c.hash == bindparam("one"))
_APPROVED = select(snapshot.c.approved_at).where(*_ONE)
_MEANING = select(snapshot.c.meaning).where(*_ONE)
_APPROVE = (
    update(snapshot)
    .where(*_ONE, snapshot.c.approved_at.is_(None))
    .values(approved_by=bindparam("who"), approved_at=bindparam("now"))
)
