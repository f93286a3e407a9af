"""What people call the things that the ledger and the credits know by ids: deals, accounts, partners, plans, colleagues.

A name may be asked for as it was at an instant, so that a statement of the past reads the same after a deal was renamed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import unquote

from mapping.book import Book
from partnersync.facts import Account, Opportunity
from partnersync.ids import Ref
from partnersync.records import Person
from service.shop import Shop
from state.lookups import Lookups
from state.people import People

_OURS = {"unassigned": "nobody (unassigned)"}


@dataclass(slots=True)
class Names:
    """Turns ids into names; what has none keeps its id."""

    shop: Shop
    book: Book
    at: datetime | None = None
    _known: dict[tuple[str, datetime | None], str] = field(default_factory=dict)
    _people: dict[tuple[str, str], dict[str, Person]] = field(default_factory=dict)

    def __call__(self, text: str) -> str:
        """The name of a record, a partner or a plan."""
        key = (text, self.at)
        if key not in self._known:
            self._known[key] = self._record(Ref.parse(text)) if text.count("/") >= 3 else self._slug(text)
        return self._known[key]

    def learn(self, names: Mapping[str, str]) -> None:
        """Take more names: of the states of facts, whose ids are hashes."""
        self._known.update({(text, self.at): name for text, name in names.items()})

    def deal(self, ref: Ref, at: datetime | None = None) -> str:
        """What an opportunity is called, or was at an instant; "" where its name was never seen or is erased."""
        found = Lookups(self.shop.database).version(ref, at)
        if found is None:
            return ""
        fact = self.shop.reader.fact("opportunity", found[1].record)
        return fact.name if isinstance(fact, Opportunity) else ""

    def person(self, crm: str, org: str, text: str | None) -> str:
        """A colleague by the id or address that a CRM wrote down."""
        if not text:
            return ""
        if (crm, org) not in self._people:
            site = next((site for site in self.shop.sites.values() if (site.crm, site.org) == (crm, org)), None)
            self._people[crm, org] = dict(People(self.shop.database).of(site)) if site else {}
        known = self._people[crm, org].get(text) or self._people[crm, org].get(text.lower())
        return known.name if known is not None and known.name else text

    def _slug(self, text: str) -> str:
        if text in _OURS:
            return _OURS[text]
        if text.startswith("config "):
            return f"a new version of the {text}"
        partner = self.book.partners.get(text)
        if partner is not None:
            return partner.name
        commission = self.shop.settings.commission
        plans = commission.plans if commission else ()
        return next((plan.title or plan.id for plan in plans if plan.id == text), text)

    def _record(self, ref: Ref) -> str:
        if ref.crm == "partnersync":
            return self._slug(ref.id)
        if ref.crm == "file":
            return f"{ref.id} in {unquote(ref.org)}"
        found = Lookups(self.shop.database).version(ref, self.at)
        if found is None:
            return f"{ref.object} {ref.id} in {ref.crm}"
        kind, version = found
        if kind not in ("opportunity", "account"):
            return f"{ref.object} {ref.id} in {ref.crm}"
        fact = self.shop.reader.fact(kind, version.record)  # type: ignore[arg-type]  # narrowed by the test above
        return fact.name if isinstance(fact, Opportunity | Account) and fact.name else f"{ref.object} {ref.id}"
