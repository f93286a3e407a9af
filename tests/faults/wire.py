"""A sandbox without sockets, while nothing is done to them: the clients' own connection pools hand their calls straight to it.

Over loopback a call costs about three milliseconds, most of them in two HTTP stacks and a thread hop, and a thousand worlds
and ten thousand crashes make calls by the hundred thousand. So where no fault is in force the last step, the socket, is left out;
everything above it (clients, retries, limits, headers, JSON) and everything below it (vendors, counters, settings) is what
every other test runs. Whatever a fault may strike goes over a real connection.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import format_datetime
from typing import Any

import urllib3

from sandbox.server import Application
from sandbox.wire import build_request
from sandbox.world import World


@contextmanager
def wired(address: str, world: Callable[[], World], answered: Callable[[bool], None]) -> Iterator[None]:
    """Calls to ``address`` are answered by the present ``world``; ``answered`` is told after the CRM did its part, whether the
    call was one that writes. Of a call that went over a socket it is not told."""
    place, urlopen = urllib3.util.parse_url(address), urllib3.HTTPConnectionPool.urlopen
    application = Application(world())

    def hand_over(
        pool: urllib3.HTTPConnectionPool, method: str, url: str, body: Any = None, headers: Any = None, **how: Any
    ) -> urllib3.BaseHTTPResponse:
        application.world = world()
        if (pool.host, pool.port) != (place.host, place.port) or application.world.faults.report():
            return urlopen(pool, method, url, body, headers, **how)
        content = body.encode() if isinstance(body, str) else body or b""
        request = build_request(method, url, [("host", f"{pool.host}:{pool.port}"), *(headers or {}).items()], content)
        writes = any(vendor.owns(request.path) and vendor.is_write(request) for vendor in application.world.vendors)
        outcome, _ = application._answer(request)
        answered(writes)
        assert outcome.reply is not None, "only a fault takes an answer away"
        told = {"Date": format_datetime(application.world.clock.now().replace(microsecond=0), usegmt=True)}
        return urllib3.HTTPResponse(
            io.BytesIO(outcome.reply.body),
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
