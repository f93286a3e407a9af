"""The three pages an operator's machines read: alive, ready, metrics; bound to loopback unless told otherwise."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from service.metrics import Metrics

Probe = Callable[[], str]
"""Says what is wrong, or nothing."""


def application(metrics: Metrics, alive: Probe, ready: Probe) -> Starlette:
    """The pages; a probe that has something to say answers 503 with it."""

    def page(probe: Probe) -> Callable[[Request], Response]:
        def answer(_: Request) -> Response:
            wrong = probe()
            return JSONResponse({"ok": not wrong, "reason": wrong or None}, status_code=503 if wrong else 200)

        return answer

    def numbers(_: Request) -> Response:
        return Response(metrics.page(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return Starlette(routes=[Route("/livez", page(alive)), Route("/readyz", page(ready)), Route("/metrics", numbers)])


class HealthServer:
    """Serves the pages from a thread; a context manager. Port 0 takes a free one, told in ``url``."""

    def __init__(self, app: Starlette, host: str, port: int) -> None:
        config = uvicorn.Config(app, host=host, port=port, log_level="warning", access_log=False, lifespan="off")
        self._server = uvicorn.Server(config)
        self._socket = config.bind_socket()
        self.url = f"http://{host}:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), name="health", daemon=True)

    def __enter__(self) -> HealthServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=2)
        self._socket.close()
