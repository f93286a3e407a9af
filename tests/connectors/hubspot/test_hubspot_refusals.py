"""Every refusal of HubSpot becomes the error that says what to do next."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.hubspot.exchange import versioned
from connectors.hubspot.refusals import Effect, refusal
from partnersync.errors import ConnectorError, QuotaError, RejectedError, UnauthorizedError, UnavailableError

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ROLLING = {"message": "You have reached your ten_secondly_rolling limit.", "errorType": "RATE_LIMIT"}


def told(status: int, body: Any = b"", effect: Effect = "none", **headers: str) -> ConnectorError:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return refusal(status, {name.replace("_", "-"): value for name, value in headers.items()}, raw, effect, NOW)


@pytest.mark.parametrize(
    ("body", "headers", "kind", "seconds"),
    [
        pytest.param(
            {**ROLLING, "policyName": "TEN_SECONDLY_ROLLING"}, {}, UnavailableError, 10.0, id="rolling, policy"
        ),
        pytest.param(
            {"message": ROLLING["message"], "category": "RATE_LIMITS"},
            {},
            UnavailableError,
            10.0,
            id="rolling, category",
        ),
        pytest.param(
            {"message": "You have reached your secondly limit.", "category": "RATE_LIMITS"},
            {},
            UnavailableError,
            1.0,
            id="search, secondly",
        ),
        pytest.param(ROLLING, {"Retry_After": "3"}, UnavailableError, 3.0, id="seconds to wait"),
        pytest.param(
            ROLLING, {"Retry_After": "Fri, 20 Nov 2026 12:00:20 GMT"}, UnavailableError, 20.0, id="date to wait for"
        ),
        pytest.param(ROLLING, {"Retry_After": "3600"}, QuotaError, 3600.0, id="an hour is not slept"),
        pytest.param(
            {"message": "You have reached your daily limit.", "errorType": "RATE_LIMIT", "policyName": "DAILY"},
            {},
            QuotaError,
            None,
            id="daily, policy",
        ),
        pytest.param({"message": "You have reached your daily limit."}, {}, QuotaError, None, id="daily, bare"),
        pytest.param(b"<html>slow down</html>", {}, UnavailableError, 1.0, id="HTML"),
    ],
)
def test_too_many_calls(body: Any, headers: dict[str, str], kind: type[ConnectorError], seconds: float | None) -> None:
    error = told(429, body, "new", **headers)

    assert type(error) is kind
    assert isinstance(error, UnavailableError | QuotaError)
    assert error.retry_after == seconds
    assert error.status == 429
    assert not getattr(error, "maybe_done", False)


@pytest.mark.parametrize(
    ("status", "headers", "kind", "seconds"),
    [
        (423, {}, UnavailableError, 2.0),
        (423, {"Retry_After": "7"}, UnavailableError, 7.0),
        (477, {"Retry_After": "30"}, UnavailableError, 30.0),
        (477, {"Retry_After": "86400"}, QuotaError, 86400.0),
        (477, {}, QuotaError, None),
        (502, {}, UnavailableError, None),
        (503, {"Retry_After": "5"}, UnavailableError, 5.0),
        (504, {}, UnavailableError, None),
        (524, {}, UnavailableError, None),
    ],
)
def test_passing_trouble_is_waited_for(
    status: int, headers: dict[str, str], kind: type[ConnectorError], seconds: float | None
) -> None:
    error = told(status, b"", **headers)

    assert type(error) is kind
    assert getattr(error, "retry_after", None) == seconds


@pytest.mark.parametrize(
    ("status", "effect", "maybe"),
    [
        (500, "none", False),
        (500, "fixed", True),
        (502, "new", True),
        (504, "fixed", True),
        (503, "fixed", False),
        (503, "new", True),
        (408, "fixed", True),
        (423, "new", False),
    ],
)
def test_a_write_may_have_happened(status: int, effect: Effect, maybe: bool) -> None:
    error = told(status, b"", effect)

    assert isinstance(error, UnavailableError)
    assert error.maybe_done is maybe


@pytest.mark.parametrize(
    ("status", "body", "code", "needs"),
    [
        (401, {"category": "INVALID_AUTHENTICATION"}, "INVALID_AUTHENTICATION", ()),
        (401, {"category": "EXPIRED_AUTHENTICATION"}, "EXPIRED_AUTHENTICATION", ()),
        (
            403,
            {"category": "MISSING_SCOPES", "context": {"requiredGranularScopes": ["crm.objects.deals.write"]}},
            "MISSING_SCOPES",
            ("crm.objects.deals.write",),
        ),
        (
            403,
            {"category": "MISSING_SCOPES", "errors": [{"context": {"requiredGranularScopes": ["tickets"]}}]},
            "MISSING_SCOPES",
            ("tickets",),
        ),
        (530, b"<html>", None, ()),
    ],
)
def test_a_credential_is_for_a_person_to_mend(status: int, body: Any, code: str | None, needs: tuple[str, ...]) -> None:
    error = told(status, body)

    assert isinstance(error, UnauthorizedError)
    assert (error.code, error.needs) == (code, needs)


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (400, {"category": "VALIDATION_ERROR", "errors": [{"code": "PROPERTY_DOESNT_EXIST"}]}, "PROPERTY_DOESNT_EXIST"),
        (400, {"category": "VALIDATION_ERROR"}, "VALIDATION_ERROR"),
        (400, {"message": "Invalid input JSON on line 3, column 9"}, None),
        (404, b"<html>404</html>", None),
        (404, b"", None),
        (409, {"category": "CONFLICT"}, "CONFLICT"),
        (414, b"<html>", None),
        (437, b"{}", None),
        (302, b"", None),
    ],
)
def test_everything_else_will_be_refused_again(status: int, body: Any, code: str | None) -> None:
    error = told(status, body)

    assert isinstance(error, RejectedError)
    assert (error.status, error.code) == (status, code)


def test_what_hubspot_said_is_told_in_one_short_line() -> None:
    error = told(400, {"message": "first\nsecond " + "x" * 5_000})

    assert str(error).startswith("HubSpot answered 400: first second xxx")
    assert len(str(error)) < 400


@pytest.mark.parametrize(
    ("path", "dated"),
    [
        ("/crm/v3/objects/{objectType}/batch/read", "/crm/objects/2026-09/{objectType}/batch/read"),
        ("/crm/v4/associations/deals/tasks/batch/read", "/crm/associations/2026-09/deals/tasks/batch/read"),
        ("/crm/v3/owners/", "/crm/owners/2026-09"),
        ("/crm/v3/pipelines/deals", "/crm/pipelines/2026-09/deals"),
        ("/account-info/v3/details", "/account-info/2026-09/details"),
    ],
)
def test_one_seam_rewrites_paths_for_a_dated_version(path: str, dated: str) -> None:
    assert versioned(path, "2026-09") == dated
    assert versioned(path, "v3") == path
