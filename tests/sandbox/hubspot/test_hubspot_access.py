"""Tokens, scopes, rate limits, and what lies outside every route."""

import requests

DEALS = "/crm/v3/objects/deals"
SEARCH = f"{DEALS}/search"


def with_token(token):
    return {"headers": {"Authorization": f"Bearer {token}"}}


def test_without_a_token_that_the_portal_knows_nothing_is_answered(portal):
    for headers in ({}, {"Authorization": "Bearer nope"}, {"Authorization": "Basic nope"}):
        response = requests.get(portal.url + DEALS, headers=headers, timeout=5)
        assert response.status_code == 401
        assert response.json()["category"] == "INVALID_AUTHENTICATION"
        assert response.json()["message"].startswith(
            "Authentication credentials not found. This API supports OAuth 2.0"
        )


def test_every_answer_carries_its_correlation_id(portal):
    missing = portal.send("GET", "/crm/v3/objects/deals/5")

    assert missing.headers["X-HubSpot-Correlation-Id"] == missing.json()["correlationId"]
    assert missing.headers["Content-Type"] == "application/json;charset=utf-8"


def test_an_expired_token_says_since_when(portal):
    now = portal.server.world.clock.now_ms()
    portal.settings(expired_tokens={"old": now - 9 * 86_400_000})
    body = portal.send("GET", DEALS, **with_token("old")).json()

    assert body["message"].startswith(f"This oauth-token is expired! expiresAt: {now - 9 * 86_400_000}, now: ")
    assert body["errors"] == [{"message": "The OAuth token used to make this call expired 9 day(s) ago."}]
    assert body["category"] == "EXPIRED_AUTHENTICATION"


def test_a_token_without_the_scope_is_told_which(portal):
    portal.settings(scopes={"reader": ["crm.objects.deals.read", "crm.schemas.deals.read"]})
    response = portal.send("POST", "/crm/v3/properties/deals", {}, **with_token("reader"))

    assert portal.send("GET", DEALS, **with_token("reader")).status_code == 200
    assert response.status_code == 403
    assert response.json()["category"] == "MISSING_SCOPES"
    assert response.json()["context"]["requiredGranularScopes"] == ["crm.schemas.deals.write"]


def test_a_refresh_token_buys_access_that_expires(portal):
    form = {
        "grant_type": "refresh_token",
        "refresh_token": "sandbox-refresh-token",
        "client_id": "sandbox-client",
        "client_secret": "sandbox-secret",
    }
    bought = requests.post(portal.url + "/oauth/v1/token", data=form, timeout=5).json()
    token = bought["access_token"]

    assert bought["expires_in"] == 1800
    assert portal.send("GET", DEALS, **with_token(token)).status_code == 200
    assert requests.get(f"{portal.url}/oauth/v1/access-tokens/{token}", timeout=5).json()["hub_id"] == 44_000_001
    portal.server.world.clock.move(1801)
    assert portal.send("GET", DEALS, **with_token(token)).json()["category"] == "EXPIRED_AUTHENTICATION"
    refused = requests.post(portal.url + "/oauth/2026-09/token", data={**form, "client_secret": "x"}, timeout=5)
    assert (refused.status_code, refused.json()["status"]) == (400, "BAD_CLIENT_ID")


def test_calls_beyond_ten_seconds_worth_are_refused_with_the_policy(portal):
    portal.settings(burst_limit=3, retry_after_s=2)
    first = portal.send("GET", DEALS)
    others = [portal.send("GET", DEALS) for _ in range(3)]

    assert (first.headers["X-HubSpot-RateLimit-Max"], first.headers["X-HubSpot-RateLimit-Remaining"]) == ("3", "2")
    assert first.headers["X-HubSpot-RateLimit-Interval-Milliseconds"] == "10000"
    assert [each.status_code for each in others] == [200, 200, 429]
    body = others[-1].json()
    assert (body["errorType"], body["policyName"]) == ("RATE_LIMIT", "TEN_SECONDLY_ROLLING")
    assert others[-1].headers["Retry-After"] == "2"
    portal.settings(burst_form="category")
    assert portal.send("GET", DEALS).json()["category"] == "RATE_LIMITS"


