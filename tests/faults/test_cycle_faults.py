"""Whole cycles against CRMs that misbehave: what can be waited out is waited out, the rest is mended by the next cycle."""

from __future__ import annotations

import pytest

from service.cycle import run_cycle
from service.shop import opened
from tests.faults.conftest import Theatre
from tests.faults.worlds import REP, STATE

pytestmark = pytest.mark.fault

ROLLING = {
    "status": "error",
    "errorType": "RATE_LIMIT",
    "policyName": "TEN_SECONDLY_ROLLING",
    "message": "You have reached your ten_secondly_rolling limit.",
}
"""HubSpot's other 429; with ``Retry-After: 0`` it costs the test no ten seconds."""
DOWN = {"kind": "status", "code": 503, "headers": {"Retry-After": "300"}, "body": "<html>Down for maintenance</html>"}
EXPIRED = {"kind": "status", "code": 401, "body": [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired"}]}

SHUT = {"kind": "status", "code": 403, "body": [{"errorCode": "API_DISABLED_FOR_ORG", "message": "Not now"}]}


def test_refusals_for_too_many_calls_are_waited_out(theatre: Theatre) -> None:
    """429 of HubSpot's search and of its ten seconds, 403 of Salesforce's concurrent requests."""
    theatre.fault({"kind": "rate_limited", "form": "secondly"}, vendor="hubspot", endpoint="search*", nth=1)
    waits = {"kind": "status", "code": 429, "headers": {"Retry-After": "0"}, "body": ROLLING}
    theatre.fault(waits, vendor="hubspot", endpoint="batch.update*", nth=1)
    theatre.fault({"kind": "rate_limited", "form": "concurrent"}, vendor="salesforce", endpoint="collections*", nth=2)

    report = theatre.cycle()

    theatre.mended()
    assert not report.failed
    theatre.is_as_undisturbed()
    theatre.is_quiet()


def test_pages_of_a_load_balancer_and_half_answers_are_waited_out(theatre: Theatre) -> None:
    """503 with HTML and answers cut in the middle, on reads and writes of both CRMs: a write that may have landed is read."""
    for vendor, write in (("hubspot", "batch.update*"), ("salesforce", "collections.update")):
        theatre.fault("html_503", vendor=vendor, endpoint=write, nth=1)
        theatre.fault({"kind": "truncate"}, vendor=vendor, when="after_answer", nth=5)

    report = theatre.cycle()
    theatre.mended()
    theatre.cycle()

    assert not report.failed
    theatre.is_as_undisturbed()
    theatre.is_quiet()


@pytest.mark.parametrize("keyed", [True, False], ids=["tasks with a key field", "tasks without"])
@pytest.mark.parametrize("when", ["before_commit", "after_commit"])
def test_writes_whose_answer_is_lost_take_effect_once(theatre: Theatre, when: str, keyed: bool) -> None:
    """The connection is lost before and after the commit of the first write of each kind, task creates among them."""
    upserts = "collections.upsert" if keyed else "collections.create"
    for endpoint in (
        "batch.update.companies",
        "batch.update.deals",
        "batch.create.tasks",
        "collections.update",
        upserts,
    ):
        theatre.fault("drop", endpoint=endpoint, when=when, nth=1)

    theatre.cycle()
    theatre.mended()
    theatre.cycle()

    theatre.is_as_undisturbed()
    theatre.is_quiet()
    assert all(found and set(found.values()) == {1} for found in theatre.tasks().values())


def test_an_edit_between_a_lost_answer_and_the_next_run_is_the_persons(theatre: Theatre) -> None:
    """A write landed, its answer and every read-back were lost; a rep changes the field before we come back."""
    theatre.fault("drop", endpoint="collections.update", when="after_commit", nth=1)
    for nth in range(2, 8):
        theatre.fault(SHUT, endpoint="collections.read", nth=nth)
    lost = theatre.cycle()
    theatre.server.world.faults.remove()
    written = theatre.fields("salesforce", "Account", "Partner__c")
    theirs = next(id_ for id_, said in sorted(written.items()) if said)
    edit = {
        "crm": "salesforce",
        "object": "Account",
        "id": theirs,
        "fields": {"Partner__c": "Dana's choice"},
        "as": REP,
    }
    theatre.ask("edit", edit)

    back = theatre.cycle()

    assert lost.done.counts["unknown"]
    assert back.resolved["resolved_conflict"] == 1
    assert theatre.fields("salesforce", "Account", "Partner__c") == written | {theirs: "Dana's choice"}
    theatre.is_quiet()


def test_a_session_that_ends_in_the_middle_is_renewed(theatre: Theatre) -> None:
    """Salesforce forgets our token twice; the same calls go on with a new one."""
    theatre.fault(EXPIRED, vendor="salesforce", endpoint="composite", nth=1)
    theatre.fault(EXPIRED, vendor="salesforce", endpoint="collections.update", nth=1)

    report = theatre.cycle()

    theatre.mended()
    assert not report.failed
    theatre.is_as_undisturbed()
    theatre.is_quiet()


def test_a_token_that_is_revoked_in_the_middle_stops_one_crm_and_loses_nothing(theatre: Theatre) -> None:
    """HubSpot refuses our token from the second write on: Salesforce is written, the rest comes with the next cycle."""
    theatre.fault({"kind": "status", "code": 401, "body": {"status": "error", "message": "expired"}},
                  vendor="hubspot", endpoint="batch.update.deals", nth=1)  # fmt: skip

    report = theatre.cycle()
    theatre.mended()
    theatre.cycle()

    assert list(report.failed) == ["hubspot"]
    assert "401" in report.failed["hubspot"]
    theatre.is_as_undisturbed()
    theatre.is_quiet()


def test_a_record_that_a_crm_refuses_blocks_only_itself(theatre: Theatre) -> None:
    """A validation rule refuses one record of each CRM's batch; the others are written, and the reason is told."""
    refused = {"kind": "record_error", "code": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "Close date is missing"}
    theatre.fault(refused, endpoint="collections.update", when="record", nth=2)
    theatre.fault({**refused, "code": "VALIDATION_ERROR"}, endpoint="batch.update.deals", when="record", nth=1)

    code, said = theatre.command("run")
    theatre.mended()

    assert code == 0
    assert said.count("rejected: ") >= 2
    assert "Close date is missing" in said
    code, said = theatre.command("status", "--json")
    assert "Close date is missing" in said
    theatre.is_quiet()
    theatre.cycle(approve="dana")
    theatre.is_as_undisturbed()
    theatre.is_quiet()


def test_an_answer_that_does_not_come_in_time_is_looked_up(theatre: Theatre) -> None:
    """A read is asked again, a write that may have landed is read back."""
    theatre.edit_config("    crm: hubspot\n", "    crm: hubspot\n    timeout: 1s\n")
    theatre.edit_config("    crm: salesforce\n", "    crm: salesforce\n    timeout: 1s\n")
    late = {"kind": "timeout", "seconds": 1.6}
    theatre.fault(late, endpoint="search.deals", nth=1)
    theatre.fault(late, endpoint="batch.create.tasks", when="after_commit", nth=1)
    theatre.fault(late, endpoint="collections.update", when="after_commit", nth=1)

    theatre.cycle()
    theatre.mended()
    theatre.cycle()
    theatre.unanswered(3)

    theatre.is_as_undisturbed()
    theatre.is_quiet()


@pytest.mark.parametrize(
    ("crm", "other", "known"),
    [("hubspot", "salesforce", True), ("hubspot", "salesforce", False), ("salesforce", "hubspot", True)],
    ids=["hubspot, known", "hubspot, never reached", "salesforce, known"],
)
def test_a_crm_that_is_down_stops_only_itself(theatre: Theatre, crm: str, other: str, known: bool) -> None:
    """The other is read; the plan, made of half the facts, waits for a person; everything goes on when the CRM is back."""
    if not known:
        (theatre.home / STATE).unlink()
    theatre.fault(DOWN, vendor=crm)

    code, said = theatre.command("run")
    theatre.mended()

    assert code == 3, said
    assert f"the pull of {crm} (" in said
    assert "503" in said
    assert "Traceback" not in said
    assert theatre.ask("counters")["totals"][other]["calls"] > 1
    assert theatre.writes() == 0
    theatre.cycle()
    theatre.is_as_undisturbed()
    theatre.is_quiet()


def test_a_service_that_runs_on_asks_a_crm_again_that_was_down(theatre: Theatre) -> None:
    """One open shop, as ``serve`` has it: down in one cycle, read in the next; with nothing to do, no plan waits."""
    theatre.cycle()
    theatre.cycle()
    with opened(theatre.config) as shop:
        theatre.fault(DOWN, vendor="hubspot")
        down = run_cycle(shop)
        theatre.mended()
        back = run_cycle(shop)

    assert list(down.failed) == ["hubspot"]
    assert not back.failed
    assert "hubspot.deals" in back.pulled.by_feed
    theatre.is_as_undisturbed()


@pytest.mark.parametrize(
    ("secret", "words"),
    [
        ("SF_CLIENT_SECRET", ("salesforce", "refused the sign-in")),
        ("HUBSPOT_TOKEN", ("hubspot", "401")),
    ],
)
def test_a_wrong_credential_is_named_and_shown_to_nobody(theatre: Theatre, secret: str, words: tuple[str, ...]) -> None:
    """The message says which connection and what the CRM said; nothing is written anywhere."""
    theatre.monkeypatch.setenv(secret, "not-the-right-secret")

    code, said = theatre.command("run")

    assert code == 3, said
    assert all(word in said for word in words), said
    assert "not-the-right-secret" not in said
    assert "Traceback" not in said
    assert theatre.writes() == 0


@pytest.mark.parametrize("scope", ["crm.objects.deals.read", "crm.objects.deals.write"])
def test_a_missing_scope_is_named(theatre: Theatre, scope: str) -> None:
    """HubSpot says which scope it wanted, and so do we; with the scope everything goes on."""
    every = [
        *(f"crm.objects.{kind}.{verb}" for kind in ("companies", "deals", "contacts") for verb in ("read", "write")),
        *(f"crm.schemas.{kind}.read" for kind in ("companies", "deals", "tasks")),
        "crm.objects.owners.read",
    ]
    token = "pat-na1-with-fewer-scopes"
    theatre.monkeypatch.setenv("HUBSPOT_TOKEN", token)
    theatre.ask("settings", {"hubspot": {"scopes": {token: [each for each in every if each != scope]}}})

    code, said = theatre.command("run")

    assert code in (1, 3), said
    assert f"grant {scope}" in said, said
    assert "Traceback" not in said
    theatre.ask("settings", {"hubspot": {"scopes": {token: every}}})
    theatre.cycle()
    theatre.is_as_undisturbed()


def test_records_that_cannot_be_read_are_set_aside_with_their_reason(theatre: Theatre) -> None:
    """A broken row of a file, a deal without a currency, a stage that the config does not map: the good ones go on."""
    broken = theatre.home / "registrations.csv"
    header, first, *rest = broken.read_text(encoding="utf-8").splitlines()
    row = dict(zip(header.split(","), first.split(","), strict=False))
    torn = first.replace(row["submitted_at"], "the day before")
    broken.write_text("\n".join([header, torn, *rest, "REG-9,half a row"]) + "\n", encoding="utf-8")
    deals = theatre.server.world.salesforce.dump("Opportunity", False)
    theatre.ask(
        "edit", {"crm": "salesforce", "object": "Opportunity", "id": deals[0]["Id"], "fields": {"StageName": "Made Up"}}
    )
    ours = theatre.server.world.hubspot.dump("deals", False)
    theatre.ask(
        "edit", {"crm": "hubspot", "object": "deals", "id": ours[0]["id"], "fields": {"deal_currency_code": ""}}
    )

    code, said = theatre.command("run")

    assert code == 0, said
    assert "set aside" in said
    code, told = theatre.command("status", "--json")
    assert "the day before" in told
    assert f"registrations.csv:{len(rest) + 3}" in told, told
    assert "Made Up" in told
    assert "currency" in told
    written = theatre.fields("salesforce", "Opportunity", "Partner__c")
    assert any(written.values())
