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
TWINS: Final = (
    *(("Opportunity", name) for name in OURS_ON["salesforce", "deal"]),
    *(("Account", name) for name in OURS_ON["salesforce", "account"]),
)
"""Where a duplicate rule of Salesforce objects to a second record that says the same, unless we insist."""

_DAYS: Final = [
    f"{year}-{month:02d}-{day:02d}" for year in (2026, 2027) for month in range(1, 13) for day in (1, 7, 14, 21, 28)
]
CSV: Final = {
    "partners.csv": "id,name,type,status,domains,currency,manager,salesforce_id,hubspot_id,region,joined_on,ended_on,"
    "aliases,merged_into\nnorthwind,Northwind,reseller,active,northwind.com,USD,,,,,2024-01-01,,Northwind Inc,\n"
    "contoso,Contoso,referral,active,contoso.com,USD,,,,,2024-01-01,,,\n"
    "globex,Globex,referral,active,globex.com,USD,,,,,2024-01-01,,,\n",
    "tiers.csv": "partner,tier,from,to,reason\nnorthwind,gold,2024-01-01,,\n",
    "rates.csv": "date,from,to,rate\n" + "".join(f"{day},EUR,USD,1.08\n" for day in _DAYS),
}
REGISTRATIONS: Final = (
    "id,partner,status,crm,account,account_name,account_domain,opportunity,submitted_at,approved_at,"
    "product,region,reason\n"
)

CONFIG: Final = Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8")


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
    world.settings.update("salesforce", {"daily_limit": 10_000_000, "duplicate_rules": TWINS})
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
