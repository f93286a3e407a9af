"""What a restored database takes for ours: what came into a field of ours after the backup was made, and nothing older."""

from __future__ import annotations

import pytest

from tests.faults.model import programme
from tests.faults.model.picking import Step
from tests.faults.model.steps import Play

pytestmark = pytest.mark.fault
BACKED_UP, PUT_BACK = Step("back up"), Step("put back")


def edit(play: Play, id_: str, **fields: str) -> None:
    play.people.vendor("salesforce").edit("Opportunity", id_, fields, "Robin Reyes")
    play.ground.move(61)


def partner(play: Play, id_: str) -> str | None:
    rows = play.people.vendor("salesforce").dump("Opportunity", True)
    return next(row["Partner__c"] for row in rows if row["Id"] == id_)


@pytest.fixture
def one_field(monkeypatch: pytest.MonkeyPatch) -> None:
    """The field that names a deal's partner is also the one that we write, as in the demo."""
    both = {
        "partner_field: Sold_With__c": "partner_field: Partner__c",
        "partner_field: partner}": "partner_field: partnersync_partner}",
    }
    text = programme.CONFIG
    for old, new in both.items():
        assert old in text
        text = text.replace(old, new)
    monkeypatch.setattr(programme, "CONFIG", text)


def fields(play: Play, crm: str, id_: str) -> tuple[str | None, str | None]:
    """The partner and the role that a deal shows."""
    row = play.people.rows(crm, "deal")[id_]
    names = {
        "salesforce": ("Partner__c", "Partner_Role__c"),
        "hubspot": ("partnersync_partner", "partnersync_partner_role"),
    }
    said = row.get("properties", row)
    return tuple(said.get(name) or None for name in names[crm])  # type: ignore[return-value]


def registered(play: Play, crm: str, id_: str, status: str) -> None:
    at = "2026-07-01T09:00:00Z"
    play.ground.register(
        **{"REG-1": f"REG-1,globex,{status},{crm},,,,{id_},{at},{at},,,{'no' if status == 'revoked' else ''}"}
    )
    play.ground.move(61)


@pytest.mark.parametrize("crm", ["salesforce", "hubspot"])
@pytest.mark.usefixtures("one_field")
def test_our_own_value_is_no_evidence_after_a_restore(play: Play, crm: str) -> None:
    id_ = play.people.create(crm, "deal", 1)
    play.cycle("cold")
    assert fields(play, crm, id_) == (None, None)
    play.back_up(BACKED_UP)
    play.ground.move(10)
    registered(play, crm, id_, "approved")
    play.cycle("hot")
    assert fields(play, crm, id_) == ("Globex", "Sourced")
    play.ground.move(600)

    play.put_back(PUT_BACK)
    play.cycle("hot")
    registered(play, crm, id_, "revoked")
    play.cycle("hot")

    assert fields(play, crm, id_) == (None, None)


@pytest.mark.usefixtures("one_field")
def test_what_salesforce_says_that_we_wrote_is_no_evidence_even_if_we_would_not_write_it_now(play: Play) -> None:
    id_ = play.people.create("salesforce", "deal", 1)
    play.cycle("cold")
    play.back_up(BACKED_UP)
    play.ground.move(10)
    registered(play, "salesforce", id_, "approved")
    play.cycle("hot")
    play.ground.move(600)

    play.put_back(PUT_BACK)
    registered(play, "salesforce", id_, "revoked")
    play.cycle("hot")

    assert fields(play, "salesforce", id_) == (None, None)


@pytest.mark.parametrize("crm", ["salesforce", "hubspot"])
@pytest.mark.usefixtures("one_field")
def test_a_partner_that_a_rep_named_after_the_backup_stays_credited(play: Play, crm: str) -> None:
    id_ = play.people.create(crm, "deal", 1)
    play.cycle("cold")
    play.back_up(BACKED_UP)
    play.ground.move(10)
    object_, field = {"salesforce": ("Opportunity", "Partner__c"), "hubspot": ("deals", "partnersync_partner")}[crm]
    play.cycle("hot")
    play.people.vendor(crm).edit(object_, id_, {field: "Globex"}, "Robin Reyes")
    play.ground.move(600)

    play.put_back(PUT_BACK)
    play.cycle("hot")
    play.ground.move(61)
    play.cycle("hot")

    assert fields(play, crm, id_) == ("Globex", "Sourced")


@pytest.mark.parametrize("seen", [True, False], ids=["a deal that the backup knows", "a deal made since"])
def test_a_field_that_was_first_written_after_the_backup_follows_the_facts(play: Play, seen: bool) -> None:
    if seen:
        id_ = play.people.create("salesforce", "deal", 1)
        edit(play, id_, Sold_With__c="")
    play.cycle("cold")
    play.back_up(BACKED_UP)
    if not seen:
        play.ground.move(10)
        id_ = play.people.create("salesforce", "deal", 1)
    edit(play, id_, Sold_With__c="Globex")
    play.cycle("hot")
    assert partner(play, id_) == "Globex"
    play.ground.move(600)

    play.put_back(PUT_BACK)
    edit(play, id_, Sold_With__c="Contoso")
    play.cycle("hot")

    assert partner(play, id_) == "Contoso"
    assert play.judge() == []


def test_what_the_backup_saw_in_a_field_that_it_never_wrote_is_a_persons(play: Play) -> None:
    id_ = play.people.create("salesforce", "deal", 1)
    edit(play, id_, Sold_With__c="Contoso", Partner__c="Globex")
    play.cycle("cold", apply=False)
    play.back_up(BACKED_UP)
    play.cycle("hot")
    play.ground.move(600)

    play.put_back(PUT_BACK)
    edit(play, id_, Sold_With__c="Contoso", NextStep="call")
    play.cycle("hot")

    assert partner(play, id_) == "Globex"
