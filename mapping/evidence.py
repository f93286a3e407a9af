"""What one rule finds: the partners it credits, their exact shares, and what proves or fails to prove each.

A rule finds nobody, one partner, or several with shares that sum to 1. A registration, a field or a touch that names a
partner nobody knows is a finding for a person, never a guess. What was written down after the win is shown as late and does
not count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction

from mapping import registrations, touchpoints
from mapping.book import Book, Compiled
from mapping.conditions import Facts
from mapping.config import FieldRule, RegistrationRule, TouchpointRule
from mapping.deals import after, held_since, same_value, start_of, value_of, won_at
from mapping.identity import Ambiguous, Named, Nobody
from partnersync.clock import local_day
from partnersync.credits import UNASSIGNED, Evidence, Finding, Role
from partnersync.facts import Account, Dossier, Opportunity, Override, Registration, Version
from partnersync.ids import Ref


@dataclass(frozen=True, slots=True)
class Case:
    """A deal before the rules, with what every rule asks for worked out once."""

    book: Book
    dossier: Dossier
    deal: Opportunity
    chain: tuple[Account, ...]
    twins: tuple[Ref, ...]
    as_of: datetime
    day: date

    @property
    def account(self) -> Account | None:
        """The deal's own account."""
        return self.chain[0] if self.chain else None

    def facts(self, partner: str, registration: Registration | None = None) -> Facts:
        """What a condition about this partner is judged on."""
        known = self.book.partners.get(partner)
        tier = self.book.tier(partner, self.day, self.book.program_of(partner).id)
        return Facts(self.deal, self.account, known, tier, registration)

    def fits(self, rule: Compiled, partner: str, registration: Registration | None = None) -> bool:
        """Whether the rule's condition surely holds for this partner."""
        return rule.when.matches(self.facts(partner, registration))


@dataclass(frozen=True, slots=True)
class Found:
    """What a rule found. No shares: nobody, and the next rule is asked. ``late`` is evidence that was set aside."""

    rule: str
    shares: Mapping[str, Fraction] = field(default_factory=dict)
    evidence: Mapping[str, tuple[Evidence, ...]] = field(default_factory=dict)
    late: tuple[Evidence, ...] = ()
    findings: tuple[Finding, ...] = ()
    edges: tuple[datetime, ...] = ()


def by_rule(case: Case, rule: Compiled) -> Found:
    """What the rule finds for the deal."""
    match rule.rule:
        case RegistrationRule():
            return _by_registration(case, rule, rule.rule)
        case FieldRule():
            return _by_field(case, rule, rule.rule)
        case TouchpointRule():
            return _by_touchpoints(case, rule, rule.rule)


def by_override(case: Case, role: Role) -> Found | None:
    """A person's decision about this role: the newest that was taken by now."""
    today = local_day(case.as_of, case.book.timezone)
    taken: list[tuple[date, datetime, Ref, Version[Override], Override]] = []
    edges = []
    for version in case.dossier.overrides:
        fact = version.fact
        if fact is None or fact.role != role or fact.opportunity != case.deal.ref:
            continue
        if fact.decided_on > today:
            edges.append(start_of(fact.decided_on, case.book.timezone))
        else:
            taken.append((fact.decided_on, version.stamp, fact.ref, version, fact))
    if not taken:
        return Found("", edges=tuple(edges)) if edges else None
    *_, version, fact = max(taken, key=lambda each: each[:3])
    shares: dict[str, Fraction] = {}
    for name, share in fact.shares.items():
        if name == UNASSIGNED:
            continue
        partner = case.book.resolve(name, None)
        if not isinstance(partner, Named):
            return Found("", findings=(_unknown("override", fact.ref, name, partner),), edges=tuple(edges))
        shares[partner.partner] = shares.get(partner.partner, Fraction(0)) + Fraction(share)
    note = f"decided by {fact.author} on {fact.decided_on}: {fact.reason}"
    proof = Evidence("override", fact.ref, version.hash, version.stamp, fact.author, note)
    return Found("override", shares, dict.fromkeys((*shares, UNASSIGNED), (proof,)), edges=tuple(edges))


