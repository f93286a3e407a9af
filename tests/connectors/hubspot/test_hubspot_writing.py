"""Every write gets its own outcome, whatever HubSpot makes of the batch it travelled in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from connectors.hubspot.connector import HubSpotConnector
from partnersync.changes import Outcome, Write
from partnersync.errors import ConnectorError, QuotaError, UnauthorizedError
from partnersync.ids import Ref
from tests.connectors.hubspot.conftest import Portal

SERIAL = {"name": "partner_serial", "type": "string", "hasUniqueValue": True}


def write(id_: str, key: str = "", object_: str = "deals", unique: str | None = None, **fields: str | None) -> Write:
    return Write(key or f"ps-{id_}", Ref("hubspot", "44000001", object_, id_), fields, unique)


def send(connector: HubSpotConnector, *writes: Write) -> dict[str, Outcome]:
    return {outcome.key: outcome for outcome in connector.send(writes)}


def sent_until_stopped(connector: HubSpotConnector, *writes: Write) -> tuple[list[Outcome], ConnectorError]:
    outcomes: list[Outcome] = []
    with pytest.raises(ConnectorError) as stopped:
        outcomes.extend(connector.send(writes))
    return outcomes, stopped.value


def calls(portal: Any, endpoint: str = "batch.update.deals") -> int:
    count: int = portal.server.world.counters.total("hubspot", endpoint)
    return count


def deals(portal: Any, count: int) -> list[str]:
    return [portal.create("deals", {"dealname": f"Deal {n}", "dealstage": "qualifiedtobuy"}) for n in range(count)]


@pytest.mark.parametrize("order", ["id", "input", "shuffled"])
def test_results_are_matched_by_id_not_by_place(portal: Any, order: str) -> None:
    portal.set(batch_order=order)
    ids = deals(portal, 6)
    outcomes = send(portal.connect(), *(write(id_, description=f"for {id_}") for id_ in reversed(ids)))

    assert {outcome.id for outcome in outcomes.values()} == set(ids)
    assert all(outcomes[f"ps-{id_}"].id == id_ for id_ in ids)
    assert [portal.read("deals", id_)["description"] for id_ in ids] == [f"for {id_}" for id_ in ids]


def test_the_answer_says_what_the_record_says_now_and_spares_a_read(portal: Any) -> None:
    portal.server.world.hubspot.add_field("deals", {"name": "partner_rank", "type": "number"})
    (id_,) = deals(portal, 1)
    portal.edit("deals", id_, {"description": "by a person"})
    portal.forget_calls()

    (outcome,) = send(portal.connect(), write(id_, description=None, partner_rank="7", amount="12.50")).values()

    assert outcome.echo == {"description": None, "partner_rank": "7", "amount": "12.50"}
    assert calls(portal, "batch.read*") == 0


def test_an_answer_that_is_silent_about_a_property_is_no_proof_of_it(portal: Any) -> None:
    (id_,) = deals(portal, 1)
    result = {
        "id": id_,
        "properties": {"amount": "3"},
        "createdAt": "2026-01-01T00:00:00Z",
        "updatedAt": "2026-01-01T00:00:00Z",
    }
    body = {"status": "COMPLETE", "results": [result]}
    portal.fault(endpoint="batch.update.deals", action={"kind": "status", "code": 200, "body": body})

    (outcome,) = send(portal.connect(), write(id_, amount="3", description="new")).values()

    assert (outcome.status, outcome.echo) == ("applied", None)


def test_a_bad_value_is_named_and_the_rest_of_its_batch_is_written_in_one_call(portal: Any) -> None:
    ids = deals(portal, 100)
    portal.forget_calls()
    writes = [write(id_, amount="ten" if n == 42 else str(n)) for n, id_ in enumerate(ids)]

    outcomes = send(portal.connect(), *writes)

    assert [key for key, one in outcomes.items() if one.status != "applied"] == [f"ps-{ids[42]}"]
    assert outcomes[f"ps-{ids[42]}"].code == "INVALID_FLOAT"
    assert "ten was not a valid number" in outcomes[f"ps-{ids[42]}"].message
    assert calls(portal) == 1


def test_a_poison_record_that_has_its_batch_refused_whole_blocks_only_itself(portal: Any) -> None:
    ids = deals(portal, 20)
    portal.fault(
        endpoint="batch.update.deals", nth=1, action={"kind": "status", "code": 400, "body": {"message": "no"}}
    )
    portal.fault(
        endpoint="batch.update.deals", nth=2, action={"kind": "status", "code": 400, "body": {"message": "no"}}
    )

    outcomes = send(portal.connect(), *(write(id_, description="x") for id_ in ids))

    assert {one.status for one in outcomes.values()} == {"applied"}
    assert len(outcomes) == 20
    assert calls(portal) == 5


@pytest.mark.parametrize(("poison", "most"), [(1, 15), (3, 39)])
def test_where_trace_ids_spare_nothing_poison_is_found_by_halves_and_the_rest_is_written(
    portal: Any, poison: int, most: int
) -> None:
    """A hundred are halved seven times for each bad one: 2 × 7 + 1 calls at most, not a hundred."""
    ids = deals(portal, 100)
    portal.set(partial_success="none")
    portal.forget_calls()
    bad = set(ids[13 : 13 + 40 * poison : 40][:poison])
    writes = [write(id_, amount="ten" if id_ in bad else "7") for id_ in ids]

    outcomes = send(portal.connect(), *writes)

    assert {key for key, one in outcomes.items() if one.status != "applied"} == {f"ps-{id_}" for id_ in bad}
    assert {outcomes[f"ps-{id_}"].status for id_ in bad} == {"rejected"}
    assert all("ten was not a valid number" in outcomes[f"ps-{id_}"].message for id_ in bad)
    assert {portal.read("deals", id_)["amount"] for id_ in set(ids) - bad} == {"7"}
    assert calls(portal, "batch.update*") <= most


def test_a_rule_of_the_portals_admin_is_told_with_the_property_that_it_requires(crm: Any, surroundings: Any) -> None:
    """2026-09 enforces them, v3 does not: whoever changes the version meets them here first."""
    portal = Portal(crm, surroundings, "2026-09")
    ids = deals(portal, 3)
    portal.set(conditional_required=[["deals", "dealstage", "closedlost", "closed_lost_reason"]])
    writes = [write(id_, dealstage="closedlost" if n else "closedwon") for n, id_ in enumerate(ids)]

    outcomes = send(portal.connect(), *writes)

    told = outcomes[f"ps-{ids[1]}"]
    assert outcomes[f"ps-{ids[0]}"].status == "applied"
    assert (told.status, told.code) == ("rejected", "MISSING_CONDITIONAL_REQUIRED_PROPERTY")
    assert "a rule of the portal requires closed_lost_reason here" in told.message


def test_one_record_alone_that_is_refused_is_rejected(portal: Any) -> None:
    (id_,) = deals(portal, 1)
    portal.fault(endpoint="batch.update.deals", action={"kind": "status", "code": 400, "body": {"message": "no"}})

    outcomes = send(portal.connect(), write(id_, description="x"))

    assert (outcomes[f"ps-{id_}"].status, outcomes[f"ps-{id_}"].code) == ("rejected", "HTTP_400")


def test_the_same_record_twice_travels_in_two_batches_in_order(portal: Any) -> None:
    first, second = deals(portal, 2)
    writes = [write(first, "ps-a", description="1"), write(second, "ps-b", description="1")]

    outcomes = send(portal.connect(), *writes, write(first, "ps-c", description="2"))

    assert {one.status for one in outcomes.values()} == {"applied"}
    assert portal.read("deals", first)["description"] == "2"
    assert calls(portal) == 2


@pytest.mark.parametrize(("answer", "status"), [("omitted", "unknown"), ("not_found", "rejected")])
def test_a_merged_away_record_is_never_reported_as_written(portal: Any, answer: str, status: str) -> None:
    portal.set(merged_in_update=answer)
    kept, lost, other = deals(portal, 3)
    portal.merge("deals", kept, lost)

    outcomes = send(portal.connect(), write(lost, description="x"), write(other, description="x"))

    assert outcomes[f"ps-{lost}"].status == status
    assert outcomes[f"ps-{other}"].status == "applied"


def test_success_without_results_is_unknown(portal: Any) -> None:
    ids = deals(portal, 3)
    portal.set(silent_empty_batch=True)

    outcomes = send(portal.connect(), *(write(id_, description="x") for id_ in ids))

    assert {one.status for one in outcomes.values()} == {"unknown"}
    assert {one.code for one in outcomes.values()} == {"NO_RESULT"}


def test_a_unique_value_makes_a_record_once(portal: Any) -> None:
    portal.server.world.hubspot.add_field("deals", SERIAL)
    given: Mapping[str, str] = {"partner_serial": "A-1", "dealname": "once", "dealstage": "qualifiedtobuy"}
    connector = portal.connect()

    first = send(connector, write("", "ps-1", unique="partner_serial", **given))
    second = send(connector, write("", "ps-1", unique="partner_serial", **{**given, "dealname": "twice"}))

    assert first["ps-1"].id == second["ps-1"].id
    assert [row["properties"]["dealname"] for row in portal.server.world.hubspot.dump("deals", stamps=True)] == [
        "twice"
    ]


def test_records_are_created_each_under_its_key(portal: Any) -> None:
    portal.set(batch_order="shuffled")
    writes = [write("", f"ps-{n}", dealname=f"Deal {n}", dealstage="qualifiedtobuy") for n in range(5)]

    outcomes = send(portal.connect(), *writes)

    assert [portal.read("deals", str(outcomes[f"ps-{n}"].id))["dealname"] for n in range(5)] == [
        f"Deal {n}" for n in range(5)
    ]


def test_objects_are_written_in_calls_of_their_own(portal: Any) -> None:
    (deal,) = deals(portal, 1)
    company = portal.create("companies", {"name": "Acme"})

    outcomes = send(
        portal.connect(), write(company, "ps-c", "companies", name="Acme Inc"), write(deal, description="x")
    )

    assert {one.status for one in outcomes.values()} == {"applied"}
    assert portal.read("companies", company)["name"] == "Acme Inc"


@pytest.mark.parametrize("form", ["policy", "category", "secondly"])
def test_too_many_calls_are_waited_out_and_nothing_is_sent_twice(portal: Any, form: str) -> None:
    (id_,) = deals(portal, 1)
    body = {
        "policy": {"errorType": "RATE_LIMIT", "policyName": "TEN_SECONDLY_ROLLING"},
        "category": {"category": "RATE_LIMITS"},
        "secondly": {"category": "RATE_LIMITS", "message": "You have reached your secondly limit."},
    }[form]
    action = {"kind": "status", "code": 429, "body": body, "headers": {"Retry-After": "0"}}
    portal.fault(endpoint="batch.update.deals", nth=1, action=action)

    outcomes = send(portal.connect(), write(id_, description="x"))

    assert outcomes[f"ps-{id_}"].status == "applied"
    assert calls(portal) == 2


def test_an_update_is_sent_again_after_503_but_a_create_is_not(portal: Any) -> None:
    (id_,) = deals(portal, 1)
    portal.fault(endpoint="batch.update.deals", nth=1, action="html_503")
    portal.fault(endpoint="batch.create.deals", nth=1, action="html_503")
    made = write("", "ps-new", dealname="New", dealstage="qualifiedtobuy")

    outcomes = send(portal.connect(), write(id_, description="x"), made)

    assert outcomes[f"ps-{id_}"].status == "applied"
    assert outcomes["ps-new"].status == "unknown"
    assert calls(portal, "batch.create.deals") == 1


@pytest.mark.parametrize(
    "action", [{"kind": "status", "code": 502}, {"kind": "status", "code": 500}, "truncate", "drop"]
)
@pytest.mark.parametrize("when", ["before", "after_commit"])
def test_a_write_whose_fate_is_not_told_is_unknown_and_not_repeated(portal: Any, action: Any, when: str) -> None:
    ids = deals(portal, 2)
    portal.fault(
        endpoint="batch.update.deals", nth=1, when="after_answer" if action == "truncate" else when, action=action
    )

    outcomes = send(portal.connect(), *(write(id_, description="x") for id_ in ids))

    assert {one.status for one in outcomes.values()} == {"unknown"}
    assert calls(portal) == 1


def test_a_portal_that_cannot_be_reached_leaves_the_write_to_be_sent_later(portal: Any) -> None:
    (id_,) = deals(portal, 1)

    outcomes = send(portal.connect(url="http://127.0.0.1:1"), write(id_, description="x"))

    assert outcomes[f"ps-{id_}"].status == "retry"


def test_when_the_day_is_used_up_every_write_is_told_and_nothing_more_is_sent(portal: Any) -> None:
    ids = deals(portal, 250)
    portal.fault(endpoint="batch.update.deals", nth=2, action={"kind": "rate_limited", "form": "daily"})

    outcomes, error = sent_until_stopped(portal.connect(), *(write(id_, description="x") for id_ in ids))

    assert isinstance(error, QuotaError)
    statuses = [one.status for one in outcomes]
    assert (statuses.count("applied"), statuses.count("retry")) == (100, 150)
    assert calls(portal) == 2


def test_a_missing_scope_is_named_and_other_objects_are_written_all_the_same(portal: Any) -> None:
    (deal,) = deals(portal, 1)
    company = portal.create("companies", {"name": "Acme"})
    scopes = ("crm.objects.companies.read", "crm.objects.companies.write", "crm.objects.deals.read")
    portal.set(scopes={"pat-na1-sandbox-token": scopes})

    outcomes, error = sent_until_stopped(
        portal.connect(), write(company, "ps-c", "companies", name="Acme Inc"), write(deal, "ps-d", description="x")
    )

    assert {one.key: one.status for one in outcomes} == {"ps-c": "applied", "ps-d": "retry"}
    assert isinstance(error, UnauthorizedError)
    assert error.needs == ("crm.objects.deals.write",)
