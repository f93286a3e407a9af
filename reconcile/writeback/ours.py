"""After a restore: which values we claim as ours, of those that the journal no longer knows that we wrote.

The backup saw ``Partner__c`` empty; today it says Globex. Did we write that in the days that were forgotten, or did a person?
Taken for a person's, it blocks the field for ever, or is evidence for which Globex is paid; taken for ours, a rep's word is
written over. So a value is claimed only if it can be ours:

    the field says now                                        claim
    nothing that we may see                                   none
    what the journal knows as ours                            none: known already
    what it said when the backup was made                     none: a person's, or the journal would know it
    nothing, and the backup knows of no write of ours         none
    something, hidden then, and never written by us           none: it may have said so for years
    something that its rule cannot have written               none: a person's word
    a value that would else be evidence, last changed by      on proof
        somebody else, or nobody knows by whom
    anything else                                             sure

There a person's word is money, and the proof is that we would write the very same if it were ours and so no evidence.
A record that the backup never saw was read since, and a person's word in it left alone: what it says now is mostly ours.
Source: DOMAIN §1, §8; docs/decisions/after-a-restore.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from mapping.attribution import attribute
from mapping.book import Book
from mapping.config import FieldRule as EvidenceRule
from mapping.deals import newest, same_value
from mapping.identity import full_id
from partnersync.credits import ROLES
from partnersync.facts import Dossier, Partner, Sent
from partnersync.ids import Ref
from reconcile.writeback.config import AccountFieldRule, OpportunityFieldRule
from reconcile.writeback.desired import Standing, mapped, opportunity_value

Claim = Literal["none", "on proof", "sure"]


@dataclass(frozen=True, slots=True)
class Look:
    """What a field said when it was looked at. ``hidden``: the CRM did not show it, which is not the same as empty."""

    value: str | None
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Restored:
    """A field that we write, as a restored workspace finds it.

    ``before`` is how the backup remembers it, None where it never saw the record. ``known`` is what the journal knows as ours
    there, ``written`` whether it knows of a write at all. ``by_us``: the source names us as the last who changed the record.
    """

    ref: Ref
    field: str
    rule: OpportunityFieldRule | AccountFieldRule
    now: Look
    before: Look | None = None
    known: tuple[str | None, ...] = ()
    written: bool = False
    by_us: bool = False


def claim(found: Restored, book: Book) -> Claim:
    """What claim we have to what a field says."""
    if not is_news(found):
        return "none"
    if not may_be_ours(found.rule, found.now.value, book.partners.values(), found.ref.crm):
        return "none"
    if found.now.value is not None and not found.by_us and is_evidence(found.ref, found.field, book):
        return "on proof"
    return "sure"


def is_news(found: Restored) -> bool:
    """Whether a field came to say since the backup what it says, and the journal does not know that as ours."""
    value = found.now.value
    if found.now.hidden or value in found.known:
        return False
    if value is None and not found.written:
        return False
    if found.before is None:
        return True
    return found.written if found.before.hidden else value != found.before.value


def may_be_ours(
    rule: OpportunityFieldRule | AccountFieldRule, value: str | None, partners: Iterable[Partner], crm: str
) -> bool:
    """Whether ``value`` is one that a rule can have written to this CRM.

    Figures, days and sentences can always be ours; a name, id, type or role only if some partner or credit has it: what a
    person typed is told apart by that.
    """
    if value is None:
        return True
    match rule.value:
        case "partner.name":
            words = {partner.name for partner in partners}
        case "partner.id":
            words = {partner.id for partner in partners}
        case "partner.type":
            words = {partner.type for partner in partners}
        case "partner.manager":
            words = {partner.manager for partner in partners if partner.manager}
        case "partner.crm_id":
            words = {id_ for partner in partners if (id_ := partner.crm_ids.get(crm))}
        case "credit.role":
            words = set(ROLES)
        case _:
            return True
    return full_id(crm, value) in {full_id(crm, mapped(rule, word) or "") for word in words}


def is_evidence(ref: Ref, field: str, book: Book) -> bool:
    """Whether a person's word in this field can credit a partner: the deal's partner field, or one that a rule names."""
    rules = (each.rule for listed in book.rules.values() for each in listed)
    names = {"partner_field", *(rule.field for rule in rules if isinstance(rule, EvidenceRule))}
    return field in {book.column(ref, name) for name in names}


def would_write(found: Restored, dossier: Dossier, book: Book, as_of: datetime) -> bool:
    """Whether, the value being ours and so no evidence, the deal's credits would have us write the very same."""
    deal = newest(dossier)
    if deal is None or not isinstance(found.rule, OpportunityFieldRule):
        return False
    ours = replace(dossier, sent=(*dossier.sent, Sent(found.ref, found.field, found.now.value, as_of)))
    standing = Standing(deal, attribute(book, ours, as_of).credits)
    wanted = opportunity_value(found.rule, standing, book, book.timezone, found.ref.crm).value
    return isinstance(wanted, str) and same_value(found.ref.crm, wanted, found.now.value)
