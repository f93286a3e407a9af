"""What no documentation settles about the CRMs does not matter: whichever way it is, the same values end there, once.

Nobody could verify some answers of both CRMs (the references list them). Each is a switch of the sandbox. With any of them the
other way round, a cycle ends as it does without, everything read again is the same, and a further cycle writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import requests

from service.cycle import Report, run_cycle
from service.shop import opened
from tests.faults.conftest import Theatre

pytestmark = pytest.mark.fault

HUBSPOT: Mapping[str, Mapping[str, Any]] = {
    "values, dates and stamps in the other form": {
        "cleared_value": "empty", "date_format": "epoch_ms", "identical_write_bumps": False, "association_edit_bumps": True,
        "rate_headers": False, "record_404": "empty", "pipeline_404": "empty", "dated_association_create_status": 201,
    },
    "batches in any order, all or nothing, ids twice; associations as text, one by one": {
        "batch_order": "shuffled", "partial_success": "none", "refuse_duplicate_ids": False, "association_ids": "string",
        "association_none": "missing", "association_page_size": 1, "association_inline_page_size": 1,
        "trace_ids_in_results": False,
    },
    "search with ghosts, short bodies and ids as text": {
        "search_body_limit": 3000, "lexicographic_id_sort": True, "phantom_hits": 3, "phantom_hits_at": 0,
    },
}  # fmt: skip
SALESFORCE: Mapping[str, Mapping[str, Any]] = {
    "no bulk, no replication, no collections in a composite, nothing told of what is left": {
        "bulk_enabled": False, "unreplicated": ("Account", "Opportunity", "Task"), "composite_collections": "call_refused",
        "limit_info": "none", "upsert_body_from": 99.0,
    },
    "collections beside queries, seconds in getUpdated, allowances by app": {
        "collections_share_query_cap": False, "updated_minute_truncation": False, "limit_info": "per_app",
    },
}  # fmt: skip
SWITCHES = [
    pytest.param(crm, switches, id=f"{crm}: {name}")
    for crm, several in (("hubspot", HUBSPOT), ("salesforce", SALESFORCE))
    for name, switches in several.items()
]


@pytest.mark.parametrize(("crm", "switches"), SWITCHES)
def test_however_a_crm_answers_what_nobody_could_verify_the_same_values_end_there_once(
    theatre: Theatre, crm: str, switches: Mapping[str, Any]
) -> None:
    theatre.server.world.settings.update(crm, dict(switches))

    report = theatre.cycle()

    assert not report.failed, report.failed
    theatre.is_as_undisturbed()
    again = read_again(theatre)
    assert again.plan is None or not again.plan.changes
    theatre.is_as_undisturbed()
    theatre.is_quiet()


def test_an_edit_of_a_pipeline_that_moves_every_deals_stamp_writes_nothing(theatre: Theatre) -> None:
    """HubSpot stamps every deal of a pipeline that an admin edited: all are read again, none says anything new."""
    theatre.cycle()
    theatre.is_as_undisturbed()
    before = {row["id"]: row["updatedAt"] for row in theatre.server.world.hubspot.dump("deals", True)}

    headers = {"Authorization": "Bearer pat-na1-sandbox-token"}
    pipelines = f"{theatre.server.url}/crm/v3/pipelines/deals"
    edited = requests.patch(f"{pipelines}/default", json={"label": "Sales, renamed"}, headers=headers, timeout=10)

    assert edited.ok, edited.text
    after = {row["id"]: row["updatedAt"] for row in theatre.server.world.hubspot.dump("deals", True)}
    assert any(after[id_] != stamp for id_, stamp in before.items())
    theatre.is_quiet()
    theatre.is_as_undisturbed()


def test_a_crm_that_takes_writes_and_leaves_no_trace_of_them_is_asked_a_few_times_and_told_of(theatre: Theatre) -> None:
    """HubSpot may answer a batch with success and no result; nothing else says that it was not done."""
    theatre.server.world.settings.update("hubspot", {"silent_empty_batch": True})
    theatre.server.world.counters.reset()

    report = theatre.cycle()

    sent = {
        row["endpoint"]: row["calls"] for row in theatre.ask("counters")["counts"] if "batch.update" in row["endpoint"]
    }
    assert sent
    assert max(sent.values()) <= 5, sent
    assert "have not landed yet" in report.failed["hubspot"]
    theatre.server.world.settings.update("hubspot", {"silent_empty_batch": False})
    assert not theatre.cycle().failed
    theatre.is_as_undisturbed()
    theatre.is_quiet()


def read_again(theatre: Theatre) -> Report:
    """A cold read of everything, as at night."""
    with opened(theatre.config) as shop:
        return run_cycle(shop, dict.fromkeys(shop.settings.connections, "cold"))
