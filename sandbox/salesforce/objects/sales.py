"""Accounts, opportunities, their stages and their history."""

from sandbox.salesforce.fields import day, fixed, flag, link, moment, money, number, pick, text, whole
from sandbox.salesforce.objects.model import SObject, currency_field, system_fields

_INDUSTRIES = ("Agriculture", "Banking", "Communications", "Construction", "Consulting", "Education", "Energy")
_MORE = ("Finance", "Healthcare", "Insurance", "Manufacturing", "Media", "Retail", "Technology", "Other")
FORECASTS = ("Omitted", "Pipeline", "BestCase", "MostLikely", "Forecast", "Closed")
FORECAST_NAMES = ("Omitted", "Pipeline", "Best Case", "Most Likely", "Commit", "Closed")

# (stage, default probability, forecast category, closed, won): the stages of a new org
STAGES: tuple[tuple[str, float, str, bool, bool], ...] = (
    ("Prospecting", 10, "Pipeline", False, False),
    ("Qualification", 10, "Pipeline", False, False),
    ("Needs Analysis", 20, "Pipeline", False, False),
    ("Value Proposition", 50, "Pipeline", False, False),
    ("Id. Decision Makers", 60, "Pipeline", False, False),
    ("Perception Analysis", 70, "Pipeline", False, False),
    ("Proposal/Price Quote", 75, "Pipeline", False, False),
    ("Negotiation/Review", 90, "Pipeline", False, False),
    ("Closed Won", 100, "Closed", True, True),
    ("Closed Lost", 0, "Omitted", True, False),
)

ACCOUNT = SObject(
    "Account",
    "001",
    (
        *system_fields("Account"),
        fixed(link("MasterRecordId", "Account", label="Master Record ID")),
        text("Name", 255, "Account Name", nillable=False, name_field=True),
        pick(
            "Type",
            (
                "Prospect",
                "Customer - Direct",
                "Customer - Channel",
                "Channel Partner / Reseller",
                "Installation Partner",
                "Technology Partner",
                "Other",
            ),
            "Account Type",
        ),
        link("RecordTypeId", "RecordType", label="Record Type ID"),
        link("ParentId", "Account", label="Parent Account ID", children="ChildAccounts"),
        text("BillingStreet", 255, "Billing Street", type="textarea"),
        text("BillingCity", 40, "Billing City"),
        text("BillingState", 80, "Billing State/Province"),
        text("BillingPostalCode", 20, "Billing Zip/Postal Code"),
        text("BillingCountry", 80, "Billing Country"),
        text("Phone", 40, "Account Phone", type="phone"),
        text("AccountNumber", 40, "Account Number"),
        text("Website", 255, type="url"),
        text("Sic", 20, "SIC Code"),
        pick("Industry", (*_INDUSTRIES, *_MORE)),
        number("AnnualRevenue", 18, 0, "Annual Revenue", type="currency"),
        whole("NumberOfEmployees", "Employees"),
        pick("Ownership", ["Public", "Private", "Subsidiary", "Other"]),
        text("TickerSymbol", 20, "Ticker Symbol"),
        text("Description", 32000, "Account Description", type="textarea"),
        pick("Rating", ["Hot", "Warm", "Cold"], "Account Rating"),
        text("Site", 80, "Account Site"),
        pick(
            "AccountSource", ["Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other"], "Account Source"
        ),
        link("OwnerId", "User", label="Owner ID", nillable=False, defaulted=True, children="Accounts"),
        flag("IsPartner", "Partner Account", createable=False),
        fixed(day("LastActivityDate", "Last Activity")),
        currency_field(),
    ),
    mergeable=True,
)

