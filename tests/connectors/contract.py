"""What every connector promises: a test class to inherit, and the small world that each connector's test provides for it.

A connector's test gives a ``world`` fixture: the CRM as a person changes it, behind the connector's back. The tests here
keep a ``Mirror``, which takes pages as the program does, and compare it with what the person did.
"""

from __future__ import annotations

from collections.abc import Iterable

from partnersync.changes import Outcome
from tests.connectors.contract_reading import ReadingContract
from tests.connectors.contract_world import Mirror, World
from tests.connectors.contract_writing import WritingContract, text_of

__all__ = ["ConnectorContract", "Mirror", "World", "statuses", "text_of"]


class ConnectorContract(ReadingContract, WritingContract):
    """The promises of ``connectors/base.py``, kept over real HTTP."""


def statuses(outcomes: Iterable[Outcome]) -> dict[str, str]:
    """Key to status."""
    return {outcome.key: outcome.status for outcome in outcomes}
