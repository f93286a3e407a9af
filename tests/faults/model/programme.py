"""The programme that the worlds play in: a config whose answers follow from the present alone, and two small CRMs.

A workspace that was made this minute must come to the same answer as one that lived through everything, so no rule here asks
when something was first seen: no late evidence, no rate that was restated, no deal without a close date. What is read and
what is written are different fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, Final

from sandbox.generator.hubspot import OURS, REPS_OWN
from sandbox.generator.salesforce import FIELDS
from sandbox.world import World

BEGIN: Final = datetime(2026, 9, 10, 12, 0, 0, 500_000, tzinfo=UTC)
REP: Final = "Robin Reyes"
PARTNERS: Final = ("Northwind", "Contoso", "Globex")
STAGES: Final = {
    "salesforce": ("Prospecting", "Perception Analysis", "Closed Won", "Closed Lost"),
    "hubspot": ("appointmentscheduled", "contractsent", "closedwon", "closedlost"),
}
WON: Final = frozenset({"Closed Won", "closedwon"})
NAMES: Final = {
    "salesforce": {
        "account": "Account", "deal": "Opportunity", "task": "Task", "name": "Name", "domain": "Website",
        "amount": "Amount", "currency": "CurrencyIsoCode", "closes": "CloseDate", "stage": "StageName",
        "kind": "Type", "sold_with": "Sold_With__c", "of": "AccountId", "subject": "Subject", "done": "Status",
    },
    "hubspot": {
        "account": "companies", "deal": "deals", "task": "tasks", "name": "name", "domain": "domain",
        "amount": "amount", "currency": "deal_currency_code", "closes": "closedate", "stage": "dealstage",
        "kind": "dealtype", "sold_with": "partner", "of": "", "subject": "hs_task_subject", "done": "hs_task_status",
    },
}  # fmt: skip
KINDS: Final = {"salesforce": ("New", "Renewal"), "hubspot": ("newbusiness", "existingbusiness")}
OURS_ON: Final[Mapping[tuple[str, str], Mapping[str, tuple[str, ...]]]] = {
    ("salesforce", "deal"): {"Partner__c": ("Dana's pick", "Contoso"), "Partner_Role__c": ("Influenced", "None"),
                             "Partner_Commission__c": ("1.00", "99999.00")},
    ("salesforce", "account"): {"Partner__c": ("Dana's pick", ""), "Partner_Open_Deals__c": ("7", "")},
    ("hubspot", "deal"): {"partnersync_partner": ("Dana's pick", "Contoso"),
                          "partnersync_partner_role": ("Influenced", "None"),
                          "partnersync_commission": ("1", "99999")},
    ("hubspot", "account"): {"partnersync_partner": ("Dana's pick", ""), "partnersync_open_deals": ("7", "")},
}  # fmt: skip
"""What people type over fields of ours, by record and field."""
ALSO_OURS: Final = ("Partner_Status__c", "partnersync_status")
"""Fields that we write to while the config says so, and nobody types over."""
THEIRS: Final = frozenset({"Partner__c", "partnersync_partner"})
"""The fields in which a person wins; in the others we do."""

CSV: Final = {
    "partners.csv": "id,name,type,status,domains,currency,manager,salesforce_id,hubspot_id,region,joined_on,ended_on,"
    "aliases,merged_into\nnorthwind,Northwind,reseller,active,northwind.com,USD,,,,,2024-01-01,,Northwind Inc,\n"
    "contoso,Contoso,referral,active,contoso.com,USD,,,,,2024-01-01,,,\n"
    "globex,Globex,referral,active,globex.com,USD,,,,,2024-01-01,,,\n",
    "tiers.csv": "partner,tier,from,to,reason\nnorthwind,gold,2024-01-01,,\n",
    "rates.csv": "date,from,to,rate\n"
    + "".join(f"{year}-{month:02d}-{day:02d},EUR,USD,1.08\n" for year in (2026, 2027) for month in range(1, 13) for day in (1, 7, 14, 21, 28)),
}  # fmt: skip
REGISTRATIONS: Final = "id,partner,status,crm,account,account_name,account_domain,opportunity,submitted_at,approved_at,product,region,reason\n"

CONFIG: Final = """\
version: 1
workspace: acme
calendar: {timezone: America/New_York, fiscal_year_starts: 02-01, periods: quarter}
money: {reporting_currency: USD, rates: rates.csv, rate_on: close, rounding: half_up}
state: {url: sqlite:///@STATE@}
connections:
  salesforce:
    crm: salesforce
    url: @URL@
    auth: {flow: client_credentials, client_id: "${env:SF_CLIENT_ID}", client_secret: "${env:SF_CLIENT_SECRET}"}
@SALESFORCE@
  hubspot:
    crm: hubspot
    url: @URL@
    token: ${env:HUBSPOT_TOKEN}
@HUBSPOT@
sources:
  account:
    - from: salesforce.Account
      fields: {name: Name, domain: Website, parent: ParentId, owner: OwnerId, created_at: CreatedDate}
    - from: hubspot.companies
      fields: {name: name, domain: domain, owner: hubspot_owner_id, created_at: createdate}
  opportunity:
    - from: salesforce.Opportunity
      fields: {name: Name, account: AccountId, amount: Amount, currency: CurrencyIsoCode, closes_on: CloseDate, created_at: CreatedDate, stage: StageName, type: Type, owner: OwnerId, partner_field: Sold_With__c}
      stages: {open: [Prospecting@SF_OPEN@], won: [Closed Won], lost: [Closed Lost@SF_LOST@]}
      values: {type: {new: [New], renewal: [Renewal]}}
    - from: hubspot.deals
      fields: {name: dealname, account: hs_primary_associated_company, amount: amount, currency: deal_currency_code, closes_on: closedate, created_at: createdate, stage: dealstage, type: dealtype, owner: hubspot_owner_id, partner_field: partner}
      stages: {open: [appointmentscheduled@HS_OPEN@], won: [closedwon], lost: [closedlost@HS_LOST@]}
      values: {type: {new: [newbusiness], renewal: [existingbusiness]}}
  registration:
    - from: file:registrations.csv
      fields: {id: id, partner: partner, status: status, crm: crm, account: account, customer: account_name, domain: account_domain, opportunity: opportunity, submitted_at: submitted_at, approved_at: approved_at, reason: reason}
programs:
  channel: {title: Channel programme, currency: USD, system_of_record: salesforce}
partners:
  roster:
    from: file:partners.csv
    fields: {id: id, name: name, type: type, status: status, currency: currency, manager: manager, domains: domains, aliases: aliases, region: region, joined_on: joined_on, merged_into: merged_into, salesforce_id: salesforce_id, hubspot_id: hubspot_id}
  tiers:
    from: file:tiers.csv
    fields: {partner: partner, tier: tier, from: from, to: to, reason: reason}
registrations: {window: 180d, anchor: approved, grace: 0d, covers: closed}
attribution:
  sourced:
    - id: registered
      rule: approved registration
      use: registration
    - id: rep-field
      rule: partner field set by the rep
      use: field
      field: partner_field
@RULE@
commission:
  starts_on: 2025-02-01
  plans:
    - id: reseller
      title: Reseller, by the quarter's revenue
      effective: {from: 2025-02-01}
      when: {partner.type: [reseller]}
      role: sourced
      rules:
        - id: revenue
          rate: {graduated: {over: quarter, brackets: [{to: 5000, rate: 10%}, {to: 10000, rate: @RATE@}, {rate: 15%}]}}
    - id: referral
      title: Referral fee
      effective: {from: 2025-02-01}
      when: {partner.type: [referral]}
      role: sourced
      rules:
        - id: everything
          rate: {percent: 5%}
writeback:
  salesforce:
    opportunity:
      Partner__c: {value: partner.name, policy: crm_wins@FIRST@}
      Partner_Role__c: {value: credit.role, policy: ours_wins, values: {sourced: Sourced, influenced: Influenced}@FIRST@}
      Partner_Commission__c: {value: commission.earned, policy: ours_wins@FIRST@}
@SF_FIELD@
    account:
      Partner__c: {value: partner.name, policy: crm_wins@FIRST@}
      Partner_Open_Deals__c: {value: account.open_deals, policy: ours_wins@FIRST@}
    tasks:
      - {id: confirm, task: confirm partner on won deal, when: {opportunity.outcome: won, attribution.sourced: missing}, subject: "Confirm the partner on {opportunity.name}", body: "Set the partner field, or close this task.", due: 3d}
  hubspot:
    opportunity:
      partnersync_partner: {value: partner.name, policy: crm_wins@FIRST@}
      partnersync_partner_role: {value: credit.role, policy: ours_wins, values: {sourced: Sourced, influenced: Influenced}@FIRST@}
      partnersync_commission: {value: commission.earned, policy: ours_wins@FIRST@}
@HS_FIELD@
    account:
      partnersync_partner: {value: partner.name, policy: crm_wins@FIRST@}
      partnersync_open_deals: {value: account.open_deals, policy: ours_wins@FIRST@}
    tasks:
      - {id: confirm, task: confirm partner on won deal, when: {opportunity.outcome: won, attribution.sourced: missing}, subject: "Confirm the partner on {opportunity.name}", due: 3d}
people: {approvers: [dana@acme.example], task_fallback: ops@acme.example}
guards: {first_run: apply, max_changes: 100000, max_share: 100%, max_clears: 100000, max_tasks_per_owner: 100000}
"""


@dataclass(slots=True)
class Terms:
    """What of the config changes in the course of a world."""

    rate: str = "12%"
    rule: bool = False
    status: bool = False
    moved: bool = False
    keyed: bool = True

    def text(self, url: str, state: str, *, overwrite: bool = False) -> str:
        """The config file; ``overwrite``: whatever stands in our fields is written over."""
        extra = {
            "SF_FIELD": "      Partner_Status__c: {value: credit.rule, policy: ours_wins@FIRST@}",
            "HS_FIELD": "      partnersync_status: {value: credit.rule, policy: ours_wins@FIRST@}",
        }
        parts = {
            **{name: text if self.status else "" for name, text in extra.items()},
            "RULE": "      when: {opportunity.amount: {at_least: 1500 USD}}" if self.rule else "",
            "RATE": self.rate,
            "SF_OPEN": "" if self.moved else ", Perception Analysis",
            "SF_LOST": ", Perception Analysis" if self.moved else "",
            "HS_OPEN": "" if self.moved else ", contractsent",
            "HS_LOST": ", contractsent" if self.moved else "",
            "SALESFORCE": "" if self.keyed else "    task_key: Nobody_Made_It__c",
            "HUBSPOT": "",
            "URL": url,
            "STATE": state,
        }
        text = CONFIG
        for name, value in parts.items():
            text = text.replace(f"@{name}@", value)
        return text.replace("@FIRST@", ", first_sync: overwrite" if overwrite else "")


def found(path: Path, *, keyed: bool) -> None:
    """Make the two empty CRMs with our fields, a few users and no customer; ``keyed``: tasks have a unique field."""
    world = World.open(path)
    world.clock.freeze()
    world.clock.set(BEGIN)
    for object_, definition in FIELDS:
        world.salesforce.add_field(object_, definition)
    world.salesforce.add_field(
        "Opportunity", {"name": "Sold_With__c", "label": "Sold with", "type": "string", "length": 80}
    )
    for type_, definition in (*OURS, *REPS_OWN):
        if keyed or definition["name"] != "partnersync_key":
            world.hubspot.add_property(type_, definition)
    world.settings.update("hubspot", {"burst_limit": None, "search_per_second": None, "daily_limit": None})
    world.settings.update("salesforce", {"daily_limit": 10_000_000})
    for first, last in (("Robin", "Reyes"), ("Dana", "Doyle")):
        mail = f"{first}.{last}@acme.example".lower()
        user = {"FirstName": first, "LastName": last, "Name": f"{first} {last}", "Username": mail, "Email": mail}
        world.salesforce.load("User", [{**user, "Alias": last.lower(), "IsActive": True}])
        world.hubspot.add_owner({"email": mail, "firstName": first, "lastName": last})
    world.close()


def account(crm: str, draw: Random, name: str) -> dict[str, Any]:
    """A customer; three domains are shared by all, so that both CRMs know some of them."""
    words = NAMES[crm]
    site = f"customer{draw.randrange(3)}.com"
    return {words["name"]: name, words["domain"]: f"https://www.{site}" if crm == "salesforce" else site}


def deal(crm: str, draw: Random, name: str) -> dict[str, Any]:
    """An opportunity of the present quarter."""
    words = NAMES[crm]
    day = f"2026-08-{draw.randrange(2, 28):02d}"
    fields = {
        "dealname" if crm == "hubspot" else "Name": name,
        words["amount"]: str(draw.randrange(1, 9) * 750),
        words["currency"]: draw.choice(("USD", "USD", "EUR")),
        words["closes"]: day if crm == "salesforce" else f"{day}T17:00:00Z",
        words["stage"]: draw.choice(STAGES[crm]),
        words["kind"]: draw.choice(KINDS[crm]),
        words["sold_with"]: draw.choice((*PARTNERS, None)),
    }
    return fields if crm == "salesforce" else {**fields, "pipeline": "default"}
