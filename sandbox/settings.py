"""Every switch of the two vendors as one typed value each, kept in the store, changed over the control endpoint."""

import threading
from dataclasses import asdict
from typing import Any, Literal

import orjson
from pydantic import ConfigDict, Field, TypeAdapter
from pydantic.dataclasses import dataclass

from sandbox.store import Store

_STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True, config=_STRICT)
class SalesforceSettings:
    """How this Salesforce org is set up, and which of the answers nobody could verify it gives."""

    client_id: str = "sandbox-client"
    client_secret: str = "sandbox-secret"
    username: str = "integration@sandbox.example"
    password: str = "sandbox-password"
    security_token: str = ""
    refresh_token: str = "sandbox-refresh-token"
    rotate_refresh_token: bool = False
    token_lifetime_s: int = 7200
    org_id: str = "00D000000000001"
    org_name: str = "Sandbox"
    timezone: str = "America/Los_Angeles"
    multicurrency: bool = True
    corporate_currency: str = "USD"
    page_size: int = 2000
    """The most rows of a page, whatever the client asks: pages may be shorter at the server's discretion."""
    page_jitter_seed: int | None = None
    """With a seed, pages are shortened at random."""
    empty_pages: bool = False
    """Every page behind a locator comes empty first, naming a locator to ask again."""
    cursor_lifetime_s: int = 172_800
    locator_breaks: int | None = None
    """Each so many-th locator that is asked for has expired."""
    daily_limit: int = 15_000
    enforce_daily_limit: bool = False
    limit_info: Literal["single", "per_app", "none"] = "single"
    concurrent_limit: int | None = None
    hidden_fields: tuple[str, ...] = ()
    """`Object.Field`: absent from describe, selecting or writing it is INVALID_FIELD."""
    read_only_fields: tuple[str, ...] = ()
    """`Object.Field`: readable, writing it is INVALID_FIELD_FOR_INSERT_UPDATE."""
    new_fields_hidden: bool = False
    """A field made over the Tooling API is in `hidden_fields` until somebody takes it out, as without permissions."""
    bulk_enabled: bool = True
    lock_row_status: int = 400
    insufficient_access_status: int = 403
    upsert_body_from: float = 46.0
    """The API version from which an upsert that updates answers 200 with a body, not 204."""
    collections_share_query_cap: bool = True
    """Whether sObject Collections subrequests count inside the five queries of a composite call."""
    composite_collections: Literal["taken", "call_refused", "part_refused"] = "taken"
    """Whether a composite call may hold sObject Collections; where not, the whole call or each such part is refused."""
    duplicate_rules: tuple[tuple[str, str], ...] = ()
    """(object, field): what another living record holds already is DUPLICATES_DETECTED, unless the caller insists."""
    capitals: tuple[tuple[str, str], ...] = ()
    """(object, field): a flow of the org's own puts these texts into capitals before they are saved."""
    bulk_running_polls: int = 0
    """So many times a Bulk 2.0 job that was asked about is still in progress; it is done after that."""
    bulk_unprocessed: int = 0
    """So many rows at the end of each Bulk 2.0 ingest job are left unprocessed; the job ends as Failed."""
    bulk_query_ends: Literal["JobComplete", "Failed", "Aborted"] = "JobComplete"
    bulk_query_refused: tuple[str, ...] = ()
    """Objects that Bulk 2.0 queries may not read."""
    bulk_part: int = 50_000
    """The most rows of one part of a Bulk 2.0 query's result."""
    bulk_part_breaks: int | None = None
    """Each so many-th locator of a Bulk 2.0 result that is asked for is refused."""
    bulk_order_seed: int | None = None
    """With a seed, the rows of a Bulk 2.0 query come in an order of the server's own."""
    bulk_numbers: Literal["as_rest", "plain"] = "as_rest"
    """Whether CSV writes 100.0 as JSON does, or 100: nobody could verify which."""
    unreplicated: tuple[str, ...] = ()
    """Objects without getUpdated and getDeleted, besides those that never have them."""
    refused_reads: tuple[tuple[str, Literal["describe", "updated", "deleted", "rows"], str], ...] = ()
    """(object, what, error code): asking for that of the object is refused so."""
    slow_from: dict[str, int] = Field(default_factory=dict)
    """Object to a number of rows: a query that finds as many or more ends in QUERY_TIMEOUT."""
    updated_minute_truncation: bool = True
    delete_log_s: int = 1_296_000
    """For how long getDeleted remembers a deletion: two hours at least, 15 days at most. The record stays in the bin."""
    in_flight_s: int = 0
    """`latestDateCovered` lies this long before now, as if a transaction had been running since then."""
    late_commit_s: int = 0
    """Records changed become visible to queries only this long after their stamp (0: at once)."""
    late_commit_seed: int | None = None
    """With a seed, each change draws its own delay, from none to `late_commit_s`."""
    task_statuses: tuple[tuple[str, bool], ...] = Field(
        default=(
            ("Not Started", False),
            ("In Progress", False),
            ("Completed", True),
            ("Waiting on someone else", False),
            ("Deferred", False),
        ),
        min_length=1,
    )
    """(label, closed): what the status of a task may be; a new task has the first."""
    soap_login: bool = True


