"""The org itself and its setup: currencies, record types, partner roles."""

from sandbox.salesforce.fields import fixed, flag, number, pick, text, whole
from sandbox.salesforce.objects.model import SObject, system_fields

ORGANIZATION = SObject(
    "Organization",
    "00D",
    (
        *system_fields("Organization", deleted=False),
        text("Name", 80, nillable=False, name_field=True),
        text("Division", 80),
        text("Street", 255, type="textarea"),
        text("City", 40),
        text("State", 80),
        text("PostalCode", 20, "Zip/Postal Code"),
        text("Country", 80),
        text("PrimaryContact", 80, "Primary Contact"),
        text("DefaultLocaleSidKey", 40, "Locale"),
        text("LanguageLocaleKey", 40, "Language"),
        fixed(text("TimeZoneSidKey", 40, "Time Zone")),
        fixed(text("OrganizationType", 40, "Edition", type="picklist")),
        fixed(text("InstanceName", 5, "Instance Name")),
        fixed(flag("IsSandbox", "Is Sandbox")),
        fixed(text("NamespacePrefix", 15, "Namespace Prefix")),
        fixed(whole("FiscalYearStartMonth", "Fiscal Year Starts In")),
    ),
    createable=False,
    deletable=False,
    undeletable=False,
    replicateable=False,
    searchable=False,
    layoutable=False,
)

CURRENCY_TYPE = SObject(
    "CurrencyType",
    "01L",
    (
        *system_fields("Currency Type", deleted=False),
        text("IsoCode", 3, "Currency ISO Code", nillable=False, unique=True),
        number("ConversionRate", 18, 6, "Conversion Rate", nillable=False),
        whole("DecimalPlaces", "Decimal Places", nillable=False),
        flag("IsActive", "Active", default=True),
        fixed(flag("IsCorporate", "Corporate Currency")),
    ),
    label="Currency Type",
    deletable=False,
    undeletable=False,
    replicateable=False,
    searchable=False,
    layoutable=False,
)

RECORD_TYPE = SObject(
    "RecordType",
    "012",
    (
        *system_fields("Record Type", deleted=False),
        text("Name", 80, nillable=False, name_field=True),
        text("DeveloperName", 80, "Record Type Name", nillable=False),
        text("SobjectType", 40, "SObject Type Name", type="picklist", nillable=False),
        text("Description", 255),
        flag("IsActive", "Active", default=True),
    ),
    label="Record Type",
    deletable=False,
    undeletable=False,
    replicateable=False,
    searchable=False,
    layoutable=False,
)

PARTNER_ROLE = SObject(
    "PartnerRole",
    "0PR",
    (
        *system_fields("Partner Role", deleted=False),
        fixed(text("MasterLabel", 255, "Master Label", name_field=True)),
        fixed(text("ApiName", 255, "API Name")),
        fixed(pick("ReverseRole", [], "Reverse Role")),
        fixed(whole("SortOrder", "Sort Order")),
    ),
    label="Partner Role Value",
    createable=False,
    updateable=False,
    deletable=False,
    undeletable=False,
    replicateable=False,
    searchable=False,
    layoutable=False,
)
