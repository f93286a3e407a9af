"""Which path, in which version, is answered by which function.

Every area is served under several prefixes: `/crm/v3/objects/deals`, `/crm/objects/2026-09/deals` and
`/crm/objects/v3/deals` are one route with three versions, and the version decides the statuses that differ.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from sandbox.hubspot import (
    account,
    batches,
    exports,
    labels,
    legacy,
    link_routes,
    links_v3,
    owners,
    pipelines,
    property_routes,
    schemas,
    searching,
    singles,
)
from sandbox.hubspot.call import Call
from sandbox.hubspot.kinds import kind_named
from sandbox.wire import Reply

Handler = Callable[[Call], Reply]
_DATED = r"20\d\d-(?:03|09)(?:-beta)?"
_PREFIXES = {
    "objects": rf"/crm/(?:(?P<v1>v3|v4)/objects|objects/(?P<v2>{_DATED}|v3))",
    "links": rf"/crm/(?:(?P<v1>v4)/associations|associations/(?P<v2>{_DATED}|v4))",
    "links_v3": r"/crm/(?:(?P<v1>v3)/associations|associations/(?P<v2>v3))",
    "properties": rf"/crm/(?:(?P<v1>v3)/properties|properties/(?P<v2>{_DATED}|v3))",
    "pipelines": rf"/crm/(?:(?P<v1>v3)/pipelines|pipelines/(?P<v2>{_DATED}|v3))",
    "owners": rf"/crm/(?:(?P<v1>v3)/owners|owners/(?P<v2>{_DATED}|v3))",
    "schemas": rf"/(?:crm-object-schemas/(?P<v1>{_DATED}|v3)/schemas|crm/(?P<v2>v3)/schemas)",
    "account": rf"/account-info/(?P<v1>{_DATED}|v3)",
    "exports": rf"/crm/(?:(?P<v1>v3)/exports|exports/(?P<v2>{_DATED}|v3))/export/async",
    "files": r"/crm/exports/(?P<v1>files)",
    "old_properties": r"/properties/(?P<v1>v1|v2)",
    "old_companies": r"/companies/(?P<v1>v2)",
    "old_deals": r"/deals/(?P<v1>v1)",
    "old_pipelines": r"/crm-pipelines/(?P<v1>v1)/pipelines",
    "old_owners": r"/owners/(?P<v1>v2)/owners",
    "oauth": rf"/oauth/(?P<v1>{_DATED}|v1|v3)",
}
OWNED = re.compile(
    r"/(?:crm|crm-object-schemas|crm-pipelines|account-info|oauth/(?:v\d|20\d\d-\d\d)|integrations|automation|events"
    r"|email|forms|form-integrations|marketing|marketing-emails|settings|engagements/v\d|contacts/v\d|companies/v\d"
    r"|deals/v\d|owners/v\d|properties/v\d|communication-preferences|conversations|cms)(?:/|$)"
)


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint: its methods, its path, what answers it, its counter label, and the scope it needs."""

    methods: tuple[str, ...]
    pattern: re.Pattern[str]
    handler: Handler
    label: str
    scope: str | None
    write: bool
    search: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """A route with the parts of the path."""

    route: Route
    params: Mapping[str, str]
    version: str

    @property
    def label(self) -> str:
        """The label for counters, with the plural name of the object in it."""
        name = self.params.get("kind") or self.params.get("from")
        kind = kind_named(name) if name else None
        label = self.route.label
        return label.replace("{kind}", kind.plural if kind else "unknown")


def _route(
    area: str,
    methods: str,
    template: str,
    handler: Handler,
    label: str,
    scope: str | None,
    write: bool = False,
) -> Route:
    path = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template)
    pattern = re.compile(_PREFIXES[area] + path + "/?")
    return Route(tuple(methods.split()), pattern, handler, label, scope, write, label == "search.{kind}")


_READ, _WRITE = "{object}.read", "{object}.write"
_SCHEMA_READ, _SCHEMA_WRITE = "{schema}.read", "{schema}.write"
_COMPANIES, _DEALS = "crm.objects.companies.read", "crm.objects.deals.read"
_ONE, _TO = "/{kind}/{id}", "/{kind}/{id}/associations/{to}"
_PAIR = "/{from}/{to}"
_STAGE = "/{kind}/{pipeline}/stages/{stage}"

