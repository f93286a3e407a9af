"""A CRM whose allowance is used up is left alone until it is back: stored, shown, and shared by every process."""

from __future__ import annotations

import json
from typing import Any

import pytest

from service.shop import opened
from tests.faults.conftest import Theatre

pytestmark = pytest.mark.fault

MOVED = {"kind": "status", "code": 477, "headers": {"Retry-After": "86400"}}


@pytest.mark.parametrize(
    ("crm", "fault", "said"),
    [
        ("hubspot", MOVED, "477"),
        ("hubspot", {"kind": "rate_limited", "form": "daily"}, "daily limit"),
        ("salesforce", "rate_limited", "TotalRequests Limit exceeded"),
    ],
)
def test_a_used_up_allowance_is_asked_about_once_and_the_other_crm_goes_on(
    theatre: Theatre, crm: str, fault: Any, said: str
) -> None:
    reads = "search*" if crm == "hubspot" else "composite*"
    theatre.fault(fault, vendor=crm, endpoint=None if crm == "hubspot" else reads)
    first = theatre.cycle(apply=False)
    theatre.mended()
    theatre.server.world.counters.reset()

    second = theatre.cycle(apply=False)

    other = "salesforce" if crm == "hubspot" else "hubspot"
    assert said in first.failed[crm]
    assert "not asked before" in second.failed[crm]
    assert list(second.failed) == [crm]
    assert theatre.server.world.counters.total(crm) == 0
    assert theatre.server.world.counters.total(other) > 0
    code, told = theatre.command("status", "--json")
    rests = {each["name"]: each["rest"] for each in json.loads(told)["connections"]}
    assert code == 0
    assert rests[other] is None
    assert said in rests[crm]["reason"]
    assert "rests until" in theatre.command("status")[1]


def test_a_day_used_up_in_the_middle_of_the_writes_is_gone_on_with_when_it_is_over(theatre: Theatre) -> None:
    """Some batches landed, the rest were not sent: neither is sent again, or forgotten, while the CRM rests."""
    theatre.fault({"kind": "rate_limited", "form": "daily"}, vendor="hubspot", endpoint="batch.update.deals", nth=1)
    first = theatre.cycle()
    theatre.mended()
    second = theatre.cycle(approve="dana")
    with opened(theatre.config) as shop:
        shop.meter.rest("hubspot", 0, "over")

    third = theatre.cycle()

    assert "daily limit" in first.done.failed["hubspot"]
    assert first.done.counts["verified"]
    assert "not asked before" in second.failed["hubspot"]
    assert not third.failed
    theatre.is_as_undisturbed()
    theatre.is_quiet()


def test_a_rest_ends_where_a_person_says_so(theatre: Theatre) -> None:
    theatre.fault({"kind": "rate_limited", "form": "daily"}, vendor="hubspot")
    theatre.cycle(apply=False)
    theatre.mended()
    assert "partnersync resume hubspot" in theatre.command("status")[1]

    wrong, typo = theatre.command("resume", "hubspott")
    code, said = theatre.command("resume", "hubspot")
    again = theatre.command("resume", "hubspot")[1]

    assert (wrong, "did you mean hubspot?" in typo) == (2, True)
    assert (code, "asks hubspot again" in said) == (0, True)
    assert "does not rest" in again
    assert not theatre.cycle().failed
    theatre.is_as_undisturbed()
