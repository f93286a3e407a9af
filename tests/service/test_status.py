"""``partnersync status``: what was read, what waits, what was set aside and what looks wrong, from the database alone."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from partnersync.lines import Line
from service.commands.status import span
from service.cycle import run_cycle
from service.shop import looking, opened
from state.cursors import Cursors
from state.dossiers import Dossiers
from state.leases import acquire, release
from state.people import People
from state.plans import Plans
from state.quarantines import quarantined
from state.tasks import Tasks
from tests.service.lived import Lived, Run


@pytest.fixture
def copied(lived: Lived, tmp_path: Path) -> Path:
    """The programme once more, to change."""
    for each in lived.config.parent.iterdir():
        shutil.copy(each, tmp_path)
    return tmp_path / lived.config.name


def test_every_connection_tells_its_org_its_delays_and_its_calls(lived: Lived, ask: Run) -> None:
    told = ask("status", "--json").json

    assert [each["name"] for each in told["connections"]] == ["salesforce", "hubspot"]
    for each in told["connections"]:
        assert each["org"]
        assert [kind["kind"] for kind in each["classes"]] == ["hot", "warm", "cold"]
        assert each["classes"][0]["last"]
        assert each["calls"]["hot"] > 0
        assert any(allowance["name"] == "daily" for allowance in each["allowances"])


def test_it_fits_80_columns_and_says_that_nothing_waits_after_an_approved_run(lived: Lived, ask: Run) -> None:
    answer = ask("status")

    assert answer.code == 0
    assert max(map(len, answer.out.splitlines())) <= 80
    assert "What waits\n  nothing" in answer.out
    assert "approved by dana" in answer.out
    assert "Last runs" in answer.out


def test_a_record_set_aside_is_shown_with_the_place_in_the_yaml(lived: Lived, ask: Run) -> None:
    told = ask("status", "--json").json["quarantined"]

    assert told
    assert all("sources.opportunity[" in each["reason"] for each in told)
    with opened(lived.config) as shop:
        assert len(told) == len(list(quarantined(shop.database)))


def test_findings_are_counted_by_code_and_listed_on_demand(lived: Lived, ask: Run) -> None:
    found = ask("status", "--json").json["findings"]
    code = found[0]["code"]

    listed = ask("status", "--findings", code, "--json").json

    assert listed["count"] == sum(each["code"] == code for each in found)
    assert f"{listed['count']} {code}" in ask("status", "--findings", code).out


def test_an_unknown_code_lists_those_that_there_are(lived: Lived, ask: Run) -> None:
    answer = ask("status", "--findings", "nonsense")

    assert answer.code == 2
    assert "partner_field_unknown" in answer.err


def test_a_plan_over_its_limits_waits_with_its_reasons_until_somebody_approves_it(copied: Path, ask: Run) -> None:
    with opened(copied) as shop:
        plans = Plans(shop.database)
        made = plans.find()
        assert made is not None
        fence = acquire(shop.database, "a test")
        try:
            later = type(made)("another", made.config, shop.clock.now(), made.changes[:1], made.totals)
            plans.put(fence, later, ["too many records would change"])
        finally:
            release(fence)
    waiting = ask("status", config=copied)
    with opened(copied) as shop:
        fence = acquire(shop.database, "a test")
        try:
            Plans(shop.database).put(fence, later, ["too many records would change"], "dana")
        finally:
            release(fence)

    assert "- too many records would change" in waiting.out
    assert f"partnersync apply {later.digest[:12]}" in waiting.out
    assert "What waits\n  nothing" in ask("status", config=copied).out


def test_a_crm_that_is_down_is_told_with_what_the_last_run_met(
    copied: Path, ask: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"SF_CLIENT_ID": "x", "SF_CLIENT_SECRET": "x", "HUBSPOT_TOKEN": "pat-na1-x"}.items():
        monkeypatch.setenv(name, value)
    with opened(copied) as shop:
        shop.stop.set()
        run_cycle(shop, apply=False, kind="plan")

    told = ask("status", "--json", config=copied).json

    assert all(each["problem"] for each in told["connections"])


def test_without_a_database_it_says_what_to_run_and_makes_none(copied: Path, ask: Run) -> None:
    database = copied.with_name("partnersync.db")
    for each in copied.parent.glob("partnersync.db*"):
        each.unlink()

    answer = ask("status", config=copied)

    assert answer.code == 4
    assert "run `partnersync pull` first" in answer.err
    assert not database.exists()


@pytest.mark.parametrize("who", ["a", "someone", "a@b", "salesforce/x"])
def test_erasing_half_an_address_is_refused_because_it_would_be_in_every_text(who: str, ask: Run) -> None:
    answer = ask("erase", who, "--yes")

    assert answer.code == 2
    assert "neither an e-mail address nor a record" in answer.err


def test_erase_without_yes_only_counts(lived: Lived, ask: Run) -> None:
    line: Line = lived.grown

    first, second = (ask("erase", str(line.key.opportunity), "--json") for _ in range(2))

    assert first.json == second.json
    assert first.json["erased"] is False
    assert first.json["payloads"] > 0


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (59, "0 min"),
        (900, "15 min"),
        (3600, "1 h"),
        (5400, "90 min"),
        (7200, "2 h"),
        (86400, "24 h"),
        (172800, "2 days"),
    ],
)
def test_a_length_of_time_is_told_as_exactly_as_a_person_asks_for(seconds: int, told: str) -> None:
    assert span(timedelta(seconds=seconds)) == told


@pytest.mark.parametrize(
    "arguments", [["statuss"], ["status", "--bogus"], ["statement"], ["explain", "x", "--line", "y"]]
)
def test_a_typo_on_the_command_line_is_a_usage_error(arguments: list[str], ask: Run) -> None:
    answer = ask(*arguments)

    assert answer.code == 2
    assert "Error:" in answer.err
    assert "Traceback" not in answer.err


def test_hot_cycles_alone_read_the_people_once_because_tasks_are_given_to_them(lived: Lived) -> None:
    with looking(lived.config) as shop:
        deals = [version.record.ref for version in Dossiers(shop.database).facts_of("opportunity")]
        given = {task.owner for held in Tasks(shop.database).of(deals).values() for task in held}
        sites = Cursors(shop.database).bound().values()
        everyone = {person.ref.id for site in sites for person in People(shop.database).everyone(site)}

    assert given & everyone
    assert given - everyone <= {None}, "whoever is nobody's owner has none rather than a stranger"
