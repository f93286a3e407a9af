"""A slot of the schedule is claimed once, whoever asks, and the newest of each kind is known after a restart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from state.database import Database
from state.slots import Slots

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_slot_is_claimed_once(database: Database) -> None:
    assert Slots(database).claim("hot:salesforce", AT)
    assert not Slots(database).claim("hot:salesforce", AT)
    assert Slots(database).claim("hot:hubspot", AT)
    assert Slots(database).claim("hot:salesforce", AT + timedelta(seconds=2))


def test_the_newest_slot_of_each_kind_is_known(database: Database) -> None:
    slots = Slots(database)
    for name, minutes in (("hot:salesforce", 0), ("hot:salesforce", 15), ("warm:salesforce", 0)):
        slots.claim(name, AT + timedelta(minutes=minutes))
    assert slots.newest() == {"hot:salesforce": AT + timedelta(minutes=15), "warm:salesforce": AT}
