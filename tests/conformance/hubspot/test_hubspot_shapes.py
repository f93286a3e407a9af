"""The HubSpot wire as partnersync expects it: one story, every answer to the letter. Every record is invented.

`hubspot_shapes.json` holds the exchanges in order. Time stands still at one instant and ids count up, so that only
the correlation id and the host vary; they are spelt `<uuid>` and `<host>`. Key order counts, as it does on the wire.
"""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.server import Application, Server
from sandbox.world import World

EXCHANGES = json.loads((Path(__file__).parent / "hubspot_shapes.json").read_text())
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
HEADERS = ("Content-Type", "Location", "X-HubSpot-RateLimit-Max", "X-HubSpot-RateLimit-Interval-Milliseconds")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    world = World.open()
    world.clock.freeze()
    world.clock.set(datetime(2026, 3, 4, 5, 6, 7, 89_000, tzinfo=UTC))
    world.settings.update("hubspot", {"search_per_second": None})
    owner = {
        "id": "64000001",
        "email": "rita.rep@example.com",
        "firstName": "Rita",
        "lastName": "Rep",
        "userId": 71000001,
    }
    world.hubspot.add_owner(owner)
    server = Server(Application(world), "127.0.0.1", 0)
    yield server.url
    server.stop()
    world.close()


def exchanged(url: str, exchange: dict[str, Any]) -> dict[str, Any]:
    """What the sandbox answers to one exchange, in the spelling of the file."""
    headers = {"Authorization": f"Bearer {exchange.get('token', 'pat-na1-sandbox-token')}"}
    response = requests.request(
        exchange["method"], url + exchange["path"], json=exchange.get("body"), headers=headers, timeout=10
    )
    text = UUID.sub("<uuid>", response.text).replace(url, "<host>")
    shown = {name: response.headers[name].replace(url, "<host>") for name in HEADERS if name in response.headers}
    is_json = "json" in response.headers.get("Content-Type", "")
    return {"status": response.status_code, "headers": shown, "answer": json.loads(text) if is_json else text}


@pytest.mark.parametrize("exchange", EXCHANGES, ids=[each["name"] for each in EXCHANGES])
def test_the_answer_is_the_expected_one_to_the_letter(url: str, exchange: dict[str, Any]) -> None:
    expected = {name: exchange[name] for name in ("status", "headers", "answer")}

    assert json.dumps(exchanged(url, exchange), indent=1) == json.dumps(expected, indent=1)
