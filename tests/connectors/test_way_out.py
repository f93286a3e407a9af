"""Every exchange is counted, timed out, kept to its hosts, and told in our errors."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests

from connectors.base import Budget, Surroundings
from connectors.hosts import Hosts
from connectors.transport import Line, session
from partnersync.errors import ConnectorError, RejectedError, UnavailableError
from tests.connectors.conftest import CountingMeter

HOSTS = Hosts(r"api\.vendor\.example", "https://api.vendor.example")
Answer = Callable[[BaseHTTPRequestHandler], None]


class PlainDialect:
    """The endpoint is the path; the ``X-Left`` header tells the allowance."""

    def endpoint(self, method: str, path: str) -> str:
        return path

    def bucket(self, method: str, path: str) -> str | None:
        return "calls"

    def budgets(self, headers: Mapping[str, str], line: Line) -> Iterable[Budget]:
        if "x-left" in headers:
            yield Budget("daily", 100 - int(headers["x-left"]), 100, line.surroundings.clock.now())


@contextmanager
def serving(answer: Answer) -> Iterator[str]:
    """A server on this machine that does ``answer``."""

    class Served(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answer(self)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Served)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def reply(status: int = 200, body: bytes = b"{}", **headers: str) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return answer


@pytest.fixture
def line(surroundings: Surroundings) -> Line:
    return Line("crm-one", HOSTS, PlainDialect(), surroundings, timeout=0.5)


def test_each_exchange_is_counted_for_what_it_was_made(line: Line, meter: CountingMeter) -> None:
    with serving(reply(204, b"")) as url:
        out = session(line)
        out.get(f"{url}/a")
        with line.calls("hot"):
            out.post(f"{url}/b")
            with line.calls("token"):
                out.get(f"{url}/c")
            out.get(f"{url}/d")

    assert dict(meter.calls) == {
        ("check", "/a", 204): 1,
        ("hot", "/b", 204): 1,
        ("token", "/c", 204): 1,
        ("hot", "/d", 204): 1,
    }


def test_what_the_crm_says_is_left_is_learnt(line: Line, meter: CountingMeter) -> None:
    with serving(reply(x_left="30")) as url:
        session(line).get(url)

    assert (meter.budgets["daily"].used, meter.budgets["daily"].limit) == (70, 100)


def test_a_call_waits_for_its_place_in_the_bucket(line: Line, meter: CountingMeter) -> None:
    meter.waits = [0.15, 0.1, 0.0]
    began = time.monotonic()

    with serving(reply()) as url:
        session(line).get(url)

    assert time.monotonic() - began >= 0.25


def test_the_stop_signal_ends_that_wait_and_nothing_is_sent(line: Line, meter: CountingMeter) -> None:
    meter.waits = [30.0]
    threading.Timer(0.1, line.surroundings.stop.set).start()
    began = time.monotonic()

    with serving(reply()) as url, pytest.raises(UnavailableError) as caught:
        session(line).post(url)

    assert time.monotonic() - began < 1.0
    assert not caught.value.maybe_done
    assert not meter.calls


def test_a_server_that_says_nothing_is_given_up(line: Line, meter: CountingMeter) -> None:
    with serving(lambda _: time.sleep(3)) as url:
        began = time.monotonic()
        with pytest.raises(UnavailableError):
            session(line).get(f"{url}/slow")

    assert time.monotonic() - began < 1.5
    assert dict(meter.calls) == {("check", "/slow", None): 1}


def test_a_server_that_drips_its_answer_is_given_up(line: Line) -> None:
    def drip(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "100")
        request.end_headers()
        for _ in range(100):
            request.wfile.write(b"x")
            time.sleep(0.1)

    with serving(drip) as url:
        began = time.monotonic()
        with pytest.raises(UnavailableError):
            session(line).get(url)

    assert time.monotonic() - began < 2.0


def cut(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.send_header("Content-Length", "100")
    request.end_headers()
    request.wfile.write(b"{")
    request.close_connection = True


def hang_up(request: BaseHTTPRequestHandler) -> None:
    request.close_connection = True


@pytest.mark.parametrize("answer", [cut, hang_up])
@pytest.mark.parametrize(("method", "maybe_done"), [("GET", False), ("POST", True)])
def test_a_lost_answer_tells_whether_the_request_may_have_taken_effect(
    line: Line, answer: Answer, method: str, maybe_done: bool
) -> None:
    with serving(answer) as url, pytest.raises(UnavailableError) as caught:
        session(line).request(method, url)

    assert caught.value.maybe_done is maybe_done


def test_a_request_that_never_left_had_no_effect(line: Line) -> None:
    with serving(reply()) as url:
        pass  # nobody listens there any more

    with pytest.raises(UnavailableError) as caught:
        session(line).post(url)

    assert not caught.value.maybe_done


def test_no_other_host_is_ever_called(line: Line, meter: CountingMeter) -> None:
    for url in ("https://evil.example/", "http://api.vendor.example/", "https://api.vendor.example.evil.example/"):
        with pytest.raises(RejectedError):
            session(line).get(url, headers={"Authorization": "Bearer token"})

    assert not meter.calls


def test_a_redirect_is_not_followed(line: Line, meter: CountingMeter) -> None:
    with (
        serving(reply()) as other,
        serving(reply(302, location=f"{other}/stolen")) as url,
        pytest.raises(RejectedError) as caught,
    ):
        session(line).get(url, headers={"Authorization": "Bearer token"})

    assert caught.value.code == "redirect"
    assert sum(meter.calls.values()) == 1


def test_proxies_and_logins_of_the_environment_are_not_used(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    seen: list[str | None] = []

    def answer(request: BaseHTTPRequestHandler) -> None:
        seen.append(request.headers.get("Authorization"))
        reply()(request)

    with serving(answer) as url:
        assert session(line).get(url).status_code == 200

    assert seen == [None]


def test_a_client_that_insists_on_https_reaches_the_sandbox(line: Line) -> None:
    with serving(reply()) as url:
        secure = url.replace("http://", "https://")

        assert session(line, plain_loopback=True).get(secure).status_code == 200
        with pytest.raises(ConnectorError):
            session(line).get(secure)


def test_the_body_is_whole_when_the_call_returns(line: Line) -> None:
    body = b'{"n": ' + b"1" * 300_000 + b"}"

    with serving(reply(body=body)) as url:
        answer: requests.Response = session(line).get(url)

    assert answer.content == body
