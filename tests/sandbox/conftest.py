"""A sandbox over real HTTP for each test: one server for the session, a fresh world per test."""

from collections.abc import Iterator

import pytest

from sandbox.server import Application, Server
from sandbox.world import World


@pytest.fixture(scope="session")
def _server() -> Iterator[Server]:
    first = World.open()
    server = Server(Application(first), "127.0.0.1", 0)
    yield server
    server.stop()
    first.close()


@pytest.fixture
def sandbox(_server: Server) -> Iterator[Server]:
    """A listening sandbox (`.url`, `.world`) holding an empty world of its own."""
    world = World.open()
    _server.serve(world)
    yield _server
    world.close()
