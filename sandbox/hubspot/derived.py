"""The values HubSpot works out itself: closed flags, home amounts, task completion, defaults of a new record.

Values are decimals as text and stay exact: 1234.50 EUR at 1.08 is 1333.26 in the company's currency, and a
deal in a currency without a rate has no home amount (a client must not read that as zero).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from sandbox.hubspot import moments
from sandbox.hubspot.desk import Author, Desk
from sandbox.hubspot.kinds import COMPANY, CONTACT, DEAL, TASK, TICKET, Kind
from sandbox.settings import HubSpotSettings

_CONTACT_ZEROS = (
    "hs_associated_target_accounts",
    "hs_membership_has_accessed_private_content",
    "hs_prospecting_agent_actively_enrolled_count",
    "hs_prospecting_agent_total_enrolled_count",
    "hs_registered_member",
    "hs_sequences_actively_enrolled_count",
    "num_notes",
)


def creation(desk: Desk, kind: Kind, record_id: int, created: int, given: Mapping[str, str]) -> dict[str, str]:
    """What a new record holds besides the given values."""
    values = source(desk.author)
    if kind is DEAL:
        values["pipeline"] = "default"
        if desk.settings.additional_currencies:
            values["deal_currency_code"] = desk.settings.company_currency
        values |= {"hs_is_deal_split": "false", "num_associated_contacts": "0", "num_notes": "0"}
    elif kind is CONTACT:
        values |= dict.fromkeys(_CONTACT_ZEROS, "0") | {
            "hs_all_contact_vids": str(record_id),
            "hs_currently_enrolled_in_prospecting_agent": "false",
            "hs_is_contact": "true",
            "hs_is_unworked": "true",
            "hs_lifecyclestage_lead_date": moments.iso(created),
            "hs_pipeline": "contacts-lifecycle-pipeline",
            "lifecyclestage": "lead",
        }
    elif kind is COMPANY:
        values |= {
            "hs_pipeline": "companies-lifecycle-pipeline",
            "lifecyclestage": "lead",
            "hs_num_child_companies": "0",
            "hs_target_account": "false",
            "num_notes": "0",
        }
        if given.get("domain"):
            values["website"] = given["domain"]
    elif kind is TASK:
        values |= {"hs_task_status": "NOT_STARTED", "hs_task_type": "TODO", "hs_task_priority": "NONE"}
    elif kind is TICKET:
        values |= {"hs_pipeline": "0", "hs_pipeline_stage": "1"}
    if given.get("hubspot_owner_id"):
        values["hubspot_owner_assigneddate"] = moments.iso(created)
    return values


def source(author: Author) -> dict[str, str]:
    """The properties that say who made a record."""
    values = {
        "hs_object_source": author.source,
        "hs_object_source_id": author.source_id,
        "hs_object_source_label": author.source,
    }
    if author.user_id is not None:
        values |= {
            "hs_object_source_user_id": str(author.user_id),
            "hs_created_by_user_id": str(author.user_id),
            "hs_updated_by_user_id": str(author.user_id),
        }
    return values


def calculated(desk: Desk, kind: Kind, created: int, props: Mapping[str, str]) -> dict[str, str | None]:
    """The calculated values that follow from a record's other values; None where there is none."""
    match kind:
        case _ if kind is DEAL:
            return _deal(desk, created, props)
        case _ if kind is CONTACT:
            return _contact(props)
        case _ if kind is TASK:
            return _task(desk, props)
        case _:
            return {}


def _deal(desk: Desk, created: int, props: Mapping[str, str]) -> dict[str, str | None]:
    stages = desk.catalog.pipelines.get(DEAL.type_id, {}).get(props.get("pipeline", ""), {})
    stage = stages.get(props.get("dealstage", ""))
    closed = stage is not None and stage.closed
    probability = stage.probability if stage else None
    won = closed and probability == 1
    rate = exchange_rate(desk.settings, props.get("deal_currency_code"))
    amount = decimal(props.get("amount"))
    home = amount * rate if amount is not None and rate is not None else None
    closes = moments.millis(props["closedate"]) if props.get("closedate") else None
    return {
        "hs_is_closed": _flag(closed),
        "hs_is_closed_won": _flag(won),
        "hs_is_closed_lost": _flag(closed and not won),
        "hs_deal_stage_probability": _plain(probability),
        "hs_exchange_rate": _plain(rate),
        "amount_in_home_currency": _plain(home),
        "hs_forecast_amount": _plain(amount),
        "hs_closed_amount": (_plain(amount) if amount is not None else "0") if won else "0",
        "hs_closed_amount_in_home_currency": (_plain(home) if home is not None else "0") if won else "0",
        "hs_projected_amount": (
            _plain(amount * probability) if amount is not None and probability is not None else None
        ),
        "days_to_close": str(max(0, (closes - created) // 86_400_000)) if closes is not None else None,
    }


def _contact(props: Mapping[str, str]) -> dict[str, str | None]:
    email = props.get("email")
    name = " ".join(part for part in (props.get("firstname"), props.get("lastname")) if part)
    return {
        "hs_email_domain": email.rpartition("@")[2] if email else None,
        "hs_full_name_or_email": name or email,
    }


def _task(desk: Desk, props: Mapping[str, str]) -> dict[str, str | None]:
    done = props.get("hs_task_status") == "COMPLETED"
    body = props.get("hs_task_body")
    return {
        "hs_task_is_completed": "1" if done else "0",
        "hs_task_completion_date": ((props.get("hs_task_completion_date") or moments.iso(desk.now)) if done else None),
        "hs_body_preview": body[:200] if body else None,
    }


def exchange_rate(settings: HubSpotSettings, currency: str | None) -> Decimal | None:
    """One unit of a deal's currency in the company's; None where nobody set a rate."""
    if currency is None or currency == settings.company_currency:
        return Decimal(1)
    rate = settings.exchange_rates.get(currency)
    return Decimal(rate) if rate is not None else None


def decimal(text: str | None) -> Decimal | None:
    if not text:
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _plain(value: Decimal | None) -> str | None:
    if value is None:
        return None
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _flag(value: bool) -> str:
    return "true" if value else "false"
