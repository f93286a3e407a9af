"""The standard objects of the sandbox org: their fields, key prefixes and abilities."""

from sandbox.salesforce.objects.activities import TASK, TASK_STATUS
from sandbox.salesforce.objects.model import SObject
from sandbox.salesforce.objects.people import CONTACT, LEAD, USER
from sandbox.salesforce.objects.sales import (
    ACCOUNT,
    OPPORTUNITY,
    OPPORTUNITY_HISTORY,
    OPPORTUNITY_PARTNER,
    OPPORTUNITY_STAGE,
)
from sandbox.salesforce.objects.setup import CURRENCY_TYPE, ORGANIZATION, PARTNER_ROLE, RECORD_TYPE

STANDARD: tuple[SObject, ...] = (
    ACCOUNT,
    CONTACT,
    CURRENCY_TYPE,
    LEAD,
    OPPORTUNITY,
    OPPORTUNITY_HISTORY,
    OPPORTUNITY_PARTNER,
    OPPORTUNITY_STAGE,
    ORGANIZATION,
    PARTNER_ROLE,
    RECORD_TYPE,
    TASK,
    TASK_STATUS,
    USER,
)
