"""A seeded slice of the races: one runner at a time, and whoever stood still past its lease does no harm."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.fault
def test_runners_on_one_database_end_as_one_runner_would() -> None:
    """Two start at once; one stands still between its last fence check and the socket while another takes over."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.faults.races", "--kinds", "two at once,before send", "--rounds", "1"),
            *("--databases", "sqlite", "--seed", "20261121"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    print(done.stdout)  # noqa: T201 - the seed and what was found, for whoever reads a failure
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 stood still, 1 runners refused, 1 late requests, 1 ended as one runner" in done.stdout
