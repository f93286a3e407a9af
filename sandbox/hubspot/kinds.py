"""The object types of a portal, under every name that callers use for them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One object type: its id, its names, its stamp properties and what a read returns unasked."""

    type_id: str
    singular: str
    plural: str
    defaults: tuple[str, ...]
    searchable: tuple[str, ...]
    scope: str
    created: str = "createdate"
    modified: str = "hs_lastmodifieddate"

    @property
    def upper(self) -> str:
        return self.singular.upper()

    @property
    def title(self) -> str:
        return self.singular.replace("_", " ").capitalize()

    @property
    def system(self) -> tuple[str, ...]:
        """The three properties that every read returns, requested or not."""
        return (self.created, "hs_object_id", self.modified)


def _activity(type_id: str, singular: str, plural: str, text: str) -> Kind:
    return Kind(type_id, singular, plural, (), (text,), "crm.objects.contacts", created="hs_createdate")


CONTACT = Kind(
    "0-1",
    "contact",
    "contacts",
    ("email", "firstname", "lastname"),
    ("firstname", "lastname", "email", "phone", "company", "mobilephone", "hs_additional_emails"),
    "crm.objects.contacts",
    modified="lastmodifieddate",
)
COMPANY = Kind(
    "0-2",
    "company",
    "companies",
    ("name", "domain"),
    ("name", "domain", "website", "phone"),
    "crm.objects.companies",
)
DEAL = Kind(
    "0-3",
    "deal",
    "deals",
    ("amount", "closedate", "dealname", "dealstage", "pipeline"),
    ("dealname", "pipeline", "dealstage", "description", "dealtype"),
    "crm.objects.deals",
)
TICKET = Kind(
    "0-5",
    "ticket",
    "tickets",
    ("subject", "content", "hs_pipeline", "hs_pipeline_stage", "hs_ticket_category", "hs_ticket_priority"),
    ("subject", "content"),
    "tickets",
)
PRODUCT = Kind(
    "0-7",
    "product",
    "products",
    ("name", "description", "price"),
    ("name", "description", "hs_sku"),
    "e-commerce",
)
LINE_ITEM = Kind("0-8", "line_item", "line_items", ("name", "quantity", "price", "amount"), ("name",), "e-commerce")
TASK = _activity("0-27", "task", "tasks", "hs_task_subject")
NOTE = _activity("0-46", "note", "notes", "hs_note_body")
MEETING = _activity("0-47", "meeting", "meetings", "hs_meeting_title")
CALL = _activity("0-48", "call", "calls", "hs_call_title")
EMAIL = _activity("0-49", "email", "emails", "hs_email_subject")


_RARER = """
0-14 quote quotes hs_title
0-18 communication communications hs_communication_body
0-19 feedback_submission feedback_submissions hs_content
0-28 form forms hs_form_name
0-53 invoice invoices hs_title
0-69 subscription subscriptions hs_name
0-72 deal_split deal_splits hs_deal_split_percentage
0-74 goal_target goal_targets hs_goal_name
0-84 discount discounts hs_label
0-85 fee fees hs_label
0-86 tax taxes hs_label
0-101 commerce_payment commerce_payments hs_reference_number
0-115 user users hs_email
0-116 postal_mail postal_mail hs_postal_mail_body
0-123 order orders hs_order_name
0-136 lead leads hs_lead_name
0-142 cart carts hs_cart_name
"""
RARER = tuple(
    Kind(type_id, singular, plural, (text,), (text,), f"crm.objects.{plural}", created="hs_createdate")
    for type_id, singular, plural, text in (line.split() for line in _RARER.strip().splitlines())
)
"""Standard objects that every portal has and clients enumerate; they hold little more than a text."""

KINDS = (CONTACT, COMPANY, DEAL, TICKET, PRODUCT, LINE_ITEM, TASK, NOTE, MEETING, CALL, EMAIL, *RARER)
BY_ID = {kind.type_id: kind for kind in KINDS}
_BY_NAME = {
    name: kind
    for kind in KINDS
    for name in (
        kind.type_id,
        kind.singular,
        kind.plural,
        kind.singular.replace("_", " "),
        kind.plural.replace("_", " "),
        kind.plural.replace("_", ""),
        kind.singular.replace("_", ""),
    )
}


def kind_named(name: str) -> Kind | None:
    """The type a caller means by plural, singular or id, in any case."""
    return _BY_NAME.get(name.strip().lower())
