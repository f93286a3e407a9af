"""Attribute and enter: every opportunity that may have changed gets its credits and its entries anew, chunk by chunk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import islice

from mapping.attribution import attribute
from partnersync.credits import Credit
from partnersync.facts import Dossier, RawDossier
from partnersync.lines import FrozenRate
from partnersync.records import Unreadable
from reconcile.commission.entries import Entered, entries
from service.shop import Shop
from service.steps.rules import Rules
from state.credits import Credits, Decided
from state.database import Fence
from state.dossiers import Dossiers

CHUNK = 500


def attribute_all(shop: Shop, fence: Fence, rules: Rules, tell: Callable[[int], None] = lambda _: None) -> Counter[str]:
    """Decide what is dirty, what time has overtaken, and everything where the rules are new; gives counts by word."""
    counts: Counter[str] = Counter()
    store = Credits(shop.database)
    waiting = Dossiers(shop.database).stream("dirty", rules.as_of, CHUNK, rules.version)
    while chunk := tuple(islice(waiting, CHUNK)):
        counts += store.replace(fence, [_decided(shop, rules, raw) for raw in chunk], rules.version)
        tell(counts["decided"])
        if shop.stop.is_set():
            break
    return counts


def _decided(shop: Shop, rules: Rules, raw: RawDossier) -> Decided:
    """What is decided about one opportunity; one that cannot be read keeps its credits and what they earned."""
    dossier = shop.reader.canonical(raw)
    if isinstance(dossier, Unreadable):
        return Decided(raw.history[-1].record.ref, raw.credits, readable=False)
    found = attribute(rules.book, dossier, rules.as_of)
    entered = _entered(rules, dossier, found.credits, raw.rates)
    edges = [edge for edge in (found.good_until, entered.good_until) if edge]
    return Decided(
        raw.history[-1].record.ref,
        found.credits,
        entered.entries,
        entered.new_rates,
        (*found.findings, *entered.findings),
        min(edges, default=None),
    )


def _entered(
    rules: Rules,
    dossier: Dossier,
    credits: Sequence[Credit],  # noqa: A002 - the house's word
    frozen: Sequence[FrozenRate],
) -> Entered:

    def credited(earlier: Dossier, at: datetime) -> tuple[Credit, ...]:
        return attribute(rules.book, earlier, at).credits

    return entries(rules.plans, rules.book, rules.rates, dossier, credits, frozen, rules.as_of, credited)
