"""Raw records → canonical facts by the config's field, stage and value maps; what cannot be read says why.

The maps are total: a stage or value in no list, or a mapped field that the source no longer gives, makes that one record
unreadable with the YAML path to mend. Guessing would move money silently. An empty field is empty; an absent one is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, cast, get_args

from mapping import values
from mapping.columns import Column, Columns, Read, UnreadableError, extra_reading, mapped_words
from mapping.config import ExtraField, MappingSections, OpportunitySource, Source, Stages
from mapping.config.sources import SourceKind
from mapping.identity import registrable_domain
from mapping.places import Places, place_of
from partnersync.credits import ROLES
from partnersync.facts import (
    Account,
    Dossier,
    Opportunity,
    Outcome,
    Override,
    RawDossier,
    RawTwin,
    RawVersion,
    Registration,
    RegistrationStatus,
    Touchpoint,
    Twin,
    Version,
)
from partnersync.records import Identity, RawRecord, Unreadable

AnyFact = Account | Opportunity | Registration | Touchpoint | Override
_KINDS: tuple[SourceKind, ...] = get_args(SourceKind)
_STATUSES = frozenset(get_args(RegistrationStatus))


@dataclass(frozen=True, slots=True)
class Mapped:
    """One source, compiled: its place in the config, its connection, its columns, and those of its own fields."""

    source: Source
    path: str
    connection: str
    columns: Columns
    extra: Columns
    outcomes: Mapping[str, Outcome]


class Reader:
    """Reads the records of every mapped source; made once per config and set of signed-in orgs."""

    def __init__(self, sections: MappingSections, sites: Mapping[str, Identity]) -> None:
        self.timezone = default_timezone(sections)
        self._never = frozenset(sections.partners.free_mail)
        self._places = Places(sections.sources, sites)
        self._make: Mapping[SourceKind, Callable[[dict[str, Any], Mapped, RawRecord, str], AnyFact]] = {
            "account": self._account,
            "opportunity": self._opportunity,
            "registration": self._registration,
            "touchpoint": self._touchpoint,
            "override": self._override,
        }
        self._mapped: dict[tuple[str, str, str, str], Mapped] = {}
        for kind in _KINDS:
            for at, source in enumerate(getattr(sections.sources, kind)):
                place = place_of(source.name, sites)
                if place is not None:
                    where = (kind, place.crm, place.org, place.object)
                    self._mapped.setdefault(where, self._compiled(source, f"sources.{kind}[{at}]"))

    def fact(self, kind: SourceKind, record: RawRecord) -> AnyFact | Unreadable:
        """The canonical fact, or why there is none."""
        ref = record.ref
        mapped = self._mapped.get((kind, ref.crm, ref.org, ref.object))
        try:
            if mapped is None:
                raise UnreadableError(f"no source of {kind} under `sources` brings {ref.object}")
            return self._made(kind, mapped, record)
        except UnreadableError as error:
            return Unreadable(ref, str(error), record.values, record.stamp)

    def canonical(self, raw: RawDossier) -> Dossier | Unreadable:
        """The dossier that the rules decide on, or why its opportunity cannot be read.

        Older states and surrounding records that cannot be read are left out; each is quarantined on its own.
        """
        newest = self._version("opportunity", raw.history[-1])
        if isinstance(newest, Unreadable):
            return newest
        return Dossier(
            history=cast(
                "tuple[Version[Opportunity], ...]", (*self._readable("opportunity", raw.history[:-1]), newest)
            ),
            accounts=cast("tuple[Version[Account], ...]", self._readable("account", raw.accounts)),
            registrations=cast("tuple[Version[Registration], ...]", self._readable("registration", raw.registrations)),
            touchpoints=cast("tuple[Version[Touchpoint], ...]", self._readable("touchpoint", raw.touchpoints)),
            overrides=cast("tuple[Version[Override], ...]", self._readable("override", raw.overrides)),
            sent=raw.sent,
            credits=raw.credits,
            twins=tuple(twin for each in raw.twins if (twin := self._twin(each)) is not None),
        )

    def _readable(self, kind: SourceKind, raws: Iterable[RawVersion]) -> tuple[Version[Any], ...]:
        versions = (self._version(kind, raw) for raw in raws)
        return tuple(version for version in versions if not isinstance(version, Unreadable))

    def _version(self, kind: SourceKind, raw: RawVersion) -> Version[Any] | Unreadable:
        record = raw.record
        fact = None if record.life == "deleted" else self.fact(kind, record)
        return (
            fact if isinstance(fact, Unreadable) else Version(fact, raw.hash, record.stamp, raw.seen_at, record.author)
        )

    def _twin(self, raw: RawTwin) -> Twin | None:
        deal = self._version("opportunity", raw.opportunity)
        account = self._version("account", raw.account) if raw.account else None
        if isinstance(deal, Unreadable):
            return None
        return Twin(deal, None if isinstance(account, Unreadable) else account)

    def _compiled(self, source: Source, path: str) -> Mapped:
        fields: Any = source.fields  # type: ignore[attr-defined]
        columns = [
            Column(ours, theirs, self._reading(ours, source, path))
            for ours in type(fields).model_fields
            if (theirs := getattr(fields, ours)) is not None
        ]
        held: Mapping[str, ExtraField] = getattr(source, "extra", {})
        extra = [
            Column(name, each.field, mapped_words(name, source.values, path) or extra_reading(each.type, self.timezone))
            for name, each in held.items()
        ]
        outcomes = _outcomes(source.stages) if isinstance(source, OpportunitySource) else {}
        own = Columns(extra, f"{path}.extra")
        return Mapped(source, path, source.name.connection, Columns(columns, f"{path}.fields"), own, outcomes)

    def _reading(self, ours: str, source: Source, path: str) -> Read:
        if (mapped := mapped_words(ours, source.values, path)) is not None:
            return mapped
        match ours:
            case "amount" | "weight":
                return values.number
            case "currency":
                return values.currency
            case "closes_on" | "committed_on" | "decided_on":
                return partial(values.day, timezone=self.timezone)
            case (
                "created_at"
                | "stage_since"
                | "submitted_at"
                | "approved_at"
                | "effective_at"
                | "occurred_at"
                | "recorded_at"
            ):
                return partial(values.instant, timezone=self.timezone)
            case "extended_days":
                return values.whole
            case "domain":
                return lambda value: registrable_domain(values.text(value), self._never)
            case _:
                return values.text

    def _made(self, kind: SourceKind, mapped: Mapped, record: RawRecord) -> AnyFact:
        try:
            return self._make[kind](mapped.columns.read(record), mapped, record, mapped.connection)
        except ValueError as error:
            raise UnreadableError(str(error)) from None

    def _account(self, given: dict[str, Any], mapped: Mapped, record: RawRecord, own: str) -> Account:
        name = given["name"] or given.get("domain") or record.ref.id
        parent = self._ref("account", "parent", given, mapped, own)
        created = given.get("created_at") or record.created_at
        return Account(
            record.ref, name, given.get("domain"), parent, given.get("owner"), created, mapped.extra.read(record)
        )  # fmt: skip

    def _opportunity(self, given: dict[str, Any], mapped: Mapped, record: RawRecord, own: str) -> Opportunity:
        source = cast("OpportunitySource", mapped.source)
        stage = given["stage"]
        if stage not in mapped.outcomes:
            said = "no stage" if stage is None else f"the stage {stage!r}"
            raise UnreadableError(f"{said} is in no list of {mapped.path}.stages")
        currency = given.get("currency") or (source.currency.default if source.currency else None)
        told = given.get
        return Opportunity(
            record.ref,
            given["name"] or record.ref.id,
            mapped.outcomes[stage],
            stage,
            self._ref("account", "account", given, mapped, own),
            given["amount"],
            currency,
            given["closes_on"],
            told("committed_on"),
            told("created_at") or record.created_at,
            told("type"),
            told("owner"),
            told("partner_field"),
            told("product_family"),
            told("region"),
            told("loss_reason"),
            mapped.extra.read(record),
            self._elsewhere(given, mapped, own),
            told("stage_since"),
        )

    def _registration(self, given: dict[str, Any], mapped: Mapped, record: RawRecord, own: str) -> Registration:
        status = (given["status"] or "").lower()
        if status not in _STATUSES:
            raise UnreadableError(
                f"the status {given['status']!r} is none we know; map it under {mapped.path}.values.status"
            )
        return Registration(
            ref=record.ref,
            partner=_required(given, "partner", mapped),
            status=cast("RegistrationStatus", status),
            submitted_at=given["submitted_at"],
            approved_at=given["approved_at"],
            effective_at=given.get("effective_at"),
            opportunity=self._ref("opportunity", "opportunity", given, mapped, own),
            account=self._ref("account", "account", given, mapped, own),
            domain=given.get("domain"),
            customer=given.get("customer"),
            product_family=given.get("product_family"),
            region=given.get("region"),
            extended_days=given.get("extended_days") or 0,
            reason=given.get("reason"),
        )

    def _touchpoint(self, given: dict[str, Any], mapped: Mapped, record: RawRecord, own: str) -> Touchpoint:
        weight = given.get("weight")
        if weight is not None and weight < 0:
            raise UnreadableError(f"{mapped.path}.fields.weight: is {weight}, and a weight is never negative")
        return Touchpoint(
            ref=record.ref,
            partner=_required(given, "partner", mapped),
            type=_required(given, "type", mapped),
            occurred_at=_required(given, "occurred_at", mapped),
            recorded_at=_required(given, "recorded_at", mapped),
            opportunity=self._ref("opportunity", "opportunity", given, mapped, own),
            account=self._ref("account", "account", given, mapped, own),
            domain=given.get("domain"),
            source=given.get("source"),
            voided_by=given.get("voided_by"),
            **({} if weight is None else {"weight": weight}),
        )

    def _override(self, given: dict[str, Any], mapped: Mapped, record: RawRecord, own: str) -> Override:
        role = _required(given, "role", mapped).lower()
        if role not in ROLES:
            raise UnreadableError(f"{mapped.path}.fields.role: is {role!r}, not one of {', '.join(ROLES)}")
        _required(given, "opportunity", mapped)
        opportunity = self._ref("opportunity", "opportunity", given, mapped, own)
        assert opportunity is not None
        try:
            shares = values.shares(given["shares"])
        except ValueError as error:
            raise UnreadableError(f"{mapped.path}.fields.shares: {error}") from None
        author, reason = _required(given, "author", mapped), _required(given, "reason", mapped)
        return Override(record.ref, opportunity, role, shares, author, reason, _required(given, "decided_on", mapped))

    def _ref(self, kind: Any, ours: str, given: dict[str, Any], mapped: Mapped, own: str) -> Any:
        text = given.get(ours)
        if text is None:
            return None
        try:
            return self._places.ref(kind, text, given.get("crm"), own)
        except ValueError as error:
            raise UnreadableError(f"{mapped.path}.fields.{ours}: {error}") from None

    def _elsewhere(self, given: dict[str, Any], mapped: Mapped, own: str) -> Any:
        """The twin's reference: an id of another CRM than the record's own."""
        text = given.get("twin")
        if text is None:
            return None
        try:
            return self._places.other("opportunity", text, own)
        except ValueError as error:
            raise UnreadableError(f"{mapped.path}.fields.twin: {error}") from None


def default_timezone(sections: MappingSections) -> str:
    """The timezone in which dates of deals are judged: the first programme's, else the calendar's."""
    return next((program.timezone for program in sections.programs.values() if program.timezone), sections.timezone)


def _outcomes(stages: Stages) -> dict[str, Outcome]:
    outcomes: dict[str, Outcome] = {}
    for outcome in get_args(Outcome):
        outcomes.update(dict.fromkeys(getattr(stages, outcome), outcome))
    return outcomes


def _required(given: Mapping[str, Any], ours: str, mapped: Mapped) -> Any:
    if given[ours] is None:
        raise UnreadableError(f"{mapped.path}.fields.{ours}: is empty")
    return given[ours]
