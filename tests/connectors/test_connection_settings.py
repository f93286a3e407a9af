"""Which connections may be configured: hosts, secrets, versions, each mistake told at its own place."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from connectors.config import Connections
from connectors.registry import CRMS
from connectors.salesforce.config import SalesforceConnection

CONNECTIONS = TypeAdapter[Any](Connections)
AUTH = {"flow": "client_credentials", "client_id": "${env:ID}", "client_secret": "${file:/run/secrets/sf}"}
SALESFORCE: dict[str, Any] = {"crm": "salesforce", "url": "https://acme.my.salesforce.com", "auth": AUTH}
HUBSPOT: dict[str, Any] = {"crm": "hubspot", "token": "${env:HUBSPOT}"}


def mistakes(settings: dict[str, Any]) -> list[tuple[str, str]]:
    """Each mistake as (path, message)."""
    with pytest.raises(ValidationError) as caught:
        CONNECTIONS.validate_python({"crm-one": settings})
    return [(".".join(map(str, error["loc"][2:])), error["msg"]) for error in caught.value.errors()]


def test_every_crm_has_its_settings_told_apart_by_name() -> None:
    found = CONNECTIONS.validate_python({"sf": SALESFORCE, "hs": HUBSPOT})

    assert isinstance(found["sf"], SalesforceConnection)
    assert found["hs"].url == "https://api.hubapi.com"
    assert {"salesforce", "hubspot"} <= set(CRMS)


@pytest.mark.parametrize(
    "url",
    [
        "https://acme.my.salesforce.com",
        "https://acme.my.salesforce.com/",
        "https://acme--dev.sandbox.my.salesforce.com:443",
        "https://na1.salesforce.com",
        "http://127.0.0.1:8080",
        "http://localhost:8080/",
        "https://[::1]:8443",
    ],
)
def test_hosts_of_the_vendor_and_of_this_machine_may_have_the_credential(url: str) -> None:
    settings = CONNECTIONS.validate_python({"sf": {**SALESFORCE, "url": url}})["sf"]

    assert settings.url == url.rstrip("/").removesuffix(":443")
    assert settings.hosts.allows(f"{settings.url}/services/data/v66.0/query/?q=SELECT+Id")


@pytest.mark.parametrize(
    "url",
    [
        "http://acme.my.salesforce.com",
        "https://acme.my.salesforce.com.evil.com",
        "https://evil.com/acme.my.salesforce.com",
        "https://evil.com?.my.salesforce.com",
        "https://evil.com#.my.salesforce.com",
        "https://acme.my.salesforce.com@evil.com",
        "https://me:secret@acme.my.salesforce.com",
        "https://evil.com\\.my.salesforce.com",
        "https://xsalesforce.com",
        "https://acme.my.salesforce.com:8443",
        "https://169.254.169.254",
        "http://127.0.0.1.evil.com",
        "http://10.0.0.1",
        "ftp://acme.my.salesforce.com",
        "acme.my.salesforce.com",
        "https://",
        "https://acme.my.salesforce.com:port",
    ],
)
def test_a_credential_goes_nowhere_else(url: str) -> None:
    ((path, _),) = mistakes({**SALESFORCE, "url": url})

    assert path == "url"


def test_a_proxy_of_ones_own_must_be_vouched_for() -> None:
    url = "https://crm-proxy.acme.example:8443"

    ((_, message),) = mistakes({**SALESFORCE, "url": url})

    assert "allow_host: crm-proxy.acme.example" in message
    assert CONNECTIONS.validate_python({"sf": {**SALESFORCE, "url": url, "allow_host": "crm-proxy.acme.example"}})
    assert mistakes({**SALESFORCE, "url": "http://crm-proxy.acme.example", "allow_host": "crm-proxy.acme.example"})


@pytest.mark.parametrize("secret", ["pat-na1-12345678", "${env:}", "$HUBSPOT", "", None])
def test_a_secret_never_stands_in_the_file(secret: str | None) -> None:
    ((path, message),) = mistakes({**HUBSPOT, "token": secret})

    assert path == "token"
    assert "12345678" not in message


@pytest.mark.parametrize(
    ("version", "read"),
    [
        ("66.0", "66.0"),
        ("66", "66.0"),
        ("v60.0", "60.0"),
        ("46.0", "46.0"),
        ("45.0", None),
        ("99.0", None),
        ("x", None),
    ],
)
def test_the_api_version_is_in_range(version: str, read: str | None) -> None:
    if read is None:
        ((path, _),) = mistakes({**SALESFORCE, "api_version": version})
        assert path == "api_version"
    else:
        assert CONNECTIONS.validate_python({"sf": {**SALESFORCE, "api_version": version}})["sf"].api_version == read


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("every", "0s"),
        ("every", "soon"),
        ("warm_every", "0m"),
        ("cold_at", "26:00"),
        ("timeout", "0s"),
        ("timeout", "11m"),
        ("keep_for_people", "100%"),
        ("keep_for_people", "0.2"),
        ("allow_host", "https://x"),
        ("evry", "15m"),
    ],
)
def test_each_mistake_is_told_once_at_its_place(key: str, value: str) -> None:
    ((path, _),) = mistakes({**HUBSPOT, key: value})

    assert path == key


def test_an_unknown_crm_or_flow_is_told_with_those_that_exist() -> None:
    ((_, crm),) = mistakes({"crm": "zoho"})
    ((_, flow),) = mistakes({**SALESFORCE, "auth": {"flow": "password"}})

    assert "salesforce" in crm
    assert "jwt_bearer" in flow
