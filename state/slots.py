"""Slots of the schedule: claimed once in the database, so that a missed or doubled tick does no harm."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError

from partnersync.errors import StateError
from state.database import Database
from state.schema import slot


class Slots:
    """The slots of a workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, name: str, at: datetime, owner: str = "") -> bool:
        """Take a slot; false where somebody has it."""
        row = {"workspace": self._database.workspace, "kind": name, "shard": "", "slot": at, "owner": owner}
        try:
            with self._database.marking() as open_:
                open_.execute(insert(slot).values(**row, claimed_at=self._database.clock.now(), status="claimed"))
        except StateError as error:
            if isinstance(error.__cause__, IntegrityError):
                return False
            raise
        return True

    def newest(self) -> Mapping[str, datetime]:
        """The newest claimed slot by name."""
        query = select(slot.c.kind, func.max(slot.c.slot)).where(slot.c.workspace == self._database.workspace)
        with self._database.reading() as open_:
            return {row[0]: row[1] for row in open_.execute(query.group_by(slot.c.kind))}
