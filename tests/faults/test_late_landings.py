"""A create that nobody waits for any more may still be running inside the CRM; it comes once all the same."""

from __future__ import annotations

from time import monotonic, sleep

import pytest

from tests.faults.conftest import Theatre

pytestmark = pytest.mark.fault


@pytest.mark.parametrize("keyed", [False], ids=["tasks without a key field"])
@pytest.mark.parametrize(("crm", "endpoint"), [("hubspot", "batch.create.tasks"), ("salesforce", "collections.create")])
def test_a_task_that_lands_after_we_gave_up_and_looked_for_it_comes_once(
    theatre: Theatre, keyed: bool, crm: str, endpoint: str
) -> None:
    """We give up after 1 s, look, and find nothing; the CRM begins after 5 s. A second create would be a second task."""
    theatre.edit_config(
        f"    crm: {crm}\n    lands_within: 1s\n", f"    crm: {crm}\n    lands_within: 6s\n    timeout: 1s\n"
    )
    theatre.fault({"kind": "latency", "ms": 5000}, vendor=crm, endpoint=endpoint, nth=1)

    began = monotonic()

    report = theatre.cycle()

    sleep(max(0.0, began + 6 - monotonic()))  # by then whatever was sent has landed
    theatre.mended()
    assert not report.failed
    theatre.is_as_undisturbed()
    assert all(found and set(found.values()) == {1} for found in theatre.tasks().values())
    theatre.is_quiet()
