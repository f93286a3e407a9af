"""What Salesforce fills in itself when a record is saved: names, stages' outcomes, a task's account."""

import sqlite3
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sandbox.salesforce.errors import SalesforceError
from sandbox.salesforce.objects.model import SObject
from sandbox.salesforce.objects.sales import FORECAST_NAMES, FORECASTS
from sandbox.settings import SalesforceSettings

_BY_FORECAST_NAME = dict(zip(FORECAST_NAMES, FORECASTS, strict=True))
_BY_FORECAST = dict(zip(FORECASTS, FORECAST_NAMES, strict=True))
Values = dict[str, Any]


def derived(
    db: sqlite3.Connection,
    switches: SalesforceSettings,
    sobject: SObject,
    after: Mapping[str, Any],
    changed: frozenset[str],
    now: str,
) -> Values:
    """The values that follow from a record as it would be saved; `changed` names the fields that were set."""
    match sobject.name:
        case "Opportunity":
            return _opportunity(db, after, changed, now)
        case "Task":
            return _task(db, closes(switches.task_statuses, after.get("Status")), after, changed, now)
        case "Contact" | "Lead" | "User":
            names = [str(after[part]) for part in ("FirstName", "LastName") if after.get(part)]
            return {"Name": " ".join(names)}
        case _:
            return {}


def stages(db: sqlite3.Connection) -> dict[str, tuple[float, str, int, int]]:
    """By lower-case stage: default probability, forecast category, closed, won."""
    return {
        label.lower(): (probability, forecast, closed, won)
        for label, probability, forecast, closed, won in db.execute(
            'SELECT "MasterLabel", "DefaultProbability", "ForecastCategory", "IsClosed", "IsWon"'
            ' FROM "sf_OpportunityStage"'
        )
    }


def _opportunity(db: sqlite3.Connection, after: Mapping[str, Any], changed: frozenset[str], now: str) -> Values:
    row = db.execute(
        'SELECT "DefaultProbability", "ForecastCategory", "IsClosed", "IsWon" FROM "sf_OpportunityStage"'
        ' WHERE "MasterLabel" = ? COLLATE NOCASE',
        (after.get("StageName"),),
    ).fetchone()
    values = opportunity_values(row or (0.0, "Pipeline", 0, 0), after, changed)
    if "StageName" in changed:
        values["LastStageChangeDate"] = now
    return values


def opportunity_values(stage: tuple[float, str, int, int], after: Mapping[str, Any], changed: frozenset[str]) -> Values:
    """An opportunity's calculated fields, given its stage's defaults."""
    default, forecast, closed, won = stage
    values: Values = {"IsClosed": closed, "IsWon": won}
    probability = after.get("Probability")
    if probability is None or ("StageName" in changed and "Probability" not in changed):
        probability = values["Probability"] = float(default)
    if "ForecastCategoryName" in changed and after.get("ForecastCategoryName"):
        values["ForecastCategory"] = _BY_FORECAST_NAME.get(str(after["ForecastCategoryName"]), forecast)
    elif "StageName" in changed or not after.get("ForecastCategory"):
        values["ForecastCategory"], values["ForecastCategoryName"] = forecast, _BY_FORECAST[forecast]
    amount = after.get("Amount")
    values["ExpectedRevenue"] = None if amount is None else round(amount * probability / 100, 2)
    if after.get("CloseDate"):
        close = date.fromisoformat(str(after["CloseDate"]))
        quarter = (close.month + 2) // 3
        values |= {"FiscalYear": close.year, "FiscalQuarter": quarter, "Fiscal": f"{close.year} {quarter}"}
    return values


def closes(statuses: Iterable[tuple[str, bool]], status: Any) -> bool:
    """Whether a task with this status is closed; one that nobody knows is not."""
    return any(closed and label.lower() == str(status).lower() for label, closed in statuses)


def _task(db: sqlite3.Connection, closed: bool, after: Mapping[str, Any], changed: frozenset[str], now: str) -> Values:
    who, what = after.get("WhoId"), after.get("WhatId")
    if who and what and str(who).startswith("00Q"):
        raise SalesforceError(
            "FIELD_INTEGRITY_EXCEPTION",
            "WhatId: Related To ID cannot be specified with a Lead in the Name ID field",
            ["WhatId"],
        )
    account = None
    if what and str(what).startswith("001"):
        account = what
    elif what and str(what).startswith("006"):
        account = _one(db, 'SELECT "AccountId" FROM "sf_Opportunity" WHERE "Id" = ?', what)
    elif who and str(who).startswith("003"):
        account = _one(db, 'SELECT "AccountId" FROM "sf_Contact" WHERE "Id" = ?', who)
    values: Values = {
        "AccountId": account,
        "IsClosed": int(closed),
        "IsHighPriority": int(str(after.get("Priority")).lower() == "high"),
    }
    if not closed:
        values["CompletedDateTime"] = None
    elif not after.get("CompletedDateTime") or "Status" in changed:
        values["CompletedDateTime"] = now
    return values


def _one(db: sqlite3.Connection, sql: str, key: Any) -> Any:
    row = db.execute(sql, (key,)).fetchone()
    return row[0] if row is not None else None
