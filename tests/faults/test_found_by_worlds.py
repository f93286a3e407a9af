"""What the worlds of ``model`` found, each as the shortest story that shows it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sandbox.faults import Rule, Status
from tests.faults.model.ground import Ground
from tests.faults.model.harms import BY_NAME, Armed, Struck
from tests.faults.model.moments import Place
from tests.faults.model.people import People
from tests.faults.model.picking import Step
from tests.faults.model.programme import NAMES
from tests.faults.model.steps import Play, played

pytestmark = pytest.mark.fault


def won(people: People, crm: str, sold_with: str | None = "Contoso") -> str:
    """A new deal that is won; with nobody as its partner it wants a task."""
    id_ = people.create(crm, "deal", 1)
    names = {
        "salesforce": ("StageName", "Sold_With__c", "Closed Won"),
        "hubspot": ("dealstage", "partner", "closedwon"),
    }
    stage, partner, value = names[crm]
    object_ = "Opportunity" if crm == "salesforce" else "deals"
    people.vendor(crm).edit(object_, id_, {stage: value, partner: sold_with or ""}, "Robin Reyes")
    people.once_won.add((crm, id_))
    people.ground.move(5)
    return id_


def test_a_deletion_between_a_first_nightly_read_and_the_first_hot_pull_is_seen(play: Play) -> None:
    play.cycle("cold")
    play.ground.move(5)
    play.people.delete("salesforce", "deal", 0)

    assert play.judge() == []


def test_a_deal_that_two_deals_were_merged_into_is_written_as_ours(play: Play) -> None:
    """Its fields came with values of ours from another record: nobody typed them, and they follow the new facts."""
    for _ in range(3):
        won(play.people, "hubspot")
    play.cycle("hot")
    play.ground.move(5)
    play.people.merge("hubspot", "deal", 0, 0)
    play.ground.move(5)
    ids = sorted(play.people.rows("hubspot", "deal"))
    play.people.vendor("hubspot").edit("deals", ids[-1], {"amount": "4321"}, "Robin Reyes")

    assert play.judge() == []


def test_a_task_whose_answer_is_lost_twice_is_made_once(here: Ground) -> None:
    """No unique field: sent again by the next run, its answer lost again, and planned anew by that very run."""
    play = Play(here, Struck())
    play.begin("found", 3)
    won(play.people, "hubspot", None)
    unlanded = Armed(here, play.struck, BY_NAME["connection lost before commit"], "write tasks", "hubspot", 1, 9)
    with unlanded.waiting():
        play.cycle("hot")
    play.ground.move(5)
    landed = Armed(here, play.struck, BY_NAME["connection lost after commit"], "settle open", "hubspot", 1, 9)
    with landed.waiting():
        play.cycle("hot")

    assert unlanded.fired
    assert landed.fired
    assert play.judge() == []


@pytest.mark.parametrize("crm", ["salesforce", "hubspot"])
@pytest.mark.parametrize("world", [3, 4], ids=["no unique field", "a unique field"])
def test_a_task_that_somebody_deleted_before_we_knew_that_it_was_made_stays_deleted(
    here: Ground, crm: str, world: int
) -> None:
    """We die with the answer unread, a rep deletes the task, and the next run looks for it."""
    play = Play(here, Struck())
    play.begin("found", world)
    won(play.people, crm, None)
    while not play.people.rows(crm, "task"):
        assert play._die_at("after answer", "write tasks", 1, "hot", approve=False)
    for task in play.people.rows(crm, "task"):
        play.people.vendor(crm).delete(NAMES[crm]["task"], task, "Robin Reyes")
    play.ground.move(70)

    assert play.judge() == []


def test_other_rules_are_compared_with_every_record_they_may_say_something_else_of(play: Play) -> None:
    """A stage that counts as lost from now on changes no credit, but how many open deals an account shows."""
    play.people.create("salesforce", "account", 0)
    deal = play.people.create("salesforce", "deal", 0)
    fields = {"StageName": "Perception Analysis", "Sold_With__c": "Contoso"}
    play.people.vendor("salesforce").edit("Opportunity", deal, fields, "Robin Reyes")
    play.ground.move(5)
    play.cycle("hot")
    play.cycle("hot")
    play.ground.terms.moved = True

    assert play.judge() == []


def test_what_we_saw_and_what_we_wrote_stays_in_order_when_our_clock_is_set_back(play: Play) -> None:
    """Written two hours "before" it was last read: the write is the newer word all the same, and no person's edit."""
    people = play.people
    deal = people.create("hubspot", "deal", 1)
    people.vendor("hubspot").edit("deals", deal, {"dealstage": "contractsent", "partner": "Contoso"}, "Robin Reyes")
    play.cycle("hot")
    play.cycle("cold")
    people.vendor("hubspot").edit("deals", deal, {"partner": "Globex"}, "Robin Reyes")
    play.ground.skew = timedelta(hours=-2)
    play.cycle("hot")
    play.cycle("warm")

    assert play.judge() == []


