"""The programme as Salesforce holds it: custom fields, users, accounts, opportunities with their history, tasks."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from sandbox.generator.ids import salesforce_id
from sandbox.generator.mess import UNMAPPED_STAGE
from sandbox.generator.partners import TIERS
from sandbox.generator.programme import Account, Opportunity, Programme, Task, User

Row = dict[str, Any]

ROLES: Final = ("Sourced", "Influenced", "None")
FIELDS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("Opportunity", {"name": "Partner__c", "label": "Partner", "type": "string", "length": 255}),
    (
        "Opportunity",
        {
            "name": "Partner_Account__c",
            "label": "Partner Account",
            "type": "reference",
            "referenceTo": ["Account"],
            "relationshipName": "Partner_Account__r",
            "childRelationshipName": "Partner_Opportunities__r",
        },
    ),
    (
        "Opportunity",
        {
            "name": "Partner_Role__c",
            "label": "Partner Role",
            "type": "picklist",
            "picklistValues": list(ROLES),
            "restrictedPicklist": True,
        },
    ),
    (
        "Opportunity",
        {
            "name": "Partner_Commission__c",
            "label": "Partner Commission",
            "type": "currency",
            "precision": 18,
            "scale": 2,
        },
    ),
    ("Opportunity", {"name": "Partner_Credited_On__c", "label": "Partner Credited On", "type": "date"}),
    ("Opportunity", {"name": "Partner_Status__c", "label": "Partner Status", "type": "string", "length": 80}),
    ("Account", {"name": "Partner__c", "label": "Partner", "type": "string", "length": 255}),
    (
        "Account",
        {"name": "Partner_Tier__c", "label": "Partner Tier", "type": "picklist", "picklistValues": list(TIERS)},
    ),
    (
        "Account",
        {
            "name": "Partner_Open_Deals__c",
            "label": "Partner Open Deals",
            "type": "double",
            "precision": 18,
            "scale": 0,
        },
    ),
    ("Account", {"name": "Partner_Since__c", "label": "Partner Since", "type": "date"}),
    (
        "Task",
        {
            "name": "partnersync_key__c",
            "label": "partnersync key",
            "type": "string",
            "length": 64,
            "externalId": True,
            "unique": True,
        },
    ),
)
STAGE_ROW: Final[Row] = {
    "MasterLabel": UNMAPPED_STAGE["salesforce"],
    "ApiName": UNMAPPED_STAGE["salesforce"],
    "IsActive": True,
    "SortOrder": 11,
    "IsClosed": False,
    "IsWon": False,
    "ForecastCategory": "Pipeline",
    "ForecastCategoryName": "Pipeline",
    "DefaultProbability": 50,
}


def users(programme: Programme) -> list[Row]:
    """The seats, in an order in which managers come first."""
    return [_user(user) for user in programme.users if user.crm == "salesforce"]


def accounts(programme: Programme) -> list[Row]:
    """The accounts, in the order of creation."""
    return [_account(account) for account in programme.accounts if account.crm == "salesforce"]


def opportunities(programme: Programme) -> list[Row]:
    """The opportunities, in the order of creation."""
    return [_opportunity(deal) for deal in programme.opportunities if deal.crm == "salesforce"]


def stage_history(programme: Programme) -> Iterator[Row]:
    """One row for every stage that an opportunity entered."""
    number = 0
    for deal in programme.opportunities:
        if deal.crm != "salesforce":
            continue
        for entry in deal.history:
            number += 1
            yield {
                "Id": salesforce_id("008", number),
                "OpportunityId": deal.id,
                "StageName": entry.stage,
                "Amount": deal.amount,
                "CloseDate": _text(deal.closes_on),
                "CurrencyIsoCode": deal.currency,
                "CreatedById": deal.owner,
                "CreatedDate": _instant(entry.at),
                "SystemModstamp": _instant(entry.at),
            }


def tasks(programme: Programme) -> list[Row]:
    """The reps' own to-dos."""
    return [_task(task) for task in programme.tasks if task.crm == "salesforce"]


def _user(user: User) -> Row:
    return {
        "Id": user.id,
        "Username": user.email,
        "FirstName": user.first,
        "LastName": user.last,
        "Name": user.name,
        "Email": user.email,
        "Alias": (user.first[0] + user.last)[:8].lower(),
        "Title": user.title,
        "IsActive": user.active,
        "ManagerId": user.manager,
        **_stamps(user.created_at, user.created_at),
    }


def _account(account: Account) -> Row:
    partner = account.kind == "partner"
    return {
        "Id": account.id,
        "Name": account.name,
        "Type": "Channel Partner / Reseller" if partner else "Customer - Direct",
        "ParentId": account.parent,
        "Website": account.website or None,
        "Phone": account.phone,
        "Industry": account.industry,
        "NumberOfEmployees": account.employees,
        "BillingCountry": account.country,
        "OwnerId": account.owner,
        "IsPartner": partner,
        "CurrencyIsoCode": account.currency,
        "Partner__c": account.partner_typed,
        "Partner_Since__c": _text(account.partner_since),
        **_stamps(account.created_at, account.modified_at, account.owner),
    }


def _opportunity(deal: Opportunity) -> Row:
    return {
        "Id": deal.id,
        "AccountId": deal.account,
        "Name": deal.name[:120],
        "StageName": deal.stage,
        "Probability": deal.probability,
        "IsClosed": deal.outcome != "open",
        "IsWon": deal.outcome == "won",
        "Amount": deal.amount,
        "CurrencyIsoCode": deal.currency,
        "CloseDate": _text(deal.closes_on),
        "Type": deal.type,
        "LeadSource": deal.lead_source,
        "OwnerId": deal.owner,
        "LastStageChangeDate": _instant(deal.history[-1].at),
        "Partner__c": deal.partner_typed,
        "Partner_Role__c": deal.partner_role,
        **_stamps(deal.created_at, deal.modified_at, deal.owner),
    }


def _task(task: Task) -> Row:
    return {
        "Id": task.id,
        "Subject": task.subject,
        "Status": "Completed" if task.done else "Not Started",
        "IsClosed": task.done,
        "Priority": "Normal",
        "ActivityDate": _text(task.due_on),
        "OwnerId": task.owner,
        "WhatId": task.opportunity or task.account,
        "AccountId": task.account,
        **_stamps(task.created_at, task.modified_at, task.owner),
    }


def _stamps(created: datetime, modified: datetime, author: str | None = None) -> Row:
    stamps = {
        "CreatedDate": _instant(created),
        "LastModifiedDate": _instant(modified),
        "SystemModstamp": _instant(modified),
    }
    return stamps if author is None else stamps | {"CreatedById": author, "LastModifiedById": author}


def _instant(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def _text(value: object) -> str | None:
    return None if value is None else str(value)
