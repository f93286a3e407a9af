"""A dossier holds everything that may decide a deal and nothing that cannot; a changed fact dirties exactly those deals."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine, event

from partnersync.facts import RawDossier
from partnersync.records import Gone, Merged, RawRecord
from state.database import Database, Fence
from state.dossiers import Dossiers
from state.facts import Facts
from state.marks import unmark
from state.schema import dirty
from tests.state.world import START, record, ref, remember


def ids(versions: object) -> list[str]:
    return [each.record.ref.id for each in versions]  # type: ignore[attr-defined]


def only(database: Database, deal: str) -> RawDossier:
    """The dossier of a deal; "9" is one of HubSpot."""
    crm = "hubspot" if deal == "9" else "salesforce"
    (found,) = Dossiers(database).stream([ref("Opportunity", deal, crm)], START)
    return found


def clean(database: Database, fence: Fence) -> None:
    with database.writing(fence) as connection:
        connection.execute(dirty.delete().where(dirty.c.workspace == database.workspace))


def dirtied(database: Database) -> list[str]:
    return [each.history[-1].record.ref.id for each in Dossiers(database).stream("dirty", START)]


def test_a_dossier_climbs_from_the_account_to_its_parents_and_never_down(database: Database, fence: Fence) -> None:
    facts = Facts(database)
    remember(facts, fence, record("Account", "head"), record("Account", "a", parent="head", domain="a.com"))
    remember(facts, fence, record("Account", "sister", parent="head", domain="sister.com"))
    remember(facts, fence, record("Opportunity", "1", account="a"), record("Opportunity", "2", account="head"))
    remember(facts, fence, record("Registration", "by-domain", domain="a.com"))
    remember(facts, fence, record("Registration", "by-sister", domain="sister.com"))
    remember(facts, fence, record("Registration", "by-head", account="head"))

    found = only(database, "1")

    assert ids(found.accounts) == ["a", "head"]
    assert ids(found.registrations) == ["by-domain", "by-head"]
    assert ids(only(database, "2").registrations) == ["by-head"]


def test_the_same_company_in_another_crm_carries_its_touchpoints(database: Database, fence: Fence) -> None:
    facts = Facts(database)
    remember(facts, fence, record("Account", "a", domain="a.com"))
    remember(facts, fence, record("Account", "h", crm="hubspot", domain="a.com"))
    remember(facts, fence, record("Opportunity", "1", account="a"))
    remember(facts, fence, record("Touch", "t", crm="hubspot", account="h"))

    assert ids(only(database, "1").touchpoints) == ["t"]


@contextmanager
def statements() -> Iterator[set[str]]:
    """The texts of all statements that are executed meanwhile."""
    seen: set[str] = set()

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.add(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def test_any_number_of_deals_takes_the_same_statements(database: Database, fence: Fence) -> None:
    """The driver keeps the last 128 statements ready: were each number another text, they would fill the memory."""
    facts = Facts(database)
    deals = [f"d{at}" for at in range(9)]
    for each in deals:
        remember(facts, fence, record("Account", f"a{each}", domain=f"{each}.com"))
        remember(facts, fence, record("Account", f"h{each}", crm="hubspot", domain=f"{each}.com"))
        remember(facts, fence, record("Opportunity", each, account=f"a{each}"))

    told = []
    for count in (2, 3, 9):
        with statements() as seen:
            list(Dossiers(database).stream([ref("Opportunity", each) for each in deals[:count]], START))
        told.append(seen)

    assert len(told[0]) > 5
    assert told[0] == told[1] == told[2]


def test_history_is_oldest_first_with_the_deletion_in_it(database: Database, fence: Fence) -> None:
    facts = Facts(database)
    remember(facts, fence, record("Opportunity", "1", stage="open"))
    remember(facts, fence, record("Opportunity", "1", hour=1, stage="won"))
    gone = Gone(ref("Opportunity", "1"), START + timedelta(hours=2))
    remember(facts, fence, object_="Opportunity", gone=(gone,))

    history = only(database, "1").history

    told = [(each.record.values["stage"], each.record.life) for each in history]
    assert told == [("open", "live"), ("won", "live"), ("won", "deleted")]


def test_a_changed_fact_dirties_deals_it_left_and_deals_it_joined(database: Database, fence: Fence) -> None:
    facts = Facts(database)
    remember(facts, fence, record("Account", "a", domain="a.com"), record("Account", "b", domain="b.com"))
    remember(facts, fence, *(record("Opportunity", each, account=each) for each in ("a", "b", "c")))
    remember(facts, fence, record("Registration", "r", domain="a.com"))
    clean(database, fence)
    remember(facts, fence, record("Registration", "r", hour=1, domain="b.com"))

    assert dirtied(database) == ["a", "b"]


def test_a_parent_dirties_the_deals_of_five_generations_below(database: Database, fence: Fence) -> None:
    facts = Facts(database)
    for level in range(7):
        remember(facts, fence, record("Account", str(level), parent=str(level - 1) if level else None))
        remember(facts, fence, record("Opportunity", f"d{level}", account=str(level)))
    clean(database, fence)
    remember(facts, fence, record("Account", "0", hour=1, name="new"))

    assert dirtied(database) == ["d0", "d1", "d2", "d3", "d4", "d5"]
    assert ids(only(database, "d5").accounts) == ["5", "4", "3", "2", "1", "0"]


def test_twins_meet_and_dirty_each_other(database: Database, fence: Fence) -> None:
    facts = Facts(database)
    remember(facts, fence, record("Account", "s", domain="acme.com"))
    remember(facts, fence, record("Account", "h", crm="hubspot", name="Acme", domain="acme.com"))
    remember(facts, fence, record("Opportunity", "1", meet="acme-100", account="s"))
    remember(facts, fence, record("Opportunity", "9", crm="hubspot", meet="acme-100", at=1, account="h"))
    remember(facts, fence, record("Opportunity", "8", crm="hubspot", meet="acme-100", at=2, account="h"))

    (twin,) = only(database, "1").twins
    assert (twin.opportunity.record.ref.id, twin.account and twin.account.record.values["name"]) == ("9", "Acme")
    assert [each.opportunity.record.ref.id for each in only(database, "9").twins] == ["1"]
    clean(database, fence)
    remember(facts, fence, record("Opportunity", "9", hour=1, crm="hubspot", meet="other", at=1, account="h"))
    assert dirtied(database) == ["1", "9", "8"]


def test_deals_of_one_price_are_no_twins_unless_their_accounts_share_a_key(database: Database, fence: Fence) -> None:
    facts = Facts(database)
    for name, crm in (("s", "salesforce"), ("s2", "salesforce"), ("h", "hubspot")):
        remember(facts, fence, record("Account", name, crm=crm, domain=f"{name}.com"))
    remember(facts, fence, record("Opportunity", "1", meet="100", account="s"))
    remember(facts, fence, record("Opportunity", "2", meet="100", account="s"))
    remember(facts, fence, record("Opportunity", "3", meet="100"))
    remember(facts, fence, record("Opportunity", "9", crm="hubspot", meet="100", account="h"))
    assert [only(database, id_).twins for id_ in "1239"] == [(), (), (), ()]
    clean(database, fence)

    remember(facts, fence, record("Account", "h", hour=1, crm="hubspot", domain="s.com"))

    assert dirtied(database) == ["1", "2", "9"]
    assert [[each.opportunity.record.ref.id for each in only(database, id_).twins] for id_ in "1239"] == [
        ["9"],
        ["9"],
        [],
        ["1", "2"],
    ]


def test_a_deal_that_names_another_is_its_twin_and_both_dirty_each_other(database: Database, fence: Fence) -> None:
    facts = Facts(database)
    remember(facts, fence, record("Opportunity", "1"), record("Opportunity", "2"))
    remember(facts, fence, record("Opportunity", "3", opportunity="1"))
    assert [[each.opportunity.record.ref.id for each in only(database, id_).twins] for id_ in "123"] == [
        ["3"],
        [],
        ["1"],
    ]

    for changed in "13":
        clean(database, fence)
        remember(facts, fence, record("Opportunity", changed, hour=1, opportunity="1", name="new"))
        assert dirtied(database) == ["1", "3"]
    clean(database, fence)
    remember(facts, fence, record("Opportunity", "3", hour=2))
    assert dirtied(database) == ["1", "3"]
    assert only(database, "1").twins == ()


def test_what_named_the_merged_account_reaches_the_survivors_deals(database: Database, fence: Fence) -> None:
    facts = Facts(database)
    remember(facts, fence, record("Account", "old"), record("Account", "new"))
    remember(facts, fence, record("Opportunity", "1", account="new"))
    remember(facts, fence, record("Registration", "r", account="old"))
    clean(database, fence)
    merged = Merged(ref("Account", "old"), ref("Account", "new"), START + timedelta(hours=1))
    remember(facts, fence, object_="Account", merged=(merged,))

    assert dirtied(database) == ["1"]
    assert ids(only(database, "1").registrations) == ["r"]
    remember(facts, fence, record("Account", "new", hour=2, name="renamed"))
    assert ids(only(database, "1").registrations) == ["r"]


def test_all_deals_come_in_chunks_each_once(database: Database, fence: Fence) -> None:
    remember(Facts(database), fence, *(record("Opportunity", str(each)) for each in range(25)))

    streamed = [each.history[0].record.ref.id for each in Dossiers(database).stream("all", START, chunk=7)]

    assert streamed == [str(each) for each in range(25)]


def test_what_dirties_is_exactly_what_is_in_a_dossier(database: Database, fence: Fence) -> None:
    """Over random small worlds: a changed fact dirties a deal if and only if it is in the deal's dossier before or after."""
    seed = random.randrange(10_000)
    print(f"seed {seed}")  # noqa: T201
    pick = random.Random(seed)
    facts = Facts(database)
    hour = 0

    def some(object_: str) -> RawRecord:
        number = pick.randrange(5)
        values = {
            "name": str(pick.randrange(3)),
            "parent": str(pick.randrange(5)) if object_ == "Account" and pick.random() < 0.5 else None,
            "domain": f"d{pick.randrange(4)}" if object_ != "Opportunity" and pick.random() < 0.5 else None,
            "account": str(pick.randrange(5)) if object_ != "Account" and pick.random() < 0.6 else None,
        }
        return record(object_, str(number), hour=hour, **values)

    def holding(changed: RawRecord) -> set[str]:
        found = set()
        for each in Dossiers(database).stream("all", START):
            parts = each.history[-1:] + each.accounts + each.registrations + each.touchpoints
            if changed.ref in {part.record.ref for part in parts}:
                found.add(each.history[-1].record.ref.id)
        return found

    for step in range(40):
        hour = step
        changed = some(pick.choice(["Account", "Account", "Opportunity", "Registration", "Touch"]))
        before = holding(changed)
        clean(database, fence)
        counts = remember(facts, fence, changed)
        expected = before | holding(changed) if not counts["unchanged"] else set()
        assert set(dirtied(database)) == expected, f"step {step}"


def test_the_mark_of_a_decided_deal_goes(database: Database, fence: Fence) -> None:
    remember(Facts(database), fence, record("Opportunity", "1"), record("Opportunity", "2"))
    with database.writing(fence) as connection:
        unmark(database, connection, dirty, [1])

    assert dirtied(database) == ["2"]
