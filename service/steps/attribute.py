"""Attribute and enter: every opportunity that may have changed gets its credits and its entries anew, chunk by chunk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime

from state.credits import Credits, Decided
from state.database import Fence
from state.dossiers import Dossiers, Opened

from mapping.attribution import attribute
from partnersync.credits import Credit
from partnersync.facts import Dossier
from partnersync.records import Unreadable
from reconcile.commission.entries import Entered, entries
from service.shop import Shop
from service.steps.rules import Rules


def attribute_all(shop: Shop, fence: Fence, rules: Rules, tell: Callable[[int], None] = lambda _: None) -> Counter[str]:
    """Decide what is dirty, what time has overtaken, and everything where the rules are new; gives counts by word."""
    counts: Counter[str] = Counter()
    store = Credits(shop.database)
    anew = store.rules() != rules.version
    for chunk in Dossiers(shop.database).stream("all" if anew else "due", rules.as_of):
        decided = tuple(_decided(shop, rules, chunk))
        counts += store.replace(fence, decided, rules.version, rules.as_of)
        counts["decided"] += len(chunk)
        tell(counts["decided"])
        if shop.stop.is_set():
            return counts
    if anew:
        store.set_rules(fence, rules.version)
    return counts


def _decided(shop: Shop, rules: Rules, chunk: tuple[Opened, ...]) -> Iterator[Decided]:
    for each in chunk:
        dossier = shop.reader.canonical(each.raw)
        if isinstance(dossier, Unreadable):
            yield Decided(each.id, readable=False)
            continue
        found = attribute(rules.book, dossier, rules.as_of)
        entered = _entered(rules, dossier, found.credits, each)
        edges = [edge for edge in (found.good_until, entered.good_until) if edge]
        yield Decided(
            each.id,
            found.credits,
            entered.entries,
            entered.new_rates,
            (*found.findings, *entered.findings),
            min(edges, default=None),
        )


def _entered(rules: Rules, dossier: Dossier, credits: tuple[Credit, ...], each: Opened) -> Entered:  # noqa: A002
    if rules.plans is None:
        return Entered()

    def credited(earlier: Dossier, at: datetime) -> tuple[Credit, ...]:
        return attribute(rules.book, earlier, at).credits

    return entries(rules.plans, rules.book, rules.rates, dossier, credits, each.frozen, rules.as_of, credited)
