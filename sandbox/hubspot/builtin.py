"""The properties that a new portal has: the part of HubSpot's own list that records here carry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.hubspot.kinds import (
    CALL,
    COMPANY,
    CONTACT,
    DEAL,
    EMAIL,
    KINDS,
    LINE_ITEM,
    MEETING,
    NOTE,
    PRODUCT,
    RARER,
    TASK,
    TICKET,
    Kind,
)

GROUPS: dict[str, tuple[tuple[str, str], ...]] = {
    "contact": (("contactinformation", "Contact information"), ("contact_activity", "Contact activity")),
    "company": (("companyinformation", "Company information"), ("company_activity", "Company activity")),
    "deal": (("dealinformation", "Deal information"), ("deal_activity", "Deal activity")),
    "ticket": (("ticketinformation", "Ticket information"),),
    "product": (("productinformation", "Product information"),),
    "line_item": (("lineiteminformation", "Line item information"),),
    "task": (("task", "Task information"),),
    "note": (("note", "Note information"),),
    "meeting": (("meeting", "Meeting information"),),
    "call": (("call", "Call information"),),
    "email": (("email", "Email information"),),
    **{kind.singular: ((kind.singular, f"{kind.title} information"),) for kind in RARER},
}

STAGE_MANAGED = frozenset({"dealstage", "pipeline", "hs_pipeline", "hs_pipeline_stage"})

_LIFECYCLE = (
    ("subscriber", "Subscriber"),
    ("lead", "Lead"),
    ("marketingqualifiedlead", "Marketing Qualified Lead"),
    ("salesqualifiedlead", "Sales Qualified Lead"),
    ("opportunity", "Opportunity"),
    ("customer", "Customer"),
    ("evangelist", "Evangelist"),
    ("other", "Other"),
)
_OPTIONS: dict[str, tuple[tuple[str, str], ...]] = {
    "lifecyclestage": _LIFECYCLE,
    "dealtype": (("newbusiness", "New Business"), ("existingbusiness", "Existing Business")),
    "hs_priority": (("low", "Low"), ("medium", "Medium"), ("high", "High")),
    "hs_task_status": (
        ("NOT_STARTED", "Not started"),
        ("COMPLETED", "Completed"),
        ("IN_PROGRESS", "In progress"),
        ("WAITING", "Waiting"),
        ("DEFERRED", "Deferred"),
    ),
    "hs_task_priority": (("NONE", "None"), ("LOW", "Low"), ("MEDIUM", "Medium"), ("HIGH", "High")),
    "hs_task_type": (("EMAIL", "Email"), ("CALL", "Call"), ("TODO", "To-do")),
    "hs_ticket_priority": (("LOW", "Low"), ("MEDIUM", "Medium"), ("HIGH", "High")),
    "type": (
        ("PROSPECT", "Prospect"),
        ("PARTNER", "Partner"),
        ("RESELLER", "Reseller"),
        ("VENDOR", "Vendor"),
        ("OTHER", "Other"),
    ),
    "industry": (
        ("COMPUTER_SOFTWARE", "Computer Software"),
        ("INFORMATION_TECHNOLOGY_AND_SERVICES", "Information Technology and Services"),
        ("FINANCIAL_SERVICES", "Financial Services"),
        ("HOSPITAL_HEALTH_CARE", "Hospital & Health Care"),
        ("RETAIL", "Retail"),
        ("EDUCATION_MANAGEMENT", "Education Management"),
        ("LOGISTICS_AND_SUPPLY_CHAIN", "Logistics and Supply Chain"),
        ("CONSTRUCTION", "Construction"),
        ("INSURANCE", "Insurance"),
        ("TELECOMMUNICATIONS", "Telecommunications"),
    ),
}

# name | label | type | field type | flags: r read-only value, c calculated, u unique, x external options,
# h hidden, o options above, m money in the record's currency, w owner reference.
_EVERY = """
hs_object_id | Record ID | number | number | r
hs_object_source | Record creation source | string | text | rh
hs_object_source_id | Record creation source ID | string | text | rh
hs_object_source_label | Record source | string | text | r
hs_object_source_user_id | Record creation source user ID | number | number | rh
hs_created_by_user_id | Created by user ID | number | number | r
hs_updated_by_user_id | Updated by user ID | number | number | r
hs_merged_object_ids | Merged record IDs | enumeration | checkbox | rx
hubspot_owner_id | Owner | enumeration | select | xw
hubspot_owner_assigneddate | Owner assigned date | datetime | date | r
hubspot_team_id | HubSpot team | enumeration | select | xr
hs_unique_creation_key | Unique creation key | string | text | ruh
"""
_OWN: dict[Kind, str] = {
    CONTACT: """
