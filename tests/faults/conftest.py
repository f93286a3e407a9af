"""Two CRMs that can be harmed, and whole cycles against them over real HTTP."""

from __future__ import annotations

import json
import shutil
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sandbox.server import Server, start
from sandbox.world import World
from service.cycle import Report, run_cycle
from service.shop import opened
from tests.faults.kills import differences
from tests.faults.model.ground import Ground, ground
from tests.faults.model.harms import Struck
from tests.faults.model.steps import Play
from tests.faults.worlds import CONFIG, CREDENTIALS, CRM, STATE, TEMPLATE, canonical, make, rows


@dataclass(slots=True)
class Theatre:
    """A world served in this process, and the workspace that keeps it true."""

    home: Path
    server: Server
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]
    undisturbed: Mapping[str, Any]
    edits: list[tuple[str, str]] = field(default_factory=list)

    @property
    def config(self) -> Path:
        return self.home / CONFIG

    def write_config(self) -> None:
        """The config as it is now, with ``edits`` made in it."""
        text = (self.home / TEMPLATE).read_text(encoding="utf-8")
        text = text.replace("@SALESFORCE@", self.server.url).replace("@HUBSPOT@", self.server.url)
        for before, after in self.edits:
            assert before in text, before
            text = text.replace(before, after, 1)
        self.config.write_text(text, encoding="utf-8")

    def edit_config(self, before: str, after: str) -> None:
        """Change the config."""
        self.edits.append((before, after))
        self.write_config()

    def fault(self, action: Any, **how: Any) -> None:
        """Put one fault in force."""
        self.ask("faults", {"action": action, **how})

    def mended(self) -> None:
        """No fault is in force any more; there was one, and it struck."""
        struck = [rule["fired"] for rule in self.ask("faults")]
        assert struck, "no fault was in force"
        assert all(struck), "a fault never struck: the test shows nothing"
        self.server.world.faults.remove()

    def ask(self, path: str, body: Any = None) -> Any:
        """Talk to the sandbox's control."""
        payload = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.server.url}/_sandbox/{path}", payload)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")

    def cycle(self, **how: Any) -> Report:
        """One whole cycle, as ``partnersync run`` does it."""
        with opened(self.config) as shop:
            return run_cycle(shop, **how)

    def command(self, *words: str) -> tuple[int, str]:
        """Run the command line as a person does; gives the exit code and everything that it said."""
        from service import cli

        self.capsys.readouterr()
        self.monkeypatch.setenv("COLUMNS", "400")
        self.monkeypatch.setattr("sys.argv", ["partnersync", *words, "--config", str(self.config)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        said = self.capsys.readouterr()
        return int(end.value.code or 0), said.out + said.err

    def writes(self) -> int:
        """Calls that write, since the last reset."""
        return sum(int(total["writes"]) for total in self.ask("counters")["totals"].values())

    def unanswered(self, calls: int) -> None:
        """Wait until the CRMs themselves have given up so many calls; a call is counted when it ends."""
        end = time.monotonic() + 10
        while sum(row["calls"] for row in self.ask("counters")["counts"] if row["status"] == 0) < calls:
            assert time.monotonic() < end, "the late calls never ended"
            time.sleep(0.02)

    def is_as_undisturbed(self) -> None:
        """Both CRMs say what they would if no fault had struck."""
        assert not differences(dict(self.undisturbed), self.crms())

    def crms(self) -> dict[str, Any]:
        """What both CRMs say."""
        return canonical(self.ask("dump?stamps=0"))

    def is_quiet(self) -> None:
        """A further cycle writes nothing, and the journal holds nothing of unknown fate."""
        self.server.world.counters.reset()
        report = self.cycle()
        assert not report.failed, report.failed
        assert self.writes() == 0, report.counts()
        assert not rows(self.home / STATE, "SELECT id FROM intent WHERE status IN ('inflight', 'unknown')")

    def tasks(self) -> dict[str, Counter[str]]:
        """How many tasks of ours each deal has, by CRM."""
        hubspot = [t["properties"] for t in self.server.world.hubspot.dump("tasks", True) if t["state"] == "live"]
        salesforce = [t for t in self.server.world.salesforce.dump("Task", True) if not t["IsDeleted"]]
        said = {
            "hubspot": Counter(t["hs_task_subject"] for t in hubspot),
            "salesforce": Counter(t["Subject"] for t in salesforce),
        }
        return {
            crm: Counter({subject: n for subject, n in found.items() if subject.startswith("Confirm the partner")})
            for crm, found in said.items()
        }

    def fields(self, crm: str, object_: str, field_: str) -> dict[str, Any]:
        """What a field says on every record."""
        found = self.server.world.vendor(crm).dump(object_, False)
        return {r.get("Id") or r["id"]: r.get("properties", r).get(field_) for r in found}


@dataclass(frozen=True, slots=True)
class Prepared:
    """A world whose facts were pulled and planned, nothing written yet; what both CRMs, and our database, say after an
    undisturbed run.
    """

    home: Path
    crms: Mapping[str, Any]
    database: Path


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bool], Prepared]:
    """The world, with and without unique fields for the keys of tasks; each is made when it is first asked for."""
    made: dict[bool, Prepared] = {}

    def world(keyed: bool) -> Prepared:
        if keyed not in made:
            made[keyed] = _prepare(tmp_path_factory.mktemp("worlds"), keyed)
        return made[keyed]

    return world


def _prepare(home: Path, keyed: bool) -> Prepared:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        world, twin = make(home / "world", 11, keyed=keyed), home / "twin"
        for apply in (False, True):
            if apply:
                shutil.copytree(world, twin)
            here = twin if apply else world
            with start(World.open(here / CRM)) as server:
                text = (here / TEMPLATE).read_text(encoding="utf-8")
                text = text.replace("@SALESFORCE@", server.url).replace("@HUBSPOT@", server.url)
                (here / CONFIG).write_text(text, encoding="utf-8")
                with opened(here / CONFIG) as shop:
                    run_cycle(shop, apply=apply)
                crms = {
                    vendor.name: {o: vendor.dump(o, False) for o in vendor.objects()} for vendor in server.world.vendors
                }
    return Prepared(world, canonical(crms), twin / STATE)


@pytest.fixture
def keyed() -> bool:
    """Whether the CRMs have a unique field for our tasks' keys; a test may ask for either."""
    return True


@pytest.fixture
def theatre(
    prepared: Callable[[bool], Prepared],
    keyed: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Theatre]:
    """A fresh copy of the world, read and planned already."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    home, world = tmp_path / "world", prepared(keyed)
    shutil.copytree(world.home, home)
    with start(home / CRM) as server:
        found = Theatre(home, server, monkeypatch, capsys, world.crms)
        found.write_config()
        yield found


@pytest.fixture(scope="module")
def here() -> Iterator[Ground]:
    with ground() as made:
        yield made


@pytest.fixture
def play(here: Ground) -> Play:
    """A world of a few customers and deals that nobody pulled yet; its tasks have a unique field for the key."""
    made = Play(here, Struck())
    made.begin("play", 4)
    return made
