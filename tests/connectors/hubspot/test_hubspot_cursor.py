"""A cursor that this version cannot read costs a full read, no run."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.connectors.contract import Mirror
from tests.connectors.hubspot.deals import brought, load, pull


@pytest.mark.parametrize(
    "other",
    [
        lambda text: json.dumps({**json.loads(text), "of_a_later_version": 1}),
        lambda text: text[:-1],
        lambda _: "[1]",
        lambda _: "null",
    ],
    ids=["with another key", "cut", "a list", "nothing"],
)
def test_a_cursor_of_another_version_begins_anew(portal: Any, other: Callable[[str], str]) -> None:
    ids = load(portal, 3)
    mirror, connector = Mirror(), portal.connect()
    pull(connector, mirror)
    mirror.cursors["deals"] = other(mirror.cursors["deals"])

    again = pull(connector, mirror)
    idle = pull(connector, mirror)

    assert brought(again) == set(ids)
    assert again[-1].full
    assert brought(idle) == set()
