"""The weather of both CRMs: what the sandbox can do to a call, how a CRM can be, and what of both is tried elsewhere.

Some of it *passes*: waiting or asking again is all it takes, and a run ends right in the midst of it. Some *lasts*: a day's
calls are used up, a portal is moved, a token is refused, a record is not taken; then a CRM rests or a write waits for a person,
and the run after that ends right.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

Rules = tuple[Mapping[str, Any], ...]


def _status(code: int, body: Any = None, **headers: str) -> Mapping[str, Any]:
    return {"kind": "status", "code": code, "body": body, "headers": headers}


_ROLLING = {
    "status": "error",
    "errorType": "RATE_LIMIT",
    "policyName": "TEN_SECONDLY_ROLLING",
    "message": "You have reached your ten_secondly_rolling limit.",
}
_ENDED = [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}]
_LOCKED = {"status": "error", "message": "The resource is locked", "category": "LOCKED"}
_HTML: Final = "<html>Bad gateway</html>"
_REFUSED: Final = {"kind": "record_error", "message": "Close date is missing"}
HUBSPOT: Final = {"vendor": "hubspot"}
SALESFORCE: Final = {"vendor": "salesforce"}

PASSING: Final[Rules] = (
    {"action": {"kind": "latency", "ms": 100}},
    {"action": "html_503"},
    {"action": _status(500, {"message": "internal"})},
    {"action": _status(502, _HTML)},
    {"action": _status(408), **HUBSPOT},
    {"action": _status(504), **HUBSPOT},
    {"action": _status(477, **{"Retry-After": "2"}), **HUBSPOT},
    {"action": _status(423, _LOCKED), **HUBSPOT, "writes_only": True},
    {"action": _status(429, _ROLLING, **{"Retry-After": "1"}), **HUBSPOT},
    {"action": {"kind": "rate_limited", "form": "secondly"}, **HUBSPOT, "endpoint": "search*"},
    {"action": {"kind": "rate_limited", "form": "concurrent"}, **SALESFORCE},
    {"action": _status(401, _ENDED), **SALESFORCE},
    {"action": {"kind": "timeout", "seconds": 0.5}},
    {"action": "drop"},
    {"action": "drop", "when": "before_commit"},
    {"action": "drop", "when": "after_commit"},
    {"action": "reset"},
    {"action": "reset", "when": "after_commit"},
    {"action": {"kind": "drip", "seconds": 0.5}},
    {"action": "truncate"},
    {"action": {"kind": "truncate", "as_if_whole": True}},
    {"action": {"kind": "record_error", "code": "UNABLE_TO_LOCK_ROW"}, **SALESFORCE, "when": "record"},
    {"action": "read_error", **HUBSPOT, "when": "record"},
)
"""What passes by itself."""

LASTING: Final[Rules] = (
    {"action": _status(477, **{"Retry-After": "43200"}), **HUBSPOT},
    {"action": _status(401, {"status": "error", "category": "EXPIRED_AUTHENTICATION"}), **HUBSPOT},
    {"action": _status(530, _HTML), **HUBSPOT},
    {"action": {"kind": "rate_limited", "form": "daily"}, **HUBSPOT},
    {"action": {"kind": "rate_limited", "form": "default"}, **SALESFORCE},
    {"action": {**_REFUSED, "code": "VALIDATION_ERROR"}, **HUBSPOT, "when": "record"},
    {"action": {**_REFUSED, "code": "FIELD_CUSTOM_VALIDATION_EXCEPTION"}, **SALESFORCE, "when": "record"},
)
"""What needs hours, or a person."""

NO_WEATHER: Final = {"kill": "ends our process, not a call: kills.py"}
"""Actions of the sandbox that are no weather, and where they are tried."""

CONDITIONS: Final[Mapping[str, Mapping[str, Any]]] = {
    "salesforce": {
        "page_size": 500, "page_jitter_seed": 5, "empty_pages": True, "locator_breaks": 20, "in_flight_s": 600,
        "limit_info": "none",
    },
    "hubspot": {
        "batch_order": "shuffled", "phantom_hits": 5, "phantom_hits_at": 1, "search_lag_s": 3, "rate_headers": False,
        "association_page_size": 5, "association_inline_page_size": 1, "merged_in_update": "not_found",
        "partial_success": "create", "pipeline_404": "empty", "record_404": "html",
    },
}  # fmt: skip
"""How the CRMs are all the while: short and empty pages, an index that lags, results in no order or left out."""

AT_FIRST: Final[Mapping[str, Mapping[str, Any]]] = {"hubspot": {"silent_empty_batch": True}}
"""How they are for the first run of a weather that lasts; nothing ends while it goes on."""

ELSEWHERE: Final[Mapping[str, str]] = {
    "who they are, and who may sign in": (
        "client_id client_secret username password security_token refresh_token rotate_refresh_token token_lifetime_s "
        "soap_login org_id org_name timezone multicurrency corporate_currency token scopes expired_tokens portal_id "
        "account_type company_currency additional_currencies exchange_rates ui_domain integration_id"
    ),
    "limits that the faults above tell of, or that a test of their own meets": (
        "daily_limit enforce_daily_limit concurrent_limit burst_limit search_per_second burst_form retry_after_s uri_limit "
        "slow_from search_cap search_body_limit cursor_lifetime_s delete_log_s"
    ),
    "the form of an answer, either of which is right: test_open_questions.py": (
        "bulk_enabled lock_row_status insufficient_access_status upsert_body_from collections_share_query_cap "
        "composite_collections unreplicated updated_minute_truncation list_after list_after_unknown lexicographic_id_sort "
        "refuse_duplicate_ids association_ids association_none dated_association_create_status association_edit_bumps "
        "pipeline_edit_bumps identical_write_bumps cleared_value date_format warnings trace_ids_in_results"
    ),
    "what an administrator allows and asks for: tests/scenarios, tests/connectors": (
        "capitals refused_reads hidden_fields read_only_fields new_fields_hidden duplicate_rules labels_allowed "
        "edit_associations_allowed required_on_create conditional_required task_statuses"
    ),
    "bulk jobs, for which this world is too small: test_bulk_writes.py, tests/connectors/salesforce": (
        "bulk_running_polls bulk_unprocessed bulk_query_ends bulk_query_refused bulk_part bulk_part_breaks bulk_order_seed "
        "bulk_numbers"
    ),
    "other people's transactions: model/people.py": "late_commit_s late_commit_seed",
}
"""Switches of the sandbox that are no weather, by why they are not, and where they are tried."""
