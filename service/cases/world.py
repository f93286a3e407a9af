"""The facts of a case in memory: their versions, and the dossiers that share their keys, put together as the state does it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from mapping.places import place_of
from mapping.reach import keys
from partnersync.credits import Credit
from partnersync.facts import Dossier, Partner, Reach, Sent, Twin, Version
from partnersync.ids import Ref, digest
from partnersync.lines import PeriodState, RateRow
from service.cases.facts import KINDS, Grounds, Kind, Naming, edited, fact_of, partner_of
from service.cases.language import Case, Dated, Facts, OpportunityCase, PartnerCase
from service.render import plain

HOPS = 5
"""How many parents upwards an account passes its keys on."""
US = "us"


@dataclass(slots=True)
class World:
    """Everything that a case told so far."""

    grounds: Grounds
    naming: Naming
    versions: dict[Kind, dict[Ref, list[Version[Any]]]] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    sent: dict[Ref, list[Sent]] = field(default_factory=dict)
    rates: list[RateRow] = field(default_factory=list)
    closed: dict[str, PeriodState] = field(default_factory=dict)
    _records: dict[Ref, Any] = field(default_factory=dict)
    _partners: dict[str, PartnerCase] = field(default_factory=dict)

    @classmethod
    def of(cls, grounds: Grounds, case: Case) -> World:
        """An empty world that knows whom the case's ids mean."""
        known: dict[str, dict[str, Ref]] = {kind: {} for kind in KINDS}
        for facts in (case, *case.steps):
            for kind in KINDS:
                for record in getattr(facts, kind):
                    ref = known[kind].get(record.id) if record.crm is None else None
                    ref = ref or grounds.ref(kind, record.id, record.crm)
                    known[kind].setdefault(record.id, ref)
                    if record.crm is not None:
                        known[kind].setdefault(f"{record.crm}:{record.id}", ref)
        return cls(grounds, Naming(grounds, known))

    def learn(self, facts: Facts, as_of: datetime) -> None:
        """Take in what a step brings."""
        for kind in KINDS:
            for record in getattr(facts, kind):
                self._record(kind, record, as_of)
        for partner in facts.partners:
            self._partners[partner.id] = edited(self._partners.get(partner.id), partner)
        self.rates += [RateRow(rate.on, rate.base, rate.quote, rate.rate) for rate in facts.rates]
        self.closed.update(dict.fromkeys(facts.soft_closed, "soft_closed"))
        self.closed.update(dict.fromkeys(facts.locked, "locked"))

    def partners(self, inline: Iterable[Partner]) -> tuple[Partner, ...]:
        """The roster: the config's own partners, then the case's, which may replace one of the same id."""
        mine = {id_: partner_of(given) for id_, given in self._partners.items()}
        return (*(partner for partner in inline if partner.id not in mine), *mine.values())

    @property
    def deals(self) -> tuple[Ref, ...]:
        """Every opportunity that was told of, in the order of their identities."""
        return tuple(sorted(self.versions["opportunities"]))

    def dossier(self, deal: Ref, held: tuple[Credit, ...]) -> Dossier:
        """An opportunity and everything that may decide it; ``held`` are its credits of the cycle before."""
        history = tuple(self.versions["opportunities"][deal])
        alone = Dossier(history=history, sent=tuple(self.sent.get(deal, ())), credits=held)
        if history[-1].fact is None:
            return alone
        reach = keys(history[-1].fact)
        wanted, accounts = {("opportunity", deal), *_keys(reach)}, dict[Ref, Version[Any]]()
        carriers = [(ref, version, {("account", ref), *_keys(own)}) for ref, version, own in self._live("accounts")]
        for _ in range(HOPS + 1):
            near = [each for each in carriers if each[0] not in accounts and wanted & each[2]]
            if not near:
                break
            accounts |= {ref: version for ref, version, _ in near}
            wanted |= {key for _, _, carried in near for key in carried}
        around: Mapping[str, Any] = {
            kind: tuple(version for _, version, own in self._live(kind) if not wanted.isdisjoint(_keys(own)))
            for kind in ("registrations", "touchpoints", "overrides")
        }
        twins = tuple(
            Twin(other, self._account(other.fact.account) if other.fact else None)
            for ref, other, own in self._live("opportunities")
            if ref != deal and (_meet(reach, own) or _names(deal, own) or _names(ref, reach))
        )
        return replace(alone, accounts=tuple(accounts.values()), twins=twins, **around)

    def account(self, ref: Ref | None) -> Any:
        """The account as it is now, None where there is none."""
        version = self._account(ref)
        return version.fact if version else None

    def _account(self, ref: Ref | None) -> Version[Any] | None:
        held = self.versions["accounts"].get(ref) if ref else None
        return held[-1] if held and held[-1].fact is not None else None

    def _live(self, kind: Kind) -> list[tuple[Ref, Version[Any], Reach]]:
        newest = ((ref, held[-1]) for ref, held in sorted(self.versions[kind].items()))
        return [(ref, version, keys(version.fact)) for ref, version in newest if version.fact is not None]

    def _record(self, kind: Kind, given: Dated, as_of: datetime) -> None:
        ref = self.grounds.ref(kind, given.id, given.crm) if given.crm else self.naming.known[kind][given.id]
        record = edited(self._records.get(ref), given)
        self._records[ref] = record
        stamp = self.naming.at(given.at) or as_of
        fact = None if given.deleted else fact_of(kind, ref, record, self.naming)
        body = digest(plain(fact))
        held = self.versions[kind].setdefault(ref, [])
        author = None
        if isinstance(record, OpportunityCase):
            author = "partnersync" if record.partner_field_by == US else record.partner_field_by
            if "partner_field" in given.model_fields_set and record.partner_field_by == US:
                column = self._column(ref)
                self.sent.setdefault(ref, []).append(Sent(ref, column, record.partner_field, stamp))
        if not held or held[-1].hash != body:
            held.append(Version(fact, body, stamp, as_of, author))
            held.sort(key=lambda version: version.stamp)

    def _column(self, deal: Ref) -> str:
        """What the CRM calls the partner field."""
        for source in self.grounds.settings.sources.opportunity:
            place = place_of(source.name, self.grounds.sites)
            if place is not None and (place.crm, place.org, place.object) == (deal.crm, deal.org, deal.object):
                return source.fields.partner_field or "partner_field"
        return "partner_field"


def _keys(reach: Reach) -> tuple[object, ...]:
    return *reach.names, *reach.shares


def _meet(one: Reach, other: Reach) -> bool:
    here, there = one.meets, other.meets
    return here is not None and there is not None and here[0] == there[0] and abs(here[1] - there[1]) <= 1


def _names(deal: Ref, reach: Reach) -> bool:
    return ("opportunity", deal) in reach.names