def test_another_percent_is_paid_to_deals_that_did_not_change(play: Play) -> None:
    """The entries of a pool are the same as before; what a bracket pays for them is not."""
    for _ in range(3):
        deal = won(play.people, "salesforce", "Northwind")
        play.people.vendor("salesforce").edit("Opportunity", deal, {"Amount": "3000"}, "Robin Reyes")
    play.cycle("hot")
    play.ground.terms.rate = "13%"

    assert play.judge() == []


def test_after_a_restore_everything_is_read_and_adopted_at_once_whatever_class_is_due(play: Play) -> None:
    """The hourly look at what was archived came first, adopted nothing, and called the workspace recovered."""
    people = play.people
    deal = people.create("hubspot", "deal", 1)
    people.vendor("hubspot").edit("deals", deal, {"dealstage": "contractsent", "partner": "Contoso"}, "Robin Reyes")
    play.cycle("hot")
    play.do(Step("back up"))
    people.vendor("hubspot").edit("deals", deal, {"partner": "Globex"}, "Robin Reyes")
    play.cycle("hot")
    play.do(Step("put back"))
    people.vendor("hubspot").edit("deals", deal, {"partner": "Northwind"}, "Robin Reyes")
    play.cycle("warm")

    assert play.judge() == []


@pytest.mark.parametrize("crm", ["salesforce", "hubspot"])
@pytest.mark.parametrize("keyed", [True, False])
def test_a_task_that_a_restored_database_forgot_and_a_rep_deleted_stays_deleted(
    here: Ground, crm: str, keyed: bool
) -> None:
    play = Play(here, Struck())
    play.begin("found", 4 if keyed else 3)
    play.cycle("hot", approve="dana")
    play.back_up(Step("back up"))
    others = set(play.people.rows(crm, "task"))
    won(play.people, crm, None)
    play.cycle("hot")
    play.ground.move(5)
    ours = sorted(play.people.rows(crm, "task"))
    play.put_back(Step("put back"))
    play.people.task(crm, ours.index((set(ours) - others).pop()), 1)
    play.ground.move(5)

    assert play.judge() == []
    assert sorted(play.people.all(crm, "task")) == ours


def test_a_task_that_a_rep_completed_is_known_to_be_closed_wherever_the_run_dies(here: Ground) -> None:
    for nth in range(1, 20):
        play = Play(here, Struck())
        play.begin("found", 4)
        won(play.people, "hubspot", None)
        play.cycle("hot", approve="dana")
        play.ground.move(5)
        for n, _ in enumerate(play.people.rows("hubspot", "task")):
            play.people.task("hubspot", n, 0)
        play.people.stir("hubspot", 0, "moot")  # what the tasks ask for is settled too
        play.ground.move(5)
        died = play._die_at("before commit", "plan", nth, "hot")
        play.cycle("hot")

        assert play.oracle._rows("SELECT open FROM task WHERE record LIKE 'hubspot/%' AND open") == [], nth
        if not died:
            break
    assert nth > 2


@pytest.mark.parametrize("why", ["config", "restored"])
def test_a_deletion_is_told_with_the_read_of_everything_that_something_else_asks_for(play: Play, why: str) -> None:
    play.cycle("hot", approve="dana")
    play.back_up(Step("back up"))
    play.ground.move(5)
    play.people.delete("salesforce", "account", 0)
    if why == "config":
        play.config(Step("config", 3))
    else:
        play.put_back(Step("put back"))

    assert play.judge() == []


