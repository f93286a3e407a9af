"""A seeded slice of ``make kills``: a run killed at a write or at any moment leaves nothing that a rerun does not mend."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.fault
def test_a_killed_run_run_again_ends_where_an_undisturbed_run_ends() -> None:
    """Killed before and after the commit of a write, after its answer, and at a random moment, in a new and an old world."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.kills", "--runs", "1", "--worlds", "1", "--seed", "20261121"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    print(done.stdout)  # noqa: T201 - the seed and what was found, for whoever reads a failure
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("1 ended as undisturbed") == 4
