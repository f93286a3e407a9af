"""Filling the org fast: rows straight into their tables, with the calculated fields that follow from them."""

# ruff: noqa: S608 (only names from our own schema enter the SQL; values are parameters)

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sandbox.salesforce.derive import closes, opportunity_values, stages
from sandbox.salesforce.fields import Field
from sandbox.salesforce.ids import full_id, mint
from sandbox.salesforce.moments import instant_text, parse_instant, stamp, stamp_ms
from sandbox.salesforce.objects.model import SObject
from sandbox.salesforce.objects.sales import STAGES
from sandbox.salesforce.org import Org

Row = Mapping[str, Any]
# (code, units of it for one US dollar, decimals): the currencies of a new multicurrency org
_CURRENCIES = (("USD", 1.0, 2), ("EUR", 0.92, 2), ("GBP", 0.79, 2), ("JPY", 150.0, 0))


def load(org: Org, object_name: str, rows: Sequence[Row], author: str) -> list[str]:
    """Store rows unchecked; `Id` and stamps may be given. Returns the ids. Raises: `ValueError`."""
    sobject = org.schema.find(object_name)
    if sobject is None:
        raise ValueError(f"no such object: {object_name}")
    now = stamp(org.clock.now_ms())
    with org.store.write(hooked=False) as db:
        minted = iter(mint(db, sobject.prefix, sum(not row.get("Id") for row in rows)))
        known = stages(db) if sobject.name == "Opportunity" else {}
        columns = [field.name for field in sobject.fields]
        names = ", ".join(f'"{name}"' for name in columns)
        marks = ", ".join("?" * (len(columns) + 1))
        ids: list[str] = []
        prepared: list[tuple[Any, ...]] = []
        for row in rows:
            values = _complete(sobject, _stored(sobject, row), org, now, author)
            if not values.get("Id"):
                values["Id"] = next(minted)
            if sobject.name == "Opportunity":
                _outcome(values, known)
            deleted = stamp_ms(values["SystemModstamp"]) if values.get("IsDeleted") else None
            ids.append(values["Id"])
            prepared.append((*(values.get(name) for name in columns), deleted))
        if sobject.name == "CurrencyType":
            db.executemany('DELETE FROM "sf_CurrencyType" WHERE "IsoCode" = ?', [(row["IsoCode"],) for row in rows])
        db.executemany(f"INSERT INTO {sobject.table} ({names}, _deleted_ms) VALUES ({marks})", prepared)
    return ids


def found_org(org: Org) -> str:
    """Set up an empty org: itself, its integration user, currencies, stages. Returns that user's id."""
    with org.store.write(hooked=False) as db:
        user = _integration_user(db, org)
        if db.execute('SELECT 1 FROM "sf_Organization"').fetchone() is None:
            switches = org.switches
            load(
                org,
                "Organization",
                [
                    {
                        "Id": full_id(switches.org_id),
                        "Name": switches.org_name,
                        "TimeZoneSidKey": switches.timezone,
                        "OrganizationType": "Enterprise Edition",
                        "InstanceName": "SBX1",
                        "IsSandbox": False,
                        "FiscalYearStartMonth": 1,
                        "DefaultLocaleSidKey": "en_US",
                    }
                ],
                user,
            )
            if org.schema.find("CurrencyType") is not None:
                load(org, "CurrencyType", [_currency(org, *one) for one in _CURRENCIES], user)
            load(org, "OpportunityStage", [_stage(number, *one) for number, one in enumerate(STAGES, 1)], user)
            roles = ("Reseller", "Referral", "Technology", "Consultant", "Distributor")
            load(
                org,
                "PartnerRole",
                [{"MasterLabel": r, "ApiName": r, "SortOrder": n} for n, r in enumerate(roles, 1)],
                user,
            )
    return user


def _integration_user(db: sqlite3.Connection, org: Org) -> str:
    username = org.switches.username
    row = db.execute('SELECT "Id" FROM "sf_User" WHERE "Username" = ?', (username,)).fetchone()
    if row is not None:
        return str(row[0])
    (user_id,) = mint(db, "005")
    row_values = {
        "Id": user_id,
        "Username": username,
        "FirstName": "Integration",
        "LastName": "User",
        "Email": username,
        "Alias": "integ",
    }
    load(org, "User", [row_values], user_id)
    return user_id


def _currency(org: Org, code: str, rate: float, decimals: int) -> dict[str, Any]:
    corporate = code == org.switches.corporate_currency
    return {
        "IsoCode": code,
        "ConversionRate": 1.0 if corporate else rate,
        "DecimalPlaces": decimals,
        "IsCorporate": corporate,
    }


def _stage(number: int, label: str, probability: float, forecast: str, closed: bool, won: bool) -> dict[str, Any]:
    return {
        "MasterLabel": label,
        "ApiName": label,
        "SortOrder": number,
        "DefaultProbability": probability,
        "ForecastCategory": forecast,
        "ForecastCategoryName": forecast,
        "IsClosed": closed,
        "IsWon": won,
    }


def _stored(sobject: SObject, row: Row) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in row.items():
        field = sobject.find(name)
        if field is None:
            raise ValueError(f"{sobject.name} has no field {name}")
        values[field.name] = _plain(field, value)
    return values


def _plain(field: Field, value: Any) -> Any:
    match value:
        case None | "":
            return None
        case bool():
            return int(value)
        case datetime():
            return instant_text(value)
        case date():
            return value.isoformat()
        case Decimal():
            return int(value) if field.type == "int" else float(value)
        case int() if field.type in ("currency", "double", "percent"):
            return float(value)
        case str() if field.type == "datetime" and not value.endswith("+0000"):
            at = parse_instant(value)
            return instant_text(at) if at is not None else value
        case str() if field.type in ("id", "reference") and len(value) == 15:
            return full_id(value)
        case _:
            return value


def _complete(sobject: SObject, values: dict[str, Any], org: Org, now: str, author: str) -> dict[str, Any]:
    created = values.setdefault("CreatedDate", now)
    modified = values.get("LastModifiedDate") or values.get("SystemModstamp") or created
    values.setdefault("LastModifiedDate", modified)
    values.setdefault("SystemModstamp", modified)
    values.setdefault("CreatedById", author)
    values.setdefault("LastModifiedById", values["CreatedById"])
    for field in sobject.fields:
        if values.get(field.name) is not None:
            continue
        if field.type == "boolean":
            values[field.name] = int(bool(field.default))
        elif field.name == "OwnerId":
            values[field.name] = author
        elif field.name == "CurrencyIsoCode":
            values[field.name] = org.switches.corporate_currency
        elif field.default is not None and field.name not in values:
            values[field.name] = field.default
    if sobject.name in ("User", "Contact", "Lead") and not values.get("Name"):
        values["Name"] = " ".join(str(values[part]) for part in ("FirstName", "LastName") if values.get(part))
    if sobject.name == "Task":
        values["IsClosed"] = int(closes(org.switches.task_statuses, values.get("Status")))
        values["IsHighPriority"] = int(str(values.get("Priority")).lower() == "high")
    return values


def _outcome(values: dict[str, Any], known: Mapping[str, tuple[float, str, int, int]]) -> None:
    stage = known.get(str(values.get("StageName")).lower(), (0.0, "Pipeline", 0, 0))
    given = frozenset(name for name, value in values.items() if value is not None)
    values |= opportunity_values(stage, values, given | {"StageName"})
    values.setdefault("LastStageChangeDate", values["CreatedDate"])
