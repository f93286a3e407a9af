"""What a case file need not say: the smallest config that its facts can stand in, section by section.

A case brings its facts in our own words, so that connections, sources and their field names hardly matter to it; they are here
because rules and writeback refer to them. Nothing in here is connected to anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from partnersync.source import Tree, parse_source

_TEXT = """
version: 1
workspace: worked-examples
calendar: {timezone: UTC}
money: {reporting_currency: USD}
partners: {roster: {inline: []}}
attribution:
  sourced: [{id: partner-field, rule: partner field, use: field, field: partner_field}]
commission: {starts_on: 2000-01-01}
connections:
  salesforce:
    crm: salesforce
    url: https://example.my.salesforce.com
    auth: {flow: client_credentials, client_id: nobody, client_secret: "${env:NOT_NEEDED}"}
  hubspot: {crm: hubspot, token: "${env:NOT_NEEDED}"}
sources:
  account: {fields: {name: name, domain: domain, parent: parent, owner: owner, created_at: created_at}}
  opportunity:
    fields:
      name: name
      account: account
      amount: amount
      currency: currency
      closes_on: closes_on
      committed_on: committed_on
      created_at: created_at
      stage: stage
      stage_since: stage_since
      type: type
      owner: owner
      partner_field: partner_field
      product_family: product_family
      region: region
      loss_reason: loss_reason
      twin: twin
    stages: {open: [open], won: [won], lost: [lost]}
  registration:
    from: file:registrations.csv
    fields: {id: id, partner: partner, status: status, submitted_at: submitted_at, approved_at: approved_at}
  touchpoint:
    from: file:touchpoints.csv
    fields: {id: id, partner: partner, type: type, occurred_at: occurred_at, recorded_at: recorded_at}
  override:
    from: file:overrides.csv
    fields:
      {id: id, opportunity: opportunity, role: role, shares: shares, author: author, reason: reason, decided_on: decided_on}
"""
_OBJECTS = {
    "salesforce": {"account": "Account", "opportunity": "Opportunity"},
    "hubspot": {"account": "companies", "opportunity": "deals"},
}


def completed(given: Mapping[str, Tree]) -> dict[str, Tree]:
    """The sections of a self-contained case file, with what they do not say."""
    known: dict[str, Any] = parse_source(_TEXT, "stand-ins").tree  # type: ignore[assignment]
    made: dict[str, Any] = dict(given)
    for section in ("version", "workspace", "partners", "attribution"):
        made.setdefault(section, known[section])
    for section in ("calendar", "money", "commission"):
        if isinstance(made.get(section, {}), dict) and (section in made or section != "commission"):
            made[section] = {**known[section], **made.get(section, {})}
    names = _connections(made)
    made.setdefault("connections", {name: known["connections"][_crm(name)] for name in names})
    if isinstance(made.get("sources", {}), dict):
        own = [str(name) for name in made["connections"]] if isinstance(made["connections"], dict) else names
        made["sources"] = {**_sources(own, known["sources"]), **made.get("sources", {})}
    currency = made["money"].get("reporting_currency") if isinstance(made["money"], dict) else "USD"
    made.setdefault("programs", {"channel": {"title": "Channel programme", "currency": currency}})
    return made


def _connections(made: Mapping[str, Any]) -> list[str]:
    """The connections that sections refer to; both CRMs where none is named."""
    named: list[str] = []
    sources = made.get("sources")
    for kind in sources.values() if isinstance(sources, dict) else ():
        for source in kind if isinstance(kind, list) else ():
            origin = source.get("from") if isinstance(source, dict) else None
            if isinstance(origin, str) and not origin.startswith("file:"):
                named.append(origin.partition(".")[0])
    writeback, programs = made.get("writeback"), made.get("programs")
    named += writeback if isinstance(writeback, dict) else ()
    for terms in programs.values() if isinstance(programs, dict) else ():
        record = terms.get("system_of_record") if isinstance(terms, dict) else None
        named += [record] if isinstance(record, str) else []
    opportunities = isinstance(sources, dict) and "opportunity" in sources
    return list(dict.fromkeys([*named, *(() if opportunities else _OBJECTS)]))


def _sources(connections: Iterable[str], known: Mapping[str, Any]) -> dict[str, Tree]:
    made: dict[str, Any] = {kind: [known[kind]] for kind in ("registration", "touchpoint", "override")}
    for kind in ("account", "opportunity"):
        made[kind] = [{"from": f"{name}.{_OBJECTS[_crm(name)][kind]}", **known[kind]} for name in connections]
    return made


def _crm(connection: str) -> str:
    return "hubspot" if "hubspot" in connection else "salesforce"