def test_searches_share_five_a_second_and_carry_no_limit_headers(portal):
    portal.settings(search_per_second=5, scopes={"other": ["crm.objects.deals.read"]})
    answers = [portal.send("POST", SEARCH, {}, **(with_token("other") if n % 2 else {})) for n in range(8)]
    refused = [each for each in answers if each.status_code == 429]

    assert [each.status_code for each in answers[:5]] == [200] * 5
    assert refused
    assert refused[0].json()["message"] == "You have reached your secondly limit."
    assert refused[0].json()["category"] == "RATE_LIMITS"
    assert not [name for each in answers for name in each.headers if "RateLimit" in name or name == "Retry-After"]


def test_the_days_calls_end_at_the_portals_midnight(portal):
    portal.settings(daily_limit=2)
    answers = [portal.send("GET", DEALS) for _ in range(3)]
    portal.server.world.clock.move(86_400)

    assert [each.status_code for each in answers] == [200, 200, 429]
    assert answers[0].headers["X-HubSpot-RateLimit-Daily-Remaining"] == "1"
    assert answers[2].json()["policyName"] == "DAILY"
    assert portal.send("GET", DEALS).status_code == 200


def test_the_days_allowance_is_not_told_to_oauth_tokens(portal):
    form = {
        "grant_type": "refresh_token",
        "refresh_token": "sandbox-refresh-token",
        "client_id": "sandbox-client",
        "client_secret": "sandbox-secret",
    }
    portal.settings(burst_limit=100)
    token = requests.post(portal.url + "/oauth/v1/token", data=form, timeout=5).json()["access_token"]
    bought, static = (portal.send("GET", DEALS, **more).headers for more in (with_token(token), {}))

    assert bought["X-HubSpot-RateLimit-Max"] == static["X-HubSpot-RateLimit-Max"] == "100"
    assert [name for name in bought if "Daily" in name] == []
    assert [name for name in static if "Daily" in name] == [f"X-HubSpot-RateLimit-Daily{x}" for x in ("", "-Remaining")]


def test_rate_limit_faults_speak_in_the_form_of_the_call(portal):
    for endpoint in ("search.deals", "list.deals"):
        portal.post(
            "/_sandbox/faults", {"vendor": "hubspot", "endpoint": endpoint, "action": "rate_limited", "times": 1}
        )

    assert portal.send("POST", SEARCH, {}).json()["message"] == "You have reached your secondly limit."
    assert portal.send("GET", DEALS).json()["policyName"] == "TEN_SECONDLY_ROLLING"


def test_a_write_lost_after_its_commit_is_there(portal):
    rule = {"vendor": "hubspot", "endpoint": "create.deals", "when": "after_commit", "action": "drop", "times": 1}
    portal.post("/_sandbox/faults", rule)
    try:
        portal.send("POST", DEALS, {"properties": {"dealname": "lost"}})
    except requests.ConnectionError:
        lost = True

    assert lost
    assert [each["properties"]["dealname"] for each in portal.get(DEALS)["results"]] == ["lost"]


def test_calls_are_counted_by_endpoint(portal):
    portal.post("/_sandbox/counters/reset", None)
    deal = portal.make("deals", dealname="x")
    portal.search("deals")
    portal.post(f"{DEALS}/batch/update", {"inputs": [{"id": deal, "properties": {"amount": "1"}}]})

    text = portal.send("GET", "/_sandbox/counters").text
    assert all(label in text for label in ("create.deals", "search.deals", "batch.update.deals"))


def test_what_has_no_route_is_an_html_404_and_a_wrong_method_405(portal):
    assert "<html>" in portal.get("/crm/v3/nothing", 404)
    assert portal.send("PUT", DEALS).status_code == 405
