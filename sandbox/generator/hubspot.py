"""The programme as HubSpot holds it: properties, owners, companies, deals with their stage history, tasks, links."""

from collections.abc import Iterator
from datetime import datetime, time
from typing import Any, Final

from sandbox.generator.mess import UNMAPPED_STAGE
from sandbox.generator.partners import TIERS
from sandbox.generator.programme import Account, Opportunity, Programme, Task, User
from sandbox.generator.salesforce import ROLES

Row = dict[str, Any]

DEAL_TYPES: Final = {"New": "newbusiness", "Expansion": "expansion", "Renewal": "renewal"}
_INDUSTRIES: Final = {
    "Technology": "COMPUTER_SOFTWARE",
    "Finance": "FINANCIAL_SERVICES",
    "Insurance": "INSURANCE",
    "Healthcare": "HOSPITAL_HEALTH_CARE",
    "Retail": "RETAIL",
    "Education": "EDUCATION_MANAGEMENT",
}
# A close date is a moment in HubSpot; late afternoon in London is the same day from New York to Berlin.
_SIGNED_AT: Final = time(17, 0)


def _property(
    name: str, label: str, type_: str, field_type: str, group: str, options: tuple[str, ...] = (), unique: bool = False
) -> Row:
    return {
        "name": name,
        "label": label,
        "type": type_,
        "fieldType": field_type,
        "groupName": group,
        "options": [{"label": o, "value": o, "displayOrder": n, "hidden": False} for n, o in enumerate(options)],
        "hasUniqueValue": unique,
    }


_DEAL: Final = "dealinformation"
_COMPANY: Final = "companyinformation"
REPS_OWN: Final = (
    ("deals", _property("partner", "Partner", "string", "text", _DEAL)),
    ("companies", _property("partner", "Partner", "string", "text", _COMPANY)),
)
OURS: Final = (
    ("deals", _property("partnersync_partner", "Partner (credited)", "string", "text", _DEAL)),
    ("deals", _property("partnersync_partner_role", "Partner role", "enumeration", "select", _DEAL, ROLES)),
    ("deals", _property("partnersync_commission", "Partner commission", "number", "number", _DEAL)),
    ("deals", _property("partnersync_credited_on", "Partner credited on", "date", "date", _DEAL)),
    ("deals", _property("partnersync_status", "Partner status", "string", "text", _DEAL)),
    ("companies", _property("partnersync_partner", "Partner (credited)", "string", "text", _COMPANY)),
    ("companies", _property("partnersync_tier", "Partner tier", "enumeration", "select", _COMPANY, TIERS)),
    ("companies", _property("partnersync_open_deals", "Partner open deals", "number", "number", _COMPANY)),
    ("companies", _property("partnersync_since", "Partner since", "date", "date", _COMPANY)),
    ("tasks", _property("partnersync_key", "partnersync key", "string", "text", "task", unique=True)),
)

# The stages that a new portal has, and one that somebody added in between.
PIPELINE: Final[Row] = {
    "id": "default",
    "label": "Sales Pipeline",
    "displayOrder": 0,
    "stages": [
        {"id": "appointmentscheduled", "label": "Appointment Scheduled", "probability": "0.2"},
        {"id": "qualifiedtobuy", "label": "Qualified To Buy", "probability": "0.4"},
        {"id": "presentationscheduled", "label": "Presentation Scheduled", "probability": "0.6"},
        {"id": "decisionmakerboughtin", "label": "Decision Maker Bought-In", "probability": "0.8"},
        {"id": "contractsent", "label": "Contract Sent", "probability": "0.9"},
        {"id": UNMAPPED_STAGE["hubspot"], "label": UNMAPPED_STAGE["salesforce"], "probability": "0.5"},
        {"id": "closedwon", "label": "Closed Won", "probability": "1.0"},
        {"id": "closedlost", "label": "Closed Lost", "probability": "0.0"},
    ],
}
DEAL_TYPE_OPTIONS: Final = tuple(
    {"label": label, "value": value, "displayOrder": n, "hidden": False}
    for n, (value, label) in enumerate(
        (
            ("newbusiness", "New Business"),
            ("existingbusiness", "Existing Business"),
            ("expansion", "Expansion"),
            ("renewal", "Renewal"),
        )
    )
)


