"""A hash is that of canonical JSON, however it is computed: identities outlive the code that first made them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import blake2b
from typing import Any

import pytest

from partnersync.ids import canonical, digest

VALUES: list[Any] = [
    ["write", "salesforce/00D/Opportunity/006", None, 'Zürich – 東京 \U0001f600 \x07\x7f\u2028"\\/'],
    {"b": 1, "a": {"ü": [True, False, None], "u": -5}, "B": ""},
    [Decimal("1.10"), date(2026, 3, 1), datetime(2026, 3, 1, 12, 0, 0, 5, tzinfo=UTC)],
    [2**80, -(2**70)],
    ("tuple", ["nested", ("pair", 2)]),
]


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
def test_a_digest_is_the_hash_of_the_canonical_text(value: Any) -> None:
    assert digest(value) == blake2b(canonical(value).encode(), digest_size=16).hexdigest()


def test_the_canonical_text_never_changes() -> None:
    assert digest({"b": [Decimal("1.10"), "ü"], "a": date(2026, 3, 1)}) == digest(
        {"a": "2026-03-01", "b": ["1.10", "ü"]}
    )
    assert canonical({"b": [Decimal("1.10"), "ü"], "a": date(2026, 3, 1)}) == '{"a":"2026-03-01","b":["1.10","ü"]}'


def test_a_value_without_a_canonical_form_has_no_digest() -> None:
    with pytest.raises(TypeError):
        digest([object()])
