"""Tokens: who signs in, when anew, where the token goes, and that nothing secret is told."""

from __future__ import annotations

import logging
import threading
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from connectors.base import Surroundings
from connectors.retry import RetryPolicy
from connectors.salesforce.connector import SalesforceConnector
from connectors.salesforce.dialect import SalesforceDialect
from connectors.salesforce.tokens import Tokens
from connectors.transport import Line, session
from partnersync.changes import Write
from partnersync.errors import ConnectorError, RejectedError, UnauthorizedError, UnavailableError
from partnersync.ids import Ref
from partnersync.records import Wanted
from tests.connectors.conftest import CountingMeter
from tests.connectors.salesforce.conftest import SECRETS, SalesforceWorld, settings

WANTED = (Wanted("Account", ("Name",)),)


def tokens(world: SalesforceWorld) -> int:
    return world.server.world.counters.total("salesforce", "token")


def test_one_sign_in_serves_many_calls_and_is_counted_apart(world: SalesforceWorld, meter: CountingMeter) -> None:
    connector = world.connect()

    list(connector.hot(WANTED))
    connector.people()
    connector.identify()

    assert tokens(world) == 1
    assert meter.of("token") == 1


def test_a_session_that_ends_midway_is_renewed_once_and_the_whole_request_is_sent_again(world: SalesforceWorld) -> None:
    id_ = world.create("Account", {"Name": "Before"})
    connector = world.connect()
    org = connector.identify().org
    connector.describe(["Account"])
    world.server.world.salesforce.signin.revoke_all()

    outcomes = list(connector.send([Write("ps-1", Ref("salesforce", org, "Account", id_), {"Name": "After"})]))

    assert [outcome.status for outcome in outcomes] == ["applied"]
    assert world.read("Account", id_)["Name"] == "After"
    assert tokens(world) == 2


def test_a_session_that_is_refused_again_is_told_and_never_tried_in_a_loop(world: SalesforceWorld) -> None:
    connector = world.connect()
    list(connector.hot(WANTED))
    refusal = [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}]
    world.fault(endpoint="composite", times=50, action={"kind": "status", "code": 401, "body": refusal})
    world.forget_calls()

    with pytest.raises(UnauthorizedError):
        list(connector.hot(WANTED))

    assert world.calls() == 2
    assert tokens(world) == 1


def test_an_empty_or_html_401_is_a_401_too(world: SalesforceWorld) -> None:
    connector = world.connect()
    list(connector.hot(WANTED))
    world.fault(endpoint="composite", action={"kind": "status", "code": 401, "body": "<html>no</html>"})

    assert list(connector.hot(WANTED))


def test_of_many_who_are_refused_one_signs_in(world: SalesforceWorld, surroundings: Surroundings) -> None:
    chosen = settings(world.server.url)
    line = Line("sf", chosen.hosts, SalesforceDialect(), surroundings)
    shared = Tokens(chosen, SECRETS.__getitem__, line, session(line), RetryPolicy())
    old = shared.current()
    got: list[str] = []
    threads = [threading.Thread(target=lambda: got.append(shared.renew(old).access)) for _ in range(8)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(got)) == 1
    assert got[0] != old.access
    assert tokens(world) == 2


def test_a_wrong_secret_says_what_to_do(world: SalesforceWorld, surroundings: Surroundings) -> None:
    connector = SalesforceConnector("sf", settings(world.server.url), lambda _: "wrong", surroundings)

    with pytest.raises(UnauthorizedError) as caught:
        connector.identify()

    assert caught.value.needs
    assert tokens(world) == 1


def test_a_certificate_signs_in_too(world: SalesforceWorld, surroundings: Surroundings) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    auth = {
        "flow": "jwt_bearer",
        "client_id": "sandbox-client",
        "username": "integration@sandbox.example",
        "private_key": "${env:KEY}",
    }
    connector = SalesforceConnector(
        "sf", settings(world.server.url, auth=auth), {"${env:KEY}": pem}.__getitem__, surroundings
    )

    assert connector.identify().org == "00D000000000001EAA"


