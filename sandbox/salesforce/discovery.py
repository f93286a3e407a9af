"""What the org offers: versions, resources, objects and their describes."""

from dataclasses import replace
from typing import Any

from sandbox.salesforce.fields import Choice, Field
from sandbox.salesforce.ids import full_id
from sandbox.salesforce.moments import http_date
from sandbox.salesforce.objects.model import SObject
from sandbox.salesforce.org import ApiCall, Org
from sandbox.wire import Reply, json_reply

OLDEST, NEWEST = 31, 68
_SEASONS = ("Spring", "Summer", "Winter")
_RESOURCES = (
    "tooling", "composite", "limits", "sobjects", "query", "queryAll", "jobs", "recent", "search",
    "parameterizedSearch",
)  # fmt: skip


def versions() -> list[dict[str, str]]:
    """The versions served, oldest first: v33.0 is Spring '15, three a year."""
    listed: list[dict[str, str]] = []
    for number in range(OLDEST, NEWEST + 1):
        years, season = divmod(number - 33, 3)
        year = 15 + years + (season == 2)
        version = f"{number}.0"
        label = f"{_SEASONS[season]} '{year}"
        listed.append({"label": label, "url": f"/services/data/v{version}", "version": version})
    return listed


def resources(org: Org, call: ApiCall) -> dict[str, str]:
    """The resources of one version by name."""
    found = {name: f"{call.base}/{name}" for name in _RESOURCES}
    user = call.actor.user_id
    found["identity"] = f"{call.request.base_url}/id/{full_id(org.switches.org_id)}/{user}"
    return found


def global_describe(org: Org, call: ApiCall) -> dict[str, Any]:
    """Every object, in short."""
    return {
        "encoding": "UTF-8",
        "maxBatchSize": 200,
        "sobjects": [_summary(org, sobject, call) for sobject in org.schema.objects()],
    }


def basic(org: Org, sobject: SObject, call: ApiCall) -> dict[str, Any]:
    """`GET /sobjects/X`."""
    return {"objectDescribe": _summary(org, sobject, call), "recentItems": []}


def describe(org: Org, sobject: SObject, call: ApiCall) -> Reply:
    """`GET /sobjects/X/describe`; honours If-Modified-Since."""
    changed = org.schema.changed_at()
    since = http_date(call.header("if-modified-since") or "")
    modified = {"last-modified": f"{changed:%a, %d %b %Y %H:%M:%S} GMT"}
    if since is not None and changed.replace(microsecond=0) <= since:
        return Reply(304, headers=modified)
    schema = org.schema
    children: list[dict[str, Any]] = [
        {
            "cascadeDelete": lookup.cascade,
            "childSObject": other.name,
            "deprecatedAndHidden": False,
            "field": lookup.name,
            "junctionIdListNames": [],
            "junctionReferenceTo": [],
            "relationshipName": lookup.children or (f"{lookup.relationship}s" if lookup.custom else None),
            "restrictedDelete": False,
        }
        for other, lookup in schema.children(sobject)
    ]
    value = {
        "actionOverrides": [],
        "childRelationships": children,
        "compactLayoutable": sobject.layoutable,
        "defaultImplementation": None,
        "extendedBy": None,
        "extendsInterfaces": None,
        "fields": [schema.shown(sobject, _staged(org, sobject, field)) for field in schema.readable(sobject)],
        "implementedBy": None,
        "implementsInterfaces": None,
        "listviewable": None,
        "lookupLayoutable": None,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": [
            {
                "active": True,
                "available": True,
                "defaultRecordTypeMapping": True,
                "developerName": "Master",
                "master": True,
                "name": "Master",
                "recordTypeId": "012000000000000AAA",
                "urls": {"layout": f"{call.base}/sobjects/{sobject.name}/describe/layouts/012000000000000AAA"},
            }
        ],
        "searchLayoutable": sobject.searchable,
        "sobjectDescribeOption": "FULL",
        "supportedScopes": [{"label": "All", "name": "everything"}, {"label": "My", "name": "mine"}],
        **_summary(org, sobject, call),
    }
    return json_reply(200, value, modified)


def _staged(org: Org, sobject: SObject, field: Field) -> Field:
    """The field; an opportunity's stages are those that the org has now, not those it began with."""
    if (sobject.name, field.name) != ("Opportunity", "StageName"):
        return field
    with org.store.read() as db:
        labels = db.execute(
            'SELECT "MasterLabel" FROM "sf_OpportunityStage" WHERE "IsActive" = 1 ORDER BY "SortOrder", "rid"'
        ).fetchall()
    return replace(field, picklist=tuple(Choice(str(label)) for (label,) in labels))


def _summary(org: Org, sobject: SObject, call: ApiCall) -> dict[str, Any]:
    base = f"{call.base}/sobjects/{sobject.name}"
    urls = {"rowTemplate": f"{base}/{{ID}}", "describe": f"{base}/describe", "sobject": base}
    return {**sobject.abilities(), "replicateable": org.replicates(sobject), "urls": urls}
