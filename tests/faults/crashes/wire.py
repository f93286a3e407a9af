"""A sandbox without sockets: the clients' own connection pools hand their calls straight to it.

Over loopback a call costs about three milliseconds, most of them in two HTTP stacks and a thread hop. Ten thousand schedules
make a million calls. So the last step, the socket, is left out; everything above it (clients, retries, limits, headers, JSON)
and everything below it (vendors, counters, faults) is what every other test runs.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import format_datetime
from typing import Any

import urllib3
from urllib3.exceptions import ProtocolError

from sandbox.server import Application
from sandbox.wire import build_request
from sandbox.world import World


@contextmanager
def wired(address: str, world: Callable[[], World], answered: Callable[[bool], None]) -> Iterator[None]:
    """Calls to ``address`` are answered by the present ``world``; ``answered`` is told after the CRM did its part, whether the
    call was one that writes."""
    place, urlopen = urllib3.util.parse_url(address), urllib3.HTTPConnectionPool.urlopen
    application = Application(world())

    def hand_over(
        pool: urllib3.HTTPConnectionPool, method: str, url: str, body: Any = None, headers: Any = None, **how: Any
    ) -> urllib3.BaseHTTPResponse:
        if (pool.host, pool.port) != (place.host, place.port):
            return urlopen(pool, method, url, body, headers, **how)
        application.world = world()
        content = body.encode() if isinstance(body, str) else body or b""
        request = build_request(method, url, [("host", f"{pool.host}:{pool.port}"), *(headers or {}).items()], content)
        writes = any(vendor.owns(request.path) and vendor.is_write(request) for vendor in application.world.vendors)
        outcome, _ = application._answer(request)
        answered(writes)
        if outcome.reply is None:
            raise ProtocolError("Connection aborted.", ConnectionResetError())
        told = {"Date": format_datetime(application.world.clock.now().replace(microsecond=0), usegmt=True)}
        return urllib3.HTTPResponse(
            io.BytesIO(outcome.reply.body[: outcome.keep]),
            headers=told | dict(outcome.reply.headers),
            status=outcome.reply.status,
            preload_content=False,
            request_method=method,
        )

    urllib3.HTTPConnectionPool.urlopen = hand_over  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        urllib3.HTTPConnectionPool.urlopen = urlopen  # type: ignore[method-assign]
        application.close()