def test_a_key_that_is_none_is_told_without_showing_it(world: SalesforceWorld, surroundings: Surroundings) -> None:
    auth = {"flow": "jwt_bearer", "client_id": "c", "username": "u", "private_key": "${env:KEY}"}
    chosen = settings(world.server.url, auth=auth)
    connector = SalesforceConnector("sf", chosen, lambda _: "canary-not-a-key", surroundings)

    with pytest.raises(UnauthorizedError) as caught:
        connector.identify()

    assert "canary" not in str(caught.value)


def test_a_token_is_never_carried_to_a_host_of_the_answer_s_choosing(world: SalesforceWorld) -> None:
    body = {"access_token": "00D!x", "instance_url": "https://evil.example", "id": "https://x/id/00D/005"}
    world.fault(endpoint="token", action={"kind": "status", "code": 200, "body": body})

    with pytest.raises(RejectedError):
        world.connect().identify()


def test_the_identity_is_the_org_not_the_connection(world: SalesforceWorld) -> None:
    identity = world.connect().identify()

    assert (identity.crm, identity.org, identity.name) == ("salesforce", "00D000000000001EAA", "Sandbox")
    assert (identity.currency, identity.timezone) == ("USD", "America/Los_Angeles")


@pytest.mark.parametrize(
    "fault",
    [
        {"action": "html_503", "times": 20},
        {
            "action": {
                "kind": "status",
                "code": 403,
                "body": [{"errorCode": "API_DISABLED_FOR_ORG", "message": "x" * 5000}],
            }
        },
        {"action": {"kind": "status", "code": 400, "body": "y" * 5000}},
        {"action": "truncate", "when": "after_answer", "times": 20},
    ],
)
def test_no_error_and_no_log_holds_a_secret_or_a_whole_body(
    world: SalesforceWorld, surroundings: Surroundings, caplog: pytest.LogCaptureFixture, fault: dict[str, Any]
) -> None:
    caplog.set_level(logging.DEBUG)
    connector = SalesforceConnector(
        "sf", settings(world.server.url), SECRETS.__getitem__, surroundings, RetryPolicy(attempts=2, first_wait=0.01)
    )
    connector.identify()
    access = connector._api.tokens.current().access
    world.fault(endpoint="composite", **fault)

    with pytest.raises(ConnectorError) as caught:
        list(connector.hot(WANTED))

    told = f"{caught.value!s} {caught.value!r} {caught.value.__cause__!r} {caplog.text} {connector._api.tokens.current()!r}"
    assert access not in told
    assert "sandbox-secret" not in told
    assert len(str(caught.value)) < 400


def test_a_sign_in_that_passes_later_is_waited_for(world: SalesforceWorld, surroundings: Surroundings) -> None:
    world.fault(
        endpoint="token", action={"kind": "status", "code": 503, "body": "busy", "headers": {"Retry-After": "0.2"}}
    )

    assert world.connect().identify().org
    assert tokens(world) == 2


def test_a_sign_in_that_asks_for_much_patience_is_put_off(world: SalesforceWorld) -> None:
    world.fault(
        endpoint="token", action={"kind": "status", "code": 503, "body": "busy", "headers": {"Retry-After": "600"}}
    )

    with pytest.raises(UnavailableError) as caught:
        world.connect().identify()

    assert caught.value.retry_after == 600.0
    assert tokens(world) == 1


def test_a_call_that_is_asked_for_much_patience_is_put_off(world: SalesforceWorld) -> None:
    world.fault(
        endpoint="composite", action={"kind": "status", "code": 503, "body": "busy", "headers": {"Retry-After": "600"}}
    )

    with pytest.raises(UnavailableError) as caught:
        list(world.connect().hot(WANTED))

    assert caught.value.retry_after == 600.0
    assert world.server.world.counters.total("salesforce", "composite") == 1