def _by_registration(case: Case, rule: Compiled, terms: RegistrationRule) -> Found:
    book = case.book
    covers = terms.covers or book.registrations.covers
    claims = registrations.claims(
        case.dossier, book.registrations, covers, case.as_of, book.timezone, case.chain, case.twins
    )
    edge = registrations.good_until(claims, case.deal, covers, case.as_of)
    edges: tuple[datetime, ...] = (edge,) if edge else ()
    findings: list[Finding] = []
    fitting: list[tuple[str, registrations.Claim]] = []
    for claim in claims:
        named = book.resolve(claim.registration.partner, claim.registration.ref.crm)
        if not isinstance(named, Named):
            findings.append(_unknown("registration", claim.registration.ref, claim.registration.partner, named))
            continue
        partner = book.survivor(named.partner, case.day)
        edges += _tier_edges(case, rule, partner)
        if case.fits(rule, partner, claim.registration):
            fitting.append((partner, claim))
    winner = next(((partner, claim) for partner, claim in fitting if claim.covers), None)
    if winner is None:
        findings += [_not_covering(case, partner, claim) for partner, claim in fitting if _in_its_life(case, claim)]
        return Found(terms.id, findings=tuple(findings), edges=edges)
    partner, claim = winner
    for other, beaten in fitting:
        if beaten.covers and other != partner:
            message = (
                f"{beaten.registration.ref.id} of {other} also covers this deal; {claim.registration.ref.id} of {partner} "
                "has the more exact scope or was submitted first"
            )
            findings.append(Finding("registration_outranked", beaten.registration.ref, message, "info"))
    return Found(terms.id, {partner: Fraction(1)}, {partner: (_registered(claim),)}, (), tuple(findings), edges)


def _registered(claim: registrations.Claim) -> Evidence:
    fact, span = claim.registration, claim.window
    note = (
        f"registration {fact.ref.id} names the {claim.named_by}; protected {local_day(span.starts_at, span.timezone)} "
        f"through {span.last_day}, {claim.covered_day}"
    )
    return Evidence("registration", fact.ref, claim.version.hash, fact.approved_at or fact.submitted_at, None, note)


def _in_its_life(case: Case, claim: registrations.Claim) -> bool:
    """Whether a claim on the customer touches the time from this deal's creation to its close, or names the deal itself."""
    if claim.named_by == "opportunity":
        return True
    created = case.deal.created_at
    closed = after(case.day, case.book.timezone)
    return (created is None or claim.window.ends_before > created) and claim.window.starts_at < closed


def _not_covering(case: Case, partner: str, claim: registrations.Claim) -> Finding:
    span = claim.window
    message = (
        f"{claim.registration.ref.id} of {partner} protects {local_day(span.starts_at, span.timezone)} through "
        f"{span.last_day}, but the deal is {claim.covered_day}"
    )
    return Finding("registration_not_covering", case.deal.ref, message)


def _by_field(case: Case, rule: Compiled, terms: FieldRule) -> Found:
    """Only a value that somebody else wrote is evidence; who wrote it and when is shown."""
    text = value_of(case.deal, terms.field)
    if text is None or written_by_us(case.book, case.dossier, case.deal, terms.field):
        return Found(terms.id)
    named = case.book.resolve(text, case.deal.ref.crm)
    if not isinstance(named, Named):
        return Found(terms.id, findings=(_unknown("partner_field", case.deal.ref, text, named),))
    partner = case.book.survivor(named.partner, case.day)
    edges = _tier_edges(case, rule, partner)
    if not case.fits(rule, partner):
        return Found(terms.id, edges=edges)
    first, changed = held_since(case.dossier, terms.field)
    won = won_at(case.dossier)
    late = changed and won is not None and first.stamp > won
    who = f"by {first.author}" if first.author else "by somebody else"
    column = case.book.column(case.deal.ref, terms.field) or terms.field
    note = f"{column} says {text!r}, {'set' if changed else 'there'} {who} since {local_day(first.stamp, case.book.timezone)}"
    proof = Evidence("field", case.deal.ref, first.hash, first.stamp, first.author, note, late)
    if late:
        message = f"{column} was set to {text!r} after the deal was won: not counted without a decision"
        return Found(terms.id, {}, {}, (proof,), (Finding("late_evidence", case.deal.ref, message),), edges)
    return Found(terms.id, {partner: Fraction(1)}, {partner: (proof,)}, edges=edges)