createdate | Create date | datetime | date | r
lastmodifieddate | Last modified date | datetime | date | r
email | Email | string | text | u
firstname | First name | string | text |
lastname | Last name | string | text |
phone | Phone number | string | phonenumber |
mobilephone | Mobile phone number | string | phonenumber |
company | Company name | string | text |
website | Website URL | string | text |
jobtitle | Job title | string | text |
address | Street address | string | text |
city | City | string | text |
state | State/Region | string | text |
zip | Postal code | string | text |
country | Country/Region | string | text |
lifecyclestage | Lifecycle stage | enumeration | radio | o
associatedcompanyid | Primary associated company ID | number | number | h
hs_additional_emails | Additional email addresses | string | text | r
hs_all_contact_vids | Merged vids | string | text | rh
hs_associated_target_accounts | Associated target accounts | number | calculation_rollup | rh
hs_currently_enrolled_in_prospecting_agent | Enrolled in prospecting agent | bool | booleancheckbox | rh
hs_email_domain | Email domain | string | text | r
hs_full_name_or_email | Full name or email | string | calculation_equation | rch
hs_is_contact | Is a contact | bool | calculation_equation | rch
hs_is_unworked | Contact unworked | bool | calculation_equation | rch
hs_lead_status | Lead status | string | text |
hs_lifecyclestage_lead_date | Became a lead date | datetime | date | r
hs_membership_has_accessed_private_content | Accessed private content | number | number | rh
hs_pipeline | Pipeline | enumeration | select | xh
hs_prospecting_agent_actively_enrolled_count | Prospecting agent active count | number | number | rh
hs_prospecting_agent_total_enrolled_count | Prospecting agent total count | number | number | rh
hs_registered_member | Registered member | number | number | rh
hs_sequences_actively_enrolled_count | Active sequences | number | number | rh
num_associated_deals | Number of associated deals | number | calculation_rollup | r
num_notes | Number of sales activities | number | number | r
""",
    COMPANY: """
createdate | Create date | datetime | date | r
hs_lastmodifieddate | Last modified date | datetime | date | r
name | Company name | string | text |
domain | Company domain name | string | text |
website | Website URL | string | text |
hs_additional_domains | Additional domains | enumeration | checkbox | x
description | Description | string | textarea |
phone | Phone number | string | phonenumber |
address | Street address | string | text |
city | City | string | text |
state | State/Region | string | text |
zip | Postal code | string | text |
country | Country/Region | string | text |
timezone | Time zone | string | text |
industry | Industry | enumeration | select | o
type | Type | enumeration | radio | o
lifecyclestage | Lifecycle stage | enumeration | radio | o
annualrevenue | Annual revenue | number | number | m
numberofemployees | Number of employees | number | number |
founded_year | Year founded | string | text |
linkedin_company_page | LinkedIn company page | string | text |
hs_parent_company_id | Parent company ID | number | number | r
hs_pipeline | Pipeline | enumeration | select | xh
hs_num_child_companies | Number of child companies | number | number | r
hs_num_open_deals | Number of open deals | number | calculation_rollup | r
hs_target_account | Target account | bool | booleancheckbox |
num_associated_contacts | Number of associated contacts | number | calculation_rollup | r
num_associated_deals | Number of associated deals | number | calculation_rollup | r
num_notes | Number of sales activities | number | number | r
notes_last_updated | Last activity date | datetime | date | r
""",
    DEAL: """
