"""What clients, proxies and their libraries send and expect that no vendor's page mentions."""

import gzip
import http.client
import zlib
from collections.abc import Mapping
from urllib.parse import urlsplit

import pytest

from sandbox.server import Server

FORM = b"grant_type=client_credentials&client_id=sandbox-client&client_secret=sandbox-secret"
FORM_TYPE = {"Content-Type": "application/x-www-form-urlencoded"}
PORTAL = {"Authorization": "Bearer pat-na1-sandbox-token", "Content-Type": "application/json"}


def ask(
    server: Server, method: str, target: str, body: bytes | None, headers: Mapping[str, str]
) -> tuple[int, list[str], bytes]:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10)
    try:
        connection.request(method, target, body, dict(headers))
        reply = connection.getresponse()
        return reply.status, [name for name, _ in reply.getheaders()], reply.read()
    finally:
        connection.close()


def test_header_names_are_spelt_as_servers_of_http_1_spell_them(sandbox: Server) -> None:
    """Airbyte's CDK looks for `content-type` in a plain dict, and breaks where it finds it."""
    _, salesforce, _ = ask(sandbox, "POST", "/services/oauth2/token", FORM, FORM_TYPE)
    _, hubspot, _ = ask(sandbox, "GET", "/crm/v3/objects/deals", None, PORTAL)

    assert {"Content-Type", "Content-Length", "Date", "Cache-Control"} <= set(salesforce)
    assert {"Content-Type", "Content-Length", "Date", "X-HubSpot-Correlation-Id"} <= set(hubspot)
    assert not [name for name in salesforce + hubspot if name == name.lower()]


@pytest.mark.parametrize(
    ("coding", "coded"),
    [
        ("gzip", gzip.compress(FORM, mtime=0)),
        ("deflate", zlib.compress(FORM)),
        ("x-gzip", gzip.compress(FORM, mtime=0)),
    ],
)
def test_compressed_bodies_are_read(sandbox: Server, coding: str, coded: bytes) -> None:
    status, _, body = ask(sandbox, "POST", "/services/oauth2/token", coded, {**FORM_TYPE, "Content-Encoding": coding})

    assert (status, b"access_token" in body) == (200, True)


def test_a_body_that_is_not_what_its_coding_says_is_refused(sandbox: Server) -> None:
    status, _, _ = ask(sandbox, "POST", "/services/oauth2/token", FORM, {**FORM_TYPE, "Content-Encoding": "gzip"})

    assert status == 400


def test_a_proxys_absolute_form_reaches_the_same_path(sandbox: Server) -> None:
    status, _, body = ask(sandbox, "GET", "http://acme.my.salesforce.com/services/data/?x=1", None, {})

    assert (status, b'"version":"66.0"' in body) == (200, True)


@pytest.mark.parametrize("body", [b"[" * 200_000, b'{"properties":{"amount":1' + b"0" * 5000 + b"}}"])
@pytest.mark.parametrize("path", ["/crm/v3/objects/deals", "/crm/v3/objects/deals/search"])
def test_json_that_no_parser_takes_is_refused_in_the_vendors_form(sandbox: Server, path: str, body: bytes) -> None:
    status, _, answer = ask(sandbox, "POST", path, body, PORTAL)

    assert (status, b"Invalid input JSON" in answer) == (400, True)


def test_the_portal_answers_head_like_get_without_the_body(sandbox: Server) -> None:
    status, headers, body = ask(sandbox, "HEAD", "/crm/v3/objects/deals", None, PORTAL)

    assert (status, body, "Content-Length" in headers) == (200, b"", True)


def test_behind_a_terminator_of_tls_clients_are_told_its_scheme(sandbox: Server) -> None:
    headers = {**FORM_TYPE, "X-Forwarded-Proto": "https", "Host": "acme.my.salesforce.com"}
    _, _, body = ask(sandbox, "POST", "/services/oauth2/token", FORM, headers)

    assert b'"instance_url":"https://acme.my.salesforce.com"' in body
