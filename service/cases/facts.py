"""Facts as cases write them → canonical facts, in the places that the config gives their CRMs and files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo

from mapping.columns import extra_reading
from mapping.config import SourceName
from mapping.fields import default_timezone
from mapping.identity import registrable_domain
from mapping.places import Place, place_of
from partnersync.facts import Account, Opportunity, Override, Partner, Registration, Tier, Touchpoint
from partnersync.ids import Ref
from partnersync.records import Identity, Value
from service.cases.language import (
    AccountCase,
    Dated,
    Moment,
    OpportunityCase,
    OverrideCase,
    PartnerCase,
    RegistrationCase,
    TouchpointCase,
)
from service.settings import Settings

Kind = Literal["accounts", "opportunities", "registrations", "touchpoints", "overrides"]
KINDS: tuple[Kind, ...] = get_args(Kind)
WORDS: Mapping[Kind, Literal["account", "opportunity", "registration", "touchpoint", "override"]] = {
    "accounts": "account",
    "opportunities": "opportunity",
    "registrations": "registration",
    "touchpoints": "touchpoint",
    "overrides": "override",
}


@dataclass(frozen=True, slots=True)
class Grounds:
    """Where the facts of a config's cases stand. ``sites`` are orgs by connection, each called by its connection's name."""

    settings: Settings
    sites: Mapping[str, Identity]
    timezone: str

    @classmethod
    def of(cls, settings: Settings) -> Grounds:
        """The grounds of a config."""
        sites = {name: Identity(connection.crm, name) for name, connection in settings.connections.items()}
        return cls(settings, sites, default_timezone(settings.mapping))

    def instant(self, moment: Moment) -> datetime:
        """The instant that a moment means: a bare day is its noon where deals are judged."""
        if isinstance(moment, datetime):
            return moment
        return datetime.combine(moment, time(12), ZoneInfo(self.timezone)).astimezone(UTC)

    def ref(self, kind: Kind, id_: str, crm: str | None) -> Ref:
        """The identity of a record of a case."""
        places = self._places(kind)
        fitting = [place for name, place in places if crm in (None, name, place.crm)]
        return (fitting or [Place(crm or "file", crm or kind, WORDS[kind])])[0].ref(id_)

    def _places(self, kind: Kind) -> list[tuple[str, Place]]:
        names: list[SourceName] = [source.name for source in getattr(self.settings.sources, WORDS[kind])]
        return [(name.connection, place) for name in names if (place := place_of(name, self.sites))]

    def extra(self, kind: Kind, given: Mapping[str, str]) -> dict[str, Value]:
        """The config's own fields, read as the config says."""
        types = {
            name: each.type
            for source in getattr(self.settings.sources, WORDS[kind])
            for name, each in source.extra.items()
        }
        return {name: extra_reading(types[name], self.timezone)(text) for name, text in given.items()}


@dataclass(frozen=True, slots=True)
class Naming:
    """Who is meant by an id: ``known`` are the records of the case by kind, and by id and ``crm:id``."""

    grounds: Grounds
    known: Mapping[str, Mapping[str, Ref]]

    def account(self, id_: str | None) -> Ref | None:
        """The account of this id."""
        return None if id_ is None else self.known["accounts"][id_]

    def opportunity(self, id_: str | None) -> Ref | None:
        """The opportunity of this id."""
        return None if id_ is None else self.known["opportunities"][id_]

    def at(self, moment: Moment | None) -> datetime | None:
        """The instant of a moment, if there is one."""
        return None if moment is None else self.grounds.instant(moment)

    def domain(self, text: str | None) -> str | None:
        """The registrable domain, as the reader of records would see it."""
        return registrable_domain(text, frozenset(self.grounds.settings.partners.free_mail))


def fact_of(kind: Kind, ref: Ref, given: Any, naming: Naming) -> Any:
    """The canonical fact of a record."""
    return _MAKERS[kind](ref, given, naming)