createdate | Create date | datetime | date |
hs_lastmodifieddate | Last modified date | datetime | date | r
dealname | Deal name | string | text |
amount | Amount | number | number | m
deal_currency_code | Currency | enumeration | select | x
amount_in_home_currency | Amount in company currency | number | calculation_equation | rc
hs_exchange_rate | Exchange rate | number | number | r
closedate | Close date | datetime | date |
pipeline | Pipeline | enumeration | select | x
dealstage | Deal stage | enumeration | radio | x
dealtype | Deal type | enumeration | radio | o
description | Deal description | string | textarea |
closed_lost_reason | Closed lost reason | string | textarea |
closed_won_reason | Closed won reason | string | textarea |
hs_priority | Priority | enumeration | select | o
hs_next_step | Next step | string | text |
hs_forecast_amount | Forecast amount | number | number | r
hs_deal_stage_probability | Deal probability | number | number | r
hs_is_closed | Is deal closed? | bool | calculation_equation | rc
hs_is_closed_won | Is closed won | bool | calculation_equation | rc
hs_is_closed_lost | Is closed lost | bool | calculation_equation | rc
hs_is_deal_split | Is deal split | bool | booleancheckbox | r
hs_closed_amount | Closed deal amount | number | calculation_equation | rc
hs_closed_amount_in_home_currency | Closed deal amount in home currency | number | calculation_equation | rc
hs_projected_amount | Weighted amount | number | calculation_equation | rc
hs_primary_associated_company | Primary associated company | number | number | r
hs_num_of_associated_line_items | Number of line items | number | calculation_rollup | r
hs_tcv | Total contract value | number | number | m
hs_acv | Annual contract value | number | number | m
hs_arr | Annual recurring revenue | number | number | m
hs_mrr | Monthly recurring revenue | number | number | m
days_to_close | Days to close | number | calculation_equation | rc
num_associated_contacts | Number of associated contacts | number | calculation_rollup | r
num_notes | Number of sales activities | number | number | r
notes_last_updated | Last activity date | datetime | date | r
""",
    TICKET: """
createdate | Create date | datetime | date | r
hs_lastmodifieddate | Last modified date | datetime | date | r
subject | Ticket name | string | text |
content | Ticket description | string | textarea |
hs_pipeline | Pipeline | enumeration | select | x
hs_pipeline_stage | Ticket status | enumeration | select | x
hs_ticket_priority | Priority | enumeration | select | o
hs_ticket_category | Category | string | text |
""",
    PRODUCT: """
createdate | Create date | datetime | date | r
hs_lastmodifieddate | Last modified date | datetime | date | r
name | Name | string | text |
description | Product description | string | textarea |
price | Unit price | number | number | m
hs_sku | SKU | string | text |
""",
    LINE_ITEM: """
createdate | Create date | datetime | date | r
hs_lastmodifieddate | Last modified date | datetime | date | r
name | Name | string | text |
quantity | Quantity | number | number |
price | Unit price | number | number | m
amount | Net price | number | number | m
hs_product_id | Product ID | number | number |
hs_line_item_currency_code | Currency | enumeration | select | x
""",
    TASK: """
hs_createdate | Create date | datetime | date | r
hs_lastmodifieddate | Last modified date | datetime | date | r
hs_timestamp | Due date | datetime | date |
hs_task_subject | Task title | string | text |
hs_task_body | Notes | string | html |
hs_task_status | Task status | enumeration | select | o
hs_task_priority | Priority | enumeration | select | o
hs_task_type | Task type | enumeration | select | o
hs_task_reminders | Reminders | string | text |
hs_task_completion_date | Completed at | datetime | date | r
hs_task_is_completed | Is completed | number | calculation_equation | rc
hs_body_preview | Body preview | string | text | r
""",
    NOTE: """
