"""The HTTP server: one port for both vendors and the control endpoint, with faults around every call."""

import asyncio
import logging
import socket
import struct
import sys
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from email.utils import format_datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from sandbox.control import Control
from sandbox.counters import Call
from sandbox.faults import When
from sandbox.injection import CutShort, Injector, Outcome, current_call
from sandbox.store import commit_hook
from sandbox.wire import Reply, Request, Vendor, build_request, decoded, json_reply
from sandbox.world import World

_WORKERS = 64
_PIECES = 20
_WITHHELD = ("ASGI callable returned without starting response.", "ASGI callable returned without completing response.")
Scope = dict[str, Any]


class _Protocol(H11Protocol):
    """Gives the application its connection, so that it can cut it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.app_state = {**self.app_state, "transport": transport}
        super().connection_made(transport)


def _unexpected(record: logging.LogRecord) -> bool:
    """An answer that a fault holds back is no error to tell of."""
    return record.msg not in _WITHHELD


class Application:
    """The ASGI application. `world` may be exchanged between calls."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.port = 0
        self.stopping = threading.Event()
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="sandbox")

    async def __call__(self, scope: Scope, receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        """Answer one call."""
        if scope["type"] != "http":
            return
        try:
            request = await _read(scope, receive)
        except ValueError as error:
            refusal = Outcome(json_reply(400, {"message": str(error)}))
            await _send(refusal, send, False, self.world.clock.now())
            return
        if request is None:
            return
        loop = asyncio.get_running_loop()
        outcome, after = await loop.run_in_executor(self._pool, self._answer, request)
        transport: asyncio.Transport = scope["state"]["transport"]
        if outcome.reply is None:
            if outcome.reset:
                _reset_when_closed(transport)
            transport.abort()
            return
        await _send(outcome, send, request.method == "HEAD", self.world.clock.now())
        if outcome.keep is not None:
            await asyncio.sleep(0)
            transport.close()
        elif after is not None and after():
            transport.close()

    def close(self) -> None:
        """Let waiting faults go and end the workers."""
        self.stopping.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _answer(self, request: Request) -> tuple[Outcome, Callable[[], bool] | None]:
        world = self.world
        if request.path.startswith("/_sandbox/"):
            return Outcome(Control(world).answer(request)), None
        for vendor in world.vendors:
            if vendor.owns(request.path):
                return self._ask(world, vendor, request)
        return Outcome(json_reply(404, {"message": f"nothing lives at {request.path}"})), None

    def _ask(self, world: World, vendor: Vendor, request: Request) -> tuple[Outcome, Callable[[], bool] | None]:
        began = time.perf_counter()
        label, write = vendor.endpoint(request), vendor.is_write(request)
        armed = world.faults.arm(vendor.name, label, request.method, write)
        injector = Injector(vendor, request, self.port, self.stopping)

        def at_commit(when: str) -> None:
            point: When = "before_commit" if when == "before_commit" else "after_commit"
            injector.perform(armed.due(point))

        call_token, hook_token = current_call.set(armed), commit_hook.set(at_commit)
        try:
            injector.perform(armed.due("before"))
            outcome = Outcome(vendor.answer(request))
        except CutShort as cut:
            outcome = cut.outcome
        except Exception:
            traceback.print_exc(file=sys.stderr)
            outcome = Outcome(
                json_reply(
                    500,
                    [{"errorCode": "UNKNOWN_EXCEPTION", "message": "sandbox defect"}],
                )
            )
        finally:
            current_call.reset(call_token)
            commit_hook.reset(hook_token)
        last = armed.due("after_answer")
        outcome = injector.finish(outcome, last)
        injector.prepare(last)
        world.counters.count(
            Call(
                at=world.clock.now().isoformat(timespec="milliseconds"),
                vendor=vendor.name,
                endpoint=label,
                method=request.method,
                target=request.target[:500],
                status=outcome.reply.status if outcome.reply is not None else 0,
                write=write,
                milliseconds=round((time.perf_counter() - began) * 1000, 3),
                user_agent=request.headers.get("user-agent", ""),
            )
        )
        return outcome, (lambda: injector.after_answer(last)) if last else None


class Server:
    """A sandbox listening in a thread of this process."""

    def __init__(self, application: Application, host: str, port: int) -> None:
        self._application = application
        logging.getLogger("uvicorn.error").addFilter(_unexpected)
        config = uvicorn.Config(
            application,
            host=host,
            port=port,
            http=_Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            date_header=False,
            server_header=False,
            timeout_keep_alive=300,
            timeout_graceful_shutdown=1,
            h11_max_incomplete_event_size=1 << 18,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, name="sandbox-server", daemon=True)
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise OSError(f"the sandbox cannot listen on {host}:{port}")
            time.sleep(0.002)
        self.port: int = self._server.servers[0].sockets[0].getsockname()[1]
        application.port = self.port
        self.url = f"http://{host}:{self.port}"

    @property
    def world(self) -> World:
        """The world being served."""
        return self._application.world

    def serve(self, world: World) -> None:
        """Serve another world from the next call on; the old one is the caller's to close."""
        self._application.world = world

    def wait(self) -> None:
        """Until the server has ended."""
        while self._thread.is_alive():
            self._thread.join(0.2)

    def stop(self) -> None:
        """Stop listening and wait for the thread."""
        self._application.close()
        self._server.should_exit = True
        self._thread.join(5)

    def __enter__(self) -> "Server":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        self.world.close()


def start(path: str | Path | World | None = None, port: int = 0, host: str = "127.0.0.1") -> Server:
    """Open the world kept in `path` (a temporary one without) and serve it; port 0 takes a free one."""
    world = path if isinstance(path, World) else World.open(path)
    return Server(Application(world), host, port)


async def _read(scope: Scope, receive: Callable[[], Any]) -> Request | None:
    chunks: list[bytes] = []
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            return None
        chunks.append(event.get("body", b""))
        if not event.get("more_body", False):
            break
    raw_path = scope["raw_path"].decode("latin-1")
    query = scope["query_string"].decode("latin-1")
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
    coding = next((value for name, value in headers if name.lower() == "content-encoding"), "")
    target = f"{raw_path}?{query}" if query else raw_path
    peer = scope.get("client")
    return build_request(
        scope["method"],
        target,
        headers,
        decoded(b"".join(chunks), coding),
        peer_port=peer[1] if peer else 0,
    )


async def _send(outcome: Outcome, send: Callable[[Any], Any], head: bool, now: datetime) -> None:
    reply: Reply | None = outcome.reply
    assert reply is not None
    named = {_spelt(name): value for name, value in reply.headers.items()}
    named.setdefault("Date", format_datetime(now.replace(microsecond=0), usegmt=True))
    if reply.status not in (204, 304):
        named["Content-Length"] = str(len(reply.body))
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in named.items()]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    if outcome.keep is not None:
        await send(
            {
                "type": "http.response.body",
                "body": reply.body[: outcome.keep],
                "more_body": True,
            }
        )
        return
    if outcome.drip and not head:
        await _drip(reply.body, outcome.drip, send)
        return
    await send({"type": "http.response.body", "body": b"" if head else reply.body})


async def _drip(body: bytes, seconds: float, send: Callable[[Any], Any]) -> None:
    """The body in pieces; a client that has gone ends it."""
    size = max(1, -(-len(body) // _PIECES))
    for start in range(0, len(body), size):
        await asyncio.sleep(seconds / _PIECES)
        await send({"type": "http.response.body", "body": body[start : start + size], "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def _reset_when_closed(transport: asyncio.Transport) -> None:
    """Closing the socket sends RST rather than FIN."""
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _spelt(name: str) -> str:
    """`Content-Type`, as vendors' servers write it: some clients look names up by their letters."""
    return name if name != name.lower() else "-".join(part.capitalize() for part in name.split("-"))
