"""One programme that was lived for a while, shared by the tests that look at it: its CRMs are gone, its database stays."""

from __future__ import annotations

import json
import re
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

import service
from partnersync.changes import FieldChange
from sandbox.process import SandboxProcess
from service.cli import main
from service.cycle import run_cycle
from service.naming import Names
from service.shop import opened
from service.steps.rules import rules_of_the_day
from state.ledger import Ledger
from tests.service.lived import FORMULA, Answer, Lived, Run

SEED, SIZE = "7", "small"
SECRETS = {
    "SF_CLIENT_ID": "sandbox-client",
    "SF_CLIENT_SECRET": "sandbox-secret",
    "HUBSPOT_TOKEN": "pat-na1-sandbox-token",
}


@pytest.fixture(scope="session")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    """A plan, an approved run, three edits in Salesforce, a second run."""
    home = tmp_path_factory.mktemp("lived")
    config = home / "partnersync.yaml"
    template = (Path(str(service.__file__)).parent / "templates" / "demo.yaml").read_text()
    with (
        pytest.MonkeyPatch.context() as patch,
        SandboxProcess("--generate", SEED, "--size", SIZE, "--csv", str(home)) as box,
    ):
        for name, value in SECRETS.items():
            patch.setenv(name, value)
        config.write_text(template.replace("@SALESFORCE@", box.url).replace("@HUBSPOT@", box.url))
        with opened(config) as shop, listened() as statements:
            run_cycle(shop, apply=False, kind="plan")
            report = run_cycle(shop, approve="dana")
            lines = [
                line
                for line in Ledger(shop.database).lines()
                if line.key.opportunity.crm == "salesforce" and line.key.plan == "referral"
            ]
            grown, renamed = lines[0], lines[1]
            assert report.plan is not None
            fields = [change for change in report.plan.changes if isinstance(change, FieldChange)]
            written = [each.ref for each in fields if (each.field, each.action) == ("Partner__c", "write")]
            edited = next(ref.id for ref in written if ref.object == "Opportunity")
            was = Names(shop, rules_of_the_day(shop, shop.clock.now()).book).deal(renamed.key.opportunity)
            _edit(box.url, grown.key.opportunity.id, {"Amount": 61000})
            _edit(box.url, renamed.key.opportunity.id, {"Name": FORMULA})
            _edit(box.url, edited, {"Partner__c": "Somebody Else"})
            run_cycle(shop)
            run_cycle(shop, dict.fromkeys(shop.settings.connections, "warm"), apply=False, kind="warm")
        return Lived(config, grown, renamed, was, edited, statements)


@contextmanager
def listened() -> Iterator[dict[str, Any]]:
    """Statement → parameters of one use, of whatever is asked of any database meanwhile; lists count as one."""
    heard: dict[str, Any] = {}

    def hear(_: Any, __: Any, statement: str, parameters: Any, ___: Any, many: bool) -> None:
        alike = re.sub(r"\?(, \?)+", "?, …", statement)
        if alike not in shapes:
            shapes.add(alike)
            heard[statement] = parameters[0] if many else parameters

    shapes: set[str] = set()
    event.listen(Engine, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        event.remove(Engine, "before_cursor_execute", hear)


@pytest.fixture
def ask(lived: Lived, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command on the lived programme, 80 columns wide, with no CRM and no credential anywhere."""

    def run(*arguments: str, config: Path = lived.config) -> Answer:
        for name in SECRETS:
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr(sys, "argv", ["partnersync", *arguments, "--config", str(config)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capfd.readouterr()
        return Answer(int(ended.value.code or 0), out, err)

    return run


def _edit(url: str, id_: str, fields: dict[str, Any]) -> None:
    order = {"crm": "salesforce", "object": "Opportunity", "id": id_, "fields": fields, "as": "Riley Rep"}
    _ask(url, "edit", json.dumps(order).encode())


def _ask(url: str, path: str, body: bytes | None = None) -> Any:
    with urllib.request.urlopen(urllib.request.Request(f"{url}/_sandbox/{path}", body)) as answer:
        return json.load(answer)