hs_createdate | Create date | datetime | date | r
hs_lastmodifieddate | Last modified date | datetime | date | r
hs_timestamp | Activity date | datetime | date |
hs_note_body | Note body | string | html |
""",
    MEETING: """
hs_createdate | Create date | datetime | date | r
hs_lastmodifieddate | Last modified date | datetime | date | r
hs_timestamp | Activity date | datetime | date |
hs_meeting_title | Meeting name | string | text |
hs_meeting_body | Meeting description | string | html |
hs_meeting_start_time | Meeting start time | datetime | date |
hs_meeting_end_time | Meeting end time | datetime | date |
""",
    CALL: """
hs_createdate | Create date | datetime | date | r
hs_lastmodifieddate | Last modified date | datetime | date | r
hs_timestamp | Activity date | datetime | date |
hs_call_title | Call title | string | text |
hs_call_body | Call notes | string | html |
""",
    EMAIL: """
hs_createdate | Create date | datetime | date | r
hs_lastmodifieddate | Last modified date | datetime | date | r
hs_timestamp | Activity date | datetime | date |
hs_email_subject | Email subject | string | text |
hs_email_text | Text body | string | textarea |
""",
}
_OWN |= {
    kind: f"""
hs_createdate | Create date | datetime | date | r
hs_lastmodifieddate | Last modified date | datetime | date | r
hs_timestamp | Date | datetime | date |
{kind.searchable[0]} | {kind.title} | string | text |
"""
    for kind in RARER
}
_DEFINED_AT = "2020-06-30T15:57:38.180Z"
_CHANGED_AT = "2024-09-05T17:14:04.747Z"


def options_of(pairs: tuple[tuple[str, str], ...]) -> list[dict[str, Any]]:
    """Options as the properties API lists them."""
    return [
        {"label": label, "value": value, "description": "", "displayOrder": order, "hidden": False}
        for order, (value, label) in enumerate(pairs)
    ]


def definitions(kind: Kind) -> Iterator[dict[str, Any]]:
    """The definitions of HubSpot's own properties of one object type, as the properties API shows them."""
    group = GROUPS[kind.singular][0][0]
    for line in (_OWN[kind] + _EVERY).strip().splitlines():
        if line.strip():
            name, label, type_, field_type, flags = (part.strip() for part in line.split("|"))
            yield _definition(name, label, type_, field_type, flags, group)


def _definition(name: str, label: str, type_: str, field_type: str, flags: str, group: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "updatedAt": _CHANGED_AT,
        "createdAt": _DEFINED_AT,
        "name": name,
        "label": label,
        "type": type_,
        "fieldType": field_type,
        "description": "",
        "groupName": group,
        "options": options_of(_OPTIONS[name]) if "o" in flags else _boolean_options(type_),
    }
    if "w" in flags:
        found["referencedObjectType"] = "OWNER"
    found |= {
        "displayOrder": -1,
        "calculated": "c" in flags,
        "externalOptions": "x" in flags,
        "hasUniqueValue": "u" in flags,
        "hidden": "h" in flags,
        "hubspotDefined": True,
    }
    if "m" in flags:
        found["showCurrencySymbol"] = True
    if name == "amount":
        found["currencyPropertyName"] = "deal_currency_code"
    found |= {
        "modificationMetadata": {
            "archivable": True,
            "readOnlyDefinition": True,
            "readOnlyValue": "r" in flags,
        },
        "formField": False,
        "dataSensitivity": "non_sensitive",
    }
    return found


def _boolean_options(type_: str) -> list[dict[str, Any]]:
    if type_ != "bool":
        return []
    return [
        {"label": "Yes", "value": "true", "displayOrder": 0, "hidden": False},
        {"label": "No", "value": "false", "displayOrder": 1, "hidden": False},
    ]


def all_definitions() -> Iterator[tuple[str, dict[str, Any]]]:
    """(type id, definition) of everything a new portal defines."""
    for kind in KINDS:
        for definition in definitions(kind):
            yield kind.type_id, definition
