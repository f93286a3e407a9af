"""What the guards are told: how far a full read fell behind the last accepted one, and how many records may be written to."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from partnersync.records import Identity
from state.cursors import Cursors
from state.database import Database, Fence
from state.facts import Facts
from state.standings import Standings
from tests.state.conftest import Watch
from tests.state.world import record, remember

ACCOUNTS = ("salesforce", "Account")
SITES = {"sales": Identity("salesforce", "00D1"), "marketing": Identity("hubspot", "777")}


@dataclass(frozen=True)
class Section:
    """A section ``writeback`` by the names of its fields."""

    account: dict[str, str] = field(default_factory=dict)
    opportunity: dict[str, str] = field(default_factory=dict)


def test_the_first_full_read_is_held_against_none(database: Database, fence: Fence) -> None:
    cursors = Cursors(database)

    cursors.full(fence, *ACCOUNTS, 100)

    assert cursors.unaccepted() == {}


def test_a_full_read_is_held_against_the_last_accepted_one_until_it_is_accepted_itself(
    database: Database, fence: Fence
) -> None:
    cursors = Cursors(database)
    told = []
    for total in (100, 60, 50):
        cursors.full(fence, *ACCOUNTS, total)
        told.append(cursors.unaccepted())
    cursors.accept(fence, [ACCOUNTS])
    cursors.full(fence, *ACCOUNTS, 49)

    assert told == [{}, {ACCOUNTS: (100, 60)}, {ACCOUNTS: (100, 50)}]
    assert cursors.unaccepted() == {ACCOUNTS: (50, 49)}


def test_only_the_reads_that_are_named_are_accepted_and_only_those_up_to_an_instant(
    database: Database, fence: Fence, watch: Watch
) -> None:
    cursors, deals = Cursors(database), ("salesforce", "Opportunity")
    for object_ in (ACCOUNTS, deals):
        cursors.full(fence, *object_, 100)
        cursors.full(fence, *object_, 50)

    cursors.accept(fence, [])
    cursors.accept(fence, [ACCOUNTS], until=watch.now() - timedelta(seconds=1))
    before = cursors.unaccepted()
    cursors.accept(fence, [ACCOUNTS], until=watch.now())

    assert before == {ACCOUNTS: (100, 50), deals: (100, 50)}
    assert cursors.unaccepted() == {deals: (100, 50)}


@pytest.fixture
def two_crms(database: Database, fence: Fence) -> Database:
    """Two accounts and three deals in one CRM, four accounts and a deal in the other, and some that are gone."""
    facts = Facts(database)
    remember(facts, fence, *(record("Account", f"a{n}") for n in range(2)))
    remember(facts, fence, *(record("Opportunity", f"o{n}") for n in range(3)))
    remember(facts, fence, *(record("Account", f"h{n}", crm="hubspot") for n in range(4)))
    remember(facts, fence, record("Opportunity", "h", crm="hubspot"))
    remember(facts, fence, *(record("Registration", f"r{n}") for n in range(9)))
    return database


@pytest.mark.parametrize(
    ("writeback", "count"),
    [
        ({"sales": Section({"P": ""}, {"P": ""}), "marketing": Section({"p": ""}, {"p": ""})}, 10),
        ({"sales": Section({"P": ""}, {"P": ""})}, 5),
        ({"sales": Section(opportunity={"P": ""}), "marketing": Section(account={"p": ""})}, 7),
        ({"marketing": Section(opportunity={"p": ""})}, 1),
        ({"sales": Section(), "elsewhere": Section({"P": ""})}, 0),
        ({}, 0),
    ],
)
def test_only_records_of_a_kind_and_a_crm_that_the_config_writes_to_are_reachable(
    two_crms: Database, writeback: dict[str, Section], count: int
) -> None:
    assert Standings(two_crms).reachable(SITES, writeback) == count
