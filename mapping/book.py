"""The book: who the partners are, under which terms, and the compiled rules; made once per cycle and handed to deciders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from mapping.conditions import Decider, Vocabulary, compile_when
from mapping.config import FieldRule, MappingSections, RegistrationRule, Registrations, TouchpointRule, vocabulary
from mapping.fields import default_timezone
from mapping.identity import Ambiguous, Named, Nobody, PartnerIndex
from mapping.places import Place, place_of
from mapping.roster import partner_ref
from partnersync.credits import ROLES, Finding, Role
from partnersync.facts import Partner
from partnersync.ids import Ref
from partnersync.records import Identity

Rule = RegistrationRule | FieldRule | TouchpointRule


@dataclass(frozen=True, slots=True)
class Terms:
    """A programme: its currency, the timezone its days are judged in, and the (crm, org) whose deals earn."""

    id: str
    title: str
    currency: str
    timezone: str
    system_of_record: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Compiled:
    """An attribution rule and its condition; ``by_tier`` says whether the condition asks for the partner's tier."""

    rule: Rule
    when: Decider
    by_tier: bool


@dataclass(frozen=True, slots=True)
class Book:
    """Partners, terms and rules of one config. ``timezone`` is the one in which deals are judged.

    ``columns`` is the source's own field name by (crm, org, object) and our name.
    """

    timezone: str
    partners: Mapping[str, Partner]
    terms: Mapping[str, Terms]
    rules: Mapping[Role, tuple[Compiled, ...]]
    registrations: Registrations
    vocabulary: Vocabulary
    index: PartnerIndex
    columns: Mapping[tuple[str, str, str], Mapping[str, str]]
    findings: tuple[Finding, ...] = ()

    def resolve(self, text: str, crm: str | None = None) -> Named | Ambiguous | Nobody:
        """The partner that a text names, before any merger."""
        return self.index.resolve(text, crm)

    def survivor(self, id_: str, on: date) -> str:
        """The partner that deals effective on a day belong to: mergers count from their day on."""
        seen = {id_}
        while (partner := self.partners.get(id_)) and partner.merged_into and partner.merged_on:
            if partner.merged_on > on or partner.merged_into in seen or partner.merged_into not in self.partners:
                break
            id_ = partner.merged_into
            seen.add(id_)
        return id_

    def partner(self, id_: str) -> Partner | None:
        """The partner of this slug, a merged one as its survivor; ``partners`` has everyone as they are."""
        return self.partners.get(self.survivor(id_, date.max))

    def tier(self, id_: str, on: object, program: str | None = None) -> str | None:
        """The partner's tier on a day (a date or its ISO text); None where none or more than one holds."""
        day = on if isinstance(on, date) else date.fromisoformat(str(on))
        partner = self.partners.get(id_)
        held = [
            tier.tier
            for tier in (partner.tiers if partner else ())
            if tier.valid_from <= day
            and (tier.valid_to is None or day < tier.valid_to)
            and (program is None or tier.program in (None, program))
        ]
        return held[0] if len(held) == 1 else None

    def next_tier_change(self, id_: str, after: date) -> date | None:
        """The first day after ``after`` on which the partner's tier may be another."""
        partner = self.partners.get(id_)
        days = (day for tier in (partner.tiers if partner else ()) for day in (tier.valid_from, tier.valid_to) if day)
        return min((day for day in days if day > after), default=None)

    def program_of(self, id_: str | None) -> Terms:
        """The programme in which a partner's credit stands: the first of the config that it is in, else the first."""
        partner = self.partners.get(id_ or "")
        first = next(iter(self.terms.values()))
        if partner is None or not partner.programs:
            return first
        return next((terms for key, terms in self.terms.items() if key in partner.programs), first)

    def column(self, deal: Ref, ours: str) -> str | None:
        """The source's own name of a field of this opportunity."""
        return self.columns.get((deal.crm, deal.org, deal.object), {}).get(ours)


def build_book(
    sections: MappingSections,
    sites: Mapping[str, Identity],
    partners: Iterable[Partner],
    findings: Iterable[Finding] = (),
) -> Book:
    """The book of a config, the orgs its connections open, and the roster (``RosterReader.roster``)."""
    words = vocabulary(sections)
    everyone = {partner.id: partner for partner in partners}
    index = PartnerIndex(everyone, frozenset(sections.partners.free_mail))
    timezone = default_timezone(sections)
    rules = {
        role: tuple(
            Compiled(
                rule,
                compile_when(rule.when, words, timezone),
                rule.when is not None and any(clause.field == "partner.tier" for clause in rule.when.clauses()),
            )
            for rule in sections.attribution.of(role)
        )
        for role in ROLES
    }
    terms = {
        id_: Terms(
            id_, each.title, each.currency, each.timezone or sections.timezone, _record(each.system_of_record, sites)
        )
        for id_, each in sections.programs.items()
    }
    told = (*findings, *_domains(index), *_programs(everyone, terms))
    columns = _columns(sections, sites)
    return Book(timezone, everyone, terms, rules, sections.registrations, words, index, columns, told)


def _record(connection: str | None, sites: Mapping[str, Identity]) -> tuple[str, str] | None:
    site = sites.get(connection) if connection else None
    return (site.crm, site.org) if site else None


def _columns(sections: MappingSections, sites: Mapping[str, Identity]) -> dict[tuple[str, str, str], Mapping[str, str]]:
    found: dict[tuple[str, str, str], Mapping[str, str]] = {}
    for source in sections.sources.opportunity:
        place: Place | None = place_of(source.name, sites)
        if place is not None:
            names = {n: v for n in type(source.fields).model_fields if (v := getattr(source.fields, n)) is not None}
            own = {name: extra.field for name, extra in source.extra.items()}
            found.setdefault((place.crm, place.org, place.object), {**own, **names})
    return found


def _domains(index: PartnerIndex) -> Iterable[Finding]:
    for domain, owners in index.shared_domains():
        message = f"{domain} belongs to {' and '.join(owners)}: one legal partner under two ids?"
        yield Finding("partner_domain_shared", partner_ref(owners[0]), message)


def _programs(partners: Mapping[str, Partner], terms: Mapping[str, Terms]) -> Iterable[Finding]:
    for partner in partners.values():
        for name in partner.programs:
            if name not in terms:
                yield Finding(
                    "program_unknown", partner_ref(partner.id), f"{partner.id} is in {name!r}, no programme of ours"
                )