def test_what_a_flow_makes_of_our_value_is_ours_and_follows_the_facts(play: Play) -> None:
    """A flow of the org keeps the partner in capitals: nobody typed that, and another partner takes its place."""
    play.ground.world.settings.update("salesforce", {"capitals": (("Opportunity", "Partner__c"),)})
    id_ = play.people.create("salesforce", "deal", 1)

    def said(sold_with: str) -> str:
        play.people.vendor("salesforce").edit("Opportunity", id_, {"Sold_With__c": sold_with}, "Robin Reyes")
        play.ground.move(61)
        play.cycle("hot")
        rows = play.people.vendor("salesforce").dump("Opportunity", True)
        return next(str(row["Partner__c"]) for row in rows if row["Id"] == id_)

    seen = [said("Contoso"), said("Globex")]
    play.ground.world.settings.update("salesforce", {"capitals": ()})

    assert seen == ["CONTOSO", "GLOBEX"]


def test_a_field_that_was_out_of_the_config_for_a_while_is_read_again(here: Ground) -> None:
    """Records that were read meanwhile lack it, and a cursor of before believed that they had it."""
    config = Step("config", 2)
    steps = [Step("begin", 1), config, Step("run", 0, 0, 0, 4), config, Step("run", 6, 0, 0, 5), config]

    assert played(here, Struck(), "fields", steps) == []


def test_a_read_of_everything_goes_on_though_the_changes_of_one_object_cannot_be_read(play: Play) -> None:
    play.cycle("cold")
    play.ground.move(61)
    play.ground.world.settings.update("salesforce", {"refused_reads": [["Account", "rows", "INSUFFICIENT_ACCESS"]]})

    report = play.ground.cycle("cold").report

    assert report is not None
    assert "Account" in report.failed["salesforce"]
    assert report.calls["salesforce"]["cold"]


def test_a_read_goes_on_though_the_crm_does_not_tell_who_may_own_records(play: Play) -> None:
    play.cycle("cold")
    play.ground.move(61)
    play.ground.world.faults.add(Rule(action=Status(code=403), vendor="hubspot", endpoint="owners.list"))

    report = play.ground.cycle("warm").report
    play.ground.world.faults.remove()

    assert report is not None
    assert report.failed.keys() == {"hubspot"}
    assert report.calls["hubspot"]["warm"]["list.deals"]


def test_a_run_that_cannot_tell_whether_its_writes_landed_does_not_end_well(play: Play) -> None:
    """What was sent, and whether it landed, is not known when the run ends: whoever started it must hear of that."""
    won(play.people, "hubspot")
    moments, faults = play.ground.moments, play.ground.world.faults

    def entered(caller: str, at: Place) -> None:
        if (caller, at) == ("hubspot", "write fields"):
            faults.add(Rule(action=Status(code=408), vendor="hubspot", endpoint="batch.update.*"))

    moments.entered.append(entered)
    ended = play.ground.cycle("hot")
    moments.entered.remove(entered)
    faults.remove()

    assert ended.report is not None
    assert ended.report.done.counts["unknown"]
    assert "hubspot" in ended.report.failed
    assert play.judge() == []


def test_after_a_backup_made_before_anything_was_read_our_figures_are_ours(play: Play) -> None:
    """The backup never saw the deal, which is older: what stands in it now was written since all the same."""
    id_ = won(play.people, "hubspot")
    play.back_up(Step("back up"))
    play.cycle("hot")
    play.put_back(Step("put back"))
    play.ground.move(5)
    play.people.vendor("hubspot").edit("deals", id_, {"amount": "4321"}, "Robin Reyes")

    assert play.judge() == []


def test_a_write_that_an_overtaken_run_sends_once_more_after_newer_ones_is_ours(here: Ground) -> None:
    """It stood still between its last look at the lease and the socket; meanwhile another run sent the same, and then more."""
    story = (
        "crash 47158 38097 51318 50799", "fault 53922 47137 14406 59083",
        "fault 13988 52890 64527 31831", "lagging 30106 44061 51069 63843", "condition 62558 7373 51515 37344",
        "crash 61052 4139 10815 1322", "condition 7112 4636 6671 11138",
    )  # fmt: skip
    play = Play(here, Struck())
    play.begin("284", 62063)
    for name, *numbers in (line.split() for line in story):
        play.do(Step(name, *map(int, numbers)))
    here.move(0.4)
    play.stand_still("after commit", "remember", Step("pause", c=30864))

    assert play.judge() == []
