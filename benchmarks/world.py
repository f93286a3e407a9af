"""Two CRMs in a process of their own, and a config that points at them."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import service
from sandbox.process import SandboxProcess

SECRETS = {
    "SF_CLIENT_ID": "sandbox-client",
    "SF_CLIENT_SECRET": "sandbox-secret",
    "HUBSPOT_TOKEN": "pat-na1-sandbox-token",
}
UNLIMITED = {
    "hubspot": {"search_per_second": None, "burst_limit": None, "daily_limit": None},
    "salesforce": {"daily_limit": 100_000_000},
}
SEED = "7"
RECORDS = "records.db"


@dataclass(frozen=True, slots=True)
class World:
    """A running sandbox at ``url`` and the folder ``home`` with the config and the CSV files."""

    url: str
    home: Path

    @property
    def config(self) -> Path:
        """The config file."""
        return self.home / "partnersync.yaml"

    @property
    def environment(self) -> dict[str, str]:
        """What our processes need around them."""
        return {**os.environ, **SECRETS}

    def counts(self) -> dict[tuple[str, str], int]:
        """The sandbox's own count of every request: (CRM, endpoint) → calls."""
        found: dict[tuple[str, str], int] = {}
        for row in self.control("counters")["counts"]:
            key = (row["vendor"], row["endpoint"])
            found[key] = found.get(key, 0) + row["calls"]
        return found

    def forget(self) -> None:
        """Start counting anew."""
        self.control("counters/reset", {})

    def edit(self, crm: str, object_: str, id_: str, fields: Mapping[str, Any]) -> None:
        """Change a record as a person."""
        order = {"crm": crm, "object": object_, "id": id_, "fields": dict(fields), "as": "Riley Rep"}
        self.control("edit", order)

    def ids(self, crm: str, object_: str) -> list[str]:
        """Every live record of an object."""
        rows = self.control(f"dump?crm={crm}&object={object_}&stamps=0")
        return sorted(rows) if isinstance(rows, dict) else sorted(str(row.get("Id") or row["id"]) for row in rows)

    def control(self, path: str, body: Any = None) -> Any:
        """One order to the sandbox's control endpoint."""
        sent = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"{self.url}/_sandbox/{path}", sent)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)


@contextmanager
def world(size: str, **changes: str) -> Iterator[World]:
    """A generated world of ``size``; ``changes`` replace texts of the config (``every: 15m`` …)."""
    with generated(size) as made, running(made, **changes) as here:
        yield here


@contextmanager
def generated(size: str) -> Iterator[Path]:
    """A folder with the CRMs' records and the CSV files of a world of ``size``, made once for many runs."""
    with tempfile.TemporaryDirectory(prefix="partnersync-bench-") as folder:
        home = Path(folder)
        arguments = ("--generate", SEED, "--size", size, "--csv", folder)
        SandboxProcess(*arguments, db=home / RECORDS, wait_s=900).stop()
        yield home


@contextmanager
def running(made: Path, **changes: str) -> Iterator[World]:
    """A sandbox on a copy of a generated world, without rate limits, and a config beside it."""
    with tempfile.TemporaryDirectory(prefix="partnersync-bench-") as folder:
        home = Path(folder)
        for file in made.iterdir():
            shutil.copy(file, home)
        with SandboxProcess(db=home / RECORDS, wait_s=120) as box:
            here = World(box.url, home)
            here.control("settings", UNLIMITED)
            here.config.write_text(written(box.url, changes), encoding="utf-8")
            yield here


def written(url: str, changes: Mapping[str, str]) -> str:
    """The demo's config against the sandbox, with further texts replaced."""
    text = (Path(str(service.__file__)).parent / "templates" / "demo.yaml").read_text(encoding="utf-8")
    text = text.replace("@SALESFORCE@", url).replace("@HUBSPOT@", url)
    for old, new in changes.items():
        assert old in text, f"the demo's config no longer says {old!r}"
        text = text.replace(old, new)
    return text
