"""A person puts back, before we look again, what a field of ours said before we wrote it: nothing seems to have changed."""

from __future__ import annotations

from datetime import datetime

import pytest

from partnersync.changes import FieldChange
from tests.faults.model.programme import NAMES, REP, STAGES
from tests.faults.model.steps import Play

pytestmark = pytest.mark.fault
FIELDS = {
    "salesforce": ("Partner__c", "Partner_Commission__c"),
    "hubspot": ("partnersync_partner", "partnersync_commission"),
}
OPEN, WON = 0, 2
SOON = pytest.mark.parametrize("seconds", [0.01, 5], ids=["within the second", "later"])
CRMS = pytest.mark.parametrize("crm", ["salesforce", "hubspot"])


def said(play: Play, crm: str, id_: str, field: str) -> str | None:
    row = play.people.rows(crm, "deal")[id_]
    value = row.get("properties", row).get(field)
    return None if value in (None, "") else str(value)


def edit(play: Play, crm: str, id_: str, **fields: str) -> None:
    play.people.vendor(crm).edit(NAMES[crm]["deal"], id_, fields, REP)


def put_back(play: Play, crm: str, id_: str, field: str, value: str, seconds: float, began: datetime) -> None:
    """A person types the older value over ours, so long after we wrote it; less than a second: in the one that we began in."""
    play.ground.move(seconds)
    assert seconds > 1 or second(play) == began
    edit(play, crm, id_, **{field: value})
    play.people.typed[crm, NAMES[crm]["deal"], id_, field] = value


def lived(play: Play, crm: str, stage: int) -> str:
    """A deal of Contoso's that is worth 2,000; our fields were filled in, and read again."""
    names = NAMES[crm]
    id_ = play.people.create(crm, "deal", 1)
    fields = {names["sold_with"]: "Contoso", names["stage"]: STAGES[crm][stage], names["amount"]: "2000"}
    edit(play, crm, id_, **fields)
    for _ in range(2):
        play.ground.move(70)
        play.cycle("hot")
    play.ground.move(70)
    return id_


def second(play: Play) -> datetime:
    return play.ground.world.clock.now().replace(microsecond=0)


@CRMS
@SOON
def test_an_older_amount_that_comes_back_at_once_is_written_over(play: Play, crm: str, seconds: float) -> None:
    commission = FIELDS[crm][1]
    id_ = lived(play, crm, WON)
    edit(play, crm, id_, **{NAMES[crm]["amount"]: "3000"})
    began = second(play)
    play.cycle("hot")
    older = "100.00" if crm == "salesforce" else "100"
    assert float(said(play, crm, id_, commission) or 0) == 150
    put_back(play, crm, id_, commission, older, seconds, began)

    play.ground.move(70)
    play.cycle("hot")

    assert float(said(play, crm, id_, commission) or 0) == 150
    assert play.judge() == []


@CRMS
@SOON
def test_an_older_word_that_a_person_puts_back_at_once_stays_and_is_noted(play: Play, crm: str, seconds: float) -> None:
    """We write another partner's name over Contoso's; the rep puts Contoso back before we look."""
    partner = FIELDS[crm][0]
    id_ = lived(play, crm, OPEN)
    edit(play, crm, id_, **{NAMES[crm]["sold_with"]: "Globex"})
    began = second(play)
    play.cycle("hot")
    assert said(play, crm, id_, partner) == "Globex"
    put_back(play, crm, id_, partner, "Contoso", seconds, began)

    play.ground.move(70)
    ended = play.cycle("hot")

    assert ended.report is not None
    assert ended.report.plan is not None
    assert [(c.action, getattr(c, "field", "")) for c in ended.report.plan.changes] == [("override", partner)]
    assert said(play, crm, id_, partner) == "Contoso"
    assert play.judge() == []


def test_an_index_that_still_shows_the_older_value_is_no_person(play: Play) -> None:
    """HubSpot's search, looked at anew for another deal, shows ours as it was before we wrote; nobody typed anything."""
    id_ = lived(play, "hubspot", WON)
    edit(play, "hubspot", id_, amount="3000")
    play.ground.move(1)
    play.ground.world.settings.update("hubspot", {"search_lag_s": 55})
    play.cycle("hot")
    play.ground.world.settings.update("hubspot", {"search_lag_s": 0})
    play.ground.move(3)
    play.people.create("hubspot", "deal", 2)

    ended = play.cycle("hot")

    assert ended.report is not None
    assert ended.report.plan is not None
    assert id_ not in {change.ref.id for change in ended.report.plan.changes if isinstance(change, FieldChange)}
    assert ended.report.pulled.counts["changed"] == 0
    assert play.judge() == []