def owners(programme: Programme) -> Iterator[Row]:
    """The seats; who has left is archived."""
    for number, user in enumerate(programme.users):
        if user.crm == "hubspot":
            yield _owner(user, 71_000_000 + number)


def companies(programme: Programme) -> list[Row]:
    """The companies, in the order of creation."""
    return [_company(account) for account in programme.accounts if account.crm == "hubspot"]


def deals(programme: Programme) -> list[Row]:
    """The deals, in the order of creation."""
    return [_deal(deal) for deal in programme.opportunities if deal.crm == "hubspot"]


def tasks(programme: Programme) -> list[Row]:
    """The reps' own to-dos."""
    return [_task(task) for task in programme.tasks if task.crm == "hubspot"]


def deal_companies(programme: Programme) -> Iterator[tuple[str, str]]:
    """Which deal belongs to which company."""
    return ((d.id, d.account) for d in programme.opportunities if d.crm == "hubspot" and d.account)


def parent_companies(programme: Programme) -> Iterator[tuple[str, str]]:
    """Which company is part of which other."""
    return ((a.id, a.parent) for a in programme.accounts if a.crm == "hubspot" and a.parent)


def task_deals(programme: Programme) -> Iterator[tuple[str, str]]:
    """Which task is about which deal."""
    return ((t.id, t.opportunity) for t in programme.tasks if t.crm == "hubspot" and t.opportunity)


def _owner(user: User, user_id: int) -> Row:
    return {
        "id": user.id,
        "email": user.email,
        "firstName": user.first,
        "lastName": user.last,
        "userId": user_id,
        "archived": not user.active,
        "createdAt": _instant(user.created_at),
        "updatedAt": _instant(user.created_at),
    }


def _company(account: Account) -> Row:
    return {
        "id": account.id,
        "name": account.name,
        "domain": account.domain or None,
        "website": account.website or None,
        "type": "PARTNER" if account.kind == "partner" else None,
        "industry": _INDUSTRIES.get(account.industry),
        "numberofemployees": str(account.employees),
        "phone": account.phone,
        "country": account.country,
        "hubspot_owner_id": account.owner,
        "partner": account.partner_typed,
        "createdate": _instant(account.created_at),
        "hs_lastmodifieddate": _instant(account.modified_at),
    }


def _deal(deal: Opportunity) -> Row:
    return {
        "id": deal.id,
        "dealname": deal.name,
        "amount": None if deal.amount is None else f"{deal.amount:f}",
        "deal_currency_code": deal.currency,
        "closedate": None if deal.closes_on is None else _instant(datetime.combine(deal.closes_on, _SIGNED_AT)),
        "pipeline": "default",
        "dealstage": deal.stage,
        "dealtype": DEAL_TYPES[deal.type],
        "hubspot_owner_id": deal.owner,
        "partner": deal.partner_typed,
        "createdate": _instant(deal.created_at),
        "hs_lastmodifieddate": _instant(deal.modified_at),
        "history": {"dealstage": [{"value": e.stage, "at": _instant(e.at)} for e in deal.history]},
    }


def _task(task: Task) -> Row:
    return {
        "id": task.id,
        "hs_task_subject": task.subject,
        "hs_task_body": task.body,
        "hs_task_status": "COMPLETED" if task.done else "NOT_STARTED",
        "hs_task_completion_date": _instant(task.modified_at) if task.done else None,
        "hs_task_priority": "NONE",
        "hs_task_type": "TODO",
        "hs_timestamp": _instant(datetime.combine(task.due_on, _SIGNED_AT)),
        "hubspot_owner_id": task.owner,
        "hs_createdate": _instant(task.created_at),
        "hs_lastmodifieddate": _instant(task.modified_at),
    }


def _instant(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
