"""What is wrong with a deal that its own dossier shows (DOMAIN §9): shown to people, never mended in silence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mapping.evidence import Case, written_by_us
from mapping.identity import Ambiguous, Named, Nobody, normal_name
from partnersync.clock import local_day
from partnersync.credits import UNASSIGNED, Credit, Finding


def judged(case: Case, given: Iterable[Credit]) -> Iterator[Finding]:
    """Every finding of the deal, in the order of the page."""
    held = [credit for credit in given if credit.partner != UNASSIGNED]
    yield from _amount(case)
    yield from _close_date(case)
    yield from _sourced(case, held)
    yield from _partner_field(case, held)
    yield from _partners(case, held)
    yield from _duplicates(case)


def _amount(case: Case) -> Iterator[Finding]:
    deal = case.deal
    if deal.amount is not None and deal.currency is None:
        message = "the deal has an amount but no currency; map one, or write currency: {default: …} for this source"
        yield Finding("currency_missing", deal.ref, message, "error")
    if deal.outcome == "won" and deal.amount is None:
        yield Finding("amount_missing", deal.ref, "the deal is won and has no amount", "error")
    if deal.outcome == "won" and deal.amount == 0:
        yield Finding("amount_zero", deal.ref, "the deal is won for nothing")


def _close_date(case: Case) -> Iterator[Finding]:
    deal = case.deal
    if deal.outcome != "won":
        return
    if deal.closes_on is None:
        yield Finding("close_date_missing", deal.ref, "the deal is won and has no close date", "error")
    elif deal.closes_on > local_day(case.as_of, case.book.timezone):
        yield Finding("close_date_future", deal.ref, f"the deal is won and closes on {deal.closes_on}", "error")


def _sourced(case: Case, held: list[Credit]) -> Iterator[Finding]:
    """Only where registrations are asked for at all is a sourced deal without one worth a look."""
    if not any(each.rule.use == "registration" for each in case.book.rules["sourced"]):
        return
    for credit in held:
        proven = any(proof.kind in ("registration", "override") for proof in credit.evidence if not proof.late)
        if credit.role == "sourced" and not proven:
            message = f"sourced by {credit.partner} without an approved registration that covers the deal"
            yield Finding("sourced_unregistered", case.deal.ref, message, "info")


def _partner_field(case: Case, held: list[Credit]) -> Iterator[Finding]:
    text = case.deal.partner_field
    if text is None or written_by_us(case.book, case.dossier, case.deal, "partner_field"):
        return
    match case.book.resolve(text, case.deal.ref.crm):
        case Named(named, _):
            survivor = case.book.survivor(named, case.day)
            if survivor != named:
                message = f"the partner field says {text!r}; {named} was merged into {survivor}"
                yield Finding("partner_field_merged", case.deal.ref, message, "info")
            sourced = {credit.partner for credit in held if credit.role == "sourced"}
            if sourced and survivor not in sourced:
                message = f"the partner field says {survivor}, the deal is credited to {', '.join(sorted(sourced))}"
                yield Finding("partner_field_differs", case.deal.ref, message)
        case Ambiguous(partners, how):
            message = f"{text!r} fits {', '.join(partners)} equally well (by {how})"
            yield Finding("partner_field_ambiguous", case.deal.ref, message)
        case Nobody(suggestions):
            hint = f"; did they mean {' or '.join(suggestions)}?" if suggestions else ""
            yield Finding("partner_field_unknown", case.deal.ref, f"no partner is called {text!r}{hint}")


def _partners(case: Case, held: list[Credit]) -> Iterator[Finding]:
    account = case.account
    for partner in sorted({credit.partner for credit in held}):
        known = case.book.partners.get(partner)
        if known is None or account is None:
            continue
        own_domain = account.domain is not None and partner in case.book.index.by_domain(account.domain)
        if own_domain or normal_name(account.name) == normal_name(known.name):
            yield Finding("partner_is_customer", case.deal.ref, f"{partner} is credited with a deal of its own")


def _duplicates(case: Case) -> Iterator[Finding]:
    for ref in case.twins:
        yield Finding("duplicate_across_crms", case.deal.ref, f"the same deal stands in {ref.crm} as {ref.id}", "info")