def _account(ref: Ref, given: AccountCase, naming: Naming) -> Account:
    extra = naming.grounds.extra("accounts", given.extra)
    created = naming.at(given.created_at)
    domain, parent = naming.domain(given.domain), naming.account(given.parent)
    return Account(ref, given.name or given.id, domain, parent, given.owner, created, extra)


def _opportunity(ref: Ref, given: OpportunityCase, naming: Naming) -> Opportunity:
    assert not isinstance(given.amount, tuple)
    return Opportunity(
        ref=ref,
        name=given.name or given.id,
        outcome=given.outcome,
        stage=given.stage or given.outcome,
        account=naming.account(given.account),
        amount=given.amount,
        currency=given.currency,
        closes_on=given.closes_on,
        committed_on=given.committed_on,
        created_at=naming.at(given.created_at),
        type=given.type,
        owner=given.owner,
        partner_field=given.partner_field,
        product_family=given.product_family,
        region=given.region,
        loss_reason=given.loss_reason,
        extra=naming.grounds.extra("opportunities", given.extra),
        twin=naming.opportunity(given.twin),
        stage_since=naming.at(given.stage_since),
    )


def _registration(ref: Ref, given: RegistrationCase, naming: Naming) -> Registration:
    return Registration(
        ref=ref,
        partner=given.partner or "",
        status=given.status,
        submitted_at=naming.at(given.submitted_at),
        approved_at=naming.at(given.approved_at),
        effective_at=naming.at(given.effective_at),
        opportunity=naming.opportunity(given.opportunity),
        account=naming.account(given.account),
        domain=naming.domain(given.domain),
        customer=given.customer,
        product_family=given.product_family,
        region=given.region,
        extended_days=given.extended,
    )


def _touchpoint(ref: Ref, given: TouchpointCase, naming: Naming) -> Touchpoint:
    occurred = naming.at(given.occurred_at)
    recorded = naming.at(given.recorded_at) or occurred
    assert occurred is not None
    assert recorded is not None
    return Touchpoint(
        ref=ref,
        partner=given.partner or "",
        type=given.type,
        occurred_at=occurred,
        recorded_at=recorded,
        opportunity=naming.opportunity(given.opportunity),
        account=naming.account(given.account),
        domain=naming.domain(given.domain),
        source=given.source,
        weight=Decimal(1) if given.weight is None else given.weight,
        voided_by=given.voided_by,
    )


def _override(ref: Ref, given: OverrideCase, naming: Naming) -> Override:
    deal, on = naming.opportunity(given.opportunity), given.decided_on
    assert deal is not None
    assert on is not None
    shares = {partner: Decimal(share.numerator) / share.denominator for partner, share in given.shares.items()}
    return Override(ref, deal, given.role, shares, given.author, given.reason, on)


_MAKERS: Mapping[Kind, Any] = {
    "accounts": _account,
    "opportunities": _opportunity,
    "registrations": _registration,
    "touchpoints": _touchpoint,
    "overrides": _override,
}


def partner_of(given: PartnerCase) -> Partner:
    """A partner of a case."""
    tiers = sorted(
        (Tier(each.tier, each.from_, each.to, each.program) for each in given.tiers),
        key=lambda t: (t.valid_from, t.tier),
    )
    held = {name: getattr(given, name) for name in type(given).model_fields if name not in ("name", "tiers")}
    return Partner(**held, name=given.name or given.id, tiers=tuple(tiers))


def edited(before: Any, now: Any) -> Any:
    """A record after an edit: what the edit does not name stays.

    Whether it is deleted, when it was changed and who typed the partner field belong to the edit itself.
    """
    if isinstance(getattr(now, "amount", None), tuple):
        amount, currency = now.amount
        now = now.model_copy(update={"amount": amount, "currency": currency})
    if before is None:
        return now
    said = set(now.model_fields_set)
    if isinstance(now, Dated):
        said |= {"deleted", "at"}
    if "partner_field" in said:
        said |= {"partner_field_by"}
    return before.model_copy(update={name: getattr(now, name) for name in said})