@dataclass(frozen=True, slots=True, config=_STRICT)
class HubSpotSettings:
    """How this HubSpot portal is set up, and which of the recorded behaviours it shows."""

    token: str = "pat-na1-sandbox-token"
    """A static token with every scope."""
    scopes: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Token to its scopes; also makes a token valid. A token not named here has every scope."""
    expired_tokens: dict[str, int] = Field(default_factory=dict)
    """Token to the instant (ms since 1970) at which it expires."""
    client_id: str = "sandbox-client"
    client_secret: str = "sandbox-secret"
    refresh_token: str = "sandbox-refresh-token"
    token_lifetime_s: int = 1800
    portal_id: int = 44_000_001
    account_type: str = "STANDARD"
    timezone: str = "US/Eastern"
    company_currency: str = "USD"
    additional_currencies: tuple[str, ...] = ("EUR", "GBP")
    exchange_rates: dict[str, str] = Field(default_factory=lambda: {"EUR": "1.08", "GBP": "1.27"})
    """One unit of a currency in the company's own; one that is missing leaves home amounts empty."""
    ui_domain: str = "app.hubspot.com"
    integration_id: str = "19083857"
    burst_limit: int | None = 100
    """Calls per token in ten seconds, search apart (190 on Professional, None for no limit)."""
    search_per_second: int | None = 5
    """Searches per second of all tokens together."""
    daily_limit: int | None = 250_000
    burst_form: Literal["policy", "category"] = "policy"
    retry_after_s: int | None = None
    rate_headers: bool = True
    uri_limit: int | None = 16_000
    list_after: Literal["next_id", "last_id", "opaque"] = "next_id"
    """What `paging.next.after` of a list is: the next page's first id, this page's last one, or text that only we read."""
    list_after_unknown: Literal["between", "empty", "refused"] = "between"
    """What a list does with an `after` that is no record's id: go on from there, show nothing, or answer 400."""
    search_lag_s: float = 0
    """For how long search still sees a record as it was before a write."""
    search_cap: int = 10_000
    search_body_limit: int | None = None
    """3000 refuses longer search bodies, as the older documentation says."""
    phantom_hits: int = 0
    """So many search hits whose record no longer loads: pages fall short, or empty, with `after` set."""
    phantom_hits_at: int = 100
    """The offset at which they stand."""
    lexicographic_id_sort: bool = False
    batch_order: Literal["id", "input", "shuffled"] = "id"
    merged_in_update: Literal["omitted", "not_found"] = "omitted"
    partial_success: Literal["writes", "create", "none"] = "writes"
    """Which batches write their good inputs where each has a trace id: as observed, as documented, or no batch at all."""
    trace_ids_in_results: bool = True
    """Whether the results of a batch name their trace ids, as some recorded answers do not; errors always do."""
    silent_empty_batch: bool = False
    """Batch writes do nothing and answer with success and without results."""
    refuse_duplicate_ids: bool = True
    association_page_size: int = 500
    association_inline_page_size: int = 100
    association_ids: Literal["int", "string"] = "int"
    association_none: Literal["error", "missing"] = "error"
    dated_association_create_status: Literal[200, 201] = 200
    labels_allowed: bool = True
    association_edit_bumps: bool = False
    edit_associations_allowed: bool = True
    """Whether the caller's user may edit associations, which versions from 2026-09 on check."""
    pipeline_edit_bumps: bool = True
    identical_write_bumps: bool = True
    cleared_value: Literal["null", "empty"] = "null"
    date_format: Literal["iso", "epoch_ms"] = "iso"
    pipeline_404: Literal["html", "empty", "json"] = "html"
    record_404: Literal["json", "html", "empty"] = "json"
    warnings: bool = True
    """Versions from 2026-09 on normalise odd dates and say so."""
    required_on_create: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Plural object name to the properties a create must hold, from 2026-09 on."""
    conditional_required: tuple[tuple[str, str, str, str], ...] = ()
    """(plural object, property, value, required property): enforced from 2026-09 on."""


Vendors = Literal["salesforce", "hubspot"]


class Settings:
    """The current switches of both vendors."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        with store.write(hooked=False) as db:
            db.execute("CREATE TABLE IF NOT EXISTS sandbox_settings (vendor TEXT PRIMARY KEY, value TEXT NOT NULL)")
            rows = dict(db.execute("SELECT vendor, value FROM sandbox_settings").fetchall())
        self._salesforce = _SALESFORCE.validate_python(_loads(rows.get("salesforce")))
        self._hubspot = _HUBSPOT.validate_python(_loads(rows.get("hubspot")))

    @property
    def salesforce(self) -> SalesforceSettings:
        """The switches of Salesforce."""
        return self._salesforce

    @property
    def hubspot(self) -> HubSpotSettings:
        """The switches of HubSpot."""
        return self._hubspot

    def update(self, vendor: str, changes: dict[str, Any]) -> None:
        """Change some switches of one vendor. Raises: `ValueError` naming every unknown or ill-typed one."""
        with self._lock:
            match vendor:
                case "salesforce":
                    self._salesforce = _SALESFORCE.validate_python({**asdict(self._salesforce), **changes})
                    value = orjson.dumps(asdict(self._salesforce))
                case "hubspot":
                    self._hubspot = _HUBSPOT.validate_python({**asdict(self._hubspot), **changes})
                    value = orjson.dumps(asdict(self._hubspot))
                case _:
                    raise ValueError(f"no such vendor: {vendor}")
        with self._store.write(hooked=False) as db:
            db.execute("INSERT OR REPLACE INTO sandbox_settings VALUES (?, ?)", (vendor, value))

    def report(self) -> dict[str, dict[str, Any]]:
        """All switches by vendor."""
        return {
            "salesforce": asdict(self._salesforce),
            "hubspot": asdict(self._hubspot),
        }


_SALESFORCE = TypeAdapter(SalesforceSettings)
_HUBSPOT = TypeAdapter(HubSpotSettings)


def _loads(text: str | bytes | None) -> dict[str, Any]:
    value: dict[str, Any] = orjson.loads(text) if text else {}
    return value
