"""The fields that a condition may name: their kinds, their known values, and how each is read from the facts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, get_args

from rapidfuzz import process

from partnersync.clock import parse_instant
from partnersync.credits import ROLES
from partnersync.facts import Account, Opportunity, Outcome, Partner, PartnerType, Registration, RegistrationStatus

Kind = Literal["text", "choice", "number", "money", "date", "instant", "boolean", "texts"]
ExtraKind = Literal["text", "number", "date", "datetime", "boolean"]
OPEN_NAMESPACES = ("opportunity", "account", "partner")
"""Where a config may add fields of its own (``extra:``)."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a condition is judged on. ``credited`` is the partners that hold a credit, by role, ``unassigned`` left out."""

    opportunity: Opportunity | None = None
    account: Account | None = None
    partner: Partner | None = None
    tier: str | None = None
    registration: Registration | None = None
    credited: Mapping[str, frozenset[str]] = field(default_factory=dict)


Getter = Callable[[Facts], Any]


@dataclass(frozen=True, slots=True)
class Field:
    """A field: what it is called, what kind of value it holds, how it is read; ``choices`` are all its values if known."""

    name: str
    kind: Kind
    get: Getter
    choices: tuple[str, ...] = ()


def _of(subject: str, attribute: str) -> Getter:
    def get(facts: Facts) -> Any:
        held = getattr(facts, subject)
        return None if held is None else getattr(held, attribute)

    return get


def _many(subject: str, attribute: str) -> Getter:
    def get(facts: Facts) -> Any:
        held = getattr(facts, subject)
        return None if held is None else getattr(held, attribute) or None

    return get


def _extra(subject: str, name: str, read: Callable[[Any], Any] | None) -> Getter:
    def get(facts: Facts) -> Any:
        held = getattr(facts, subject)
        value = None if held is None else held.extra.get(name)
        return read(value) if read is not None and value is not None else value

    return get


def _amount(facts: Facts) -> Any:
    deal = facts.opportunity
    return None if deal is None or deal.amount is None or deal.currency is None else (deal.amount, deal.currency)


def _crm(facts: Facts) -> Any:
    return None if facts.opportunity is None else facts.opportunity.ref.crm


def _tier(facts: Facts) -> Any:
    return facts.tier


def _parent(facts: Facts) -> Any:
    return None if facts.account is None or facts.account.parent is None else facts.account.parent.id


def _credited(role: str) -> Getter:
    def get(facts: Facts) -> Any:
        return facts.credited.get(role) or None

    return get


def _built_in() -> dict[str, Field]:
    plain: dict[str, Mapping[str, Kind]] = {
        "opportunity": {
            "name": "text", "stage": "text", "currency": "text", "closes_on": "date", "committed_on": "date",
            "created_at": "instant", "type": "text", "owner": "text", "partner_field": "text", "product_family": "text",
            "region": "text", "loss_reason": "text",
        },
        "account": {"name": "text", "domain": "text", "owner": "text", "created_at": "instant"},
        "partner": {
            "id": "text", "name": "text", "status": "text", "programs": "texts", "currency": "text", "manager": "text",
            "domains": "texts", "region": "text", "joined_on": "date",
        },
        "registration": {
            "submitted_at": "instant", "approved_at": "instant", "product_family": "text", "region": "text",
            "partner": "text",
        },
    }  # fmt: skip
    fields = [
        Field(f"{subject}.{name}", kind, (_many if kind == "texts" else _of)(subject, name))
        for subject, kinds in plain.items()
        for name, kind in kinds.items()
    ]
    fields += [
        Field("opportunity.outcome", "choice", _of("opportunity", "outcome"), get_args(Outcome)),
        Field("opportunity.amount", "money", _amount),
        Field("opportunity.crm", "text", _crm),
        Field("account.parent", "text", _parent),
        Field("partner.type", "choice", _of("partner", "type"), get_args(PartnerType)),
        Field("partner.tier", "text", _tier),
        Field("registration.status", "choice", _of("registration", "status"), get_args(RegistrationStatus)),
        *(Field(f"attribution.{role}", "texts", _credited(role)) for role in ROLES),
    ]
    return {each.name: each for each in fields}


BUILT_IN: Mapping[str, Field] = _built_in()
NAMESPACES = tuple(dict.fromkeys(name.partition(".")[0] for name in BUILT_IN))
_KINDS: Mapping[ExtraKind, Kind] = {
    "text": "text", "number": "number", "date": "date", "datetime": "instant", "boolean": "boolean"
}  # fmt: skip
_READ: Mapping[ExtraKind, Callable[[Any], Any]] = {"date": date.fromisoformat, "datetime": parse_instant}
"""A fact's own fields hold days and instants as ISO text."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Every field that the conditions of one config may name."""

    fields: Mapping[str, Field] = field(default_factory=lambda: BUILT_IN)

    @classmethod
    def of(
        cls, extra: Mapping[str, Mapping[str, ExtraKind]], choices: Mapping[str, Iterable[str]] | None = None
    ) -> Vocabulary:
        """The built-in fields, a config's own by namespace, and the values that its maps can yield, by field."""
        fields = dict(BUILT_IN)
        for subject, kinds in extra.items():
            for name, kind in kinds.items():
                known = f"{subject}.{name}"
                fields.setdefault(known, Field(known, _KINDS[kind], _extra(subject, name, _READ.get(kind))))
        for name, values in (choices or {}).items():
            if name in fields:
                fields[name] = Field(name, "choice", fields[name].get, tuple(sorted(set(values))))
        return cls(fields)

    def near(self, name: str) -> str | None:
        """The known field that a misspelt name probably means."""
        return near(name, self.fields)


def near(word: str, known: Iterable[str], cutoff: float = 72.0) -> str | None:
    """The known word that is closest to a misspelt one, None where none is close."""
    found = process.extractOne(word, list(known), processor=str.casefold, score_cutoff=cutoff)
    return found[0] if found else None
