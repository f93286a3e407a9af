"""A page is stored whole: the newest word wins, nothing is overwritten, deletions and merges are kept."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from partnersync.changes import Intent
from partnersync.errors import ConflictError, StateError
from partnersync.records import Gone, Identity, Merged, Page, Unreadable
from state.bodies import packed, unpacked
from state.cursors import Cursors
from state.database import Database, Fence
from state.facts import Facts
from state.journal import Journal
from state.leases import release
from state.quarantines import quarantined
from state.schema import version
from state.standings import Standings
from tests.state.world import START, reach_of, record, ref, remember


def versions(database: Database) -> int:
    with database.reading() as connection:
        return int(connection.execute(select(func.count()).select_from(version)).scalar_one())


def test_a_body_keeps_every_digit_and_every_kind_of_value() -> None:
    values = {"a": Decimal("1.10"), "b": 2**70, "c": None, "d": True, "e": "é\ud800", "f": 3, "g": Decimal("1E+2")}

    back = unpacked(packed(values)[0])

    assert {name: (type(value), str(value)) for name, value in back.items() if name != "e"} == {
        name: (type(value), str(value)) for name, value in values.items() if name != "e"
    }


def test_an_unchanged_record_writes_nothing(database: Database, fence: Fence) -> None:
    facts = Facts(database)
    first = remember(facts, fence, record("Opportunity", "1", amount=Decimal("10.50")))
    second = remember(facts, fence, record("Opportunity", "1", hour=5, amount=Decimal("10.50")))

    assert (first["new"], second["unchanged"], second["dirtied"], versions(database)) == (1, 1, 0, 1)


@pytest.mark.parametrize("hour", [0, 1], ids=["the stamp that it had", "a later stamp"])
@pytest.mark.parametrize("tick", [0, 1], ids=["stamps tell all changes apart", "two changes may bear one stamp"])
def test_a_record_that_says_again_what_it_said_before_we_wrote_is_looked_at_anew_once(
    database: Database, fence: Fence, hour: int, tick: int
) -> None:
    """Under the stamp that it had it is what an index shows belatedly, where stamps tell all changes apart."""
    facts = Facts(database)

    def seen(hour: int) -> int:
        now = database.stamp()
        read = record("Opportunity", "1", hour=hour, ours=None)
        return remember(facts, fence, read, seen_at=now, tick=timedelta(seconds=tick))["changed"]

    seen(0)
    assert seen(hour) == 0
    Journal(database, fence).begin([Intent("k", ref("Opportunity", "1"), {"ours": "Globex"}, {"ours": None})])

    assert [seen(hour), seen(hour), seen(hour + 1)] == [int(bool(hour or tick)), 0, int(not (hour or tick))]


def test_an_older_record_never_replaces_a_newer_one_unless_everything_is_read(database: Database, fence: Fence) -> None:
    facts = Facts(database)
    remember(facts, fence, record("Opportunity", "1", hour=2, stage="won"))

    assert remember(facts, fence, record("Opportunity", "1", hour=1, stage="open"))["stale"] == 1
    assert remember(facts, fence, record("Opportunity", "1", hour=1, stage="open"), full=True)["changed"] == 1


def test_a_delete_and_a_restore_are_two_versions(database: Database, fence: Fence) -> None:
    facts = Facts(database)
    remember(facts, fence, record("Opportunity", "1", stage="won"))
    gone = Gone(ref("Opportunity", "1"), START + timedelta(hours=3))

    assert remember(facts, fence, object_="Opportunity", gone=(gone,))["deleted"] == 1
    assert remember(facts, fence, record("Opportunity", "1", hour=2, stage="won"))["stale"] == 1
    assert remember(facts, fence, record("Opportunity", "1", hour=4, stage="won"))["restored"] == 1
    assert remember(facts, fence, object_="Opportunity", gone=(gone,))["deleted"] == 0
    assert versions(database) == 3


def test_a_record_and_its_deletion_on_one_page_end_deleted(database: Database, fence: Fence) -> None:
    gone = (Gone(ref("Opportunity", "1"), START + timedelta(hours=1)),)

    counts = remember(Facts(database), fence, record("Opportunity", "1", stage="won"), gone=gone)

    assert (counts["new"], counts["deleted"]) == (0, 1)


def test_a_lost_lease_stores_neither_rows_nor_cursor(database: Database, fence: Fence) -> None:
    release(fence)
    with pytest.raises(ConflictError):
        remember(Facts(database), fence, record("Opportunity", "1"), cursor="c1")

    assert (versions(database), Cursors(database).of("crm")) == (0, {})


def test_a_page_without_a_cursor_leaves_the_stored_one(database: Database, fence: Fence) -> None:
    facts = Facts(database)
    remember(facts, fence, record("Opportunity", "1"), cursor="c1")
    remember(facts, fence, record("Opportunity", "2"))

    assert Cursors(database).of("crm") == {"Opportunity": "c1"}


def test_merged_records_live_on_under_their_survivor(database: Database, fence: Fence) -> None:
    facts = Facts(database)
    remember(facts, fence, *(record("Account", each, name=each) for each in "abc"))
    for loser, survivor in (("a", "b"), ("b", "c")):
        merged = Merged(ref("Account", loser), ref("Account", survivor), START + timedelta(hours=1))
        remember(facts, fence, object_="Account", merged=(merged,))

    assert facts.aliases() == {ref("Account", "a"): ref("Account", "c"), ref("Account", "b"): ref("Account", "c")}


def test_what_cannot_be_read_or_used_is_set_aside_until_it_can(database: Database, fence: Fence) -> None:
    facts = Facts(database)
    broken = Unreadable(ref("Opportunity", "2"), "row 7 has 3 cells", {"raw": "x;y"}, START)
    remember(facts, fence, record("Opportunity", "1"), unreadable=(broken,), quarantine={"1": "unknown stage"})
    kept = [(each.ref.id, each.reason, each.readable) for each in quarantined(database)]
    remember(facts, fence, record("Opportunity", "1"), record("Opportunity", "2"))

    assert kept == [("2", "row 7 has 3 cells", False), ("1", "unknown stage", True)]
    assert list(quarantined(database)) == []


def test_a_connection_that_opens_another_org_is_refused(database: Database, fence: Fence) -> None:
    cursors = Cursors(database)
    cursors.bind(fence, "crm", Identity("salesforce", "00D1"))
    cursors.bind(fence, "crm", Identity("salesforce", "00D1"))

    with pytest.raises(StateError, match="00D1"):
        cursors.bind(fence, "crm", Identity("salesforce", "00D2"))


def test_a_first_read_of_two_thousand_records_is_one_short_transaction(database: Database, fence: Fence) -> None:
    records = tuple(record("Opportunity", str(i), account=str(i % 50), amount=Decimal(i)) for i in range(2000))
    page = Page("Opportunity", records)

    counts = Facts(database).remember(fence, page, "opportunity", START, "crm", {}, reach_of("opportunity"), "f")

    assert (counts["new"], counts["dirtied"]) == (2000, 2000)


def looked_at(database: Database, fence: Fence, kind: str) -> set[str]:
    """The records marked for comparison, whose marks are taken away."""
    standings = Standings(database)
    ids = [id_ for some in standings.dirty(kind) for id_ in some]
    names = {each.ref.id for each in standings.records(ids).values()}
    standings.settle(fence, ids)
    return names


def test_a_changed_record_and_the_accounts_it_names_are_compared_anew(database: Database, fence: Fence) -> None:
    facts = Facts(database)
    remember(facts, fence, record("Account", "A"), record("Account", "B"), record("Account", "C"))
    remember(facts, fence, record("Opportunity", "1", account="A"), record("Opportunity", "2", account="C"))
    assert looked_at(database, fence, "account") == {"A", "B", "C"}
    assert looked_at(database, fence, "opportunity") == {"1", "2"}

    remember(facts, fence, record("Opportunity", "1", hour=1, account="A", ours="typed over by a rep"))
    assert looked_at(database, fence, "opportunity") == {"1"}
    assert looked_at(database, fence, "account") == {"A"}

    remember(facts, fence, record("Opportunity", "1", hour=2, account="B"))
    assert looked_at(database, fence, "account") == {"A", "B"}

    remember(facts, fence, record("Opportunity", "1", hour=2, account="B"))
    gone = Gone(ref("Opportunity", "2"), START + timedelta(hours=3))
    looked_at(database, fence, "opportunity")
    remember(facts, fence, object_="Opportunity", gone=(gone,))
    assert looked_at(database, fence, "opportunity") == set()
    assert looked_at(database, fence, "account") == {"C"}
