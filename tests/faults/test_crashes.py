"""A seeded slice of the crash schedules: a run that dies at a named point leaves nothing that a rerun does not mend."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.crashes.points import CALL, TRANSACTION, Points
from tests.faults.model.moments import Crash

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.fault
def test_a_run_that_dies_at_any_named_point_is_mended_by_the_next() -> None:
    """Transactions, calls and steps, once and twice, in a new world, a later one and one with writes of unknown fate."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.crashes.schedules", "--schedules", "24", "--seed", "20261121"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    print(done.stdout)  # noqa: T201 - the seed and what was found, for whoever reads a failure
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(
        r"24 crash schedules of seed 20261121, \d+ of them died twice, [1-9]\d* were followed by a further run; 0 wrong",
        done.stdout,
    )


def test_a_dead_process_passes_no_further_point() -> None:
    """Its clean-up would else reach the database or the CRM, which no killed process does."""
    points = Points()
    points.fatal = 2
    points.meet(CALL[0], "hot read")

    with pytest.raises(Crash):
        points.meet(TRANSACTION[1], "journal begin")
    with pytest.raises(Crash):
        points.meet(TRANSACTION[0], "leases release")

    assert points.trace == [(CALL[0], "hot read"), (TRANSACTION[1], "journal begin")]
