"""A run with every fault at five in a hundred calls ends right; the long form is a part of ``make faults``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.weather import endured

pytestmark = pytest.mark.fault


def test_a_run_in_bad_weather_ends_right_within_three_times_its_calls(tmp_path: Path) -> None:
    assert endured(tmp_path, 3, "tiny") == []