ROUTES = (
    _route("objects", "POST", "/{kind}/search", searching.search, "search.{kind}", _READ),
    _route("objects", "POST", "/{kind}/batch/read", batches.read, "batch.read.{kind}", _READ),
    _route("objects", "POST", "/{kind}/batch/create", batches.create, "batch.create.{kind}", _WRITE, True),
    _route("objects", "POST", "/{kind}/batch/update", batches.update, "batch.update.{kind}", _WRITE, True),
    _route("objects", "POST", "/{kind}/batch/upsert", batches.upsert, "batch.upsert.{kind}", _WRITE, True),
    _route("objects", "POST", "/{kind}/batch/archive", batches.archive, "batch.archive.{kind}", _WRITE, True),
    _route("objects", "POST", "/{kind}/merge", singles.merge, "merge.{kind}", _WRITE, True),
    _route("objects", "GET", "/{kind}", singles.list_page, "list.{kind}", _READ),
    _route("objects", "POST", "/{kind}", singles.create, "create.{kind}", _WRITE, True),
    _route("objects", "GET", _ONE, singles.get, "get.{kind}", _READ),
    _route("objects", "PATCH", _ONE, singles.update, "update.{kind}", _WRITE, True),
    _route("objects", "DELETE", _ONE, singles.archive, "archive.{kind}", _WRITE, True),
    _route(
        "objects",
        "PUT",
        "/{kind}/{id}/associations/default/{to}/{to_id}",
        link_routes.put_default,
        "associations.create",
        _WRITE,
        True,
    ),
    _route("objects", "GET", _TO, link_routes.list_single, "associations.list", _READ),
    _route("objects", "PUT", _TO + "/{to_id}", link_routes.put_single, "associations.create", _WRITE, True),
    _route("objects", "DELETE", _TO + "/{to_id}", link_routes.delete_single, "associations.archive", _WRITE, True),
    _route("objects", "PUT", _TO + "/{to_id}/{type}", link_routes.put_typed, "associations.create", _WRITE, True),
    _route(
        "objects",
        "DELETE",
        _TO + "/{to_id}/{type}",
        link_routes.delete_typed,
        "associations.archive",
        _WRITE,
        True,
    ),
    _route("links", "POST", _PAIR + "/batch/read", link_routes.batch_read, "associations.read", _READ),
    _route(
        "links",
        "POST",
        _PAIR + "/batch/create",
        link_routes.batch_create,
        "associations.create",
        _WRITE,
        True,
    ),
    _route(
        "links",
        "POST",
        _PAIR + "/batch/associate/default",
        link_routes.batch_default,
        "associations.create",
        _WRITE,
        True,
    ),
    _route(
        "links",
        "POST",
        _PAIR + "/batch/archive",
        link_routes.batch_archive,
        "associations.archive",
        _WRITE,
        True,
    ),
    _route(
        "links",
        "POST",
        _PAIR + "/batch/labels/archive",
        link_routes.batch_archive_labels,
        "associations.archive",
        _WRITE,
        True,
    ),
    _route("links", "GET", _PAIR + "/labels", labels.list_all, "labels.list", _READ),
    _route("links", "POST", _PAIR + "/labels", labels.create, "labels.create", _WRITE, True),
    _route("links", "PUT", _PAIR + "/labels", labels.update, "labels.update", _WRITE, True),
    _route("links", "DELETE", _PAIR + "/labels/{type}", labels.delete, "labels.archive", _WRITE, True),
    _route("links_v3", "POST", _PAIR + "/batch/read", links_v3.batch_read, "associations.read", _READ),
    _route(
        "links_v3",
        "POST",
        _PAIR + "/batch/create",
        links_v3.batch_create,
        "associations.create",
        _WRITE,
        True,
    ),
    _route(
        "links_v3",
        "POST",
        _PAIR + "/batch/archive",
        links_v3.batch_archive,
        "associations.archive",
        _WRITE,
        True,
    ),
    _route("links_v3", "GET", _PAIR + "/types", links_v3.types, "associations.types", _READ),
    _route(
        "properties",
        "POST",
        "/{kind}/batch/read",
        property_routes.batch_read,
        "properties.read",
        _SCHEMA_READ,
    ),
    _route(
        "properties",
        "POST",
        "/{kind}/batch/create",
        property_routes.batch_create,
        "properties.create",
        _SCHEMA_WRITE,
        True,
    ),
    _route(
        "properties",
        "POST",
        "/{kind}/batch/archive",
        property_routes.batch_archive,
        "properties.archive",
        _SCHEMA_WRITE,
        True,
    ),
    _route("properties", "GET", "/{kind}/groups", property_routes.list_groups, "groups.list", _SCHEMA_READ),
    _route(
        "properties",
        "POST",
        "/{kind}/groups",
        property_routes.create_group,
        "groups.create",
        _SCHEMA_WRITE,
        True,
    ),
    _route("properties", "GET", "/{kind}/groups/{name}", property_routes.get_group, "groups.get", _SCHEMA_READ),
    _route(
        "properties",
        "PATCH",
        "/{kind}/groups/{name}",
        property_routes.update_group,
        "groups.update",
        _SCHEMA_WRITE,
        True,
    ),
    _route(
        "properties",
        "DELETE",
        "/{kind}/groups/{name}",
        property_routes.archive_group,
        "groups.archive",
        _SCHEMA_WRITE,
        True,
    ),
    _route("properties", "GET", "/{kind}", property_routes.list_all, "properties.list", _SCHEMA_READ),
    _route("properties", "POST", "/{kind}", property_routes.create, "properties.create", _SCHEMA_WRITE, True),
    _route("properties", "GET", "/{kind}/{name}", property_routes.get, "properties.get", _SCHEMA_READ),
    _route(
        "properties",
        "PATCH",
        "/{kind}/{name}",
        property_routes.update,
        "properties.update",
        _SCHEMA_WRITE,
        True,
    ),
    _route(
        "properties",
        "DELETE",
        "/{kind}/{name}",
        property_routes.archive,
        "properties.archive",
        _SCHEMA_WRITE,
        True,
    ),
    _route("pipelines", "GET", "/{kind}", pipelines.list_all, "pipelines.list", _READ),
    _route("pipelines", "POST", "/{kind}", pipelines.create, "pipelines.create", _WRITE, True),
    _route("pipelines", "GET", "/{kind}/{pipeline}", pipelines.get, "pipelines.get", _READ),
    _route("pipelines", "PATCH PUT", "/{kind}/{pipeline}", pipelines.update, "pipelines.update", _WRITE, True),
    _route("pipelines", "DELETE", "/{kind}/{pipeline}", pipelines.archive, "pipelines.archive", _WRITE, True),
    _route("pipelines", "GET", "/{kind}/{pipeline}/stages", pipelines.list_stages, "stages.list", _READ),
    _route(
        "pipelines",
        "POST",
        "/{kind}/{pipeline}/stages",
        pipelines.create_stage,
        "stages.create",
        _WRITE,
        True,
    ),
    _route("pipelines", "GET", _STAGE, pipelines.get_stage, "stages.get", _READ),
    _route("pipelines", "PATCH PUT", _STAGE, pipelines.update_stage, "stages.update", _WRITE, True),
    _route("pipelines", "DELETE", _STAGE, pipelines.archive_stage, "stages.archive", _WRITE, True),
    _route("owners", "GET", "", owners.list_page, "owners.list", "crm.objects.owners.read"),
    _route("owners", "GET", "/{id}", owners.get, "owners.get", "crm.objects.owners.read"),
    _route("schemas", "GET", "", schemas.list_all, "schemas.list", "custom-object-read"),
    _route("schemas", "GET", "/{kind}", schemas.get, "schemas.get", None),
    _route("account", "GET", "/details", account.details, "account", None),
    _route("exports", "POST", "", exports.start, "exports.start", "crm.export"),
    _route("exports", "GET", "/tasks/{task}/status", exports.status, "exports.status", "crm.export"),
    _route("files", "GET", "/{task}", exports.download, "exports.file", None),
    _route("old_properties", "GET", "/{kind}/properties", legacy.properties, "properties.list", _SCHEMA_READ),
    _route(
        "old_properties", "GET", "/{kind}/properties/named/{name}", legacy.one_property, "properties.get", _SCHEMA_READ
    ),
    _route("old_companies", "GET", "/properties", legacy.company_properties, "properties.list", _COMPANIES),
    _route("old_companies", "GET", "/companies/paged", legacy.companies, "list.companies", _COMPANIES),
    _route(
        "old_companies", "GET", "/companies/recent/modified", legacy.recent_companies, "recent.companies", _COMPANIES
    ),
    _route("old_companies", "GET", "/companies/{id}", legacy.company, "get.companies", _COMPANIES),
    _route("old_deals", "GET", "/deal/paged", legacy.deals, "list.deals", _DEALS),
    _route("old_deals", "GET", "/deal/recent/modified", legacy.recent_deals, "recent.deals", _DEALS),
    _route("old_deals", "GET", "/deal/{id}", legacy.deal, "get.deals", _DEALS),
    _route("old_deals", "GET", "/pipelines", legacy.deal_pipelines, "pipelines.list", _DEALS),
    _route("old_pipelines", "GET", "/{kind}", legacy.kind_pipelines, "pipelines.list", _READ),
    _route("old_owners", "GET", "", legacy.all_owners, "owners.list", "crm.objects.owners.read"),
    _route("oauth", "POST", "/token", account.token, "token", None),
    _route("oauth", "GET", "/access-tokens/{token}", account.access_token, "token.access", None),
    _route("oauth", "GET", "/refresh-tokens/{token}", account.refresh_token, "token.refresh", None),
)


@lru_cache(maxsize=1024)
def route_of(method: str, path: str) -> Match | None:
    """The route of a call. Where the path exists for other methods only, that is said by `allowed`."""
    method = "GET" if method == "HEAD" else method
    for route in ROUTES:
        if method in route.methods and (found := route.pattern.fullmatch(path)):
            parts = {name: value for name, value in found.groupdict().items() if value is not None}
            version = parts.pop("v1", None) or parts.pop("v2", "")
            return Match(route, parts, version)
    return None


def allowed(path: str) -> tuple[str, ...]:
    """The methods that this path exists for."""
    return tuple(dict.fromkeys(method for route in ROUTES if route.pattern.fullmatch(path) for method in route.methods))
