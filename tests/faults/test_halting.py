"""The kill switch: once a person pulled it, nothing more is written or posted, not even by the run that is under way."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from partnersync.errors import ConflictError
from service.shop import opened
from state.ledger import Ledger
from tests.faults.conftest import Theatre

pytestmark = pytest.mark.fault


def test_a_halted_workspace_reads_and_plans_and_neither_posts_nor_writes_until_it_is_resumed(theatre: Theatre) -> None:
    code, said = theatre.command("halt")
    assert (code, "partnersync resume" in said) == (0, True)
    before = theatre.writes()

    code, said = theatre.command("run")

    assert (code, theatre.writes()) == (5, before)
    assert "halted this workspace" in said
    with opened(theatre.config) as shop:
        assert not list(Ledger(shop.database).lines())
    assert "halted by" in theatre.command("status")[1]
    assert theatre.command("plan")[0] == 0
    assert theatre.command("resume")[0] == 0
    assert theatre.command("run")[0] == 0
    theatre.is_as_undisturbed()
    theatre.is_quiet()


def test_a_run_that_is_halted_between_two_batches_sends_no_further_one(theatre: Theatre) -> None:
    """The switch is pulled while one CRM is slow to answer the first batch; the other gets none."""
    theatre.fault({"kind": "latency", "ms": 1500}, writes_only=True, nth=1)

    sends_nothing_once_halted(theatre)


def test_a_run_that_is_halted_while_it_waits_to_try_a_write_again_does_not_try_it(theatre: Theatre) -> None:
    """What was checked half a minute ago is not sent on the strength of that: the switch holds for a second try too."""
    theatre.fault({"kind": "status", "code": 503, "headers": {"Retry-After": "2"}}, writes_only=True, nth=1)

    sends_nothing_once_halted(theatre)


def sends_nothing_once_halted(theatre: Theatre) -> None:
    """Pull the switch when the fault has struck the first write: it stays the only one until the workspace is resumed."""
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(theatre.cycle)
        end = time.monotonic() + 60
        while not theatre.ask("faults")[0]["fired"]:
            assert time.monotonic() < end, "nothing was ever written"
            time.sleep(0.01)
        theatre.command("halt")
        with pytest.raises(ConflictError, match="halted"):
            run.result()

    assert theatre.writes() == 1
    theatre.mended()
    assert theatre.command("plan")[0] == 0
    code, said = theatre.command("run")
    assert (code, "halted this workspace" in said) == (5, True)
    theatre.command("resume")
    assert theatre.command("plan")[0] == 0
    assert theatre.writes() == 1, "neither a halted run nor a plan writes what the halted one left"
    theatre.cycle()
    theatre.is_as_undisturbed()
