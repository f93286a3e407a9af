"""The number of a fact's name is stored: it must stay what earlier versions stored."""

from __future__ import annotations

from partnersync.ids import Ref
from state.reaching import name_of, number


def test_a_name_hashed_in_two_parts_is_the_name_hashed_whole() -> None:
    for ref in (
        Ref("salesforce", "00D", "Account", "001A"),
        Ref("file", "a%2Fb", "deals", "é/1"),
        Ref("c", "o", "x", ""),
    ):
        assert name_of("account", ref) == number(f"account:{ref}")
