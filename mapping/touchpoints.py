"""What partners did for a customer, weighed: eligible touches, collapsed, then shares by a model (DOMAIN §3).

Partner A ran a webinar twice on one day, B met the customer, C sent two mails on two days: collapsed they are A, B, C, C.
``linear`` by touch gives A ¼, B ¼, C ½; by partner each a third. Weights are exact fractions and money is split once, over
partners, by largest remainder: 100.01 by touch is 25.00, 25.00, 50.01.

A model is one function from the ordered touches to their weights (``weights``). Touches recorded strictly after the deal was
won are set aside before anything else and shown as late.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from mapping.config import Lookback
from mapping.config.models import AnyModel, TimeDecayModel
from mapping.config.rules import CreditUnit
from mapping.deals import after, closed_day, names_deal, newest, won_at
from mapping.weights import Moments, weights
from partnersync.clock import local_day
from partnersync.facts import Account, Dossier, Opportunity, Touchpoint, Version
from partnersync.ids import Ref

UNKNOWN_MOMENTS = Moments()


@dataclass(frozen=True, slots=True)
class Touch:
    """An eligible touch with its partner resolved; ``day`` is in the programme's timezone."""

    version: Version[Touchpoint]
    fact: Touchpoint
    partner: str
    day: date

    @property
    def occurred_at(self) -> datetime:
        """When it happened."""
        return self.fact.occurred_at

    @property
    def type(self) -> str:
        """What kind of touch it was."""
        return self.fact.type

    @property
    def weight(self) -> Decimal:
        """What the source says that it counts for."""
        return self.fact.weight

    @property
    def order(self) -> tuple[datetime, str, Ref]:
        """Touches stand in the order in which they occurred, then by id."""
        return self.fact.occurred_at, self.fact.ref.id, self.fact.ref


@dataclass(frozen=True, slots=True)
class Span:
    """The days on which a touch counts, both included, and why they are these."""

    first: date
    last: date
    anchor: str

    def has(self, day: date) -> bool:
        """Whether the day is one of them."""
        return self.first <= day <= self.last


def span_of(dossier: Dossier, lookback: Lookback, as_of: datetime, timezone: str) -> Span | None:
    """The lookback: from the anchor's day less ``days`` through the close day; None where the deal has no creation date."""
    deal = newest(dossier)
    if deal is None:
        return None
    closed = closed_day(dossier, as_of, timezone)
    created = local_day(deal.created_at, timezone) if deal.created_at else None
    anchor = created if lookback.before == "created" else closed
    last = created if lookback.until == "created" else closed
    if anchor is None or last is None:
        return None
    said = "open on" if lookback.before == "closed" and deal.outcome == "open" else lookback.before
    return Span(anchor - timedelta(days=lookback.days), last, f"{said} {anchor}")


def about(dossier: Dossier, chain: tuple[Account, ...], twins: Iterable[Ref] = ()) -> tuple[Version[Touchpoint], ...]:
    """The touches that name this deal or its own customer, not the customer's parents; voided ones are left out."""
    deal = newest(dossier)
    if deal is None:
        return ()
    own = chain[:1]
    return tuple(
        version
        for version in dossier.touchpoints
        if version.fact is not None and version.fact.voided_by is None and names_deal(version.fact, deal, twins, own)
    )


def eligible(
    touches: Iterable[Touch], dossier: Dossier, span: Span, as_of: datetime
) -> tuple[tuple[Touch, ...], tuple[Touch, ...]]:
    """The touches that count, in order, and those that are late."""
    won = won_at(dossier)
    counted: list[Touch] = []
    late: list[Touch] = []
    for touch in sorted(touches, key=lambda t: t.order):
        if span.has(touch.day) and touch.fact.occurred_at <= as_of:
            (late if won is not None and touch.fact.recorded_at > won else counted).append(touch)
    return tuple(counted), tuple(late)


def collapsed(touches: Sequence[Touch]) -> tuple[Touch, ...]:
    """One touch per partner, type and day: the earliest, with the highest weight among them."""
    kept: dict[tuple[str, str, date], Touch] = {}
    for touch in sorted(touches, key=lambda t: t.order):
        key = (touch.partner, touch.fact.type, touch.day)
        first = kept.setdefault(key, touch)
        if touch.fact.weight > first.fact.weight:
            kept[key] = replace(first, fact=replace(first.fact, weight=touch.fact.weight))
    return tuple(sorted(kept.values(), key=lambda t: t.order))


def by_unit(touches: Sequence[Touch], unit: CreditUnit, model: AnyModel) -> tuple[Touch, ...]:
    """Every touch, or of each partner the earliest, for models that look at the end the latest."""
    if unit == "touch":
        return tuple(touches)
    latest = model == "last_touch" or isinstance(model, TimeDecayModel)
    ordered = sorted(touches, key=lambda t: t.order, reverse=latest)
    one: dict[str, Touch] = {}
    for touch in ordered:
        one.setdefault(touch.partner, touch)
    return tuple(sorted(one.values(), key=lambda t: t.order))


def shares(
    touches: Sequence[Touch], unit: CreditUnit, model: AnyModel, moments: Moments = UNKNOWN_MOMENTS
) -> dict[str, Fraction]:
    """Each partner's exact share; they sum to 1, but for a custom model that counts none of the touches: then there is none.

    ``touches`` are eligible and at least one.
    """
    counted = by_unit(collapsed(touches), unit, model)
    held: dict[str, Fraction] = {}
    for touch, weight in zip(counted, weights(model, counted, moments), strict=True):
        if weight:
            held[touch.partner] = held.get(touch.partner, Fraction(0)) + weight
    return held


def moments_of(dossier: Dossier, as_of: datetime, timezone: str) -> Moments:
    """When the deal was created, and its close day once it is closed."""
    deal = newest(dossier)
    if deal is None:
        return UNKNOWN_MOMENTS
    closed = None if deal.outcome == "open" else closed_day(dossier, as_of, timezone)
    return Moments(deal.created_at, closed)


def good_until(
    touches: Iterable[Touch], deal: Opportunity, lookback: Lookback, as_of: datetime, timezone: str
) -> datetime | None:
    """The first instant after ``as_of`` at which a touch of an open deal begins to count or falls out of the lookback."""
    edges: list[datetime] = []
    for touch in touches:
        if touch.fact.occurred_at > as_of:
            edges.append(touch.fact.occurred_at)
        if deal.outcome == "open" and lookback.before == "closed":
            edges.append(after(touch.day + timedelta(days=lookback.days), timezone))
    return min((edge for edge in edges if edge > as_of), default=None)
