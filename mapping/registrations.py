"""Which registration protects a deal, from when until when, and who wins where several do (DOMAIN §2).

A registration approved on 10 January with a window of 90 days protects through 10 April, both days in the programme's
timezone. Approval protects back to the submission: time under review is protected and does not use up the window. Grace
adds whole days at the end; an extension moves the end itself. ``effective_at`` moves the window and never seniority.

Of several that cover the deal, the one with the more exact scope wins, then the one submitted first (UTC), then the smaller
id. A person's decision beats them all and is an override, not a registration.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from mapping.config import Registrations
from mapping.config.rules import Covers
from mapping.deals import after, closed_day, names_deal, newest
from partnersync.clock import local_day
from partnersync.facts import Account, Dossier, Opportunity, Registration, RegistrationStatus, Version
from partnersync.ids import Ref

PROTECTING: frozenset[RegistrationStatus] = frozenset({"approved", "won", "lost", "expired"})
"""States that were approved. An expired or closed one still proves the days that its window covered."""


@dataclass(frozen=True, slots=True)
class Window:
    """From an instant through the end of a day; grace days come after ``last_day`` and before ``ends_before``."""

    starts_at: datetime
    last_day: date
    ends_before: datetime
    timezone: str

    def covers_day(self, day: date) -> bool:
        """Whether a calendar day lies in the window, grace included."""
        return local_day(self.starts_at, self.timezone) <= day and after(day, self.timezone) <= self.ends_before

    def covers_instant(self, instant: datetime) -> bool:
        """Whether an instant lies in the window, grace included."""
        return self.starts_at <= instant < self.ends_before


@dataclass(frozen=True, slots=True)
class Claim:
    """A registration that is about the deal: how it names it, its window, and whether it covers the day that counts."""

    version: Version[Registration]
    registration: Registration
    named_by: str
    window: Window
    covers: bool
    covered_day: str


def window(registration: Registration, terms: Registrations, timezone: str) -> Window | None:
    """The protected time; None where the anchor's stamp is missing or it was never approved."""
    if registration.status not in PROTECTING:
        return None
    own = registration.approved_at if terms.anchor == "approved" else registration.submitted_at
    anchor = registration.effective_at or own
    if anchor is None:
        return None
    starts = min(anchor, registration.submitted_at or anchor) if registration.effective_at is None else anchor
    last = local_day(anchor, timezone) + timedelta(days=terms.window + registration.extended_days)
    return Window(starts, last, after(last + timedelta(days=terms.grace), timezone), timezone)


def claims(
    dossier: Dossier,
    terms: Registrations,
    covers: Covers,
    as_of: datetime,
    timezone: str,
    chain: tuple[Account, ...],
    twins: Iterable[Ref] = (),
) -> tuple[Claim, ...]:
    """Every approved registration about this deal and in its scope, best first; those that do not cover come last."""
    deal = newest(dossier)
    if deal is None:
        return ()
    held: list[tuple[tuple[bool, int, int, datetime, str], Claim]] = []
    for version in dossier.registrations:
        registration = version.fact
        if registration is None or (span := window(registration, terms, timezone)) is None:
            continue
        named = names_deal(registration, deal, twins, chain)
        exact = _scope(registration, deal)
        if named is None or exact is None:
            continue
        covered, day = _covered(span, deal, covers, dossier, as_of)
        senior = registration.submitted_at or registration.approved_at or span.starts_at
        rank = (not covered, -exact, int(named == "parent account"), senior, registration.ref.id)
        held.append((rank, Claim(version, registration, named, span, covered, day)))
    return tuple(claim for _, claim in sorted(held, key=lambda each: each[0]))


def good_until(found: Iterable[Claim], deal: Opportunity, covers: Covers, as_of: datetime) -> datetime | None:
    """The first instant after ``as_of`` at which a window of an open deal begins or ends; a closed deal's day stands still."""
    if deal.outcome != "open" or covers != "closed":
        return None
    edges = (edge for claim in found for edge in (claim.window.starts_at, claim.window.ends_before))
    return min((edge for edge in edges if edge > as_of), default=None)


def _covered(span: Window, deal: Opportunity, covers: Covers, dossier: Dossier, as_of: datetime) -> tuple[bool, str]:
    match covers:
        case "created":
            at = deal.created_at
            return at is not None and span.covers_instant(
                at
            ), f"created {local_day(at, span.timezone)}" if at else "created ?"
        case "committed":
            day = deal.committed_on
            return day is not None and span.covers_day(day), f"committed {day or '?'}"
        case "closed":
            day = closed_day(dossier, as_of, span.timezone)
            said = "open on" if deal.outcome == "open" else "closed"
            return _live(span, deal, day, as_of), f"{said} {day}"


def _live(span: Window, deal: Opportunity, day: date, as_of: datetime) -> bool:
    return span.covers_instant(as_of) if deal.outcome == "open" else span.covers_day(day)


def _scope(registration: Registration, deal: Opportunity) -> int | None:
    """How many attributes of the scope fit exactly; None where one excludes the deal."""
    exact = 0
    for scope, own in ((registration.product_family, deal.product_family), (registration.region, deal.region)):
        if scope is None or own is None:
            continue
        if scope.casefold() != own.casefold():
            return None
        exact += 1
    return exact
