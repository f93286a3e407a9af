"""Recollect: after a restore, put back into the journal what the restored database has forgotten that we wrote.

What a field of ours came to say since the backup, and that one of our rules can have written there, counts as written by us:
before anything is decided, so that it is no partner's evidence, and before the merge, so that it is no person's edit.

One case is judged more closely: a field that we write and that is evidence too. There a person's word is money. It is ours
where we would write the very same if it were, or where the source names us as the last who changed the record; else it stays
the person's. Source: DOMAIN §1, §8.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from mapping.attribution import attribute
from mapping.config import FieldRule as EvidenceRule
from mapping.deals import newest, same_value
from partnersync.changes import Done, Intent
from partnersync.facts import Dossier, RawVersion, Sent
from partnersync.ids import Ref, intent_key
from partnersync.records import Unreadable
from reconcile.writeback.config import AccountFieldRule, OpportunityFieldRule
from reconcile.writeback.desired import Standing, may_be_ours, opportunity_value
from service.shop import Shop
from service.steps.cells import NONE_KNOWN, says
from service.steps.rules import Rules
from state.database import Fence
from state.dossiers import Dossiers
from state.journal import Journal
from state.standings import Standings, StoredCell

TOLD = "taken for ours after a restore"


@dataclass(frozen=True, slots=True)
class _Value:
    """What a field says now that it did not say when the backup was made."""

    ref: Ref
    field: str
    rule: OpportunityFieldRule | AccountFieldRule
    value: str | None
    by_us: bool


def recollect(shop: Shop, fence: Fence, rules: Rules, until: datetime) -> None:
    """Journal what came since ``until``, the last instant that the backup remembers, and is ours."""
    journal, news = Journal(shop.database, fence), _News(shop, rules, until)
    for kind in ("opportunity", "account"):
        for values in news.of(kind):
            ours: dict[Ref, dict[str, str | None]] = {}
            for each in _ours(shop, rules, values):
                ours.setdefault(each.ref, {})[each.field] = each.value
            if ours:
                intents = [_intent(shop.settings.workspace, ref, said) for ref, said in ours.items()]
                journal.begin(intents)
                journal.finish([Done(each, "verified", each.desired, message=TOLD) for each in intents])


class _News:
    """What the fields that we write came to say since the backup, as far as we can have written it."""

    def __init__(self, shop: Shop, rules: Rules, until: datetime) -> None:
        self._shop = shop
        self._partners = tuple(rules.book.partners.values())
        self._until = until
        self._store = Standings(shop.database)

    def of(self, kind: Literal["opportunity", "account"]) -> Iterator[list[_Value]]:
        """By chunks of records of a kind that were read anew."""
        for ids in self._store.dirty(kind):
            records = self._store.records(ids)
            cells = self._store.cells(each.ref for each in records.values())
            before = self._store.remembered(ids, self._until)
            found: list[_Value] = []
            for id_, record in records.items():
                name = self._shop.connection_of(record.ref.crm, record.ref.org) or ""
                section, site = self._shop.settings.writeback.get(name), self._shop.sites.get(name)
                if section is None or record.version is None:
                    continue
                by_us = site is not None and bool(site.user) and record.version.record.author == site.user
                rules = section.opportunity if kind == "opportunity" else section.account
                for field, rule in rules.items():
                    known = cells.get((record.ref, field), NONE_KNOWN)
                    value, hidden = says(record.version, field, known)
                    if (
                        not hidden
                        and self._is_news(field, value, known, record.version, before.get(id_))
                        and may_be_ours(rule, rule.value, value, self._partners, record.ref.crm)
                    ):
                        found.append(_Value(record.ref, field, rule, value, by_us))
            yield found

    def _is_news(
        self, field: str, value: str | None, known: StoredCell, now: RawVersion, before: RawVersion | None
    ) -> bool:
        if value in known.since or (known.has_base and value in (known.sent, known.read_back)):
            return False
        earlier, hidden = says(before, field, known) if before is not None else (None, True)
        if not hidden:
            return value != earlier and (value is not None or known.has_base)
        if known.has_base:
            return True
        made = now.record.created_at
        return value is not None and before is None and made is not None and made > self._until


def _ours(shop: Shop, rules: Rules, values: Sequence[_Value]) -> Iterator[_Value]:
    """Those that are ours; where a value would else be evidence, only on proof."""
    compiled = (each.rule for listed in rules.book.rules.values() for each in listed)
    evidence = {"partner_field", *(rule.field for rule in compiled if isinstance(rule, EvidenceRule))}
    doubtful: dict[Ref, list[_Value]] = {}
    for each in values:
        columns = {rules.book.column(each.ref, name) for name in evidence}
        if each.field in columns and each.value is not None and not each.by_us:
            doubtful.setdefault(each.ref, []).append(each)
        else:
            yield each
    for raw in Dossiers(shop.database).stream(list(doubtful), rules.as_of) if doubtful else ():
        dossier = shop.reader.canonical(raw)
        if not isinstance(dossier, Unreadable):
            yield from (each for each in doubtful[raw.history[-1].record.ref] if _would_write(rules, dossier, each))


def _would_write(rules: Rules, dossier: Dossier, said: _Value) -> bool:
    """Whether, the field being ours and so no evidence, the deal's credits would have us write the very same."""
    deal = newest(dossier)
    if deal is None or not isinstance(said.rule, OpportunityFieldRule):
        return False
    book, as_of = rules.book, rules.as_of
    ours = replace(dossier, sent=(*dossier.sent, Sent(said.ref, said.field, said.value, as_of)))
    standing = Standing(deal, attribute(book, ours, as_of).credits)
    wanted = opportunity_value(said.rule, standing, book, book.timezone, said.ref.crm).value
    return isinstance(wanted, str) and same_value(said.ref.crm, wanted, said.value)


def _intent(workspace: str, ref: Ref, ours: Mapping[str, str | None]) -> Intent:
    told = [f"{name}={'' if value is None else '=' + value}" for name, value in sorted(ours.items())]
    return Intent(intent_key("recollected", workspace, str(ref), *told), ref, ours)
