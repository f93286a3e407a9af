"""Carrying out faults: waiting, killing, or cutting a call short with another outcome."""

import os
import signal
import threading
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass, replace

import orjson
import psutil

from sandbox.faults import (
    Action,
    Armed,
    Drip,
    Drop,
    Html503,
    Kill,
    Latency,
    RateLimited,
    Reset,
    Status,
    Timeout,
    Truncate,
)
from sandbox.wire import JSON, Reply, Request, Vendor

current_call: ContextVar[Armed | None] = ContextVar("current_call", default=None)
"""The armed faults of the call being answered, for vendors that ask about single records."""

HTML_503 = (
    b"<!DOCTYPE html>\n<html><head><title>503 Service Unavailable</title></head>\n"
    b"<body><h1>Service Unavailable</h1>\n<p>The server is temporarily unable to service your request. "
    b"Please try again later.</p></body></html>\n"
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the client gets: an answer (perhaps cut after `keep` bytes, or spread over seconds), or a closed socket."""

    reply: Reply | None
    keep: int | None = None
    drip: float = 0
    reset: bool = False


class CutShort(Exception):
    """A fault ends the call here with this outcome."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__("a fault cut this call short")
        self.outcome = outcome


class Injector:
    """Carries out the faults of one call."""

    def __init__(
        self,
        vendor: Vendor,
        request: Request,
        server_port: int,
        stopping: threading.Event,
    ) -> None:
        self._vendor = vendor
        self._request = request
        self._server_port = server_port
        self._stopping = stopping
        self._caller: int | None = None

    def perform(self, actions: Iterable[Action]) -> None:
        """Do each action. Raises: `CutShort` where one ends the call."""
        for action in actions:
            match action:
                case Latency(ms=ms):
                    self._stopping.wait(ms / 1000)
                case Timeout(seconds=seconds):
                    self._stopping.wait(seconds)
                    raise CutShort(Outcome(None))
                case Drop():
                    raise CutShort(Outcome(None))
                case Reset():
                    raise CutShort(Outcome(None, reset=True))
                case Kill(delay_ms=delay_ms):
                    self._stopping.wait(delay_ms / 1000)
                    self._kill(action)
                    raise CutShort(Outcome(None))
                case Html503():
                    raise CutShort(Outcome(Reply(503, HTML_503, {"content-type": "text/html"})))
                case RateLimited(form=form):
                    raise CutShort(Outcome(self._vendor.rate_limited(form, self._request)))
                case Status():
                    raise CutShort(Outcome(_status_reply(action)))
                case _:
                    pass

    def finish(self, outcome: Outcome, actions: Iterable[Action]) -> Outcome:
        """What is left to send when the answer is ready: `truncate` cuts it, `drip` and latency delay it."""
        for action in actions:
            match action:
                case Truncate(keep=keep, as_if_whole=as_if_whole) if outcome.reply is not None:
                    length = len(outcome.reply.body)
                    kept = length // 2 if keep is None else min(keep, length)
                    if as_if_whole:
                        outcome = Outcome(replace(outcome.reply, body=outcome.reply.body[:kept]))
                    else:
                        outcome = Outcome(outcome.reply, kept)
                case Drip(seconds=seconds) if outcome.reply is not None:
                    outcome = replace(outcome, drip=seconds)
                case Latency(ms=ms):
                    self._stopping.wait(ms / 1000)
                case _:
                    pass
        return outcome

    def prepare(self, actions: Iterable[Action]) -> None:
        """Find the process to kill after the answer while it still waits for it: afterwards every moment counts."""
        if any(isinstance(action, Kill) and action.pid is None for action in actions):
            self._caller = caller_pid(self._request.peer_port, self._server_port)

    def after_answer(self, actions: Iterable[Action]) -> bool:
        """Do what comes after the answer was sent; whether the socket must be closed."""
        close = False
        for action in actions:
            match action:
                case Kill(delay_ms=0):
                    self._kill(action)
                case Kill(delay_ms=delay_ms):
                    threading.Timer(delay_ms / 1000, self._kill, (action,)).start()
                case Drop() | Reset() | Timeout():
                    close = True
                case _:
                    pass
        return close

    def _kill(self, action: Kill) -> None:
        pid = action.pid or self._caller or caller_pid(self._request.peer_port, self._server_port)
        if pid is not None and pid != os.getpid():
            os.kill(pid, signal.SIGKILL)


def caller_pid(peer_port: int, server_port: int) -> int | None:
    """The process on this machine whose socket talks from `peer_port` to us."""
    for connection in psutil.net_connections("tcp"):
        if (
            connection.laddr
            and connection.raddr
            and connection.laddr.port == peer_port
            and connection.raddr.port == server_port
        ):
            return connection.pid
    return None


def _status_reply(action: Status) -> Reply:
    if action.body is None or isinstance(action.body, str):
        body, kind = (action.body or "").encode(), "text/html;charset=UTF-8"
    else:
        body, kind = orjson.dumps(action.body), JSON
    return Reply(action.code, body, {"content-type": kind, **action.headers})