OPPORTUNITY = SObject(
    "Opportunity",
    "006",
    (
        *system_fields("Opportunity"),
        link("AccountId", "Account", label="Account ID", children="Opportunities", cascade=True),
        link("RecordTypeId", "RecordType", label="Record Type ID"),
        text("Name", 120, nillable=False, name_field=True),
        text("Description", 32000, type="textarea"),
        pick("StageName", [stage[0] for stage in STAGES], "Stage", nillable=False, length=255),
        money("Amount"),
        number("Probability", 3, 0, "Probability (%)", type="percent", defaulted=True),
        fixed(money("ExpectedRevenue", "Expected Amount")),
        number("TotalOpportunityQuantity", 18, 2, "Quantity"),
        day("CloseDate", "Close Date", nillable=False),
        pick(
            "Type",
            (
                "Existing Customer - Upgrade",
                "Existing Customer - Replacement",
                "Existing Customer - Downgrade",
                "New Customer",
                "New",
                "Expansion",
                "Renewal",
            ),
            "Opportunity Type",
        ),
        text("NextStep", 255, "Next Step"),
        pick("LeadSource", ["Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other"], "Lead Source"),
        fixed(flag("IsClosed", "Closed")),
        fixed(flag("IsWon", "Won")),
        fixed(pick("ForecastCategory", FORECASTS, "Forecast Category", nillable=False)),
        pick("ForecastCategoryName", FORECAST_NAMES, "Forecast Category"),
        text("CampaignId", 18, "Campaign ID", case_sensitive=True),
        fixed(flag("HasOpportunityLineItem", "Has Line Item")),
        link("ContactId", "Contact", label="Contact ID", updateable=False),
        link("OwnerId", "User", label="Owner ID", nillable=False, defaulted=True, children="Opportunities"),
        fixed(link("PartnerAccountId", "Account", label="Partner Account ID")),
        fixed(day("LastActivityDate", "Last Activity")),
        fixed(moment("LastStageChangeDate", "Last Stage Change Date")),
        fixed(whole("FiscalQuarter", "Fiscal Quarter")),
        fixed(whole("FiscalYear", "Fiscal Year")),
        fixed(text("Fiscal", 6, "Fiscal Period")),
        currency_field(),
    ),
    plural="Opportunities",
)

OPPORTUNITY_HISTORY = SObject(
    "OpportunityHistory",
    "008",
    (
        *system_fields("OpportunityHistory")[:4],
        *system_fields("OpportunityHistory")[6:],
        fixed(link("OpportunityId", "Opportunity", label="Opportunity ID", children="OpportunityHistories")),
        fixed(text("StageName", 255, "Stage")),
        fixed(money("Amount")),
        fixed(money("ExpectedRevenue", "Expected Revenue")),
        fixed(day("CloseDate", "Close Date")),
        fixed(number("Probability", 3, 0, "Probability (%)", type="percent")),
        fixed(pick("ForecastCategory", FORECASTS, "To ForecastCategory")),
        fixed(money("PrevAmount", "Previous Amount")),
        fixed(day("PrevCloseDate", "Previous Close Date")),
        currency_field(),
    ),
    label="Opportunity History",
    plural="Opportunity Histories",
    createable=False,
    updateable=False,
    deletable=False,
    undeletable=False,
    searchable=False,
    layoutable=False,
)

OPPORTUNITY_PARTNER = SObject(
    "OpportunityPartner",
    "00I",
    (
        *system_fields("Opportunity Partner"),
        link("OpportunityId", "Opportunity", label="Opportunity ID", nillable=False, cascade=True),
        link("AccountToId", "Account", label="Account To ID", nillable=False),
        pick("Role", ("Advertiser", "Agency", "Broker", "Consultant", "Dealer", "Reseller", "System Integrator")),
        flag("IsPrimary", "Primary"),
        fixed(link("ReversePartnerId", "OpportunityPartner", label="Reverse Partner ID")),
    ),
    label="Opportunity Partner",
    updateable=False,
    undeletable=False,
    replicateable=False,
    searchable=False,
    layoutable=False,
)
"""Who is a partner on a deal: made and deleted, never changed; neither getUpdated nor getDeleted knows it."""

OPPORTUNITY_STAGE = SObject(
    "OpportunityStage",
    "01J",
    (
        *system_fields("Opportunity Stage", deleted=False),
        fixed(text("MasterLabel", 255, "Master Label", name_field=True)),
        fixed(text("ApiName", 255, "API Name")),
        fixed(flag("IsActive", "Is Active", default=True)),
        fixed(whole("SortOrder", "Sort Order")),
        fixed(flag("IsClosed", "Closed")),
        fixed(flag("IsWon", "Won")),
        fixed(pick("ForecastCategory", FORECASTS, "Forecast Category")),
        fixed(pick("ForecastCategoryName", FORECAST_NAMES, "Forecast Category Name")),
        fixed(number("DefaultProbability", 3, 0, "Probability (%)", type="percent")),
        fixed(text("Description", 255)),
    ),
    label="Opportunity Stage",
    createable=False,
    updateable=False,
    deletable=False,
    undeletable=False,
    replicateable=False,
    searchable=False,
    layoutable=False,
)