def written_by_us(book: Book, dossier: Dossier, deal: Opportunity, ours: str) -> bool:
    """Whether the field says what we last sent, or an older value of ours that may have landed late.

    An older value counts as a person's again once our newer one was seen in the CRM.
    """
    column, crm = book.column(deal.ref, ours), deal.ref.crm
    sent = sorted((each for each in dossier.sent if each.ref == deal.ref and each.field == column), key=lambda s: s.at)
    value = value_of(deal, ours)
    if not any(same_value(crm, each.value, value) for each in sent):
        return False
    last = sent[-1]
    if same_value(crm, last.value, value):
        return True
    return not any(
        version.seen_at >= last.at and same_value(crm, value_of(version.fact, ours), last.value)
        for version in dossier.history
    )


def _by_touchpoints(case: Case, rule: Compiled, terms: TouchpointRule) -> Found:
    book = case.book
    span = touchpoints.span_of(case.dossier, terms.lookback, case.as_of, book.timezone)
    if span is None:
        message = "the deal has no creation date, so that no lookback can be counted"
        return Found(terms.id, findings=(Finding("created_at_missing", case.deal.ref, message),))
    touches: list[touchpoints.Touch] = []
    findings: list[Finding] = []
    edges: tuple[datetime, ...] = ()
    for version in touchpoints.about(case.dossier, case.chain, case.twins):
        fact = version.fact
        assert fact is not None
        day = local_day(fact.occurred_at, book.timezone)
        named = book.resolve(fact.partner, fact.ref.crm)
        if not isinstance(named, Named):
            if span.has(day):
                findings.append(_unknown("touchpoint", fact.ref, fact.partner, named))
            continue
        partner = book.survivor(named.partner, case.day)
        edges += _tier_edges(case, rule, partner)
        if case.fits(rule, partner):
            touches.append(touchpoints.Touch(version, fact, partner, day))
    counted, late = touchpoints.eligible(touches, case.dossier, span, case.as_of)
    edge = touchpoints.good_until(touches, case.deal, terms.lookback, case.as_of, book.timezone)
    edges += (edge,) if edge else ()
    aside = tuple(_touched(touch, late=True) for touch in late)
    findings += [Finding("late_evidence", each.ref, each.note) for each in aside]
    if not counted:
        return Found(terms.id, late=aside, findings=tuple(findings), edges=edges)
    moments = touchpoints.moments_of(case.dossier, case.as_of, book.timezone)
    held = touchpoints.shares(counted, terms.credit_unit, terms.model, moments)
    if not held:
        types = ", ".join(sorted({touch.fact.type for touch in counted}))
        message = f"the rule {terms.id} gives touches of type {types} no weight: none of {len(counted)} counts"
        findings.append(Finding("touches_without_weight", case.deal.ref, message))
    evidence = {p: tuple(_touched(touch) for touch in counted if touch.partner == p) for p in held}
    return Found(terms.id, held, evidence, aside, tuple(findings), edges)


def _touched(touch: touchpoints.Touch, *, late: bool = False) -> Evidence:
    note = f"{touch.fact.type} by {touch.partner} on {touch.day}"
    if late:
        note += f", recorded {touch.fact.recorded_at:%Y-%m-%d %H:%M} UTC after the deal was won"
    return Evidence(
        "touchpoint", touch.fact.ref, touch.version.hash, touch.fact.occurred_at, touch.fact.source, note, late
    )


def _tier_edges(case: Case, rule: Compiled, partner: str) -> tuple[datetime, ...]:
    """While a deal is open its day moves on, and with it the tier that a condition asks for, and who survived a merger."""
    if case.deal.outcome != "open":
        return ()
    change = case.book.next_tier_change(partner, case.day) if rule.by_tier else None
    held = case.book.partners.get(partner)
    merger = held.merged_on if held and held.merged_on and held.merged_on > case.day else None
    return tuple(start_of(day, case.book.timezone) for day in (change, merger) if day is not None)


def _unknown(what: str, ref: Ref, text: str, found: Ambiguous | Nobody) -> Finding:
    match found:
        case Ambiguous(partners, how):
            message = f"{text!r} fits {', '.join(partners)} equally well (by {how})"
            return Finding(f"{what}_ambiguous", ref, message)
        case Nobody(suggestions):
            hint = f"; did they mean {' or '.join(suggestions)}?" if suggestions else ""
            code = "partner_field_unknown" if what == "partner_field" else f"{what}_partner_unknown"
            return Finding(code, ref, f"no partner is called {text!r}{hint}")
